import ArgumentParser
import DRR

/// Which run, and what it may be begun with.
struct RunOptions: ParsableArguments {
  @Option(help: "The folder of the run: configuration, metrics, checkpoints, results.")
  var run = "runs/default"

  func validate() throws {
    if run.isEmpty { throw ValidationError("--run is empty; name a folder.") }
  }

  var folder: RunFolder { RunFolder(run) }

  /// Throws where the folder holds a group of runs.
  func requireOne() throws {
    guard let group = try folder.readGroup() else { return }
    throw RunError("\(run) holds several runs; name one, as --run \(run)/\(group.members[0].name)")
  }

  /// The run as it was begun.
  func begun() throws -> RunConfiguration {
    try requireOne()
    guard let configuration = try folder.readConfiguration() else {
      throw RunError("\(run): no run was begun there; use `drr train drr --run \(run)`")
    }
    return configuration
  }
}

/// Settings of a run. Those not given keep what the run was begun with, or the default.
struct SettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A folder, a file, a .zip, or generated:SIZE[:SEED] (default: generated:small).",
      valueName: "source"))
  var data: String?
  @Option(help: "Draws weights, orders and exploration (default: 0).")
  var seed: UInt64?
  @Option(
    help:
      "What is held out: users, rows (ratings at random), time (the latest of all) or latest (of each user) (default: users)."
  )
  var split: EvaluationProtocol.Split?
  @Option(
    help:
      "Ratings of one user and time: drawn or file order (default: drawn with latest, else file)."
  )
  var ties: TieOrder?
  @Option(help: "Draws what is held out (default: 0).")
  var splitSeed: UInt64?
  @Option(help: "Share that is held out for test (default: 0.2).")
  var testShare: Double?
  @Option(help: "Share that is held out for validation (default: 0.1).")
  var validationShare: Double?
  @Flag(
    help: ArgumentHelp(
      "Evaluate as the published figures were made: ratings held out at random, the history out of "
        + "the session and among the candidates, a PMF that saw most answers, ε 0.1; λ is 0.05, of the biases too."
    ))
  var asPublished = false
  @Option(help: "k, the length of the vectors (default: 100).")
  var dimension: Int?
  @Option(
    help: ArgumentHelp(
      "PMF: how it is fitted: adam, or sgd, which is many times faster and has defaults of its own "
        + "(default: adam).",
      valueName: PMFConfiguration.Solver.allCases.map(\.rawValue).joined(separator: "|")))
  var pmfSolver: PMFConfiguration.Solver?
  @Option(help: "PMF: passes over the ratings at most (default: 60; sgd 20).")
  var pmfEpochs: Int?
  @Option(help: "PMF: Adam's ratings an update (default: 1024, or 1% of the ratings if more).")
  var pmfBatch: Int?
  @Option(help: "PMF: the learning rate at the start (default: 0.002; sgd 0.06).")
  var pmfLearningRate: Float?
  @Option(help: "PMF: λ of the vectors (default: 0.06; sgd 0.0225).")
  var pmfRegularization: Float?

  @Option(
    help: ArgumentHelp(
      "PMF: the first vectors (default: uniform:0.1; sgd uniform:0.03).",
      valueName: "uniform:WIDTH|normal:DEVIATION"))
  var pmfStart: PMFConfiguration.Start?
  @Flag(
    inversion: .prefixedNo,
    help: "PMF: take the mean off before fitting (default: no; the vectors then carry it).")
  var pmfCentered: Bool?

  func apply(to configuration: inout RunConfiguration) {
    if let seed { configuration.seed = seed }
    if let pmfSolver, pmfSolver != configuration.pmf.solver {
      configuration.pmf.choose(pmfSolver)
    }
    if asPublished {
      let seed = configuration.evaluation.splitSeed
      configuration.evaluation = .asPublished
      configuration.evaluation.splitSeed = seed
      configuration.pmf.shareRegularization()
    }
    if let ties { configuration.evaluation.ties = ties }
    if let split { configuration.evaluation.choose(split) }
    if let splitSeed { configuration.evaluation.splitSeed = splitSeed }
    if let testShare { configuration.evaluation.testShare = testShare }
    if let validationShare { configuration.evaluation.validationShare = validationShare }
    if let dimension { configuration.pmf.dimension = dimension }
    if let pmfEpochs { configuration.pmf.epochs = pmfEpochs }
    if let pmfBatch { configuration.pmf.batchSize = pmfBatch }
    if let pmfLearningRate { configuration.pmf.learningRate = pmfLearningRate }
    if let pmfRegularization { configuration.pmf.regularization = pmfRegularization }
    if let pmfStart { configuration.pmf.start = pmfStart }
    if let pmfCentered { configuration.pmf.isCentered = pmfCentered }
  }
}

