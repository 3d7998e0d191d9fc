import ActorCritic
import Agents
import DRRCore
import DRRData
import Environments
import Factorization
import Planning
import Tensor

extension Experiment {
  /// An agent that is compared, with the vectors that it stands on.
  public struct Contestant {
    /// What tables call the agent.
    public var name: String
    /// The agent, with fixed weights.
    public var agent: any SessionAgent
    /// Given where it is also to learn in each session.
    public var learner: (any SessionLearner)?

    /// An agent by its parts.
    public init(
      _ name: String, _ agent: any SessionAgent, learner: (any SessionLearner)? = nil
    ) {
      self.name = name
      self.agent = agent
      self.learner = learner
    }
  }

  /// The agent of the folder's checkpoint with all that it goes on learning from, in one session at
  /// a time; nil where its kind learns in training alone.
  public func readLearner(
    _ model: PMFModel, on backend: any Backend, among ranks: any Collective = SoleCollective()
  ) throws -> (any SessionLearner)? {
    let trainer = try makeTrainer(model, environments: 1, on: backend, among: ranks)
    guard let learner = trainer as? any SessionLearner else { return nil }
    try learner.restoreLearning(from: readCheckpoint())
    return learner
  }

  /// Sessions of the test users in a simulator: each starts from the user's latest liked profile
  /// items, an agent that sees rewards from the latest rated ones.
  public func onlineEvaluation(
    _ online: OnlineProtocol, _ model: PMFModel, _ world: World, seed: UInt64
  ) throws -> OnlineEvaluation {
    try configuration.evaluation.requireHeldOut()
    let window = try agent.training.window
    var (starts, profiles) = ([SessionState](), [[Int32]]())
    for user in split.testUsers {
      let rows = split.visibleRows(of: Int(user), in: log)
      let liked = rows.filter { configuration.scale.reward(log.ratings[$0]) > 0 }
      guard liked.count >= window else { continue }
      let known = Array(rows).suffix(window).map {
        ItemReward(row: $0, of: log, on: configuration.scale)
      }
      starts.append(
        SessionState(
          user: user, history: liked.suffix(window).map { log.items[$0] }, known: known))
      profiles.append(online.allowsProfile ? [] : rows.map { log.items[$0] })
    }
    if starts.isEmpty { throw RunError("no test user has \(window) liked profile items") }
    return try OnlineEvaluation(
      starts: starts, profiles: profiles, world: world, model: model,
      catalogue: online.allowsUnseenItems
        ? ItemMask(rows: 1, items: log.itemCount, allowed: true) : statistics.ratedItems,
      statistics: statistics, cutoffs: configuration.evaluation.cutoffs, seed: seed)
  }

  /// The agents beside every baseline in one simulator, and their differences from a
  /// myopic baseline (γ = 0) among them.
  ///
  /// - Parameter ranks: who share the users; each has the whole report.
  public func simulate(
    _ online: OnlineProtocol, _ model: PMFModel, _ contestants: [Contestant],
    myopic: Contestant? = nil, on backend: any Backend, seed: UInt64? = nil,
    _ observer: Observer = Observer(), among ranks: any Collective = SoleCollective()
  ) throws -> OnlineReport {
    let seed = seed ?? configuration.seed
    let world = try scoringWorld(online, on: backend, observer, among: ranks)
    let evaluation = try onlineEvaluation(online, model, world, seed: seed)
    let untrained = try makeAgent(model, on: backend)
    let rules =
      online.consecutive == 0
      ? [] : ["PMF greedy", "\(agentName) untrained"].map { "\($0), changing kinds" }
    let policies =
      try baselines(model, untrained, seed: seed)
      + contenders(
        contestants, myopic, model, on: backend, epsilon: online.exploration ?? 0, seed: seed,
        among: ranks)
      + alternating(rules, model, untrained, world)
      + oracles(world, haveStreaks: !rules.isEmpty)
    let traces = try traces(of: policies, in: evaluation, observer, among: ranks)
    let device = backend.device
    return OnlineReport(
      configuration: configuration, online: online, seed: seed,
      protocolSummary: online.summary(
        configuration.evaluation, scale: configuration.scale, window: try agent.training.window),
      device: "\(device.id): \(device.name), \(device.driver)",
      sessions: evaluation.sessionCount,
      leftOut: split.testUsers.count - evaluation.sessionCount,
      steps: try trainedSteps() ?? 0, twin: myopic?.name, rules: rules.isEmpty ? nil : rules,
      policies: results(of: traces, in: evaluation, myopic: myopic?.name, rules: rules))
  }

