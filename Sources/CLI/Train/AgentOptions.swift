import ArgumentParser
import DRR

/// What DRR and the residual agent are trained in.
enum AgentEnvironment: String, CaseIterable, ExpressibleByArgument {
  case log, pmf, items

  var world: TrainingWorld {
    switch self {
    case .log: .log
    case .pmf: .pmf
    case .items: .items
    }
  }
}

/// Settings of the agent.
struct AgentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Hyperparameters, which the options given override: paper, DRR as published, with the policy "
        + "of its last step; best, the residual agent, which corrects the user posterior's action "
        + "and is trained on logged items. (default: best; with --as-published paper)"))
  var preset: Preset?
  @Flag(inversion: .prefixedNo, help: "Also train the myopic agent, with γ = 0. (default: yes)")
  var myopic: Bool?
  @Option(
    help: "Items recommended in training, in all environments. (default: 5000; paper 20000)")
  var steps: Int?
  @Option(
    help: "Preset best: behavior cloning updates before those steps; 0: none. (default: 2000)")
  var bcUpdates: Int?
  @Option(
    help: ArgumentHelp(
      "The environment: the training users' logged items, or a simulator fitted on them, a PMF or "
        + "kernel ridge regression on items. (default: log; paper pmf)"))
  var env: AgentEnvironment?
  @Option(
    help: "Strength of the streak effect of liked or disliked items on the reward. (default: 0)")
  var streakStrength: Float?
  @Option(help: "Environments that step together. (default: 16; paper 1)")
  var numEnvs: Int?
  @Option(help: "Updates after each step of all environments (--gradient-steps). (default: 1)")
  var updatesPerStep: Int?
  @Option(
    help: ArgumentHelp(
      "Preset paper: the state module: DRR-p, -u, -ave, -att, items without a user, or a GRU. "
        + "(default: ave)"))
  var state: StateModuleKind?
  @Option(help: "n, the liked items that a state is made from. (default: 5)")
  var window: Int?
  @Option(help: "T, the items of an episode. (default: 10)")
  var sessionLength: Int?
  @Option(help: "Preset paper: width of the hidden layers. (default: 128)")
  var hidden: Int?
  @Option(help: "Transitions an update. (default: 64)")
  var batchSize: Int?
  @Option(help: "Transitions in the replay buffer. (default: 20000; paper 200000)")
  var bufferSize: Int?
  @Option(help: "The actor's learning rate. (default: 0.0001; paper 0.0005)")
  var actorLearningRate: Float?
  @Option(help: "The critic's learning rate. (default: 0.001)")
  var criticLearningRate: Float?
  @Option(help: "γ, the discount factor (--gamma). (default: 0.9)")
  var discount: Float?
  @Option(help: "τ of the soft target update (--tau). (default: 0.005; paper 0.001)")
  var targetRate: Float?
  @Option(help: "α of prioritized replay. (default: 0.3)")
  var priorityExponent: Float?
  @Option(help: "β of prioritized replay at the start. (default: 0.4)")
  var importanceExponent: Float?
  @Option(help: "Steps before the first update. (default: 1000)")
  var learningStarts: Int?
  @Option(help: "Preset paper: exploration. (default: epsilon)")
  var exploration: ExplorationKind?
  @Option(help: "Preset paper: σ of gaussian and ou exploration. (default: 0.1)")
  var explorationNoise: Float?
  @Option(help: "Preset paper: θ of ou exploration, a step. (default: 0.15)")
  var explorationReversion: Float?
  @Option(help: "ε of the first step. (default: 0.3; paper 1)")
  var epsilonStart: Float?
  @Option(help: "ε that it falls to. (default: 0.05; paper 0.1)")
  var epsilonEnd: Float?
  @Option(help: "Steps over which ε falls. (default: 5000)")
  var explorationSteps: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "TD3: two critics, with the smaller target value. (default: yes; paper no)")
  var twinCritics: Bool?
  @Option(help: "TD3: critic updates an actor update. (default: 2; paper 1)")
  var policyDelay: Int?
  @Option(help: "Preset paper, TD3: σ of the noise on target actions. (default: 0)")
  var policyNoise: Float?
  @Option(help: "Preset paper, TD3: largest such noise. (default: 0.5)")
  var noiseClip: Float?
  @Option(help: "Preset paper: n of n-step returns. (default: 1)")
  var nStep: Int?
  @Option(help: "Evaluations on the validation users in training. (default: 10)")
  var evalCount: Int?
  @Option(
    help: ArgumentHelp(
      "The policy that is kept: that of the best NDCG@10 on the validation users, or of the last "
        + "step. (default: best; paper last)"))
  var checkpoint: CheckpointChoice?

  func validate() throws { try requireStreak(streakStrength ?? 0) }

  func apply(to agent: inout any AgentConfiguration) throws {
    if var residual = agent as? ResidualAgentConfiguration {
      if let option = firstOfDRRAlone {
        throw ConfigurationError(
          "\(option) is an option of DRR, and --preset best trains the residual agent; add "
            + "--preset paper")
      }
      if let bcUpdates { residual.residual.cloningSteps = bcUpdates }
      apply(to: &residual.training)
      apply(to: &residual.ddpg)
      agent = residual
    } else if var drr = agent as? DRRConfiguration {
      if let bcUpdates {
        throw ConfigurationError(
          "--bc-updates is \(bcUpdates), but only the residual agent of --preset best is cloned; "
            + "leave it out")
      }
      apply(to: &drr.training)
      apply(to: &drr.ddpg)
      if let exploration { drr.exploration = exploration }
      if let explorationNoise { drr.explorationDeviation = explorationNoise }
      if let explorationReversion { drr.explorationReversion = explorationReversion }
      agent = drr
    }
  }

  private func apply(to training: inout SessionTraining) {
    if let steps { training.steps = steps }
    if let env { training.world = env.world }
    if let streakStrength { training.consecutive = streakStrength }
    if let numEnvs { training.environments = numEnvs }
    if let updatesPerStep { training.updatesPerStep = updatesPerStep }
    if let state { training.state = state }
    if let window { training.window = window }
    if let sessionLength { training.sessionLength = sessionLength }
    if let learningStarts { training.learningStarts = learningStarts }
    if let epsilonStart { training.epsilonStart = epsilonStart }
    if let epsilonEnd { training.epsilonEnd = epsilonEnd }
    if let explorationSteps { training.explorationSteps = explorationSteps }
    if let evalCount { training.validations = evalCount }
    if let checkpoint { training.choice = checkpoint }
  }

  private func apply(to ddpg: inout DDPGConfiguration) {
    if let hidden { ddpg.hidden = hidden }
    if let batchSize { ddpg.batchSize = batchSize }
    if let bufferSize { ddpg.replayCapacity = bufferSize }
    if let actorLearningRate { ddpg.actorLearningRate = actorLearningRate }
    if let criticLearningRate { ddpg.criticLearningRate = criticLearningRate }
    if let discount { ddpg.discount = discount }
    if let targetRate { ddpg.targetRate = targetRate }
    if let priorityExponent { ddpg.priorityExponent = priorityExponent }
    if let importanceExponent { ddpg.importanceExponent = importanceExponent }
    if let twinCritics { ddpg.twinCritics = twinCritics }
    if let policyDelay { ddpg.policyDelay = policyDelay }
    if let policyNoise { ddpg.targetNoise = policyNoise }
    if let noiseClip { ddpg.targetNoiseClip = noiseClip }
    if let nStep { ddpg.returnSteps = nStep }
  }

  /// An option given that the agent of `Preset.best` has no use for.
  private var firstOfDRRAlone: String? {
    firstGiven([
      ("--state", state != nil), ("--hidden", hidden != nil),
      ("--exploration", exploration != nil),
      ("--exploration-noise", explorationNoise != nil),
      ("--exploration-reversion", explorationReversion != nil),
      ("--policy-noise", policyNoise != nil), ("--noise-clip", noiseClip != nil),
      ("--n-step", nStep != nil),
    ])
  }
}