/// Settings of the agent.
struct AgentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Settings that belong together, which the options given override: paper, DRR as it was "
        + "published and of its last step; best, an agent that starts from what is believed of the "
        + "user and is trained on logged sessions (default: best; with --as-published paper). The "
        + "defaults below are those of DRR.",
      valueName: Preset.allCases.map(\.rawValue).joined(separator: "|")))
  var preset: Preset?
  @Flag(inversion: .prefixedNo, help: "Train the agent's twin with γ = 0 as well.")
  var twin = true
  @Option(help: "Items recommended in training, in all environments (default: 20000).")
  var steps: Int?
  @Option(
    help: "Preset best: updates by cloning before those steps; 0: none (default: 2000).")
  var cloningSteps: Int?
  @Option(
    help: ArgumentHelp(
      "The world to train in: the users' own logs, or a simulator, the run's PMF or kernel ridge "
        + "regression on items, fitted on the training users (default: the preset's).",
      valueName: "log|pmf|items"))
  var world: TrainingWorld?
  @Option(
    help: "How strongly consecutive liked or disliked items move the reward (default: 0, not).")
  var consecutive: Float?
  @Option(help: "Environments that step together, with one action for all (default: 1).")
  var environments: Int?
  @Option(help: "Updates after each step of the environments together (default: 1).")
  var updatesPerStep: Int?
  @Option(
    help: ArgumentHelp(
      "What a state is made of: DRR-p, -u, -ave, -att, or items without a user (default: ave).",
      valueName: StateModuleKind.allCases.map(\.rawValue).joined(separator: "|")))
  var state: StateModuleKind?
  @Option(help: "n, the liked items that a state is made from (default: 5).")
  var window: Int?
  @Option(help: "T, the items of a session (default: 10).")
  var sessionLength: Int?
  @Option(help: "Width of the hidden layers (default: 128).")
  var hidden: Int?
  @Option(help: "Transitions an update (default: 64).")
  var batch: Int?
  @Option(help: "Transitions kept (default: 200000).")
  var replay: Int?
  @Option(help: "The actor's learning rate (default: 0.0005).")
  var actorLearningRate: Float?
  @Option(help: "The critic's learning rate (default: 0.001).")
  var criticLearningRate: Float?
  @Option(help: "γ, the discount a step (default: 0.9).")
  var discount: Float?
  @Option(help: "τ, the weight of the online networks in a target update (default: 0.001).")
  var targetRate: Float?
  @Option(help: "α of prioritised replay (default: 0.3).")
  var priorityExponent: Float?
  @Option(help: "β of prioritised replay at the start (default: 0.4).")
  var importanceExponent: Float?
  @Option(help: "Steps before the first update (default: 1000).")
  var learningStarts: Int?
  @Option(
    help: ArgumentHelp(
      "How training strays from the policy (default: epsilon).",
      valueName: ExplorationKind.allCases.map(\.rawValue).joined(separator: "|")))
  var exploration: ExplorationKind?
  @Option(help: "σ of gaussian and ou exploration (default: 0.1).")
  var explorationDeviation: Float?
  @Option(help: "θ of ou exploration, a step (default: 0.15).")
  var explorationReversion: Float?
  @Option(help: "Steps over which ε falls from 1 to 0.1 (default: 5000).")
  var explorationSteps: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "TD3: two critics, the smaller of whose target values counts (default: no).")
  var twinCritics: Bool?
  @Option(help: "TD3: updates of the critic to one of the actor (default: 1).")
  var policyDelay: Int?
  @Option(help: "TD3: σ of the noise on target actions (default: 0).")
  var targetNoise: Float?
  @Option(help: "TD3: how far that noise may go (default: 0.5).")
  var targetNoiseClip: Float?
  @Option(help: "n, the rewards that a transition sums up (default: 1).")
  var returnSteps: Int?
  @Option(
    help: "Times that training stops to re-rank the validation users' sessions (default: 10).")
  var validations: Int?
  @Option(
    help: ArgumentHelp(
      "The policy that is the agent: of the best NDCG@10 on validation users, or of the last step "
        + "(default: best).",
      valueName: CheckpointChoice.allCases.map(\.rawValue).joined(separator: "|")))
  var choose: CheckpointChoice?

  func apply(to drr: inout DRRConfiguration) throws(ConfigurationError) {
    if drr.residual != nil, let option = firstOfDRRAlone {
      throw ConfigurationError(
        "\(option) is a setting of DRR, which the agent of --preset best is not; add --preset paper"
      )
    }
    if let cloningSteps {
      guard drr.residual != nil else {
        throw ConfigurationError(
          "cloning steps are \(cloningSteps), but only the agent of --preset best clones")
      }
      drr.residual!.cloningSteps = cloningSteps
    }
    if let steps { drr.steps = steps }
    if let world { drr.world = world }
    if let consecutive { drr.consecutive = consecutive }
    if let environments { drr.environments = environments }
    if let updatesPerStep { drr.updatesPerStep = updatesPerStep }
    if let state { drr.state = state }
    if let window { drr.window = window }
    if let sessionLength { drr.sessionLength = sessionLength }
    if let hidden { drr.ddpg.hidden = hidden }
    if let batch { drr.ddpg.batchSize = batch }
    if let replay { drr.ddpg.replayCapacity = replay }
    if let actorLearningRate { drr.ddpg.actorLearningRate = actorLearningRate }
    if let criticLearningRate { drr.ddpg.criticLearningRate = criticLearningRate }
    if let discount { drr.ddpg.discount = discount }
    if let targetRate { drr.ddpg.targetRate = targetRate }
    if let priorityExponent { drr.ddpg.priorityExponent = priorityExponent }
    if let importanceExponent { drr.ddpg.importanceExponent = importanceExponent }
    if let learningStarts { drr.learningStarts = learningStarts }
    if let exploration { drr.exploration = exploration }
    if let explorationDeviation { drr.explorationDeviation = explorationDeviation }
    if let explorationReversion { drr.explorationReversion = explorationReversion }
    if let twinCritics { drr.ddpg.twinCritics = twinCritics }
    if let policyDelay { drr.ddpg.policyDelay = policyDelay }
    if let targetNoise { drr.ddpg.targetNoise = targetNoise }
    if let targetNoiseClip { drr.ddpg.targetNoiseClip = targetNoiseClip }
    if let returnSteps { drr.ddpg.returnSteps = returnSteps }
    if let explorationSteps { drr.explorationSteps = explorationSteps }
    if let validations { drr.validations = validations }
    if let choose { drr.choice = choose }
  }
}

