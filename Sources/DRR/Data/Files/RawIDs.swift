import DRRCore

/// The ids of users or items as the files spell them, by dense index, and back.
///
/// One block of bytes, one end offset an id and an open-addressing table: about 20 bytes an id.
public struct RawIDs: Sendable, RandomAccessCollection {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Dense index or -1; the count is a power of two, at most half full.
  private var slots = [Int32](repeating: -1, count: 64)
  /// Of ids that were interned as numbers, the index by the number, or -1. Up to 64 MiB.
  private var places: [Int32] = []

  /// No ids.
  public init() {}

  /// The ids `1`, `2`, ... `count`.
  public init(numbered count: Int) {
    for number in 1...Swift.max(count, 1) where number <= count {
      _ = intern(number.description)
    }
  }

  /// Ids that are all different, byte by byte: of two that only look alike, as an accented letter
  /// and a letter with its accent do, each is one of its own.
  package init(_ ids: some Sequence<String>) {
    for var id in ids { _ = id.withUTF8 { intern($0) } }
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { ends.count }

  public subscript(index: Int) -> String {
    String(decoding: bytes[start(index)..<ends[index]], as: UTF8.self)
  }

  /// The dense index of an id, nil where the data has no such id.
  public func lookup(_ id: String) -> Int? {
    var id = id
    return id.withUTF8 { lookup($0) }
  }

  package func lookup(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    let index = slots[slot(of: text)]
    return index < 0 ? nil : Int(index)
  }

  private func start(_ index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }

  /// The index of the id, given the next one where it is new.
  package mutating func intern(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
    let slot = slot(of: text)
    if slots[slot] >= 0 { return slots[slot] }
    let index = Int32(ends.count)
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    slots[slot] = index
    if ends.count * 2 > slots.count { rehash(count: slots.count * 2) }
    return index
  }

  /// The indices of numbers as plain digits spell them, -1 for those not met as such before.
  func knownIndices(of numbers: [UInt32]) -> [Int32] {
    places.withUnsafeBufferPointer { places in
      numbers.map { Int($0) < places.count ? places[Int($0)] : -1 }
    }
  }

  /// Appends the indices of numbers, `known` of which are known.
  mutating func intern(_ numbers: [UInt32], known: [Int32], into indices: inout [Int32]) {
    let first = indices.count
    indices.append(contentsOf: known)
    for (at, index) in known.enumerated() where index < 0 {
      indices[first + at] = intern(numbers[at])
    }
  }

  private mutating func intern(_ number: UInt32) -> Int32 {
    let at = Int(number)
    return at < places.count && places[at] >= 0 ? places[at] : internNew(number)
  }

  /// The index of a number that was not met as a number before.
  private mutating func internNew(_ number: UInt32) -> Int32 {
    let (at, index) = (Int(number), intern("\(number)"))
    guard at < 1 << 24 else { return index }
    if at >= places.count {
      let size = Swift.max(at + 1, 2 * places.count, 1 << 10)
      places += Array(repeating: -1, count: size - places.count)
    }
    places[at] = index
    return index
  }

  package mutating func intern(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { intern($0) }
  }

  /// Where `text` is, or the free slot where it belongs.
  private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
    // FNV-1a; the multiplication's high bits carry the mix.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash ^ (hash >> 29)) & mask
    return bytes.withUnsafeBufferPointer { pool in
      while slots[slot] >= 0 {
        let index = Int(slots[slot])
        let from = start(index)
        if ends[index] - from == text.count,
          Self.equal(pool, from: from, text)
        {
          return slot
        }
        slot = (slot + 1) & mask
      }
      return slot
    }
  }

  private static func equal(
    _ pool: UnsafeBufferPointer<UInt8>, from: Int, _ text: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    for index in 0..<text.count where pool[from + index] != text[index] { return false }
    return true
  }

  private mutating func rehash(count: Int) {
    slots = [Int32](repeating: -1, count: count)
    for index in 0..<ends.count {
      let slot = bytes.withUnsafeBufferPointer { pool in
        self.slot(of: UnsafeBufferPointer(rebasing: pool[start(index)..<ends[index]]))
      }
      slots[slot] = Int32(index)
    }
  }

  /// The place of every id once sorted: whole numbers by value where all of them are, otherwise
  /// by bytes. So dense indices do not depend on the order of rows.
  package mutating func sort() -> [Int32] {
    let keys = (0..<count).map { numericKey($0) }
    let numeric = !keys.contains(nil)
    let order = (0..<count).sorted { first, second in
      if numeric, let a = keys[first], let b = keys[second], a != b { return a < b }
      return bytes[start(first)..<ends[first]].lexicographicallyPrecedes(
        bytes[start(second)..<ends[second]])
    }
    var places = [Int32](repeating: 0, count: count)
    var sorted: [UInt8] = []
    sorted.reserveCapacity(bytes.count)
    var sortedEnds: [Int] = []
    sortedEnds.reserveCapacity(count)
    for (place, index) in order.enumerated() {
      places[index] = Int32(place)
      sorted.append(contentsOf: bytes[start(index)..<ends[index]])
      sortedEnds.append(sorted.count)
    }
    bytes = sorted
    ends = sortedEnds
    self.places = []
    rehash(count: slots.count)
    return places
  }

  private func numericKey(_ index: Int) -> UInt64? {
    let digits = bytes[start(index)..<ends[index]]
    guard digits.count <= 18 else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      guard digit >= 48, digit <= 57 else { return nil }
      value = value * 10 + UInt64(digit - 48)
    }
    return value
  }
}
