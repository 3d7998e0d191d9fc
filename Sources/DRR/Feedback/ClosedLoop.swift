import DRRCore
import DRRData
import Factorization
import OffPolicy
import Platform
import Serving
import Tensor

/// Serving, logging, judging and promoting, round after round, to users whose tastes are known: what
/// off-policy evaluation says of a model is held against what the model earns.
///
/// The truth is a factorization of all ratings of some data. In a round the served model draws lists,
/// each item earns the reward of a rating drawn about the user's own, a new model is fitted to what
/// was earned so far and to half of the round's lists, is judged by the other half, which it has not
/// seen, and takes the served one's place where ``Promotion`` says so.
public struct ClosedLoop: Sendable {
  /// What is simulated.
  public struct Settings: Codable, Hashable, Sendable {
    public var rounds = 10
    /// Lists of a round.
    public var lists = 20_000
    /// Items of a list.
    public var positions = 1
    /// Items that can be recommended: those of the data with the most ratings.
    public var items = 100
    /// How lists are drawn.
    public var exploration = Exploration(epsilon: 0.2, temperature: 0.3, candidates: 100)
    /// The share of the ratings that the first model learns from.
    public var knownShare = 0.01
    /// The standard deviation of a rating about the user's own, on the scale of the data.
    public var noise = 1.0
    /// What promotes a model.
    public var rule = Promotion.Rule()
    public var seed: UInt64 = 0

    /// The usual settings.
    public init() {}

