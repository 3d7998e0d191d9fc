import DRRCore

/// Settings of deep Q-learning, whatever it acts in.
public struct DQNConfiguration: Codable, Hashable, Sendable {
  /// Width of the hidden layers.
  public var hidden = 128
  /// Width of an action's vector in tabular MDPs; of an item it is that of the factorisation.
  public var actionWidth = 32
  /// Whether the network chooses the next action that its target values (van Hasselt, Guez & Silver
  /// 2016).
  public var isDouble = true
  /// Whether a state's value and its actions' advantages are told apart (Wang et al. 2016).
  public var isDuelling = true
  /// Adam's.
  public var learningRate: Float = 1e-3
  /// γ, a step, 0 ... 1.
  public var discount: Float = 0.9
  /// Transitions an update.
  public var batchSize = 64
  /// τ, with which the target follows after every update.
  public var targetRate: Float = 0.01
  /// Largest norm of the gradient.
  public var gradientNorm: Float = 10
  /// n of the n-step returns.
  public var returnSteps = 1
  /// Transitions kept.
  public var replayCapacity = 100_000
  /// α and β of prioritised replay (Schaul et al. 2016); α 0 draws evenly.
  public var priorityExponent: Float = 0.6
  /// β at the start; it rises linearly to 1 over training.
  public var importanceExponent: Float = 0.4
  /// Weight of the log-sum-exp of all values less that of the logged action, which keeps values of
  /// what no log shows down (Kumar et al. 2020, CQL); 0: none.
  public var conservatism: Float = 0

  /// The default settings.
  public init() {}

  /// Adds what training takes: of states `width` long, which a module of so many weights makes of
  /// `rowWidth` integers, and of actions with vectors as long as `actionWidth`.
  package func addMemory(
    to need: inout MemoryNeed, state width: Double, weights: Double, rowWidth: Int, actions: Int,
    actionWidth: Int, steps: Int
  ) {
    let (h, k) = (Double(hidden), Double(actionWidth))
    let network = width * h + h * h + h * k + weights + (isDuelling ? width * h : 0)
    need.addNetworks(weights: network, haveTargets: true, hidden)
    need.addNetworks(
      "the vectors of all actions", weights: Double(actions) * k, haveTargets: true,
      lower: "--dimension", actionWidth)
    need.addReplay(capacity: replayCapacity, steps: steps, width: 2 * (rowWidth + 1) + 3)
    need.add(
      "the states of a batch", device: Double(batchSize) * (width + 2 * h), lower: "--batch-size",
      batchSize)
  }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("hidden", hidden, in: 1...65_536)
    try ConfigurationError.require("action width", actionWidth, in: 1...65_536)
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("discount", discount, .share)
    try ConfigurationError.require("batch size", batchSize, in: 1...65_536)
    try ConfigurationError.require("target rate", targetRate, "above 0 and at most 1") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("gradient norm", gradientNorm, "a positive number") { $0 > 0 }
    try ConfigurationError.require("return steps", returnSteps, in: 1...1_000)
    try ConfigurationError.require("replay", replayCapacity, in: 1...100_000_000)
    for (name, exponent) in [
      ("priority exponent", priorityExponent), ("importance exponent", importanceExponent),
    ] {
      try ConfigurationError.require(name, exponent, .share)
    }
    try ConfigurationError.require("conservatism", conservatism, .notNegative)
  }
}
