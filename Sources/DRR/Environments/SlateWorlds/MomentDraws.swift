import DRRCore
import Platform
import Tensor

/// The random words of one environment at one step: block i of a purpose is computed from the key,
/// the step and i alone.
struct MomentDraws {
  /// What is drawn. The numbers are part of every trace: they do not change.
  enum Purpose: UInt32 {
    case documents = 0
    case qualities = 0x2000_0000
    case response = 0x4000_0000
    case user = 0x6000_0000
  }

  var key: UInt64
  /// Episode and step.
  var moment: UInt64

  init(key: UInt64, episode: Int, step: Int) {
    self.key = key
    moment = UInt64(episode) << 32 | UInt64(step)
  }

  /// Four words; the generator of ``RandomKey``.
  func words(_ purpose: Purpose, _ block: Int = 0) -> SIMD4<UInt32> {
    Philox.block(
      key: key,
      counter: SIMD4(
        UInt32(truncatingIfNeeded: moment), UInt32(truncatingIfNeeded: moment >> 32),
        purpose.rawValue + UInt32(block), 0))
  }

  /// A number within (0, 1).
  static func uniform(_ word: UInt32) -> Double { (Double(word) + 0.5) * 0x1p-32 }

  /// One of 0 ..< bound.
  static func index(_ word: UInt32, below bound: Int) -> Int {
    Int((UInt64(word) * UInt64(bound)) >> 32)
  }

  /// Two independent standard normals, by Box-Muller.
  static func normals(_ a: UInt32, _ b: UInt32) -> (Double, Double) {
    let radius = (-2 * log(uniform(a))).squareRoot()
    let angle = 2 * Double.pi * uniform(b)
    return (radius * cos(angle), radius * sin(angle))
  }

  /// The first place whose weights up to it exceed the draw's share of all weights, which are 0 or
  /// more and not all 0.
  static func place(_ draw: Double, among weights: [Double]) -> Int {
    let sum = weights.reduce(0, +)
    var cumulated = 0.0
    for (place, weight) in weights.enumerated() {
      cumulated += weight / sum
      if draw < cumulated { return place }
    }
    return weights.lastIndex { $0 > 0 }!
  }
}
