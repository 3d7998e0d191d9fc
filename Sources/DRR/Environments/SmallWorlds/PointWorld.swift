import DRRCore

/// A point on a line that pushes are to bring to 0: x′ = x + u + noise, and each step costs
/// x² + ρu². The linear-quadratic problem in one dimension, whose best policy is u = −Kx.
public struct PointWorld: Codable, Hashable, Sendable {
  /// ρ.
  public var effort = 0.5
  /// σ of the noise.
  public var deviation = 0.1
  /// γ, a step; between 0 and 1.
  public var discount = 0.9
  /// Steps of an episode.
  public var length = 15

  /// The default problem.
  public init() {}

  /// K by the discounted Riccati equation, P = 1 + γP − (γP)² / (ρ + γP) and K = γP / (ρ + γP).
  public var bestGain: Double {
    var p = 1.0
    for _ in 0..<10_000 {
      let next = discount * p
      p = 1 + next - next * next / (effort + next)
    }
    return discount * p / (effort + discount * p)
  }

  /// Where points are, at most.
  public static let range: ClosedRange<Float> = -10...10

  /// What a push u at x costs: x² + ρu².
  public func cost(of push: Float, at point: Float) -> Float {
    point * point + Float(effort) * push * push
  }

  /// Where a point is after a push.
  ///
  /// - Parameter noise: drawn, of deviation 1.
  public func moved(_ point: Float, by push: Float, noise: Float) -> Float {
    let to = point + push + Float(deviation) * noise
    return min(max(to, Self.range.lowerBound), Self.range.upperBound)
  }

  package func validate() throws(ConfigurationError) {
    try ConfigurationError.require("effort", effort, .positive)
    try ConfigurationError.require("deviation", deviation, .notNegative)
    try ConfigurationError.require("discount", discount, "between 0 and 1") { $0 > 0 && $0 < 1 }
    try ConfigurationError.require("episode length", length, in: 1...)
  }
}
