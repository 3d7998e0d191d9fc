import DRRCore

/// What a rating must be above to be liked.
public enum LikedThreshold: Hashable, Sendable {
  /// A rating of the scale.
  case rating(Float)
  /// The mean of the user's own ratings, of those that may be learned from.
  case userMean
}

/// reward = (rating − center) / halfRange; positive is what counts as liked.
/// (rating − 3) / 2 for five stars, as in DRR's evaluation.
public struct RewardScale: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The rating whose reward is 0; where ratings count from the user's mean, 0.
  public var center: Float
  /// What a reward of 1 is above `center`; above 0.
  public var halfRange: Float
  /// Whether a rating counts from its user's mean; nil: no.
  public var fromUserMean: Bool?

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

  /// Five stars for ½ … 5 and 1 … 5, ten for 0 … 10, of which nobody gives 0; the middle and half
  /// the width of any other range.
  public init(ratingRange range: ClosedRange<Float>) {
    if range == 0.5...5 || range == 1...5 {
      self = .fiveStars
    } else {
      let low = range == 0...10 ? 1 : range.lowerBound
      self.init(
        center: (low + range.upperBound) / 2, halfRange: (range.upperBound - low) / 2)
    }
  }

  /// A threshold that somebody named: a reward of 1 or −1 is as far from it as a rating can be.
  ///
  /// - Throws: `ConfigurationError` where no rating could be above it, or none could be below.
  public init(
    ratingRange range: ClosedRange<Float>, likedAbove threshold: LikedThreshold
  ) throws(ConfigurationError) {
    switch threshold {
    case .userMean:
      self.init(center: 0, halfRange: range.upperBound - range.lowerBound)
      fromUserMean = true
    case .rating(let rating):
      try ConfigurationError.require(
        "liked above", rating, "a rating of \(range.spelled) that others are above"
      ) { range.contains($0) && $0 < range.upperBound }
      self.init(
        center: rating,
        halfRange: max(range.upperBound - rating, rating - range.lowerBound))
    }
  }

  /// The reward of a rating, less its user's mean where it counts from that.
  public func reward(_ rating: Float) -> Float { (rating - center) / halfRange }
  /// The rating of a reward.
  public func rating(_ reward: Float) -> Float { reward * halfRange + center }

  /// What a user's ratings count from: their mean or 0.
  public func level(of ratings: some Collection<Float>) -> Float {
    guard fromUserMean == true, !ratings.isEmpty else { return 0 }
    return Float(ratings.reduce(0) { $0 + Double($1) } / Double(ratings.count))
  }

  public var description: String {
    "(rating − \(fromUserMean == true ? "the user's mean" : "\(center)")) / \(halfRange)"
  }
}

extension RatingsLog {
  /// The ratings as rewards are made of them: themselves, or less the mean of what may be seen of
  /// the user; that of all for a user of whom nothing may be.
  package func counted(_ split: UserSplit, on scale: RewardScale) -> RatingsLog {
    guard scale.fromUserMean == true else { return self }
    let all = scale.level(of: split.visibleRows(in: self).map { ratings[Int($0)] })
    var counted = self
    counted.ratingRange = -scale.halfRange...scale.halfRange
    for user in 0..<userCount {
      let visible = split.visibleRows(of: user, in: self).map { ratings[$0] }
      let level = visible.isEmpty ? all : scale.level(of: visible)
      for row in rows(ofUser: user) { counted.ratings[row] -= level }
    }
    return counted
  }

  /// - Throws: `RunError` where nothing is liked or everything is, so that there is no telling a
  ///   good recommendation from a bad one.
  package func requireLikes(on scale: RewardScale) throws(RunError) {
    var (liked, others) = (false, false)
    for rating in ratings {
      if scale.reward(rating) > 0 { liked = true } else { others = true }
      if liked && others { return }
    }
    throw RunError(
      "\(name): \(liked ? "every" : "no") rating is liked, since a reward is \(scale), and nothing "
        + "can be learned of what is; say what is liked by --liked-above RATING or --liked-above "
        + "mean, or the scale by --rating-range LOW,HIGH")
  }

  /// What ratings are called: stars on a scale of half or whole stars up to five.
  public var ratingUnit: String {
    let isOfStars = ratingRange == 0.5...5 || ratingRange == 1...5
    return isOfStars && isInHalves ? "stars" : "rating units"
  }

  var isInHalves: Bool {
    whole?.isInHalves ?? ratings.allSatisfy { ($0 * 2).rounded() == $0 * 2 }
  }
}
