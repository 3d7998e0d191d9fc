import DRRCore

/// Plays policies in worlds.
public enum WorldTrial {
  /// One episode: its sum of rewards and its steps.
  public struct Episode: Hashable, Sendable {
    /// Σ r, undiscounted.
    public var reward: Double
    /// Steps taken.
    public var steps: Int
  }

  /// Environments that step together; what is played does not depend on it.
  static let together = 32
  /// The number of the first environment of those that policies are made by.
  package static let learners = 1 << 24
  /// The number of the first environment of those that agents are validated by as they learn.
  package static let validators = learners + 1 << 20

  /// The first episodes of environments `first` ..< `first` + `episodes`, on all cores.
  ///
  /// - Parameter make: so many environments from a number on.
  public static func play<World: FeatureEnvironments>(
    _ policy: WorldPolicy<World>, episodes: Int, first: Int = 0,
    in make: @Sendable (_ count: Int, _ first: Int) throws(ConfigurationError) -> World
  ) throws(ConfigurationError) -> [Episode] {
    let batches = concurrentMap((episodes + together - 1) / together) {
      batch -> Result<[Episode], ConfigurationError> in
      let start = batch * together
      return Result { () throws(ConfigurationError) in
        play(policy, try make(min(together, episodes - start), first + start))
      }
    }
    var played: [Episode] = []
    for batch in batches { played += try batch.get() }
    return played
  }

  private static func play<World: FeatureEnvironments>(
    _ policy: WorldPolicy<World>, _ start: World
  ) -> [Episode] {
    let choose = policy.begin()
    return play(in: start) { choose($0) }
  }

  /// The episodes that environments are in, by what chooses for all of them at once.
  public static func play<World: FeatureEnvironments>(
    in start: World, _ choose: (World) throws -> [World.Action]
  ) rethrows -> [Episode] {
    var world = start
    var rewards = [Double](repeating: 0, count: world.count)
    while (0..<world.count).contains(where: { !world.rows.hasEnded($0) }) {
      world.step(try choose(world))
      for row in 0..<world.count { rewards[row] += Double(world.rows.rewards[row]) }
    }
    return rewards.indices.map { Episode(reward: rewards[$0], steps: world.rows.steps[$0]) }
  }
}

/// What policies earn in a world, with 95 % intervals over its users.
public struct WorldReport: Codable, Sendable {
  /// One policy.
  public struct Row: Codable, Sendable {
    /// What it is called.
    public var policy: String
    /// Whether it reads what no agent sees.
    public var readsHidden: Bool
    /// With how many seeds it was trained; nil of what was not.
    public var trainingSeeds: Int?
    /// Of the sum of rewards of an episode; `deviation` is over the means of the seeds.
    public var episode: Estimate
    /// Of the reward of a step.
    public var step: Estimate
    /// Mean steps of an episode.
    public var steps: Double
  }

  /// The world's name.
  public var world: String
  /// Episodes of each policy with each seed.
  public var episodes: Int
  /// The seeds, of which users, documents and responses are drawn.
  public var seeds: [UInt64]
  /// In the order that the policies were given in.
  public var rows: [Row]

  /// Plays policies, all with the same users.
  ///
  /// - Parameters:
  ///   - policies: those of a seed, under the same names and in the same order with every seed.
  ///   - make: environments of a seed by their count and the number of the first.
  public init<World: FeatureEnvironments>(
    episodes: Int, seeds: [UInt64],
    policies: (_ seed: UInt64) throws(ConfigurationError) -> [WorldPolicy<World>],
    in make:
      @Sendable (_ count: Int, _ first: Int, _ seed: UInt64) throws(ConfigurationError) -> World
  ) throws(ConfigurationError) {
    try ConfigurationError.require("episodes", episodes, in: 1...100_000)
    try ConfigurationError.require("seeds", seeds.count, in: 1...100)
    var names: [(String, Bool)] = []
    var played: [[[WorldTrial.Episode]]] = []
    for seed in seeds {
      let policies = try policies(seed)
      names = policies.map { ($0.name, $0.readsHidden) }
      var ofSeed: [[WorldTrial.Episode]] = []
      for policy in policies {
        ofSeed.append(
          try WorldTrial.play(policy, episodes: episodes) {
            count, first throws(ConfigurationError) in try make(count, first, seed)
          })
      }
      played.append(ofSeed)
    }
    (world, self.episodes, self.seeds) = (World.name, episodes, seeds)
    rows = names.enumerated().map { place, name in
      Row(name, played.map { $0[place] }, seed: seeds[0])
    }
  }

  /// Adds what agents earned that differ in the seed of their training.
  ///
  /// - Parameter played: for each agent the episodes of all seeds, as many and with the same users;
  ///   the row's intervals are over the agents where there are several, and over users for one.
  public mutating func add(_ policy: String, _ played: [[WorldTrial.Episode]]) {
    rows.append(Row((policy, false), played, seed: seeds[0], trained: true))
  }
}

extension WorldReport.Row {
  /// By the episodes of every seed. Of an agent those are the seeds of its training, all of which
  /// play with the same users; its intervals are over them where there are several.
  fileprivate init(
    _ name: (String, Bool), _ parts: [[WorldTrial.Episode]], seed: UInt64, trained: Bool = false
  ) {
    let all = parts.flatMap { $0 }
    let users = Bootstrap(clusters: (0..<Int32(all.count)).map { $0 }, seed: seed)
    func means(_ count: (WorldTrial.Episode) -> Double) -> [Double] {
      parts.map { part in part.reduce(0) { $0 + $1.reward } / part.reduce(0) { $0 + count($1) } }
    }
    var episode = users.estimate(all.map(\.reward))!
    var step = users.estimate(sums: all.map(\.reward), counts: all.map { Double($0.steps) })!
    if trained && parts.count > 1 {
      episode = Estimate(runs: means { _ in 1 })
      step = Estimate(runs: means { Double($0.steps) })
    }
    episode.deviation = standardDeviation(means { _ in 1 })
    self.init(
      policy: name.0, readsHidden: name.1, trainingSeeds: trained ? parts.count : nil,
      episode: episode, step: step,
      steps: Double(all.reduce(0) { $0 + $1.steps }) / Double(all.count))
  }
}
