import DRRCore
import Environments

/// Settings of SlateQ and of what it is compared with, in whatever world of slates they act.
public struct SlateQConfiguration: Codable, Hashable, Sendable {
  /// What is learned.
  public let learner: SlateLearner
  /// Users side by side.
  public var environments = 256
  /// T, the steps of each user between one set of updates and the next.
  public var horizon = 32
  /// How many times T steps are kept to learn from; as many are random before the first update.
  public var rollouts = 8
  /// Passes over what is new, drawn from all that is kept.
  public var epochs = 1
  /// Steps an update.
  public var batchSize = 1024
  /// Width of the hidden layers.
  public var hidden = 64
  /// Adam's; it falls in a straight line to a fiftieth of this.
  public var learningRate: Float = 1e-3
  /// How fast the weights that are played follow those that are learned, an update.
  public var averageRate: Float = 0.01
  /// γ, a step, 0 ... 1; 1 is right where episodes end.
  public var discount: Float = 1
  /// λ of the returns, 0 ... 1.
  public var lambda: Float = 0.8
  /// ε, with which a slate is drawn at random.
  public var epsilon = 0.1
  /// How much is left after a step of what the agent remembers of an episode; each is a memory of
  /// its own. 1 adds up, 0 keeps the latest.
  public var decays: [Float] = [1]
  /// Whether it remembers what the chosen documents were, beside the responses to them.
  public var remembersDocuments = false
  /// The latest steps that a GRU reads, response and document of each; 0: there is none.
  public var window = 0
  /// Units of the GRU.
  public var units = 32
  /// What the entropy of a policy is worth, in deviations of the returns a nat.
  public var entropyWeight: Float = 0.01
  /// The most that a step of an older policy weighs.
  public var weightCap: Float = 2
  /// How a slate is made of values.
  public var slates = SlateMethod.exact
  /// Steps of all users together.
  public var steps = 1_000_000
  /// Evaluations on users of its own in training; the best policy is kept.
  public var validations = 20
  /// Episodes of each.
  public var validationEpisodes = 256

  /// The default settings of a learner. A policy gradient learns from its latest steps alone, four
  /// times, and explores by its own draws.
  public init(_ learner: SlateLearner = .slateq) {
    self.learner = learner
    guard learner == .pg else { return }
    (rollouts, epochs, epsilon, lambda) = (1, 4, 0, 0.95)
  }

  /// Settings as a run's folder has them; what older programs did not know is as it was then.
  public init(from decoder: any Decoder) throws {
    let found = try decoder.container(keyedBy: CodingKeys.self)
    self.init(try found.decodeIfPresent(SlateLearner.self, forKey: .learner) ?? .slateq)
    environments = try found.decode(Int.self, forKey: .environments)
    horizon = try found.decode(Int.self, forKey: .horizon)
    rollouts = try found.decode(Int.self, forKey: .rollouts)
    epochs = try found.decode(Int.self, forKey: .epochs)
    batchSize = try found.decode(Int.self, forKey: .batchSize)
    hidden = try found.decode(Int.self, forKey: .hidden)
    learningRate = try found.decode(Float.self, forKey: .learningRate)
    averageRate = try found.decode(Float.self, forKey: .averageRate)
    discount = try found.decode(Float.self, forKey: .discount)
    lambda = try found.decode(Float.self, forKey: .lambda)
    epsilon = try found.decode(Double.self, forKey: .epsilon)
    decays = try found.decode([Float].self, forKey: .decays)
    remembersDocuments = try found.decode(Bool.self, forKey: .remembersDocuments)
    window = try found.decodeIfPresent(Int.self, forKey: .window) ?? window
    units = try found.decodeIfPresent(Int.self, forKey: .units) ?? units
    entropyWeight = try found.decodeIfPresent(Float.self, forKey: .entropyWeight) ?? entropyWeight
    weightCap = try found.decodeIfPresent(Float.self, forKey: .weightCap) ?? weightCap
    slates = try found.decode(SlateMethod.self, forKey: .slates)
    steps = try found.decode(Int.self, forKey: .steps)
    validations = try found.decode(Int.self, forKey: .validations)
    validationEpisodes = try found.decode(Int.self, forKey: .validationEpisodes)
  }

