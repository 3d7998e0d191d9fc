import Tensor

/// Draws that follow one another, each of its own number.
package struct DrawSequence {
  private let seed: UInt64
  private let stream: UInt64
  package private(set) var count: UInt64

  package init(seed: UInt64, stream: UInt64, count: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
    self.count = count
  }

  package mutating func next() -> RandomKey {
    defer { count += 1 }
    return RandomKey(seed: seed, stream: stream, counter: count)
  }

  /// As if so many draws had been made.
  package mutating func skip(_ draws: Int) { count += UInt64(draws) }
}
