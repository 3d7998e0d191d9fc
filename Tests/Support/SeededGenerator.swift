/// Test inputs that are the same in every run: SplitMix64 (Steele, Lea & Flood 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  public mutating func floats(
    _ count: Int, in range: ClosedRange<Float> = -1...1
  ) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// Whole numbers, whose sums and products are exact in any order.
  public mutating func wholeFloats(_ count: Int, in range: ClosedRange<Int>) -> [Float] {
    (0..<count).map { _ in Float(Int.random(in: range, using: &self)) }
  }

  public mutating func indices(_ count: Int, in range: Range<Int32>) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: range, using: &self) }
  }
}
