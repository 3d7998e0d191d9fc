import DRRCore

extension InterestEvolution {
  /// What a step earns.
  public enum Reward: String, Codable, CaseIterable, Hashable, Sendable {
    /// Minutes watched.
    case watched
    /// Clicks.
    case clicks
  }

  /// The parameters, as RecSim's by default.
  public struct Settings: WorldSettings {
    /// What is offered and shown.
    public var slates = SlateSettings(slate: 2)
    /// Topics, of which every document has one: the first 70 % of bad quality, the rest of good.
    public var topics = 20
    /// The mean quality of the worst topic.
    public var worstQuality = -3.0
    /// The mean quality of the best topic.
    public var bestQuality = 3.0
    /// Standard deviation of the quality of a topic's documents.
    public var qualityDeviation = 0.1
    /// Minutes of a session.
    public var timeBudget = 200.0
    /// Minutes of a document.
    public var length = 4.0
    /// Minutes that are lost where nothing is chosen.
    public var stepPenalty = 0.5
    /// Of the minutes watched, how many a document of quality 1 brings back.
    public var lengthening = 0.9 / 3.4
    /// How much of what a document is worth is the user's own score of it.
    public var userFactor = 0.0
    /// How much of it is its quality.
    public var qualityFactor = 1.0
    /// How a document is chosen; scores are interests.
    public var choice = ChoiceModel.proportional(noClick: 1, minimum: -1)
    /// The interest, positive or negative, that does not move.
    public var settledInterest = 1.0
    /// How fast an interest of 0 moves.
    public var drift = 0.3
    /// What a step earns.
    public var reward = Reward.watched
    /// Steps after which an episode is truncated.
    public var stepLimit = 27_000

    public init() {}

    public func validate() throws(ConfigurationError) {
      try slates.validate()
      try ConfigurationError.require("topics", topics, in: 2...1_000)
      for (name, value) in [("worst quality", worstQuality), ("best quality", bestQuality)] {
        try ConfigurationError.require(name, value, in: -100...100)
      }
      try ConfigurationError.require("quality deviation", qualityDeviation, in: 0...100)
      for (name, value) in [("time budget", timeBudget), ("length", length)] {
        try ConfigurationError.require(name, value, .positive)
        try ConfigurationError.require(name, value, in: 0...1e6)
      }
      try ConfigurationError.require("step penalty", stepPenalty, in: 0...1e6)
      for (name, value) in [
        ("lengthening", lengthening), ("user factor", userFactor),
        ("quality factor", qualityFactor),
      ] { try ConfigurationError.require(name, value, in: -100...100) }
      try ConfigurationError.require("settled interest", settledInterest, in: 0.01...100)
      try ConfigurationError.require("drift", drift, in: 0...1)
      try choice.validate(scores: -1...1)
      try ConfigurationError.requireSteps("step limit", stepLimit)
    }

    /// The mean quality of every topic: from the worst to 0 and from 0 to the best, evenly.
    package var topicQualities: [Double] {
      let bad = topics * 7 / 10
      func even(_ count: Int, from start: Double, to end: Double) -> [Double] {
        guard count > 1 else { return Array(repeating: start, count: count) }
        let step = (end - start) / Double(count - 1)
        return (0..<count).map { $0 == count - 1 ? end : start + Double($0) * step }
      }
      return even(bad, from: worstQuality, to: 0) + even(topics - bad, from: 0, to: bestQuality)
    }

    /// One step by two draws in [0, 1): which document is chosen, and which way the interest in its
    /// topic goes.
    ///
    /// - Parameter scores: room for one number more than documents.
    package func respond(
      _ user: inout User, to slate: [Document], _ scores: inout [Double], choice draw: Double,
      flip: Double
    ) -> (click: Int?, watched: Double) {
      for (place, document) in slate.enumerated() { scores[place] = user.interests[document.topic] }
      guard let click = choice.choose(&scores, draw: draw) else {
        user.budget -= stepPenalty
        return (nil, 0)
      }
      let document = slate[click]
      let watched = min(user.budget, length)
      let interest = user.interests[document.topic]
      let own = userFactor == 0 ? 0 : userFactor * choice.utility(interest)
      let pace = -drift / settledInterest * interest.magnitude + drift
      let change = pace * (1 - interest)
      let moved = flip < (interest + 1) / 2 ? interest + change : interest - change
      user.interests[document.topic] = min(max(moved, -1), 1)
      user.budget -= watched
      user.budget += lengthening * watched * (own + qualityFactor * document.quality)
      return (click, watched)
    }
  }
}
