import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Rewards and likes of scales other than five stars, by hand.
@Suite("Scales of ratings")
struct ScaleTests {
  let temporary = TemporaryFolder()

  struct Scale: CustomTestStringConvertible, Sendable {
    var name: String
    var ratings: [Float]
    var range: ClosedRange<Float>
    var rewards: [Float]
    var unit = "rating units"
    var testDescription: String { name }
  }

  static let scales = [
    Scale(
      name: "-10 to 10", ratings: [-10, 10, 3, -4], range: -10...10, rewards: [-1, 1, 0.3, -0.4]),
    Scale(name: "0 and 1", ratings: [0, 1, 1, 0], range: 0...1, rewards: [-1, 1, 1, -1]),
    Scale(name: "0 to 1", ratings: [0.25, 0.875, 0.5], range: 0...1, rewards: [-0.5, 0.75, 0]),
    Scale(name: "-1, 0 and 1", ratings: [-1, 0, 1], range: -1...1, rewards: [-1, 0, 1]),
    Scale(name: "0 to 5", ratings: [0, 5, 3], range: 0...5, rewards: [-1, 1, 0.2]),
    Scale(name: "1 to 10", ratings: [1, 10, 7], range: 0...10, rewards: [-1, 1, 1 / 3]),
    Scale(name: "all 1", ratings: [1, 1], range: 0...1, rewards: [1, 1]),
    Scale(name: "all 40", ratings: [40, 40], range: 0...40, rewards: [1, 1]),
    Scale(name: "stars", ratings: [1, 3, 4], range: 1...5, rewards: [-1, 0, 0.5], unit: "stars"),
    Scale(
      name: "half stars", ratings: [0.5, 3.5], range: 0.5...5, rewards: [-1.25, 0.25],
      unit: "stars"),
    Scale(name: "means of stars", ratings: [1.7, 4], range: 0.5...5, rewards: [-0.65, 0.5]),
  ]

  private func loaded(
    _ ratings: [Float], range: ClosedRange<Float>? = nil, name: String = "x.inter"
  ) throws -> RatingsLog {
    let (header, separator) =
      name == "x.inter"
      ? ("user_id:token\titem_id:token\trating:float", "\t") : ("userId,movieId,rating", ",")
    let lines = ratings.enumerated().map { "\n1\(separator)\($0 + 1)\(separator)\($1)" }
    let folder = try temporary.folder(
      "s\(UUID().uuidString)", [name: header + lines.joined() + "\n"])
    return try RatingsSource.load("\(folder)/\(name)", range: range)
  }

