import ArgumentParser
import DRR
import Gym

/// A world that other programs may act in.
enum GymName: String, CaseIterable, ExpressibleByArgument {
  case satisfaction = "long-term-satisfaction"
  case evolution = "interest-evolution"
  case exploration = "interest-exploration"
  case taobao = "virtual-taobao"
  case lizard, chain, cliff, robot
  case ratings
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
      "Tabular and ratings: steps after which an episode is truncated. (default: 100; ratings: as "
        + "the run's agent)"))
  var maxEpisodeSteps: Int?
  @Flag(help: "Tabular: start episodes in any state.")
  var exploringStarts = false

  /// Refuses an option that the world has no use for, and a world without what it needs.
  func require(of world: GymName) throws {
    var known: Set<String> = []
    switch world {
    case .satisfaction, .evolution, .exploration:
      known = ["--candidates", "--slate", "--fixed-documents"]
    case .taobao: known = ["--weights"]
    case .lizard, .chain, .cliff, .robot: known = ["--max-episode-steps", "--exploring-starts"]
    case .ratings: known = ["--run", "--data", "--max-episode-steps"]
    }
    let given = [
      ("--candidates", candidates != nil), ("--slate", slate != nil),
      ("--fixed-documents", fixedDocuments), ("--weights", weights != nil), ("--run", run != nil),
      ("--data", data != nil), ("--max-episode-steps", maxEpisodeSteps != nil),
      ("--exploring-starts", exploringStarts),
    ]
    if let option = given.first(where: { $0.1 && !known.contains($0.0) })?.0 {
      throw ValidationError(
        "\(option) is no option of \(world.rawValue); leave it out, or name another --env.")
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
    if let process = SmallProcess(rawValue: name.rawValue) {
      return GymWorld(
        process.process, exploringStarts: exploringStarts, limit: maxEpisodeSteps ?? 100)
    }
    if var world = SlateWorld.all.first(where: { $0.name == name.rawValue }) {
      if let candidates { world.slates.candidates = candidates }
      if let slate { world.slates.slate = slate }
      if fixedDocuments { world.slates.resamples = false }
      return GymWorld(world)
    }
    if let weights { return GymWorld(try VirtualTaobaoNetworks(contentsOf: weights)) }
    return try ratings(of: RunFolder(run ?? ""))
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
    return GymWorld(ratings: GymName.ratings.rawValue, window: training.window) { seed in
      try RatingEnvironment(
        log: experiment.log, split: experiment.split, model: model,
        statistics: experiment.statistics, window: training.window, sessionLength: length,
        scale: experiment.configuration.scale, seed: seed)
    }
  }
}
