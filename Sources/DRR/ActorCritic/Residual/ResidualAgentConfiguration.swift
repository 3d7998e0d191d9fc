import Agents
import DRRCore
import Environments
import Factorization
import Tensor

/// Settings of the residual agent and of its training.
public struct ResidualAgentConfiguration: AgentConfiguration {
  public static let algorithm = "residual"
  public static let title = "a run of the residual agent"
  public static let command = "train residual"

  public var training = SessionTraining()
  /// Settings of the networks' updates, shared with DDPG.
  public var ddpg = DDPGConfiguration()
  /// Settings of the residual agent alone.
  public var residual = ResidualConfiguration()

  /// Trained on logged items, by two critics with delayed and slow updates.
  public init() {
    training.world = .log
    training.environments = 16
    training.steps = 5_000
    training.epsilonStart = 0.3
    training.epsilonEnd = 0.05
    ddpg.replayCapacity = 20_000
    ddpg.twinCritics = true
    ddpg.policyDelay = 2
    ddpg.targetRate = 0.005
    ddpg.actorLearningRate = 1e-4
    ddpg.weightDecay = 1e-4
  }

  public var name: String { isTold ? "residual agent, told clusters" : "residual agent" }
  private var isTold: Bool { training.tellsClusters == true }
  public var stepsName: String { "steps" }
  public var preparation: Int { residual.cloningSteps }
  public var beliefs: BeliefModel.Configuration? { residual.beliefs }
  public var discount: Float {
    get { ddpg.discount }
    set { ddpg.discount = newValue }
  }
  public var learningRates: String { ddpg.learningRates }

  public func validate() throws(ConfigurationError) {
    try ddpg.validate()
    try residual.validate()
    try training.requireChoosing()
    try training.validate(replayCapacity: ddpg.replayCapacity)
  }

  public func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int) {
    // Of every transition two states beside it, each longer than the item's vector.
    need.addReplay(
      capacity: ddpg.replayCapacity, steps: training.steps,
      width: 2 * (1 + residual.candidates) + 3 * dimension + 2)
  }

  public func makeAgent(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any SessionAgent {
    try ResidualAgent(
      residual, ddpg, model: beliefModel(task), factorization: task.model,
      profiles: task.visibleRewards, isTold: isTold, seed: task.seed, on: backend)
  }

  public func makeTrainer(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any AgentTrainer {
    try ResidualTrainer(
      self, model: beliefModel(task), factorization: task.model, world: task.world(),
      log: task.log, split: task.split, statistics: task.statistics, evaluation: task.evaluation,
      scale: task.scale, seed: task.seed, on: backend)
  }

  /// The beliefs; under a streak effect, unless the agent is told its clusters, with those of the
  /// factorisation's vectors in their place.
  private func beliefModel(_ task: AgentTask) throws -> BeliefModel {
    var model = try task.beliefs(residual.beliefs)
    if training.consecutive != 0, !isTold { model.kinds = ItemClusters.fit(task.model) }
    return model
  }

  private enum Keys: CodingKey { case ddpg, residual }

  public init(from decoder: any Decoder) throws {
    training = try SessionTraining(from: decoder)
    let own = try decoder.container(keyedBy: Keys.self)
    ddpg = try own.decode(DDPGConfiguration.self, forKey: .ddpg)
    residual = try own.decode(ResidualConfiguration.self, forKey: .residual)
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var own = encoder.container(keyedBy: Keys.self)
    try own.encode(ddpg, forKey: .ddpg)
    try own.encode(residual, forKey: .residual)
  }
}
