import ArgumentParser
import DRR

/// What deep Q-learning and policy gradients learn in.
enum DeepEnvironment: ExpressibleByArgument, Equatable {
  case ratings(TrainingWorld)
  case tabular(ProcessName)
  case point

  init?(argument: String) {
    if argument == "point" {
      self = .point
    } else if let world = TrainingWorld(rawValue: argument) {
      self = .ratings(world)
    } else if let process = ProcessName(argument: argument) {
      self = .tabular(process)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] {
    TrainingWorld.allCases.map(\.rawValue) + ProcessName.allValueStrings + ["point"]
  }

  /// As it is given.
  var name: String { world?.rawValue ?? process?.name ?? "point" }

  var world: TrainingWorld? { if case .ratings(let world) = self { world } else { nil } }
  var process: ProcessName? { if case .tabular(let process) = self { process } else { nil } }
}

/// What a choice that a log plays back earns.
enum PlaybackReward: String, CaseIterable, ExpressibleByArgument {
  case rating, interaction
}

/// Settings that deep Q-learning and policy gradients share. Those not given keep what the run was
/// started with, or the default.
struct DeepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The environment. Of ratings: logged trajectories (playback, offline), logged items of which \
      the agent chooses (log), or a simulator, a PMF or kernel ridge regression on items. Tabular \
      MDPs, whose best policy is known: lizard, chain, cliff, robot, or that of a file. With \
      continuous actions: point, of `train pg` alone. (default: playback)
      """, valueName: "env|file.csv"))
  var env: DeepEnvironment?
  @OptionGroup var starts: StartsOption
  @OptionGroup var elsewhere: SocketOption
  @Option(
    help: """
      Actions in training, in all environments. (default: 100000; tabular 20000; socket 50000)
      """)
  var steps: Int?
  @Option(help: "Environments that step together. (default: 64; tabular 8)")
  var numEnvs: Int?
  @Option(
    help: "What a choice earns in playback: its rating, or 1 an interaction. (default: rating)")
  var reward: PlaybackReward?
  @Option(
    help: """
      Ratings: the state module. gru-rewards reads the latest rated items with their rewards, the \
      others the latest liked ones. (default: gru)
      """)
  var state: StateModuleKind?
  @Option(help: "Ratings: n, the items that a state is made from. (default: 10)")
  var window: Int?
  @Option(help: "Ratings: T, the items of an episode outside playback. (default: 10)")
  var sessionLength: Int?
  @Option(help: "Tabular: steps after which an episode is truncated. (default: 100)")
  var maxEpisodeSteps: Int?
  @Flag(help: "Tabular: start episodes in any state.")
  var exploringStarts = false
  @Option(help: "Width of the hidden layers. (default: 128)")
  var hidden: Int?
  @Option(help: "The learning rate. (default: 0.001)")
  var learningRate: Float?
  @Option(help: "Largest norm of the gradient. (default: 10)")
  var maxGradNorm: Float?
  @OptionGroup var parts: BatchPartsOption
  @Option(
    help: """
      γ, the discount factor (--gamma). (default: 0.9; tabular the environment's; file and socket \
      0.99)
      """)
  var discount: Float?
  @Option(help: "Ratings: evaluations on the validation users in training. (default: 10)")
  var evalCount: Int?
  @Option(
    help: ArgumentHelp(
      "Ratings: end after so many validations in a row without a better NDCG@10. (default: never)"))
  var patience: Int?
  @Option(
    help: ArgumentHelp(
      "Ratings: the policy that is kept: that of the best NDCG@10 on the validation users, or of "
        + "the last step. (default: last)"))
  var checkpoint: CheckpointChoice?

  @Flag(
    inversion: .prefixedNo,
    help: "Ratings: train the agent's myopic baseline (γ = 0) as well. (default: no)")
  var myopic: Bool?

  /// Whether a tabular MDP is meant: one that is named, or that of a run which was started.
  func isTabular(_ folder: RunFolder, _ start: StartOptions) -> Bool {
    if let env { return env.process != nil }
    if elsewhere.socket != nil { return false }
    return start.algorithm(in: folder) == SmallWorldConfiguration.algorithms[0]
  }

  /// Refuses what an environment without ratings has no use for.
  func requireNoRatings(_ settings: SettingOptions, _ group: GroupOptions) throws {
    let own = firstGiven([
      ("--reward", reward != nil), ("--state", state != nil), ("--window", window != nil),
      ("--session-length", sessionLength != nil), ("--eval-count", evalCount != nil),
      ("--patience", patience != nil), ("--batch-parts", parts.batchParts != nil),
      ("--checkpoint", checkpoint != nil), ("--myopic", myopic != nil),
    ])
    guard let option = settings.firstOfRatings ?? own ?? group.firstOfRatings else { return }
    let place =
      env.map { "--env \($0.name)" } ?? elsewhere.socket.map { "--socket \($0)" }
      ?? "this run"
    throw ValidationError("\(option) is an option of ratings, and \(place) has none; leave it out.")
  }

  /// Refuses what a world of another program has no use for.
  func requireElsewhere(_ settings: SettingOptions, _ group: GroupOptions) throws {
    try requireNoRatings(settings, group)
    try elsewhere.require([
      ("--env", env != nil), ("--start", starts.start != nil), ("--num-envs", numEnvs != nil),
      ("--max-episode-steps", maxEpisodeSteps != nil), ("--exploring-starts", exploringStarts),
    ])
  }

  /// Refuses what only an environment without ratings has a use for.
  func requireRatings() throws {
    let given = firstGiven([
      ("--max-episode-steps", maxEpisodeSteps != nil), ("--exploring-starts", exploringStarts),
      ("--start", starts.start != nil),
    ])
    guard let given else { return }
    throw ValidationError(
      "\(given) is an option of tabular MDPs; add --env cliff or FILE.csv, or leave it out.")
  }

  func apply(to training: inout SessionTraining) {
    if let steps { training.steps = steps }
    if let numEnvs { training.environments = numEnvs }
    if let world = env?.world { training.world = world }
    if let reward { training.rewardsWatching = reward == .interaction ? true : nil }
    if let state { training.state = state }
    if let window { training.window = window }
    if let sessionLength { training.sessionLength = sessionLength }
    if let batchParts = parts.batchParts { training.batchParts = batchParts }
    if let evalCount { training.validations = evalCount }
    if let patience { training.patience = patience }
    if let checkpoint { training.choice = checkpoint }
  }

  func apply(to elsewhere: inout GymRunConfiguration, seed: UInt64?) {
    if let steps { elsewhere.steps = steps }
    if let seed { elsewhere.seed = seed }
  }

  func apply(to tabular: inout SmallWorldConfiguration, seed: UInt64?) {
    if let steps { tabular.steps = steps }
    if let numEnvs { tabular.environments = numEnvs }
    if let maxEpisodeSteps { tabular.episodeLimit = maxEpisodeSteps }
    if exploringStarts { tabular.exploringStarts = true }
    if let discount { tabular.discount = Double("\(discount)") }
    if let seed { tabular.seed = seed }
  }
}