  /// Steps that are kept.
  package var capacity: Int { rollouts * horizon * environments }
  /// Steps of all users in one rollout.
  package var rolloutSteps: Int { horizon * environments }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("environments", environments, in: 1...65_536)
    try ConfigurationError.require("horizon", horizon, in: 1...10_000)
    try ConfigurationError.require("rollouts", rollouts, in: 1...1_000)
    try ConfigurationError.require("steps kept", capacity, in: 1...100_000_000)
    try ConfigurationError.require("epochs", epochs, in: 1...1_000)
    try ConfigurationError.require("batch size", batchSize, in: 1...65_536)
    try ConfigurationError.require("hidden", hidden, in: 1...65_536)
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("discount", discount, .share)
    try ConfigurationError.require("average rate", averageRate, "above 0 and at most 1") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("lambda", lambda, .share)
    try ConfigurationError.require("epsilon", epsilon, .share)
    try ConfigurationError.require("window", window, in: 0...1_000)
    try ConfigurationError.require("units", units, in: 1...65_536)
    try ConfigurationError.require("entropy weight", entropyWeight, .notNegative)
    try ConfigurationError.require("weight cap", weightCap, .positive)
    if learner == .pg && rollouts > 1 {
      throw ConfigurationError(
        "rollouts is \(rollouts); a policy gradient learns from the latest one, so it must be 1")
    }
    try ConfigurationError.require("decays", decays, "at most 16 numbers between 0 and 1") {
      $0.count <= 16 && $0.allSatisfy { 0...1 ~= $0 }
    }
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try ConfigurationError.require("validations", validations, in: 1...10_000)
    try ConfigurationError.require("validation episodes", validationEpisodes, in: 1...10_000)
  }

  /// Adds what training takes, with inputs and steps so wide.
  package func addMemory(
    to need: inout MemoryNeed, _ layout: WorldObservation.Layout, width: Int, stepWidth: Int
  ) {
    let past = window > 0 ? Double(units) : 0
    let (h, m) = (Double(hidden), Double(width))
    let (n, k) = (Double(layout.candidates), Double(layout.slate))
    let steps = Double(window * stepWidth)
    need.addNetworks(
      weights: 2 * ((m + past) * h + h * h + h)
        + 3 * past * (past + Double(stepWidth)), haveTargets: true, hidden)
    let kept =
      Double(capacity)
      * (Double(learner.places(layout)) * m + steps + (learner == .pg ? (k - 1) * n : 0))
    need.add(
      "the steps that are kept", host: kept, device: kept, lower: "--rollouts", rollouts)
    need.add(
      "what all users are offered", host: Double(environments) * ((n + 1) * m + steps),
      device: Double(environments) * ((n + 1) * (m + past + 2 * h) + steps * (1 + 3 * past)),
      lower: "--num-envs", environments)
  }
}

extension SlateLearner {
  /// Inputs of a step that are kept: what was shown; and none; or all documents and none.
  func places(_ layout: WorldObservation.Layout) -> Int {
    switch self {
    case .slateq: layout.slate + 1
    case .dqn: layout.slate
    case .pg: layout.candidates + 1
    }
  }

  /// How many of them, from the first on, are worth what followed.
  func valued(_ layout: WorldObservation.Layout) -> Int { self == .dqn ? layout.slate : 1 }
}

/// How a slate is made of the values and weights of what may be shown (Ie et al. 2019, section 4.3).
public enum SlateMethod: String, Codable, CaseIterable, Hashable, Sendable {
  /// The slate of the highest expected value.
  case exact
  /// One after another, each the one that raises the expected value most.
  case greedy
  /// The documents of the highest weight times value.
  case topK = "top-k"
}
