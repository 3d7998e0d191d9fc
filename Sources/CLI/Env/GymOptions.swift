import ArgumentParser
import DRR
import Gym

/// A world that other programs may act in.
enum GymName: Hashable, ExpressibleByArgument {
  case slates(SlateWorld)
  case taobao
  case process(SmallProcess)
  /// A tabular MDP of a file.
  case file(String)
  case point, arms, linear
  case ratings

  private static let named: [(name: String, world: GymName)] =
    SlateWorld.all.map { ($0.name, .slates($0)) } + [("virtual-taobao", .taobao)]
    + SmallProcess.allCases.map { ($0.rawValue, .process($0)) }
    + [
      ("point", .point), ("arms", .arms), ("linear-bandit", .linear), ("ratings", .ratings),
    ]

  /// What is no name is a file if it looks like one, so that a name with a slip is told as such.
  init?(argument: String) {
    if let known = Self.named.first(where: { $0.name == argument })?.world {
      self = known
    } else if argument.contains(".") || argument.contains("/") {
      self = .file(argument)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { named.map(\.name) + ["FILE.csv"] }

  /// As it is given.
  var name: String {
    if case .file(let path) = self { return path }
    return Self.named.first { $0.world == self }!.name
  }
}

/// Settings of worlds that other programs act in. Those not given are as the world has them.
struct GymOptions: ParsableArguments {
  @Option(help: "Slates: N, documents that are offered at a step. (default: 10)")
  var candidates: Int?
  @Option(
    help: "Slates: K, documents that are shown. (default: 2; long-term-satisfaction 1)")
  var slate: Int?
  @Flag(help: "Slates: offer one set of documents at every step, instead of new ones.")
  var fixedDocuments = false
  @Option(
    help: ArgumentHelp(
      "VirtualTaobao: the networks, generator, action and leave, as safetensors.",
      valueName: "file.safetensors"), completion: .file(extensions: ["safetensors"]))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "Ratings: the run whose users, factorization and simulator it is.", valueName: "folder"),
    completion: .directory)
  var run: String?
  @Option(
    help: ArgumentHelp(
      "Ratings: where the run's data are now. (default: where they were)", valueName: "source"),
    completion: .file())
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Ratings: strength of the streak effect of liked or disliked items on the reward. "
        + "(default: 0)"))
  var streakStrength: Float?
  @Option(
    help: ArgumentHelp(
      "Tabular, of a file: where episodes begin, state,probability. (default: in the state named "
        + "first)", valueName: "file.csv"), completion: .file(extensions: ["csv"]))
  var start: String?
  @Option(help: "Bandits: K, the number of arms. (default: 10; linear-bandit 20)")
  var arms: Int?
  @Option(help: "linear-bandit: features of an arm. (default: 8)")
  var features: Int?
  @Option(
    help: ArgumentHelp(
      "Tabular and ratings: steps after which an episode is truncated. (default: 100; ratings: as "
        + "the run's agent)"))
  var maxEpisodeSteps: Int?
  @Flag(help: "Tabular: start episodes in any state.")
  var exploringStarts = false

  /// Refuses an option that the world has no use for, and a world without what it needs.
  func require(of world: GymName) throws {
    var known: Set<String> = []
    switch world {
    case .slates: known = ["--candidates", "--slate", "--fixed-documents"]
    case .taobao: known = ["--weights"]
    case .process: known = ["--max-episode-steps", "--exploring-starts"]
    case .file: known = ["--max-episode-steps", "--exploring-starts", "--start"]
    case .point: known = ["--max-episode-steps"]
    case .arms: known = ["--arms"]
    case .linear: known = ["--arms", "--features"]
    case .ratings: known = ["--run", "--data", "--max-episode-steps", "--streak-strength"]
    }
    let given = [
      ("--candidates", candidates != nil), ("--slate", slate != nil),
      ("--fixed-documents", fixedDocuments), ("--weights", weights != nil), ("--run", run != nil),
      ("--data", data != nil), ("--max-episode-steps", maxEpisodeSteps != nil),
      ("--exploring-starts", exploringStarts), ("--streak-strength", streakStrength != nil),
      ("--start", start != nil), ("--arms", arms != nil), ("--features", features != nil),
    ]
    if let option = given.first(where: { $0.1 && !known.contains($0.0) })?.0 {
      throw ValidationError(
        "\(option) is no option of \(world.name); leave it out, or name another --env.")
    }
    if world == .taobao, weights == nil {
      throw ValidationError("virtual-taobao is made of networks; give them by --weights FILE.")
    }
    if world == .ratings, run == nil {
      throw ValidationError(
        "ratings are simulated by a run; train one, as by `drr train pmf --run FOLDER`, and name "
          + "it by --run FOLDER.")
    }
  }

  /// The world with its settings.
  func world(_ name: GymName) throws -> GymWorld {
    switch name {
    case .slates(var world):
      if let candidates { world.slates.candidates = candidates }
      if let slate { world.slates.slate = slate }
      if fixedDocuments { world.slates.resamples = false }
      return GymWorld(world)
    case .taobao: return GymWorld(try VirtualTaobaoNetworks(contentsOf: weights ?? ""))
    case .process(let known): return tabular(known.process)
    case .file(let path): return tabular(try ProcessFile.read(path, start: start).process)
    case .point:
      var point = PointWorld()
      if let maxEpisodeSteps {
        try ConfigurationError.require("max episode steps", maxEpisodeSteps, in: 1...)
        point.length = maxEpisodeSteps
      }
      return GymWorld(name.name, point)
    case .arms:
      return GymWorld(name.name, arms.map { BernoulliArms(drawn: $0) } ?? BernoulliArms())
    case .linear:
      var problem = LinearProblem()
      if let arms { problem.arms = arms }
      if let features { problem.width = features }
      return GymWorld(name.name, problem)
    case .ratings: return try ratings(of: RunFolder(run ?? ""))
    }
  }

  private func tabular(_ process: FiniteProcess) -> GymWorld {
    GymWorld(process, exploringStarts: exploringStarts, limit: maxEpisodeSteps ?? 100)
  }

  /// The run's own factorization is the simulator, of its training users.
  private func ratings(of folder: RunFolder) throws -> GymWorld {
    guard var configuration = try Algorithms.begun(RunConfiguration.self, in: folder) else {
      throw folder.absence("train pmf")
    }
    if let data { configuration.data.source = data }
    let log = try RatingsSource.load(
      configuration.data.source, range: configuration.data.ratingRange,
      reading: ReadingOptions()
    ) { _, _ in }
    let experiment = try Experiment(configuration, log: log, folder: folder)
    guard let model = try experiment.readModel() else {
      throw RunError(
        "\(folder.path): its PMF is not trained yet; use `drr train pmf --run \(folder.path)`")
    }
    let training = configuration.agent?.training ?? SessionTraining()
    let length = maxEpisodeSteps ?? training.sessionLength
    try ConfigurationError.require("max episode steps", length, in: 1...)
    let strength = streakStrength ?? 0
    try Satisfaction.validate(strength: strength)
    let world = experiment.simulator(model, consecutive: strength)
    return GymWorld(ratings: GymName.ratings.name, window: training.window) { seed in
      try RatingEnvironment(
        log: experiment.log, split: experiment.split, model: model,
        statistics: experiment.statistics, window: training.window, sessionLength: length,
        scale: experiment.configuration.scale, seed: seed,
        world: world)
    }
  }
}
