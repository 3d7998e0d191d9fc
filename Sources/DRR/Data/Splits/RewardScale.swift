import DRRCore

/// reward = (rating − center) / halfRange; positive is what counts as liked.
/// (rating − 3) / 2 for five stars, as in DRR's evaluation.
public struct RewardScale: Codable, Hashable, Sendable, CustomStringConvertible {
  public var center: Float
  public var halfRange: Float

  public init(center: Float, halfRange: Float) {
    self.center = center
    self.halfRange = halfRange
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("scale center", center, "a number") { $0.isFinite }
    try ConfigurationError.require("scale half range", halfRange, .positive)
  }

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

  public func reward(_ rating: Float) -> Float { (rating - center) / halfRange }
  public func rating(_ reward: Float) -> Float { reward * halfRange + center }

  public var description: String { "(rating − \(center)) / \(halfRange)" }
}
