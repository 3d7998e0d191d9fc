import ArgumentParser
import DRR

/// Settings that deep Q-learning and policy gradients share. Those not given keep what the run was
/// begun with, or the default.
struct DeepOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A small world to learn in, whose best policy is known (default: none, ratings).",
      valueName: SmallProcess.allCases.map(\.rawValue).joined(separator: "|")))
  var env: SmallProcess?
  @Option(help: "Actions in training, in all environments (default: 100000; small worlds 20000).")
  var steps: Int?
  @Option(help: "Environments that step together (default: 64; small worlds 8).")
  var environments: Int?
  @Option(
    help: ArgumentHelp(
      """
      Where choices come from: users' logs played back in their order; their logs, in any order; or \
      a simulator, the run's PMF or kernel ridge regression on items (default: playback).
      """, valueName: "playback|log|pmf|items"))
  var world: TrainingWorld?
  @Flag(help: "In playback every choice earns 1, in place of what the user thought of it.")
  var rewardWatching = false
  @Option(
    help: ArgumentHelp(
      "What a state is made of (default: gru).",
      valueName: StateModuleKind.allCases.map(\.rawValue).joined(separator: "|")))
  var state: StateModuleKind?
  @Option(help: "n, the liked items that a state is made from (default: 10).")
  var window: Int?
  @Option(help: "T, the items of a session outside playback (default: 10).")
  var sessionLength: Int?
  @Option(help: "Small worlds: steps after which an episode is cut off (default: 100).")
  var episodeLimit: Int?
  @Flag(help: "Small worlds: begin episodes in any state.")
  var exploringStarts = false
  @Option(help: "Width of the hidden layers (default: 128).")
  var hidden: Int?
  @Option(help: "The learning rate (default: 0.001).")
  var learningRate: Float?
  @Option(help: "Largest norm of the gradient (default: 10).")
  var gradientNorm: Float?
  @Option(help: "γ, the discount a step (default: 0.9; small worlds have their own).")
  var discount: Float?
  @Option(
    help: "Times that training stops to re-rank the validation users' sessions (default: 10).")
  var validations: Int?
  @Option(
    help: ArgumentHelp(
      "The policy that is the agent: of the best NDCG@10 on validation users, or of the last step "
        + "(default: last).",
      valueName: CheckpointChoice.allCases.map(\.rawValue).joined(separator: "|")))
  var choose: CheckpointChoice?

  /// Whether a small world is meant: one that is named, or that of a run which was begun.
  func isSmall(_ folder: RunFolder, fresh: Bool) -> Bool {
    env != nil || (!fresh && folder.readAlgorithm() == SmallWorldConfiguration.algorithm)
  }

  /// What an agent on ratings begins with.
  static func begin(_ run: inout RunConfiguration) {
    var drr = DRRConfiguration()
    drr.world = .playback
    drr.state = .gru
    drr.window = 10
    drr.steps = 100_000
    drr.environments = 64
    drr.learningStarts = 1_000
    drr.epsilonEnd = 0.05
    drr.explorationSteps = 50_000
    drr.choice = .last
    run.drr = drr
  }

  func apply(to drr: inout DRRConfiguration) {
    if let steps { drr.steps = steps }
    if let environments { drr.environments = environments }
    if let world { drr.world = world }
    if rewardWatching { drr.rewardsWatching = true }
    if let state { drr.state = state }
    if let window { drr.window = window }
    if let sessionLength { drr.sessionLength = sessionLength }
    if let validations { drr.validations = validations }
    if let choose { drr.choice = choose }
  }

  func apply(to small: inout SmallWorldConfiguration, seed: UInt64?) {
    if let env { small.environment = env }
    if let steps { small.steps = steps }
    if let environments { small.environments = environments }
    if let episodeLimit { small.episodeLimit = episodeLimit }
    if exploringStarts { small.exploringStarts = true }
    if let discount { small.discount = Double("\(discount)") }
    if let seed { small.seed = seed }
  }
}

/// Trains in a small world and prints how far the greedy policy is from the best.
struct SmallWorldTraining {
  let command: String
  let options: RunOptions
  let training: TrainingOptions
  let device: DeviceOptions

  /// - Parameter settings: those wanted, from those of a run that was begun.
  func run(
    _ output: OutputOptions, _ settings: (SmallWorldConfiguration?) -> SmallWorldConfiguration
  ) throws {
    let folder = options.folder
    let begun = training.fresh ? nil : try folder.read(SmallWorldConfiguration.self)
    let run = try KindRun(settings(begun), folder: folder)
    let backend = try device.backend { try DeviceTrial.secondsPerSmallUpdate(on: $0) }
    let trainer = try SmallWorldTrainer(run.configuration, on: backend)
    try run.begin(fresh: training.fresh)
    Interrupt.install()
    let last = try training.watched(options, command, saves: "steps") {
      try run.train(trainer, device: "\(backend.device.id)", $0)
    }
    guard let last else { return }
    try folder.write(last, to: folder.report)
    if output.json { return try Console.result(RunFolder.json(last, pretty: true)) }
    let (process, table) = (trainer.process, try trainer.table())
    let path = process.greedyPath(table).map { process.states[$0] }
    try Console.result(
      """
      \(run.configuration.environment.rawValue), step \(grouped(last.step)): the greedy policy is \
      worth \(decimal(last.greedyValue, 3)), the best \(decimal(last.bestValue, 3))
      greedy path: \(path.joined(separator: " → "))
      """)
  }
}
