import ArgumentParser
import DRR

extension SimulateCommand {
  struct World: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "world",
      abstract: "Play random, myopic and the best known policies in a public world.",
      discussion: """
        Every policy meets the same users. What reads the hidden state of users is marked, as no \
        agent can; it says how much there is to earn. `drr simulate worlds` says what each world is.

        Examples:
          drr simulate world long-term-satisfaction --sensitivity 0.2
          drr simulate world interest-evolution --candidates 50 --episodes 100
          drr simulate world virtual-taobao --weights virtual-taobao.safetensors
        """,
      subcommands: [Satisfaction.self, Evolution.self, Exploration.self, Taobao.self])
  }
}

/// Who plays in a world, and how much.
struct WorldTrialOptions: ParsableArguments {
  @Option(help: "Episodes of each policy with each seed, each with a user of its own.")
  var episodes = 100
  @Option(help: "Number of seeds, of which users, documents and responses are drawn.")
  var seeds = 3
  @Option(help: "The first seed; the others follow it.")
  var seed: UInt64 = 0
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(1...100_000).contains(episodes) {
      throw ValidationError("--episodes is \(episodes); it must be 1 ... 100,000.")
    }
    if !(1...100).contains(seeds) {
      throw ValidationError("--seeds is \(seeds); it must be 1 ... 100.")
    }
  }

  /// Prints what `make` finds with the seeds.
  func print(_ make: ([UInt64]) throws -> WorldReport) throws {
    let report = try make((0..<UInt64(seeds)).map { seed &+ $0 })
    try output.print(report, report.text)
  }
}

/// What is offered and shown.
struct SlateOptions: ParsableArguments {
  @Option(help: "N, documents that are offered at a step. (default: 10)")
  var candidates: Int?
  @Option(help: "K, documents that are shown. (default: 2; long-term-satisfaction 1)")
  var slate: Int?
  @Flag(help: "Offer one set of documents at every step, instead of new ones.")
  var fixedDocuments = false

  func apply(to settings: inout SlateSettings) {
    if let candidates { settings.candidates = candidates }
    if let slate { settings.slate = slate }
    settings.resamples = !fixedDocuments
  }
}

