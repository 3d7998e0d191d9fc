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

/// Settings that DRR and the residual agent share. Those not given keep what the run was started
/// with, or the default.
struct ActorCriticOptions: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Also train the myopic agent, with γ = 0. (default: yes)")
  var myopic: Bool?
  @Option(
    help: "Items recommended in training, in all environments. (default: 20000; residual 5000)")
  var steps: Int?
  @Option(
    help: ArgumentHelp(
      "The environment: the training users' logged items, or a simulator fitted on them, a PMF or "
        + "kernel ridge regression on items. (default: pmf; residual log)"))
  var env: AgentEnvironment?
  @Option(
    help: "Strength of the streak effect of liked or disliked items on the reward. (default: 0)")
  var streakStrength: Float?
  @Option(help: "Environments that step together. (default: 1; residual 16)")
  var numEnvs: Int?
  @Option(help: "Updates after each step of all environments (--gradient-steps). (default: 1)")
  var updatesPerStep: Int?
  @Option(help: "n, the items that a state is made from. (default: 5)")
  var window: Int?
  @Option(help: "T, the items of an episode. (default: 10)")
  var sessionLength: Int?
  @Option(help: "Transitions an update. (default: 64)")
  var batchSize: Int?
  @OptionGroup var parts: BatchPartsOption
  @Option(help: "Transitions in the replay buffer. (default: 200000; residual 20000)")
  var bufferSize: Int?
  @Option(help: "The actor's learning rate. (default: 0.0005; residual 0.0001)")
  var actorLearningRate: Float?
  @Option(help: "The critic's learning rate. (default: 0.001)")
  var criticLearningRate: Float?
  @Option(help: "γ, the discount factor (--gamma). (default: 0.9)")
  var discount: Float?
  @Option(help: "τ of the soft target update (--tau). (default: 0.001; residual 0.005)")
  var targetRate: Float?
  @Option(help: "α of prioritized replay. (default: 0.3)")
  var priorityExponent: Float?
  @Option(help: "β of prioritized replay at the start. (default: 0.4)")
  var importanceExponent: Float?
  @Option(help: "Steps before the first update. (default: 1000)")
  var learningStarts: Int?
  @Option(help: "ε of the first step. (default: 1; residual 0.3)")
  var epsilonStart: Float?
  @Option(help: "ε that it falls to. (default: 0.1; residual 0.05)")
  var epsilonEnd: Float?
  @Option(help: "Steps over which ε falls. (default: 5000)")
  var explorationSteps: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "TD3: two critics, with the smaller target value. (default: no; residual yes)")
  var twinCritics: Bool?
  @Option(help: "TD3: critic updates an actor update. (default: 1; residual 2)")
  var policyDelay: Int?
  @Option(help: "Evaluations on the validation users in training. (default: 10)")
  var evalCount: Int?
  @Option(
    help: ArgumentHelp(
      "End after so many validations in a row without a better NDCG@10. (default: never)"))
  var patience: Int?
  @Option(
    help: ArgumentHelp(
      "The policy that is kept: that of the best NDCG@10 on the validation users among those that "
        + "had learned, or of the last step. (default: last; residual best)"))
  var checkpoint: CheckpointChoice?

  func validate() throws { try requireStreak(streakStrength ?? 0) }

  func apply(to training: inout SessionTraining) {
    if let steps { training.steps = steps }
    if let env { training.world = env.world }
    if let streakStrength { training.consecutive = streakStrength }
    if let numEnvs { training.environments = numEnvs }
    if let updatesPerStep { training.updatesPerStep = updatesPerStep }
    if let batchParts = parts.batchParts { training.batchParts = batchParts }
    if let window { training.window = window }
    if let sessionLength { training.sessionLength = sessionLength }
    if let learningStarts { training.learningStarts = learningStarts }
    if let epsilonStart { training.epsilonStart = epsilonStart }
    if let epsilonEnd { training.epsilonEnd = epsilonEnd }
    if let explorationSteps { training.explorationSteps = explorationSteps }
    if let evalCount { training.validations = evalCount }
    if let patience { training.patience = patience }
    if let checkpoint { training.choice = checkpoint }
  }

  func apply(to ddpg: inout DDPGConfiguration) {
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
  }
}

extension StateModuleKind: ExpressibleByArgument {}
extension ExplorationKind: ExpressibleByArgument {}
extension CheckpointChoice: ExpressibleByArgument {}