  @Test("a RecBole file has its own range, and its middle is where likes begin", arguments: scales)
  func own(_ scale: Scale) throws {
    let log = try loaded(scale.ratings)
    #expect(log.ratingRange == scale.range && log.ratingUnit == scale.unit)
    let rewards = scale.ratings.map { RewardScale(ratingRange: log.ratingRange).reward($0) }
    for (reward, expected) in zip(rewards, scale.rewards) { #expect(abs(reward - expected) < 1e-6) }
    let summary = log.describe()
    let liked = scale.rewards.count { $0 > 0 }
    #expect(summary.positiveShare == Double(liked) / Double(scale.rewards.count))
    // The same ratings as CSV and back, and as another RecBole folder.
    for format in RatingsLog.OutputFormat.allCases {
      let folder = "\(temporary.path)/\(UUID().uuidString)"
      try log.write(to: folder, format: format)
      #expect(try RatingsSource.load(folder).ratingRange == scale.range)
    }
  }

  @Test("a range that is named holds in every layout")
  func named() throws {
    for name in ["x.inter", "ratings.csv"] {
      let log = try loaded([2, 4], range: 0...4, name: name)
      #expect(log.ratingRange == 0...4 && log.ratingUnit == "rating units")
      #expect(RewardScale(ratingRange: log.ratingRange).reward(2) == 0)
      let folder = "\(temporary.path)/\(UUID().uuidString)"
      try log.write(to: folder, format: .inter)
      #expect(try RatingsSource.load(folder).ratingRange == 0...4)
      #expect(throws: DataError.self) { try loaded([2, 5], range: 0...4, name: name) }
    }
    let refusal = try #require(
      #expect(throws: DataError.self) {
        try loaded([0, 1], name: "ratings.csv")
      })
    #expect(refusal.description.contains("line 2: rating \"0.0\" is outside 0.5 ... 5"))
    #expect(refusal.description.hasSuffix("another scale is named by --rating-range LOW,HIGH"))
    #expect(try loaded([0, 1], range: 0...1, name: "ratings.csv").ratings == [0, 1])
    #expect(try RatingsSource.load("generated:tiny", range: 0...5).ratingRange == 0...5)
    #expect(throws: DataError.self) { try RatingsSource.load("generated:tiny", range: 0...4) }
  }

  @Test("a threshold that is named is where rewards are 0, and ±1 is the farthest from it")
  func threshold() throws {
    let scale = try RewardScale(ratingRange: 1...5, likedAbove: .rating(3.5))
    #expect([1, 2, 3, 4, 5].map { scale.reward($0) } == [-1, -0.6, -0.2, 0.2, 0.6])
    let low = try RewardScale(ratingRange: -10...10, likedAbove: .rating(-5))
    #expect([-10, -5, 10].map { low.reward($0) } == [-1 / 3, 0, 1])
    for rating in [5, 0.5, 6] as [Float] {
      let error = #expect(throws: ConfigurationError.self) {
        try RewardScale(ratingRange: 1...5, likedAbove: .rating(rating))
      }
      #expect(error?.description.contains("a rating of 1 ... 5 that others are above") == true)
    }
  }

  @Test("ratings above a user's own mean of what may be seen are liked")
  func userMean() throws {
    // User 0 rates 1 2 3 | 5, user 1 rates 4 5 | 4; what is behind the bar is held out.
    let log = RatingsLog(
      name: "two", users: [0, 0, 0, 0, 1, 1, 1], items: [0, 1, 2, 3, 0, 1, 2],
      ratings: [1, 2, 3, 5, 4, 5, 4], times: [1, 2, 3, 4, 1, 2, 3])
    var evaluation = Worlds.latest()
    (evaluation.testShare, evaluation.validationShare) = (0.3, 0)
    let split = UserSplit(log, evaluation)
    let scale = try RewardScale(ratingRange: 1...5, likedAbove: .userMean)
    #expect("\(scale)" == "(rating − the user's mean) / 4.0")
    let counted = log.counted(split, on: scale)
    #expect(
      counted.ratings.map { scale.reward($0) } == [-0.25, 0, 0.25, 0.75, -0.125, 0.125, -0.125])
    #expect(counted.ratingRange == -4...4 && log.describe(scale: scale).positiveAbove == nil)
    #expect(counted.counted(split, on: scale).ratings == counted.ratings)
    #expect(log.counted(split, on: .fiveStars).ratings == log.ratings)
    // In describe all may be seen: user 0 likes 3 and 5, user 1 likes 5.
    #expect(log.describe(scale: scale).positiveShare == 3.0 / 7)
    let stored = try JSONDecoder().decode(RewardScale.self, from: JSONEncoder().encode(scale))
    #expect(stored == scale)
    let older = try JSONDecoder().decode(
      RewardScale.self, from: Data(#"{"center":3,"halfRange":2}"#.utf8))
    #expect(older == .fiveStars)
  }

  @Test("nothing or everything liked is refused, with what to do")
  func likes() throws {
    try loaded([1, 5]).requireLikes(on: .fiveStars)
    for (ratings, word) in [([3, 3], "no"), ([1, 2], "no"), ([4, 5], "every")]
      as [([Float], String)]
    {
      let log = try loaded(ratings)
      let error = #expect(throws: RunError.self) { try log.requireLikes(on: .fiveStars) }
      #expect(
        error?.description.hasPrefix("x.inter: \(word) rating is liked, since a reward") == true)
      #expect(
        error?.description.contains("--liked-above mean, or the scale by --rating-range") == true)
    }
  }
}
