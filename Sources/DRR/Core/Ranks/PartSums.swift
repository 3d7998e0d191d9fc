import Tensor

/// Sums over the parts of all ranks, in room that stays: a rank fills its own parts, which lie side by
/// side, and all then have the total.
///
/// The order is that of a balanced tree: of n vectors the first 2^k, the most of which there are
/// fewer than n, and the others are each added up by themselves. Its bits depend on the vectors and
/// their order alone, whoever holds them, if each rank has a power of two of them.
package final class PartSums {
  private let ranks: any Collective
  /// How many parts are this rank's.
  private let own: Int
  private var width = 0
  private var flat = UnsafeMutableBufferPointer<Float>.allocate(capacity: 0)

  /// - Parameter own: how many of the parts are this rank's.
  package init(_ ranks: any Collective, own: Int) { (self.ranks, self.own) = (ranks, own) }

  deinit { flat.deallocate() }

  /// Begins the next sum, of vectors of so many numbers, whose values are those of earlier sums.
  package func begin(width: Int) {
    self.width = width
    let needed = own * width + ranks.room(toReduce: width)
    if flat.count < needed {
      flat.deallocate()
      flat = .allocate(capacity: needed)
      flat.initialize(repeating: 0)
    }
  }

  /// The numbers of this rank's `number`-th part; of part 0 those of the total once there is one.
  package subscript(part number: Int) -> UnsafeMutableBufferPointer<Float> {
    slice(number * width, width)
  }

  /// Adds up all parts of all ranks, into part 0.
  package func add() throws(CollectiveError) {
    Self.add(flat, count: own, width: width)
    try ranks.allReduce(self[part: 0], by: slice(own * width, ranks.room(toReduce: width)))
  }

  private func slice(_ first: Int, _ count: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: flat[first..<first + count])
  }

  /// Adds so many vectors, which lie side by side, into the first of them.
  static func add<Element: FloatingPoint>(
    _ vectors: UnsafeMutableBufferPointer<Element>, count: Int, width: Int
  ) {
    guard count > 1 else { return }
    var half = 1
    while 2 * half < count { half *= 2 }
    let second = UnsafeMutableBufferPointer(rebasing: vectors[(half * width)...])
    add(vectors, count: half, width: width)
    add(second, count: count - half, width: width)
    for at in 0..<width { vectors[at] += second[at] }
  }
}
