/// Dense indices by the hash of what they stand for: open addressing in a power of two of places,
/// at most half of which are filled.
///
/// A filled place has an index in as many low bits as number the places, and the hash's own in those
/// above, by which nearly all others are told apart without looking at what they stand for.
struct IDSlots: Sendable {
  private static let free = UInt32.max
  private var places: [UInt32]

  /// - Parameter count: a power of two.
  init(count: Int) { places = Array(repeating: Self.free, count: count) }

  var count: Int { places.count }

  private var indexBits: UInt32 { UInt32(truncatingIfNeeded: places.count - 1) }

  /// The first index with this hash that `isIt` takes; or -1 and the free place where one belongs.
  @inline(__always)
  func find(_ hash: UInt64, _ isIt: (Int32) -> Bool) -> (index: Int32, place: Int) {
    places.withUnsafeBufferPointer { places in
      let mask = indexBits
      let mark = UInt32(truncatingIfNeeded: hash >> 32) & ~mask
      var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
      while places[place] != Self.free {
        let index = Int32(truncatingIfNeeded: places[place] & mask)
        if places[place] & ~mask == mark, isIt(index) { return (index, place) }
        place = (place + 1) & (places.count - 1)
      }
      return (-1, place)
    }
  }

  /// Fills a free place that was found for the hash.
  mutating func fill(_ place: Int, with index: Int32, _ hash: UInt64) {
    places[place] = UInt32(truncatingIfNeeded: hash >> 32) & ~indexBits | UInt32(index)
  }

  /// An index of something that no other stands for.
  mutating func add(_ index: Int32, _ hash: UInt64) {
    fill(find(hash) { _ in false }.place, with: index, hash)
  }
}
