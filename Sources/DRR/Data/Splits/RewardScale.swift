import DRRCore

/// reward = (rating − center) / halfRange; positive is what counts as liked.
/// (rating − 3) / 2 for five stars, as in DRR's evaluation.
public struct RewardScale: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The rating whose reward is 0.
  public var center: Float
  /// What a reward of 1 is above `center`; above 0.
  public var halfRange: Float

  /// A scale by its parts.
  public init(center: Float, halfRange: Float) {
    self.center = center
    self.halfRange = halfRange
  }

  /// - Throws: `ConfigurationError` unless both are numbers, and the half range is above 0.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("scale center", center, "a number") { $0.isFinite }
    try ConfigurationError.require("scale half range", halfRange, .positive)
  }

  /// (rating − 3) / 2.
  public static let fiveStars = RewardScale(center: 3, halfRange: 2)

  /// Five stars for ranges that end at 5; the middle and half width of 1 ... maximum otherwise.
  public init(ratingRange: ClosedRange<Float>) {
    if ratingRange.upperBound == 5 {
      self = .fiveStars
    } else {
      let low = max(1, ratingRange.lowerBound)
      self.init(
        center: (low + ratingRange.upperBound) / 2,
        halfRange: (ratingRange.upperBound - low) / 2)
    }
  }

  /// The reward of a rating.
  public func reward(_ rating: Float) -> Float { (rating - center) / halfRange }
  /// The rating of a reward.
  public func rating(_ reward: Float) -> Float { reward * halfRange + center }

  public var description: String { "(rating − \(center)) / \(halfRange)" }
}
