import DRRCore
import Environments

/// Settings that the training of every agent of users' sessions shares. JSON keeps them beside the
/// agent's own.
public struct SessionTraining: Codable, Hashable, Sendable, FlatSettings {
  /// What a state is made of.
  public var state = StateModuleKind.ave
  /// n, the items that a state is made from: the latest liked ones, or rated ones where it reads
  /// rewards.
  public var window = 5
  /// T, the items of an episode.
  public var sessionLength = 10
  /// Items recommended in training, in all environments.
  public var steps = 20_000
  /// The simulator that it is trained in.
  public var world = TrainingWorld.pmf
  /// c, the strength of consecutive items' effects on the reward (``Satisfaction``); 0: none.
  public var consecutive: Float = 0
  /// Whether the agent is told the clusters that these effects are made of, and what an item earns
  /// by itself; nil or false: it sees what was earned.
  public var tellsClusters: Bool?
  /// Environments that step together.
  public var environments = 1
  /// Updates after each step that the environments take together.
  public var updatesPerStep = 1
  /// Parts that a batch's gradient is the sum of, a power of two: as many ranks or fewer come to the
  /// same bits. Nil: a part a rank.
  public var batchParts: Int?
  /// Steps before the first update.
  public var learningStarts = 1_000
  /// ε at the first step, at the last of the exploration steps, and how many those are.
  public var epsilonStart: Float = 1
  /// ε of the last exploration step and of all after it, 0 ... 1.
  public var epsilonEnd: Float = 0.1
  /// The steps in which ε falls linearly.
  public var explorationSteps = 5_000
  /// Whether every choice that a log plays back earns 1, in place of what the user thought of it.
  public var rewardsWatching: Bool?
  /// Times that training stops to rank the validation users' items; 0: never.
  public var validations = 10
  /// Validations in a row without a better NDCG@10 after which training ends; nil: never.
  public var patience: Int?
  /// Which of the policies on the way is the agent.
  public var choice = CheckpointChoice.best
  /// The step whose policy is the agent, whatever the choice: a myopic copy is compared with its
  /// agent at the same step.
  public var keptStep: Int?

  /// The rows that states are gathered from.
  package var rows: StateRows { state.rows(window: window) }

  /// Whether the agent can be another policy than that of the last step.
  public var keepsEarlier: Bool { choice == .best || keptStep != nil }

  /// The default settings.
  public init() {}

  /// Settings of an agent that follows users' logs instead of acting.
  public static var playback: SessionTraining {
    var training = SessionTraining()
    training.world = .playback
    training.state = .gru
    training.window = 10
    training.steps = 100_000
    training.environments = 64
    training.epsilonEnd = 0.05
    training.explorationSteps = 50_000
    training.choice = .last
    return training
  }

  /// - Parameter replayCapacity: transitions that are kept; nil if none are.
  public func validate(replayCapacity: Int? = nil) throws(ConfigurationError) {
    try ConfigurationError.require("window", window, in: 1...1_000)
    try ConfigurationError.require("session length", sessionLength, in: 1...)
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try Satisfaction.validate(strength: consecutive)
    try ConfigurationError.require("environments", environments, in: 1...65_536)
    if let replayCapacity {
      try ConfigurationError.require(
        "environments", environments, "at most the replay capacity, \(replayCapacity)"
      ) { $0 <= replayCapacity }
    }
    try ConfigurationError.require("updates per step", updatesPerStep, in: 1...65_536)
    try ConfigurationError.require("batch parts", parts: batchParts)
    try ConfigurationError.require("learning starts", learningStarts, in: 0...)
    for (name, epsilon) in [("epsilon start", epsilonStart), ("epsilon end", epsilonEnd)] {
      try ConfigurationError.require(name, epsilon, .share)
    }
    try ConfigurationError.require("exploration steps", explorationSteps, in: 0...)
    try ConfigurationError.require("validations", validations, in: 0...1_000)
    if let patience { try ConfigurationError.require("patience", patience, in: 1...1_000) }
  }

  /// Throws `ConfigurationError` if the log is to choose, which only agents of item values bear.
  public func requireChoosing() throws(ConfigurationError) {
    try ConfigurationError.require(
      "world", world,
      "log, pmf or items: only deep Q-learning and policy gradients learn in playback"
    ) { $0 != .playback }
  }

  /// Whether a validation falls due on the way from one step to another.
  package func validates(after before: Int, upTo step: Int, of steps: Int) -> Bool {
    func due(_ step: Int) -> Int { min(step, steps) * validations / steps }
    return due(step) > due(before)
  }

  /// ε at a step, which counts from 0.
  public func epsilon(at step: Int) -> Float {
    guard step < explorationSteps else { return epsilonEnd }
    return epsilonStart + (epsilonEnd - epsilonStart) * Float(step) / Float(explorationSteps)
  }
}
