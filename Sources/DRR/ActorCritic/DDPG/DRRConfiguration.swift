import Agents
import DRRCore
import Environments
import Factorization
import Tensor

/// Settings of DRR: those of the paper and its open implementations.
public struct DRRConfiguration: AgentConfiguration {
  public static let algorithm = "drr"
  public static let title = "a DRR run"
  public static let command = "train drr"

  public var training = SessionTraining()
  /// Settings of the networks and their updates.
  public var ddpg = DDPGConfiguration()
  /// How training strays from the policy.
  public var exploration = ExplorationKind.epsilon
  /// σ of Gaussian and Ornstein–Uhlenbeck noise, and θ of the latter, a step.
  public var explorationDeviation: Float = 0.1
  /// θ of Ornstein–Uhlenbeck noise, a step.
  public var explorationReversion: Float = 0.15
  /// A random action is drawn from U(0, this) in each of its dimensions.
  public var explorationRange: Float = 0.1

  /// As published: the policy of the last step, on a factorisation with one λ.
  public init() { training.choice = .last }

  public var name: String { training.state.name }
  public var stepsName: String { "DRR steps" }
  public var discount: Float {
    get { ddpg.discount }
    set { ddpg.discount = newValue }
  }
  public var learningRates: String { ddpg.learningRates }

  public func validate() throws(ConfigurationError) {
    try ddpg.validate()
    try training.requireChoosing()
    try training.validate(replayCapacity: ddpg.replayCapacity)
    try ConfigurationError.require("exploration deviation", explorationDeviation, .positive)
    try ConfigurationError.require(
      "exploration reversion", explorationReversion, "above 0 and at most 1"
    ) { $0 > 0 && $0 <= 1 }
    try ConfigurationError.require("exploration range", explorationRange, .positive)
  }

  /// ε at a step, which counts from 0; 0 where noise is added instead.
  public func epsilon(at step: Int) -> Float {
    exploration == .epsilon ? training.epsilon(at: step) : 0
  }

  /// The factorization of the open implementations: Adam, one λ, and positive vectors that carry the
  /// mean, along which an action finds good items. Of very many ratings that of the default.
  public static func settle(_ pmf: inout PMFConfiguration, ratings: Int) {
    guard ratings < PMFConfiguration.many else { return }
    pmf.choose(.adam, ratings: ratings)
    pmf.shareRegularization()
  }

  /// β at a step: 1 at the last.
  public func importanceExponent(at step: Int) -> Float {
    ddpg.importanceExponent(at: step, of: training.steps)
  }

  private enum Keys: CodingKey {
    case ddpg, exploration, explorationDeviation, explorationReversion, explorationRange
  }

  public init(from decoder: any Decoder) throws {
    training = try SessionTraining(from: decoder)
    let own = try decoder.container(keyedBy: Keys.self)
    ddpg = try own.decode(DDPGConfiguration.self, forKey: .ddpg)
    exploration = try own.decode(ExplorationKind.self, forKey: .exploration)
    explorationDeviation = try own.decode(Float.self, forKey: .explorationDeviation)
    explorationReversion = try own.decode(Float.self, forKey: .explorationReversion)
    explorationRange = try own.decode(Float.self, forKey: .explorationRange)
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var own = encoder.container(keyedBy: Keys.self)
    try own.encode(ddpg, forKey: .ddpg)
    try own.encode(exploration, forKey: .exploration)
    try own.encode(explorationDeviation, forKey: .explorationDeviation)
    try own.encode(explorationReversion, forKey: .explorationReversion)
    try own.encode(explorationRange, forKey: .explorationRange)
  }
}

extension DRRConfiguration {
  public func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int) {
    let (n, k) = (Double(training.window), Double(dimension))
    ddpg.addMemory(
      to: &need, state: training.state.width(window: n, dimension: k),
      weights: training.state.weights(window: n, dimension: k), rowWidth: training.rows.width,
      actionWidth: dimension, steps: training.steps)
  }

  public func makeAgent(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any SessionAgent {
    try DRRAgent(self, model: task.model, seed: task.seed, on: backend)
  }

  public func makeTrainer(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any AgentTrainer {
    try DRRTrainer(
      self, environment: task.environment(training), seed: task.seed, on: backend)
  }
}
