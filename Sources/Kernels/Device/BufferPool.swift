/// Free lists of device memory by size class, so that a steady state allocates nothing.
/// No lock: a pool is confined like its backend.
package final class BufferPool<Storage> {
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
    free[Self.sizeClass(count), default: []].append(storage)
  }

  /// Hands every free storage to `release`, for when memory is short.
  package func trim(release: (Storage) -> Void) {
    for storages in free.values { storages.forEach(release) }
    free = [:]
  }
}
