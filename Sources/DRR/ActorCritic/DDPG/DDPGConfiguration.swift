import DRRCore
import Tensor

/// Settings of deep deterministic policy gradient (Lillicrap et al. 2016) with prioritised replay
/// (Schaul et al. 2016), and of what TD3 adds to it (Fujimoto, van Hoof & Meger 2018).
public struct DDPGConfiguration: Codable, Hashable, Sendable {
  /// Width of the hidden layers.
  public var hidden = 128
  /// Transitions an update.
  public var batchSize = 64
  /// Adam's for the actor.
  public var actorLearningRate: Float = 5e-4
  /// Adam's for the critic.
  public var criticLearningRate: Float = 1e-3
  /// L2, in the gradient of both networks.
  public var weightDecay: Float = 1e-3
  /// Largest norm of the critic's gradient.
  public var criticGradientNorm: Float = 1
  /// γ, a step.
  public var discount: Float = 0.9
  /// τ, the weight of the online networks in a target update.
  public var targetRate: Float = 0.001
  /// Transitions kept.
  public var replayCapacity = 200_000
  /// α of prioritised replay; 0 samples uniformly.
  public var priorityExponent: Float = 0.3
  /// β at the start; it rises linearly to 1 over training.
  public var importanceExponent: Float = 0.4
  /// Two critics, the smaller of whose target values is learned from (Fujimoto et al. 2018,
  /// algorithm 1). They share the norm that the gradient is clipped to.
  public var twinCritics = false
  /// d, updates of the critic to one of the actor and the targets (Fujimoto et al. 2018,
  /// algorithm 1, where it is 2).
  public var policyDelay = 1
  /// σ of the noise on the target's actions, 0 for none, and how far it may go (Fujimoto et al.
  /// 2018, algorithm 1).
  public var targetNoise: Float = 0
  /// The bound of the noise on the target's actions, either way.
  public var targetNoiseClip: Float = 0.5
  /// Weight of self-imitation in the actor's loss: remembered actions whose target y is above
  /// Q(s, π(s)) draw the policy to themselves (Oh et al. 2018, eq. 2, with y for the return), in
  /// shares by (y − Q)⁴ that add up to 1 in a batch. So the few that earned far more outweigh the
  /// many that seem to by the critic's error, and draw as strongly where they are rare. Nil: none.
  public var imitationWeight: Float?
  /// n, rewards of a transition before the value of a state takes over (Sutton & Barto 2018,
  /// eq. 7.1).
  public var returnSteps = 1

  /// The default settings.
  public init() {}

  /// Adds what training takes: of states `width` long, which a module of so many weights makes out
  /// of rows of `rowWidth` integers.
  package func addMemory(
    to need: inout MemoryNeed, state width: Double, weights: Double, rowWidth: Int,
    actionWidth: Int, steps: Int
  ) {
    let (h, k) = (Double(hidden), Double(actionWidth))
    let actor = width * h + h * h + h * k + weights
    let critic = width * h + 2 * (h + k) * (h + k)
    need.addNetworks(
      weights: actor + (twinCritics ? 2 : 1) * critic, haveTargets: true, hidden)
    need.addReplay(capacity: replayCapacity, steps: steps, width: 2 * rowWidth + actionWidth + 2)
    need.add(
      "the states of a batch", device: Double(batchSize) * (width + 4 * h), lower: "--batch-size",
      batchSize)
  }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("hidden width", hidden, in: 1...65_536)
    try ConfigurationError.require("batch size", batchSize, in: 1...65_536)
    for (name, rate) in [
      ("actor learning rate", actorLearningRate), ("critic learning rate", criticLearningRate),
      ("critic gradient norm", criticGradientNorm),
    ] {
      try ConfigurationError.require(name, rate, .positive)
    }
    try ConfigurationError.require("weight decay", weightDecay, .notNegative)
    try ConfigurationError.require("discount", discount, "0 or more and below 1") {
      $0 >= 0 && $0 < 1
    }
    try ConfigurationError.require("target rate", targetRate, "above 0 and at most 1") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("replay capacity", replayCapacity, in: 1...100_000_000)
    try ConfigurationError.require("replay capacity", replayCapacity, "at least a batch") {
      $0 >= batchSize
    }
    try ConfigurationError.require("policy delay", policyDelay, in: 1...1_000)
    try ConfigurationError.require("target noise", targetNoise, .notNegative)
    try ConfigurationError.require("target noise clip", targetNoiseClip, .positive)
    try ConfigurationError.require("imitation weight", imitationWeight ?? 0, .notNegative)
    try ConfigurationError.require("return steps", returnSteps, in: 1...1_000)
    try ConfigurationError.require("return steps", returnSteps, "at most the replay capacity") {
      $0 <= replayCapacity
    }
    try ConfigurationError.require("priority exponent", priorityExponent, .share)
    try ConfigurationError.require("importance exponent", importanceExponent, .share)
  }

  /// β at a step of so many: 1 at the last.
  public func importanceExponent(at step: Int, of steps: Int) -> Float {
    ReplayBuffer.importanceExponent(from: importanceExponent, at: step, of: steps)
  }

  /// For the message of a training that diverged.
  package var learningRates: String {
    "\(actorLearningRate) of the actor and \(criticLearningRate) of the critic"
  }
}
