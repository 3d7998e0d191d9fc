/// Memory that has an order, its address or that of its handle.
package protocol OrderedStorage {
  var place: Int { get }
}

extension OpaquePointer: OrderedStorage {
  package var place: Int { Int(bitPattern: self) }
}
extension UnsafeMutableRawPointer: OrderedStorage {
  package var place: Int { Int(bitPattern: self) }
}

/// Free lists of device memory by size class, so that a steady state allocates nothing. The lowest
/// place goes first, whenever it was freed: steps that ask for the same then get the same.
/// No lock: a pool is confined like its backend.
package final class BufferPool<Storage: OrderedStorage> {
  /// From the highest place to the lowest.
  private var free: [Int: [Storage]] = [:]
  package private(set) var freshCount = 0

  package init() {}

  /// Elements that a request for `count` gets: 64 at least, then four steps a power of two, and 64
  /// above 64 MiB.
  package static func sizeClass(_ count: Int) -> Int {
    guard count > 64 else { return 64 }
    let power = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 1)
    let step = power / (count > 1 << 24 ? 64 : 4)
    return (count + step - 1) / step * step
  }

  /// A freed storage of the size class, or a fresh one from `make`, which gets the class.
  package func take<Failure: Error>(
    _ count: Int, make: (Int) throws(Failure) -> Storage
  ) throws(Failure) -> Storage {
    let size = Self.sizeClass(count)
    if let storage = free[size]?.popLast() { return storage }
    let storage = try make(size)
    freshCount += 1
    return storage
  }

  package func give(_ storage: Storage, count: Int) {
    free[Self.sizeClass(count), default: []].insert(storage)
  }

  /// Hands every free storage to `release`, for when memory is short.
  package func trim(release: (Storage) -> Void) {
    for storages in free.values { storages.forEach(release) }
    free = [:]
  }
}

extension Array where Element: OrderedStorage {
  /// Into its place of an array from the highest to the lowest.
  fileprivate mutating func insert(_ storage: Element) {
    var (first, end) = (0, count)
    while first < end {
      let middle = (first + end) / 2
      if self[middle].place > storage.place { first = middle + 1 } else { end = middle }
    }
    insert(storage, at: first)
  }
}