extension AgentOptions {
  /// An option given that the agent of `Preset.best` has no use for.
  fileprivate var firstOfDRRAlone: String? {
    let given: [(String, Bool)] = [
      ("--state", state != nil), ("--hidden", hidden != nil),
      ("--exploration", exploration != nil),
      ("--exploration-deviation", explorationDeviation != nil),
      ("--exploration-reversion", explorationReversion != nil),
      ("--target-noise", targetNoise != nil), ("--target-noise-clip", targetNoiseClip != nil),
      ("--return-steps", returnSteps != nil),
    ]
    return given.first { $0.1 }?.0
  }
}

/// Options that an agent is begun with.
protocol AgentSettings {
  /// Whether its twin with γ = 0 is trained as well.
  var twin: Bool { get }
  /// Gives a run what it begins with, before any option is applied. An agent taken up keeps what it
  /// was begun with.
  func prepare(_ run: inout RunConfiguration, asPublished: Bool)
  func apply(to drr: inout DRRConfiguration) throws(ConfigurationError)
}

extension AgentOptions: AgentSettings {
  func prepare(_ run: inout RunConfiguration, asPublished: Bool) {
    let unnamed: Preset? = run.drr == nil ? (asPublished ? .paper : .best) : nil
    (preset ?? unnamed)?.configure(&run)
  }
}