extension SimulateCommand.World {
  struct Satisfaction: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: LongTermSatisfaction.name,
      abstract: "What tempts earns now, and takes from the satisfaction that pays later.",
      discussion: """
        Example:
          drr simulate world long-term-satisfaction --sensitivity 0.2 --seeds 5
        """)
    @OptionGroup var slates: SlateOptions
    @Option(help: "How much satisfaction depends on the exposure. (default: 0.01)")
    var sensitivity: Double?
    @Option(help: "What is left of the exposure after a step. (default: 0.7)")
    var memory: Double?
    @Option(help: "Standard deviation of the noise of the exposure. (default: 0.05)")
    var innovation: Double?
    @Option(help: "Mean log engagement with what is all temptation. (default: 5)")
    var chocMean: Double?
    @Option(help: "Standard deviation of log engagement with what is all temptation. (default: 1)")
    var chocDeviation: Double?
    @Option(help: "Mean log engagement with what is none. (default: 4)")
    var kaleMean: Double?
    @Option(help: "Standard deviation of log engagement with what is none. (default: 1)")
    var kaleDeviation: Double?
    @Option(help: "Steps of an episode. (default: 60)")
    var timeBudget: Int?
    @OptionGroup var trial: WorldTrialOptions

    func run() throws {
      var settings = LongTermSatisfaction.Settings()
      slates.apply(to: &settings.slates)
      if let sensitivity { settings.sensitivity = sensitivity }
      if let memory { settings.memory = memory }
      if let innovation { settings.innovation = innovation }
      if let chocMean { settings.chocMean = chocMean }
      if let chocDeviation { settings.chocDeviation = chocDeviation }
      if let kaleMean { settings.kaleMean = kaleMean }
      if let kaleDeviation { settings.kaleDeviation = kaleDeviation }
      if let timeBudget { settings.timeBudget = timeBudget }
      try trial.print {
        try LongTermSatisfaction.report(settings, episodes: trial.episodes, seeds: $0)
      }
    }
  }

  struct Evolution: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: InterestEvolution.name,
      abstract: "Good documents lengthen a session, whatever the user's interest.",
      discussion: """
        Example:
          drr simulate world interest-evolution --candidates 50 --slate 3
        """)
    @OptionGroup var slates: SlateOptions
    @Option(help: "Minutes of a session. (default: 200)")
    var timeBudget: Double?
    @Option(help: "Minutes of a document. (default: 4)")
    var length: Double?
    @Option(help: "Minutes that are lost where nothing is chosen. (default: 0.5)")
    var stepPenalty: Double?
    @Option(help: "How much the quality of a document lengthens a session. (default: 1)")
    var qualityFactor: Double?
    @Option(help: "Score of choosing nothing, -1 or more. (default: 1)")
    var noClick: Double?
    @Option(help: "What a step earns.")
    var reward = InterestEvolution.Reward.watched
    @OptionGroup var trial: WorldTrialOptions

    func run() throws {
      var settings = InterestEvolution.Settings()
      slates.apply(to: &settings.slates)
      if let timeBudget { settings.timeBudget = timeBudget }
      if let length { settings.length = length }
      if let stepPenalty { settings.stepPenalty = stepPenalty }
      if let qualityFactor { settings.qualityFactor = qualityFactor }
      if let noClick { settings.choice = .proportional(noClick: noClick, minimum: -1) }
      settings.reward = reward
      try trial.print {
        try InterestEvolution.report(settings, episodes: trial.episodes, seeds: $0)
      }
    }
  }

  struct Exploration: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: InterestExploration.name,
      abstract: "What is of broad appeal hides what a user would like best.",
      discussion: """
        Example:
          drr simulate world interest-exploration --no-click 3 --json
        """)
    @OptionGroup var slates: SlateOptions
    @Option(help: "Logit of choosing nothing. (default: 5)")
    var noClick: Double?
    @Option(help: "Steps of an episode. (default: 100)")
    var stepLimit: Int?
    @OptionGroup var trial: WorldTrialOptions

    func run() throws {
      var settings = InterestExploration.Settings()
      slates.apply(to: &settings.slates)
      if let noClick { settings.choice = .multinomialLogit(noClick: noClick) }
      if let stepLimit { settings.stepLimit = stepLimit }
      try trial.print {
        try InterestExploration.report(settings, episodes: trial.episodes, seeds: $0)
      }
    }
  }

  struct Taobao: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: VirtualTaobao.name,
      abstract: "Users of a shop, learnt from its log; actions are 27 numbers.",
      discussion: """
        Example:
          drr simulate world virtual-taobao --weights virtual-taobao.safetensors
        """)
    @Option(
      help: ArgumentHelp(
        "The networks: generator, action and leave, as safetensors.",
        valueName: "file.safetensors"), completion: .file(extensions: ["safetensors"]))
    var weights: String
    @OptionGroup var trial: WorldTrialOptions

    func run() throws {
      let networks = try VirtualTaobaoNetworks(contentsOf: weights)
      try trial.print { try VirtualTaobao.report(networks, episodes: trial.episodes, seeds: $0) }
    }
  }
}

extension InterestEvolution.Reward: ExpressibleByArgument {}

extension WorldReport {
  var text: String {
    let header = ["policy", "return", "", "sd of seeds", "reward a step", "", "steps"]
    let body = rows.map { row in
      [
        row.policy + (row.readsHidden ? " *" : ""), decimal(row.episode.mean, 1),
        "\(decimal(row.episode.low, 1)) to \(decimal(row.episode.high, 1))",
        row.episode.deviation.map { decimal($0, 1) } ?? "–", decimal(row.step.mean, 3),
        "\(decimal(row.step.low, 3)) to \(decimal(row.step.high, 3))", decimal(row.steps, 1),
      ]
    }
    return """
      \(world): \(grouped(episodes)) episodes with each of \(seeds.count) seeds from \(seeds[0]); \
      intervals: 95%, users resampled
      \(Table(rows: [header] + body).text)
      *: reads what no agent sees
      """
  }
}
