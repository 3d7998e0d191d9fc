import ArgumentParser
import DRR

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

extension StateModuleKind: ExpressibleByArgument {}
extension ExplorationKind: ExpressibleByArgument {}
extension CheckpointChoice: ExpressibleByArgument {}
extension Preset: ExpressibleByArgument {}
extension TrainingWorld: ExpressibleByArgument {}
