import DRRCore

extension WorldPolicy<InterestEvolution> {
  /// What a planner believes of documents: the quality of each topic, and what a minute is worth.
  public struct Beliefs: Codable, Hashable, Sendable {
    /// [T].
    public var qualities: [Double]
    /// Reward a minute of the session's time.
    public var minute: Double
  }

  /// Random; the most clicks now; slates by what quality brings later, of topics whose quality was
  /// seen in random episodes, and of documents whose quality is hidden from agents.
  public static func known(
    for settings: InterestEvolution.Settings, beliefs: Beliefs
  ) -> [Self] {
    let rule = (settings.length, 2.0)
    return [
      .random,
      slates("myopic", settings) { _, _ in (Array(repeating: 1, count: settings.topics), 0) },
      slates("\(decimal(rule.0, 0)) + \(decimal(rule.1, 0)) × quality of topic, as seen", settings)
      {
        _, _ in (beliefs.qualities.map { rule.0 + rule.1 * $0 }, 0)
      },
      planner(settings, beliefs),
      Self("planner, hidden quality", readsHidden: true) { world, row in
        let topics = topics(world, row)
        return slate(
          world, row, settings, topics,
          values: settings.values(world.hidden(row).qualities, minute: beliefs.minute))
      },
    ]
  }

  static func planner(_ settings: InterestEvolution.Settings, _ beliefs: Beliefs) -> Self {
    slates("planner, quality of topic as seen", settings) { _, _ in
      settings.values(beliefs.qualities, minute: beliefs.minute)
    }
  }

  /// The best slates for values of topics and of choosing none.
  private static func slates(
    _ name: String, _ settings: InterestEvolution.Settings,
    _ values: @escaping @Sendable (InterestEvolution, Int) -> ([Double], Double)
  ) -> Self {
    Self(name) { world, row in
      let topics = topics(world, row)
      let (byTopic, none) = values(world, row)
      return slate(world, row, settings, topics, values: (topics.map { byTopic[$0] }, none))
    }
  }

  private static func slate(
    _ world: InterestEvolution, _ row: Int, _ settings: InterestEvolution.Settings,
    _ topics: [Int], values: ([Double], Double)
  ) -> [Int32] {
    let interests = world.rows.observation.user(row)
    let scores = topics.map { Double(interests[interests.startIndex + $0]) }
    guard let none = settings.choice.shares(0)?.none else {
      // In a cascade what is worth most stands first.
      return highestPlaces(
        zip(scores, values.0).map { settings.choice.utility($0) * $1 }, world.actionWidth)
    }
    return bestSlate(
      weights: scores.map { settings.choice.shares($0)!.weight }, values: values.0,
      none: (none, values.1), size: world.actionWidth)
  }

  /// The topic of every candidate.
  private static func topics(_ world: InterestEvolution, _ row: Int) -> [Int] {
    let layout = world.rows.observation.layout
    return (0..<layout.candidates).map { candidate in
      let document = world.rows.observation.document(row, candidate)
      return document.firstIndex(of: 1)! - document.startIndex
    }
  }
}

extension InterestEvolution.Settings {
  /// What choosing a document is worth by its quality, and choosing none: the reward, less the time
  /// that it takes at so much a minute. Of all policies the best earns the most a minute of time that
  /// is used up, so that with its own rate as the price of time nothing is gained or lost.
  func values(_ qualities: [Double], minute: Double) -> ([Double], Double) {
    (
      qualities.map { quality in
        (reward == .clicks ? 1 : length) - minute
          * (length - lengthening * length * qualityFactor * quality)
      }, -minute * stepPenalty
    )
  }
}

extension WorldPolicy<InterestEvolution>.Beliefs {
  /// Beliefs from the observations of users that no evaluation meets: qualities of topics as seen in
  /// 30 random episodes, and what a minute earns, in four rounds of as many.
  public init(
    learning settings: InterestEvolution.Settings, seed: UInt64
  ) throws(ConfigurationError) {
    let episodes = 30
    var world = try InterestEvolution(
      settings, count: episodes, first: WorldTrial.learners, seed: seed)
    let choose = WorldPolicy<InterestEvolution>.random.begin()
    var sums = [Double](repeating: 0, count: settings.topics)
    var counts = sums
    while !(0..<episodes).allSatisfy({ world.rows.hasEnded($0) }) {
      let playing = (0..<episodes).filter { !world.rows.hasEnded($0) }
      world.step(choose(world))
      for row in playing {
        for place in 0..<world.actionWidth {
          let response = world.rows.observation.response(row, place)
          let topic = Int(response[response.startIndex + 4])
          sums[topic] += Double(response[response.startIndex + 3])
          counts[topic] += 1
        }
      }
    }
    self.init(qualities: zip(sums, counts).map { $0 / Swift.max($1, 1) }, minute: 0.8)
    for round in 1...4 {
      let played = try WorldTrial.play(
        WorldPolicy<InterestEvolution>.planner(settings, self), episodes: episodes,
        first: WorldTrial.learners * (1 + round)
      ) { count, first throws(ConfigurationError) in
        try InterestEvolution(settings, count: count, first: first, seed: seed)
      }
      minute =
        played.reduce(0) { $0 + $1.reward } / Double(episodes) / settings.timeBudget
    }
  }
}
