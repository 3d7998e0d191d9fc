import DRRCore

/// What a policy is trained by.
public enum PolicyGradientMethod: String, Codable, CaseIterable, Hashable, Sendable {
  /// Returns of whole episodes (Williams 1992).
  case reinforce
  /// Returns of a few steps and what the state after them is worth: advantage actor-critic, the
  /// synchronous form of Mnih et al. 2016.
  case a2c
}

/// What is taken off the returns.
public enum PolicyBaseline: String, Codable, CaseIterable, Hashable, Sendable {
  /// Nothing.
  case none
  /// The mean of the batch.
  case mean
  /// V(s), which is learned beside the policy.
  case value
}

/// Settings of policy gradients, whatever they act in.
public struct PolicyGradientConfiguration: Codable, Hashable, Sendable {
  /// What the policy is trained by.
  public var method = PolicyGradientMethod.reinforce
  /// What is taken off the returns.
  public var baseline = PolicyBaseline.value
  /// Width of the hidden layers.
  public var hidden = 128
  /// Width of an action's vector in tabular MDPs; of an item it is that of the factorisation.
  public var actionWidth = 32
  /// Adam's.
  public var learningRate: Float = 1e-3
  /// γ, a step, 0 ... 1.
  public var discount: Float = 0.9
  /// Weight of the policy's entropy, which keeps it from settling early; 0: none.
  public var entropyWeight: Float = 0.01
  /// Weight of the value's squared error.
  public var valueWeight: Float = 0.5
  /// Largest norm of the gradient.
  public var gradientNorm: Float = 10
  /// Steps between updates of a2c.
  public var rollOutSteps = 8
  /// Whether choices of a log are weighted by π(a | s) / β(a | s), β being learned beside
  /// (Chen et al. 2019). In playback only.
  public var isOffPolicy = true
  /// The largest such weight.
  public var weightCap: Float = 10
  /// K of the top-K correction K(1 − π)^(K−1): lists of K are shown (Chen et al. 2019); 1: none.
  public var topK = 1

  /// The default settings.
  public init() {}

  /// Adds what training takes: of states `width` long, which a module of so many weights makes, and
  /// of actions with vectors as long as `actionWidth`.
  package func addMemory(
    to need: inout MemoryNeed, state width: Double, weights: Double, actions: Int, actionWidth: Int
  ) {
    let (h, k) = (Double(hidden), Double(actionWidth))
    need.addNetworks(
      weights: 2 * width * h + h * h + h * k + weights, haveTargets: false, hidden)
    need.addNetworks(
      "the vectors of all actions", weights: Double(actions) * k, haveTargets: false,
      lower: "--dimension", actionWidth)
  }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("hidden", hidden, in: 1...65_536)
    try ConfigurationError.require("action width", actionWidth, in: 1...65_536)
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("discount", discount, .share)
    for (name, weight) in [("entropy weight", entropyWeight), ("value weight", valueWeight)] {
      try ConfigurationError.require(name, weight, .notNegative)
    }
    try ConfigurationError.require("gradient norm", gradientNorm, "a positive number") { $0 > 0 }
    try ConfigurationError.require("roll-out steps", rollOutSteps, in: 1...10_000)
    try ConfigurationError.require("weight cap", weightCap, "a positive number") { $0 > 0 }
    try ConfigurationError.require("top-K", topK, in: 1...1_000)
  }
}
