import Agents
import DRRCore
import DeepQ
import Environments
import PolicyGradients

/// Settings of DRR: those of the paper and its open implementations.
public struct DRRConfiguration: Codable, Hashable, Sendable {
  public var ddpg = DDPGConfiguration()
  /// The residual agent in place of the paper's, where present.
  public var residual: ResidualConfiguration?
  /// Deep Q-learning in place of DDPG, where present; what both have here is then not DDPG's.
  public var dqn: DQNConfiguration?
  /// A policy gradient in its place, where present.
  public var policyGradient: PolicyGradientConfiguration?
  /// Whether every choice that a log plays back earns 1, in place of what the user thought of it.
  public var rewardsWatching: Bool?
  /// What a state is made of.
  public var state = StateModuleKind.ave
  /// n, the liked items that a state is made from.
  public var window = 5
  /// T, the items of a session.
  public var sessionLength = 10
  /// Items recommended in training, in all environments.
  public var steps = 20_000
  /// The simulator that it is trained in.
  public var world = TrainingWorld.pmf
  /// c, the strength of consecutive items' effects on the reward (``Satisfaction``); 0: none.
  public var consecutive: Float = 0
  /// Environments that step together.
  public var environments = 1
  /// Updates after each step that the environments take together.
  public var updatesPerStep = 1
  /// Steps before the first update.
  public var learningStarts = 1_000
  /// How training strays from the policy.
  public var exploration = ExplorationKind.epsilon
  /// σ of Gaussian and Ornstein–Uhlenbeck noise, and θ of the latter, a step.
  public var explorationDeviation: Float = 0.1
  public var explorationReversion: Float = 0.15
  /// ε at the first step, at the last of the exploration steps, and how many those are.
  public var epsilonStart: Float = 1
  public var epsilonEnd: Float = 0.1
  public var explorationSteps = 5_000
  /// A random action is drawn from U(0, this) in each of its dimensions.
  public var explorationRange: Float = 0.1
  /// Times that training stops to re-rank the validation users' sessions; 0: never.
  public var validations = 10
  /// Which of the policies on the way is the agent.
  public var choice = CheckpointChoice.best

  public init() {}

  public func validate() throws(ConfigurationError) {
    try ddpg.validate()
    try residual?.validate()
    try dqn?.validate()
    try policyGradient?.validate()
    if let policyGradient, policyGradient.method == .a2c, world == .playback {
      throw ConfigurationError(
        "the method is a2c; a log's choices are learned from by reinforce")
    }
    try ConfigurationError.require(
      "world", world,
      "log, pmf or items: only deep Q-learning and policy gradients learn in playback"
    ) { $0 != .playback || dqn != nil || policyGradient != nil }
    try ConfigurationError.require("window", window, in: 1...1_000)
    try ConfigurationError.require("session length", sessionLength, in: 1...)
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try Satisfaction.validate(strength: consecutive)
    try ConfigurationError.require("environments", environments, in: 1...65_536)
    try ConfigurationError.require(
      "environments", environments, "at most the replay capacity, \(ddpg.replayCapacity)"
    ) { $0 <= ddpg.replayCapacity }
    try ConfigurationError.require("updates per step", updatesPerStep, in: 1...65_536)
    try ConfigurationError.require("learning starts", learningStarts, in: 0...)
    for (name, epsilon) in [("epsilon start", epsilonStart), ("epsilon end", epsilonEnd)] {
      try ConfigurationError.require(name, epsilon, .share)
    }
    try ConfigurationError.require("exploration steps", explorationSteps, in: 0...)
    try ConfigurationError.require("exploration deviation", explorationDeviation, .positive)
    try ConfigurationError.require(
      "exploration reversion", explorationReversion, "above 0 and at most 1"
    ) { $0 > 0 && $0 <= 1 }
    try ConfigurationError.require("exploration range", explorationRange, .positive)
    try ConfigurationError.require("validations", validations, in: 0...1_000)
  }

  /// Whether a validation falls due on the way from one step to another.
  package func validates(after before: Int, upTo step: Int, of steps: Int) -> Bool {
    func due(_ step: Int) -> Int { min(step, steps) * validations / steps }
    return due(step) > due(before)
  }

  /// ε at a step, which counts from 0; 0 where noise is added instead.
  public func epsilon(at step: Int) -> Float {
    guard exploration == .epsilon else { return 0 }
    guard step < explorationSteps else { return epsilonEnd }
    return epsilonStart + (epsilonEnd - epsilonStart) * Float(step) / Float(explorationSteps)
  }

  /// β at a step: 1 at the last.
  public func importanceExponent(at step: Int) -> Float {
    let progress = min(1, Float(step) / Float(max(steps - 1, 1)))
    return ddpg.importanceExponent + (1 - ddpg.importanceExponent) * progress
  }
}