/// Makes or takes up the run that the options describe.
struct RunOpening {
  var run: RunOptions
  var settings: SettingOptions
  /// Nil for a run of PMF alone.
  var agent: (any AgentSettings)?
  var fresh: Bool

  /// Changes nothing: what is wrong with the settings shows before the folder is touched.
  func open() throws -> Experiment {
    let folder = run.folder
    try run.requireOne()
    let begun = fresh ? nil : try folder.readConfiguration()
    let log = try loadRatings(settings.data ?? begun?.data.source ?? "generated:small")
    var wanted =
      begun
      ?? RunConfiguration(source: settings.data ?? "generated:small", log: log)
    if let data = settings.data, let begun, data != begun.data.source {
      wanted.data = DataIdentity(source: data, log: log)
    }
    if let agent {
      agent.prepare(&wanted, asPublished: settings.asPublished)
    }
    settings.apply(to: &wanted)
    if let agent {
      var drr = wanted.drr ?? DRRConfiguration()
      try agent.apply(to: &drr)
      wanted.drr = drr
    }
    if let begun {
      // Another path to the same ratings is the same data.
      var comparable = wanted
      comparable.data.source = begun.data.source
      comparable.data.name = begun.data.name
      if begun.drr == nil { comparable.drr = nil }
      if let change = begun.firstDifference(from: comparable) {
        throw RunError(
          "\(run.run): the run was begun with \(change.name) \(change.begun), not "
            + "\(change.wanted); name another --run, or begin again with --fresh")
      }
    }
    let experiment = try Experiment(wanted, log: log, folder: folder)
    if agent != nil { try experiment.requireHistories() }
    return experiment
  }
}

extension Experiment {
  func noteUnfinished() throws {
    guard let steps = try trainedSteps(), let wanted = configuration.drr?.steps, steps < wanted
    else { return }
    Console.note(
      "the agent is not fully trained: \(grouped(steps)) of \(grouped(wanted)) steps; to go on: "
        + "drr train drr --run \(folder.path)")
  }
}

/// Takes up a run that was trained, with its data from where they are now.
func reopen(
  _ run: RunOptions, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  let begun = try run.begun()
  return try reopen(run, loadRatings(data ?? begun.data.source), data: data)
}

/// Takes up a run that was trained on these ratings.
func reopen(
  _ run: RunOptions, _ log: RatingsLog, data: String?
) throws -> (experiment: Experiment, model: PMFModel) {
  var configuration = try run.begun()
  if let data { configuration.data.source = data }
  let experiment = try Experiment(configuration, log: log, folder: run.folder)
  guard let model = try experiment.readModel() else {
    throw RunError("\(run.run): its PMF is not trained yet; use `drr train drr --run \(run.run)`")
  }
  return (experiment, model)
}

extension EvaluationProtocol.Split: ExpressibleByArgument {}
extension TieOrder: ExpressibleByArgument {}

extension PMFConfiguration.Start: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension PMFConfiguration.Solver: ExpressibleByArgument {}

extension StateModuleKind: ExpressibleByArgument {}
extension ExplorationKind: ExpressibleByArgument {}
extension CheckpointChoice: ExpressibleByArgument {}
extension Preset: ExpressibleByArgument {}

extension TrainingWorld: ExpressibleByArgument {}