/// Options that an agent is started with.
protocol AgentSettings {
  /// The command, such as "train drr".
  static var command: String { get }
  /// Whether its myopic copy (γ = 0) is trained as well; nil: as the run was started.
  var myopic: Bool? { get }
  /// Whether a new run trains it by default.
  var trainsMyopic: Bool { get }
  /// Gives a run the agent that it starts with, before any option is applied. A factorisation that
  /// was fitted before stays as it is.
  func prepare(_ run: inout RunConfiguration, asPublished: Bool, keepsPMF: Bool)
  /// Refuses options that an agent taken up was not started with.
  func requireLike(_ begun: any AgentConfiguration) throws
  func apply(to agent: inout any AgentConfiguration) throws
}

extension AgentSettings {
  var trainsMyopic: Bool { false }
  func requireLike(_ begun: any AgentConfiguration) throws {}
}

extension AgentOptions: AgentSettings {
  static let command = "train drr"
  var trainsMyopic: Bool { true }

  func prepare(_ run: inout RunConfiguration, asPublished: Bool, keepsPMF: Bool) {
    (preset ?? (asPublished ? .paper : .best)).configure(&run, keepsPMF: keepsPMF)
  }

  func requireLike(_ begun: any AgentConfiguration) throws {
    guard let preset, preset.algorithm != type(of: begun).algorithm else { return }
    let other = Preset.allCases.first { $0.algorithm == type(of: begun).algorithm }
    throw ConfigurationError(
      "--preset is \(preset), but the run was started with --preset "
        + "\(other?.rawValue ?? "another"); name another --run, or start again with --fresh")
  }
}

extension StateModuleKind: ExpressibleByArgument {}
extension ExplorationKind: ExpressibleByArgument {}
extension CheckpointChoice: ExpressibleByArgument {}
extension Preset: ExpressibleByArgument {}
