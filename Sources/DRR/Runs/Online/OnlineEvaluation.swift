import DRRCore
import DRRData
import Environments
import Evaluation
import Factorization
import Tensor

/// What an online figure means beside the evaluation's split and cutoffs.
public struct OnlineProtocol: Codable, Hashable, Sendable {
  /// The simulator that rewards come from.
  public var world = WorldKind.pmf
  /// c, the strength of consecutive items' effects; 0: none.
  public var consecutive: Float = 0
  /// Whether items that no visible rating contains may be recommended.
  public var allowsUnseenItems = false
  /// Whether the items of a user's profile may be recommended to them again.
  public var allowsProfile = false
  /// ε of the agents: how often a random action stands in for theirs, 0 ... 1; nil: never.
  public var exploration: Float?

  /// The default protocol.
  public init() {}
}

/// What a policy earned in the sessions of an online evaluation.
public struct OnlineTrace: Sendable {
  /// The policy's name.
  public let name: String
  /// [sessions][T]
  public internal(set) var rewards: [[Float]] = []
  /// [sessions][T]: what was recommended, in order.
  public internal(set) var items: [[Int32]] = []
  /// Recommendations that the user's own log holds.
  public internal(set) var logged = 0
  /// σ before each recommendation, summed.
  public internal(set) var satisfaction = 0.0
}

/// Figures of one policy.
public struct OnlineResult: Codable, Sendable {
  /// Figures at one K.
  public struct Row: Codable, Sendable {
    /// K.
    public var k: Int
    /// Mean reward of the first K items.
    public var reward: Estimate
    /// The same less that of the agent's PMF, user by user.
    public var overPMF: Estimate
    /// The same minus that of the myopic baseline (γ = 0), if it is compared.
    public var overTwin: Estimate?
    /// The same minus that of each rule that is told the streak effect's clusters, in the order of
    /// ``OnlineReport/rules``; nil without such an effect.
    public var overRules: [Estimate]?
  }
  /// The policy's name.
  public var name: String
  /// Its figures, a K at a time.
  public var rows: [Row]
  /// Fraction of the recommendations that the user's own log holds.
  public var inLog: Double
  /// Fraction of the recommendations with fewer than five visible ratings.
  public var rarelyRated: Double
  /// Different items over all sessions.
  public var distinctItems: Int
  /// Mean σ of ``Satisfaction`` before a recommendation.
  public var satisfaction: Double
}

/// Sessions of held-out users in a simulator (Liu et al. 2018, algorithm 1, on test users), T = the
/// largest cutoff, exploration 0. All sessions of a block step together.
public struct OnlineEvaluation {
  let environment: RatingEnvironment
  let statistics: ItemStatistics
  let profiles: [[Int32]]
  /// Each K of the figures.
  public let cutoffs: [Int]
  private let bootstrap: Bootstrap

  /// - Parameters:
  ///   - starts: where the sessions begin, one a user.
  ///   - profiles: items that are not recommended to the user of that start.
  ///   - catalogue: what may be recommended at all, one row.
  /// - Throws: where a session could run out of items, or there is none.
  public init(
    starts: [SessionState], profiles: [[Int32]], world: World, model: PMFModel,
    catalogue: ItemMask, statistics: ItemStatistics, cutoffs: [Int], seed: UInt64
  ) throws(ConfigurationError) {
    let length = cutoffs.max()!
    if starts.isEmpty { throw ConfigurationError("there is no session to simulate") }
    let rated = catalogue.count(row: 0)
    let taken = zip(starts, profiles).map { Set($0.history).union($1).count }.max()!
    if rated < taken + length {
      throw ConfigurationError(
        "largest cutoff is \(length), but of \(rated) items that may be recommended a session can "
          + "begin with \(taken) taken")
    }
    environment = RatingEnvironment(
      model: model, world: world, starts: starts, catalogue: catalogue, sessionLength: length,
      seed: seed)
    self.profiles = profiles
    self.statistics = statistics
    self.cutoffs = cutoffs
    bootstrap = Bootstrap(clusters: environment.starts.map(\.user), seed: seed)
  }