  /// What each policy earned, saying how far they are.
  private func traces(
    of policies: [any OnlinePolicy], in evaluation: OnlineEvaluation, _ observer: Observer,
    among ranks: any Collective
  ) throws -> [OnlineTrace] {
    let total = policies.count * evaluation.sessionCount
    return try policies.enumerated().map { number, policy in
      try evaluation.evaluate(policy, among: ranks, beforeEachPick: observer.checkStop) {
        observer.progress(
          number * evaluation.sessionCount + $0, total, "sessions, \(policy.name)")
      }
    }
  }

  /// The figures of each policy, with its differences from the PMF, the myopic baseline and the
  /// rules.
  private func results(
    of traces: [OnlineTrace], in evaluation: OnlineEvaluation, myopic: String?, rules: [String]
  ) -> [OnlineResult] {
    // A run's folder, by which a second agent is named, may be called as a rule is.
    let byName = Dictionary(traces.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return traces.map { trace in
      // A policy that learns in session is compared with the myopic baseline that does.
      let kind = trace.name.hasSuffix(" updated") ? "updated" : "frozen"
      let its = myopic.flatMap { byName["\($0) \(kind)"] }
      return evaluation.result(
        trace, reference: byName["PMF greedy"]!, myopic: its, rules: rules.map { byName[$0]! })
    }
  }

  /// Chance, orders that no session changes, and the agent as it begins.
  private func baselines(
    _ model: PMFModel, _ untrained: any SessionAgent, seed: UInt64
  ) throws -> [any OnlinePolicy] {
    let (counts, means) = (statistics.counts.map { Float($0) }, statistics.means)
    return [
      RandomItem(seed: seed), FixedOrder("popularity") { _ in counts },
      FixedOrder("item mean") { _ in means },
      FixedOrder("PMF greedy") { model.rewards(user: $0) },
      RandomVector(
        untrained,
        range: try (agent as? DRRConfiguration ?? DRRConfiguration()).explorationRange, seed: seed),
      FrozenAgent("\(agentName) untrained", untrained),
    ]
  }

  /// The agents as they are, and those that are to learn in each session; among them, where any
  /// does, the agent as it begins.
  private func contenders(
    _ contestants: [Contestant], _ myopic: Contestant?, _ model: PMFModel,
    on backend: any Backend, epsilon: Float, seed: UInt64, among ranks: any Collective
  ) throws -> [any OnlinePolicy] {
    if epsilon > 0, contestants.contains(where: { $0.agent is Planner }) {
      throw ConfigurationError(
        "a planner shows items and no vectors, so it has no ε; leave --epsilon out")
    }
    var policies: [any OnlinePolicy] = []
    func add(_ name: String, _ learner: (any SessionLearner)?) throws {
      guard let learner else { return }
      policies.append(
        try UpdatedAgent("\(name) updated", learner, epsilon: epsilon, seed: seed))
    }
    if contestants.contains(where: { $0.learner != nil }) {
      let trainer = try makeTrainer(model, environments: 1, on: backend, among: ranks)
      try add("\(agentName) untrained", trainer as? any SessionLearner)
    }
    for contestant in contestants + (myopic.map { [$0] } ?? []) {
      policies.append(
        FrozenAgent("\(contestant.name) frozen", contestant.agent, epsilon: epsilon, seed: seed))
      try add(contestant.name, contestant.learner)
    }
    return policies
  }

  /// What the same agent, or its PMF, earns by alternating clusters and learning nothing: the rules,
  /// which are told the streak effect's, and beside each one by clusters of the PMF.
  private func alternating(
    _ rules: [String], _ model: PMFModel, _ untrained: any SessionAgent, _ world: World
  ) -> [any OnlinePolicy] {
    if rules.isEmpty { return [] }
    let (kinds, owns) = (world.satisfaction.kinds, ItemClusters.fit(model))
    return [
      AlternatingOrder(rules[0], kinds: kinds) { model.rewards(user: $0) },
      AlternatingOrder("PMF greedy, changing own kinds", kinds: owns) { model.rewards(user: $0) },
      FrozenAgent(rules[1], untrained, alternating: kinds, isTold: true),
      FrozenAgent("\(agentName) untrained, changing own kinds", untrained, alternating: owns),
    ]
  }

  /// What knows the world: the best by its model, and by what it earns.
  private func oracles(_ world: World, haveStreaks: Bool) -> [any OnlinePolicy] {
    let greedy = [
      FixedOrder("world's model greedy") { world.model.rewards(user: $0) },
      FixedOrder("world greedy") { world.rewards(user: $0) },
    ]
    guard haveStreaks else { return greedy }
    return greedy + [
      AlternatingOrder(
        "world greedy, changing kinds", kinds: world.satisfaction.kinds, above: 0
      ) { world.rewards(user: $0) }
    ]
  }
}

/// What a simulation found, with all that it depends on.
public struct OnlineReport: Codable, Sendable {
  /// The settings of the run.
  public var configuration: RunConfiguration
  /// The simulator.
  public var online: OnlineProtocol
  /// Of the random policies and the intervals.
  public var seed: UInt64
  /// What the figures mean, in a line.
  public var protocolSummary: String
  /// The device that computed them.
  public var device: String
  /// Episodes, one a test user.
  public var sessions: Int
  /// Test users whose profile does not fill the window.
  public var leftOut: Int
  /// DRR steps behind the agent.
  public var steps: Int
  /// Name of the myopic baseline (γ = 0), if it is compared.
  public var twin: String?
  /// Names of the rules that are told the streak effect's clusters; nil without such an effect.
  public var rules: [String]?
  /// The figures of each policy.
  public var policies: [OnlineResult]
}

extension OnlineProtocol {
  /// - Throws: `ConfigurationError` unless the strength is a number of 0 or more.
  public func validate() throws(ConfigurationError) {
    try Satisfaction.validate(strength: consecutive)
    try ConfigurationError.require("exploration", exploration ?? 0, .share)
  }

  /// One line for people.
  public func summary(
    _ evaluation: EvaluationProtocol, scale: RewardScale, window: Int
  ) -> String {
    let source =
      switch world {
      case .pmf: "a PMF fitted on every rating with other seeds"
      case .items: "kernel ridge regression on items, fitted on the test users"
      }
    let mood =
      consecutive == 0
      ? ""
      : ", moved by consecutive items with strength \(consecutive) (\(ItemClusters.count) clusters, m \(Satisfaction.limit))"
    return "test users (\(Int((evaluation.testShare * 100).rounded()))%, split seed "
      + "\(evaluation.splitSeed)), \(evaluation.cutoffs.max()!) items each from the \(window) latest "
      + "liked profile items; reward = \(scale) where the user rated, else \(source), within "
      + "±1\(mood); candidates = \(allowsUnseenItems ? "all items" : "items with a visible rating"), "
      + "less the start, \(allowsProfile ? "the user's profile among them" : "the user's profile") and "
      + "what was recommended; exploration \(exploration ?? 0)"
  }
}
