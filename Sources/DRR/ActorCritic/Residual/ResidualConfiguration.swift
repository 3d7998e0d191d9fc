import DRRCore
import Factorization

/// Settings of the residual agent beside those that it shares with DRR.
public struct ResidualConfiguration: Codable, Hashable, Sendable {
  /// Settings of the user posteriors.
  public var beliefs = BeliefModel.Configuration()
  /// How much the run's own PMF counts beside each belief's 1. Training users' vectors know how
  /// their sessions went on, so nothing is learned of it; 0 leaves it out.
  public var anchor: Float = 4
  /// Width of the hidden layers.
  public var hidden = 64
  /// How far the learned part moves a coordinate of the action at most.
  public var reach: Float = 0.5
  /// Updates by cloning before the first step; 0: none.
  public var cloningSteps = 2_000
  /// Adam's in cloning; it falls linearly to 0.
  public var cloningLearningRate: Float = 3e-3
  /// L2, in the gradient of the actor.
  public var weightDecay: Float = 1e-4
  /// C, the items among which a training step chooses.
  public var candidates = 20
  /// Of the softmax by which the actor's choice is made differentiable.
  public var temperature: Float = 0.5

  /// The default settings.
  public init() {}

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try beliefs.validate()
    try ConfigurationError.require("residual hidden width", hidden, in: 1...65_536)
    try ConfigurationError.require("anchor", anchor, .notNegative)
    try ConfigurationError.require("residual reach", reach, .notNegative)
    try ConfigurationError.require("cloning steps", cloningSteps, in: 0...1_000_000_000)
    try ConfigurationError.require("cloning learning rate", cloningLearningRate, .positive)
    try ConfigurationError.require("residual weight decay", weightDecay, .notNegative)
    try ConfigurationError.require("candidates", candidates, in: 2...1_024)
    try ConfigurationError.require("temperature", temperature, .positive)
  }
}