    /// - Throws: where a part is out of its range.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("rounds", rounds, in: 1...10_000)
      try ConfigurationError.require("lists", lists, in: 1...10_000_000)
      try ConfigurationError.require("items", items, in: 2...100_000)
      try ConfigurationError.require("positions", positions, in: 1...min(200, items))
      try ConfigurationError.require("known-share", knownShare, "above 0 and at most 1") {
        $0 > 0 && $0 <= 1
      }
      try ConfigurationError.require("noise", noise, .notNegative)
      try exploration.validate()
      try rule.validate()
    }
  }

  /// What the log of a round says of a model, and what is true.
  public struct Judged: Codable, Hashable, Sendable {
    /// Of a list, by the rule's estimator; absent where nothing has weight.
    public var estimate: Interval?
    /// What a list of the model earns, of all users alike.
    public var truth: Double
    /// Whether the interval has the truth.
    public var isCovered: Bool
    public var effectiveSampleSize: Double
    public var isPromoted: Bool
    /// Why it is not.
    public var reasons: [String]
  }

  /// A round.
  public struct Round: Codable, Hashable, Sendable {
    /// From 1.
    public var round: Int
    /// The version of the model that is served.
    public var served: String
    /// What a list earned.
    public var earned: Interval
    /// What a list of the served model earns, of all users alike.
    public var truth: Double
    /// The model that was fitted to the log.
    public var candidate: Judged
    /// The same with its scores turned round.
    public var planted: Judged
  }

  /// All rounds of a seed, and what stands beside them.
  public struct Report: Codable, Hashable, Sendable {
    public var settings: Settings
    public var data: String
    public var users: Int
    public var rounds: [Round]
    /// What a list of the last model earns as it is served.
    public var last: Double
    /// What the first model would have earned all along.
    public var first: Double
    /// Items by their mean reward of all users, the best in order.
    public var popularity: Double
    /// The best items of each user, in order.
    public var oracle: Double
    /// Items alike.
    public var random: Double
  }

  private let settings: Settings
  private let makeBackend: @Sendable () throws -> any Backend
  private let world: LoopWorld

  private var log: RatingsLog { world.tastes.log }
  private var scale: RewardScale { world.tastes.scale }

  /// - Parameters:
  ///   - ratings: of whose factorization the truth is.
  ///   - makeBackend: a new backend, as often as models are made.
  /// - Throws: `ConfigurationError` where settings cannot be; where no factorization can be fitted.
  public init(
    _ settings: Settings, ratings: RatingsLog,
    on makeBackend: @escaping @Sendable () throws -> any Backend
  ) throws {
    try settings.validate()
    (self.settings, self.makeBackend) = (settings, makeBackend)
    world = try LoopWorld(settings, ratings, on: makeBackend())
  }

  // MARK: - The loop

  /// Runs all rounds.
  ///
  /// - Parameter folder: of the models and logs, which are written into it.
  /// - Throws: where a file cannot be written, or a model cannot be fitted; what `progress` does.
  public func run(
    in folder: String, progress: (Int, Int, String) throws -> Void = { _, _, _ in }
  ) throws -> Report {
    var random = Philox(seed: settings.seed, stream: Streams.closedLoop)
    var known = Known(users: log.userCount, items: log.itemCount)
    for row in 0..<log.count where random.uniform() < Float(settings.knownShare) {
      known.add(log.ratings[row], user: Int(log.users[row]), item: Int(log.items[row]))
    }
    var served = try model(known, 0, in: folder)
    let first = served
    var rounds: [Round] = []
    for round in 1...settings.rounds {
      try progress(round - 1, settings.rounds, "rounds")
      let path = "\(folder)/log-\(round)"
      try serve(served, &random, into: path)
      let decisions = try ServedDecisions(log: path)
      // A model that has learned from a list knows what it earned, and the list would flatter it.
      learn(from: decisions, every: 0, &known)
      let models = try [false, true].map {
        try model(known, round, isTurned: $0, in: folder)
      }
      var unseen = decisions
      unseen.decisions = decisions.decisions.enumerated().filter { $0.offset % 2 == 1 }
        .map(\.element)
      let evaluation = try ServedEvaluation(unseen, rewards: FeedbackRewards())
      let promotions = try models.map { candidate in
        try Promotion(
          of: ReplayedModel(name: candidate.header.agent, policy: try policy(candidate)),
          over: ReplayedModel(name: "served", policy: try policy(served)), on: evaluation,
          settings.rule)
      }
      let judged = try zip(models, promotions).map { try self.judged($0, $1) }
      rounds.append(
        Round(
          round: round, served: served.header.checksum, earned: promotions[0].logged,
          truth: try value(of: served), candidate: judged[0], planted: judged[1]))
      learn(from: decisions, every: 1, &known)
      // A planted model that passes would be served, and be seen in the rounds after.
      if judged[1].isPromoted { served = models[1] }
      if judged[0].isPromoted { served = models[0] }
    }
    return Report(
      settings: settings, data: log.name, users: log.userCount, rounds: rounds,
      last: try value(of: served), first: try value(of: first),
      popularity: world.popularity(settings.positions), oracle: world.oracle(settings.positions),
      random: world.meanReward * Double(settings.positions))
  }

  private func judged(_ model: ExportedModel, _ promotion: Promotion) throws -> Judged {
    let truth = try value(of: model)
    return Judged(
      estimate: promotion.value, truth: truth,
      isCovered: promotion.value?.contains(truth) ?? false,
      effectiveSampleSize: promotion.effectiveSampleSize, isPromoted: promotion.holds,
      reasons: promotion.reasons)
  }

  /// What users have rated, the mean where they did so often.
  private struct Known {
    private let items: Int
    private var sums: [Float]
    private var counts: [Float]

    init(users: Int, items: Int) {
      self.items = items
      sums = Array(repeating: 0, count: users * items)
      counts = sums
    }

    mutating func add(_ rating: Float, user: Int, item: Int) {
      sums[user * items + item] += rating
      counts[user * items + item] += 1
    }

    func mean(user: Int, item: Int) -> Float? {
      let at = user * items + item
      return counts[at] > 0 ? sums[at] / counts[at] : nil
    }
  }

  // MARK: - Models

  /// A model of all that was earned.
  ///
  /// - Parameter isTurned: whether its scores are turned round: the worst items come first.
  private func model(
    _ known: Known, _ round: Int, isTurned: Bool = false, in folder: String
  ) throws -> ExportedModel {
    var learned = log
    (learned.users, learned.items, learned.ratings) = ([], [], [])
    learned.userOffsets = [0]
    for user in 0..<log.userCount {
      for item in 0..<log.itemCount {
        guard let rating = known.mean(user: user, item: item) else { continue }
        learned.users.append(Int32(user))
        learned.items.append(Int32(item))
        learned.ratings.append(rating)
      }
      learned.userOffsets.append(learned.ratings.count)
    }
    learned.times = (0..<Int64(learned.ratings.count)).map { $0 }
    var fitted = try SimulatedTastes.fitted(
      learned, Array(0..<Int32(learned.count)), scale, settings.seed &+ UInt64(round),
      on: makeBackend())
    if isTurned {
      fitted = PMFModel(
        dimension: fitted.dimension, mean: fitted.mean,
        userFactors: fitted.userFactors.map { -$0 }, itemFactors: fitted.itemFactors,
        userBiases: fitted.userBiases, itemBiases: fitted.itemBiases.map { -$0 })
    }
    var parts = try ModelParts(
      ExportedModel.Header(
        algorithm: .pmf, agent: isTurned ? "PMF, turned round" : "PMF",
        data: .init(name: log.name, checksum: log.checksum, items: 0, users: 0), scale: scale,
        ratingRange: log.ratingRange,
        foldIn: .init(regularization: 0.06, biasRegularization: 0.02)),
      itemIDs: Array(log.itemIDs), isKnown: Array(repeating: true, count: log.itemCount))
    // What was rated can be shown again: rewards come back, as of news or songs.
    try parts.addUsers(
      Array(log.userIDs), offsets: Array(repeating: 0, count: log.userCount + 1), items: [],
      ratings: [])
    try parts.add(fitted)
    // As it is read, with its version.
    let path = "\(folder)/model-\(round)\(isTurned ? "-turned" : "")"
    try parts.model(name: path).write(toFolder: path)
    return try ExportedModel(folder: path)
  }

  private func policy(_ model: ExportedModel) throws -> ServingPolicy {
    try ServingPolicy(model, on: makeBackend)
  }

  /// The best items of every user.
  private func candidates(of model: ExportedModel) throws -> [[Recommendation]] {
    try policy(model).recommend(
      (0..<log.userCount).map { Request(.user($0)) },
      count: max(settings.exploration.candidates, settings.positions))
  }

  /// What a list of a model earns as it is drawn, of all users alike: exactly for single items, else
  /// by many draws.
  private func value(of model: ExportedModel) throws -> Double {
    let lists = try candidates(of: model)
    let sums = concurrentMap(lists.count) { user -> Double in
      let list = lists[user]
      let rewards = list.map { world.reward(user: user, item: $0.item) }
      let scores = list.map(\.score)
      if settings.positions == 1 {
        return list.indices.reduce(0) {
          $0 + settings.exploration.probabilities(of: [$1], scores)[0] * rewards[$1]
        }
      }
      var random = Philox(
        key: settings.seed, stream: Streams.closedLoop, counter: UInt64(user + 1) << 40)
      let draws = 400
      let sum = (0..<draws).reduce(0.0) { sum, _ in
        settings.exploration.draw(scores, count: settings.positions, &random).reduce(sum) {
          $0 + rewards[$1.place]
        }
      }
      return sum / Double(draws)
    }
    return sums.reduce(0, +) / Double(max(sums.count, 1))
  }

  // MARK: - Serving

  /// Shows lists to users drawn by chance, and keeps what they earned.
  private func serve(
    _ model: ExportedModel, _ random: inout Philox, into folder: String
  ) throws {
    let lists = try candidates(of: model)
    let store = try FeedbackStore(folder: folder)
    for number in 0..<settings.lists {
      let user = Int(random.next() % UInt64(log.userCount))
      let found = lists[user]
      let drawn = settings.exploration.draw(
        found.map(\.score), count: settings.positions, &random)
      let time = Int64(number) * 1_000
      let list = ServedList(
        request: "\(number)", time: time, model: "served", version: model.header.checksum,
        user: log.userIDs[user], known: 0, exploration: settings.exploration,
        items: drawn.map { draw in
          .init(
            item: log.itemIDs[found[draw.place].item], score: found[draw.place].score,
            propensity: draw.propensity)
        }, candidates: found.count,
        digest: ServedList.digest(of: found.map { log.itemIDs[$0.item] }))
      try store.record(list)
      for draw in drawn {
        let item = found[draw.place].item
        let rating = world.rating(user: user, item: item, random.uniform())
        try store.record(
          ItemFeedback(
            time: time, request: list.request, user: nil, item: log.itemIDs[item],
            value: .reward(Double(scale.reward(rating)))))
      }
    }
    try store.synchronize()
  }

  /// Takes the ratings of every second list over.
  private func learn(from served: ServedDecisions, every second: Int, _ known: inout Known) {
    for (place, decision) in served.decisions.enumerated() where place % 2 == second {
      guard let user = decision.list.user.flatMap({ log.userIndex($0) }) else { continue }
      for (shown, value) in zip(decision.list.items, decision.feedback) {
        guard case .reward(let reward) = value, let item = log.itemIndex(shown.item) else {
          continue
        }
        known.add(scale.rating(Float(reward)), user: user, item: item)
      }
    }
  }
}
