/// Which words of a large mask changed, so that a device that has an earlier state of the mask is
/// sent no others. Of as many changes as an eighth of the mask's words the older half is forgotten.
struct MaskChanges: Sendable {
  /// Whose history it is. A mask that changes while a copy of it exists begins a history of its own:
  /// masks of one origin and as many changes are equal.
  final class Origin: Sendable {}

  private(set) var origin = Origin()
  /// What was changed, oldest first, without the first `forgotten`.
  private var places: [UInt32] = []
  private var forgotten = 0
  private let most: Int

  /// Nil where a mask of that many words is sent whole: below 256 KiB, and where a place has more
  /// than 31 bits.
  init?(words: Int) {
    guard 1 << 16...Int(Int32.max) ~= words else { return nil }
    most = words / 8
  }

  /// Changes since the origin.
  var count: Int { forgotten + places.count }

  mutating func add(_ place: Int) {
    if !isKnownUniquelyReferenced(&origin) { (origin, places, forgotten) = (Origin(), [], 0) }
    if places.count == most {
      places.removeFirst(most / 2)
      forgotten += most / 2
    }
    places.append(UInt32(place))
  }

  /// The places that changed after the first `count` changes since an origin, in order, each once;
  /// nil where that is not known.
  func places(after count: Int, since origin: Origin?) -> [UInt32]? {
    guard origin === self.origin, count >= forgotten else { return nil }
    return Set(places[(count - forgotten)...]).sorted()
  }
}