  /// Episodes, one a user.
  public var sessionCount: Int { environment.starts.count }
  var length: Int { environment.sessionLength }

  /// Lets a policy recommend T items to every user.
  ///
  /// - Parameters:
  ///   - ranks: who share the blocks of sessions; each has the whole trace, to the bit that of one.
  ///   - beforeEachPick: asked before each item that a block of sessions is shown; what it throws
  ///     ends the evaluation.
  public func evaluate(
    _ policy: some OnlinePolicy, among ranks: any Collective = SoleCollective(),
    beforeEachPick: () throws -> Void = {}, progress: (_ sessionsDone: Int) -> Void = { _ in }
  ) throws -> OnlineTrace {
    var policy = policy
    var trace = OnlineTrace(name: policy.name)
    let environment = environment.telling(policy.isTold)
    let size = policy.sessionsAtOnce
    let blocks = stride(from: 0, to: sessionCount, by: size).map {
      $0..<min($0 + size, sessionCount)
    }
    var satisfaction: [Double] = []
    for block in blocks[ranks.share(of: blocks.count)] {
      var sessions = EnvironmentBatch(environment, starts: block) { profiles[$0] }
      var rewards = [[Float]](repeating: [], count: block.count)
      var items = [[Int32]](repeating: [], count: block.count)
      try policy.begin(sessions, draw: UInt64(block.lowerBound / size * length))
      for _ in 0..<length {
        try beforeEachPick()
        let (before, world) = (sessions.states, environment.world)
        satisfaction.append(
          sessions.environments.reduce(0.0) { $0 + Double(world.satisfaction.level($1.run)) })
        let picks = try policy.pick(sessions)
        let steps = sessions.step(picks)
        try policy.observe(before, steps)
        for (row, item) in picks.enumerated() {
          trace.logged += world.isLogged(user: Int(before[row].user), item: item) ? 1 : 0
          rewards[row].append(steps[row].reward)
          items[row].append(item)
        }
      }
      trace.rewards += rewards
      trace.items += items
      progress(min(trace.items.count * ranks.size, sessionCount))
    }
    trace.rewards = try ranks.gather(trace.rewards)
    trace.items = try ranks.gather(trace.items)
    trace.logged = try ranks.allGather([trace.logged]).reduce(0) { $0 + $1[0] }
    trace.satisfaction = try ranks.allGather(satisfaction).joined().reduce(0, +)
    return trace
  }

  /// The figures of a policy beside those of the agent's PMF, and of the myopic baseline, over the
  /// same sessions.
  public func result(
    _ trace: OnlineTrace, reference: OnlineTrace, myopic: OnlineTrace? = nil,
    rules: [OnlineTrace] = []
  ) -> OnlineResult {
    let picks = trace.items.flatMap { $0 }
    let count = Double(picks.count)
    return OnlineResult(
      name: trace.name,
      rows: cutoffs.map { k in
        let earned = trace.rewards.map { RankingMetrics.averageReward($0, at: k) }
        func over(_ other: OnlineTrace) -> Estimate {
          let compared = other.rewards.map { RankingMetrics.averageReward($0, at: k) }
          return bootstrap.estimate(zip(earned, compared).map { $0 - $1 })!
        }
        return OnlineResult.Row(
          k: k, reward: bootstrap.estimate(earned)!, overPMF: over(reference),
          overTwin: myopic.map(over), overRules: rules.isEmpty ? nil : rules.map(over))
      },
      inLog: Double(trace.logged) / count,
      rarelyRated: Double(picks.count { statistics.counts[Int($0)] < 5 }) / count,
      distinctItems: Set(picks).count, satisfaction: trace.satisfaction / count)
  }
}
