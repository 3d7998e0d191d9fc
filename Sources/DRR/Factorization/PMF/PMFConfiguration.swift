import DRRCore
import Tensor

/// Settings of probabilistic matrix factorisation with biases.
public struct PMFConfiguration: Codable, Hashable, Sendable {
  /// k, the length of a user's and an item's vector; DRR's action has the same length.
  public var dimension = 100
  /// How the weights are found.
  public var solver = Solver.adam
  /// Passes over the ratings at most.
  public var epochs = 60
  /// Adam: ratings an update.
  public var batchSize = 1_024
  /// Adam: parts that a batch's gradient is the sum of, a power of two, by the users whose ratings
  /// they are of. So many ranks or fewer that share the parts evenly come to the same bits; nil: a
  /// part a rank.
  public var batchParts: Int?
  /// At the start; it falls linearly over the epochs, Adam's to a tenth and descent's to 0.
  public var learningRate: Float = 2e-3
  /// λ of every vector met, once a rating.
  public var regularization: Float = 0.06
  /// The same of every bias.
  public var biasRegularization: Float = 0.02
  /// The first vectors.
  public var start = Start.uniform(to: 0.1)
  /// Whether the mean reward is taken off before vectors and biases are fitted. Where it is not,
  /// the vectors carry it in a direction that they share, and an agent that scores by ⟨a, q_i⟩
  /// finds good items along it.
  public var isCentered = false
  /// Share of the visible ratings that only decides when to stop.
  public var holdoutShare = 0.05
  /// Epochs without a better held-out error before training ends.
  public var patience = 3

  /// How the weights are found.
  public enum Solver: String, Codable, Hashable, Sendable, CaseIterable {
    /// Kingma & Ba 2015, on shuffled batches.
    case adam
    /// Stochastic gradient descent rating by rating, an epoch in one pass of the device.
    case sgd
  }

  /// How the first vectors are drawn.
  public enum Start: Codable, Hashable, Sendable, CustomStringConvertible {
    /// U(0, to), as the open implementations of DRR do: vectors then point one way, and so does
    /// a random action of the agent.
    case uniform(to: Float)
    /// N(0, deviation²).
    case normal(deviation: Float)

    var width: Float {
      switch self {
      case .uniform(let to): to
      case .normal(let deviation): deviation
      }
    }

    var initializer: Initializer {
      switch self {
      case .uniform(let to): .uniform(low: 0, high: to)
      case .normal(let deviation): .normal(deviation: deviation)
      }
    }

    public var description: String {
      switch self {
      case .uniform(let to): "uniform:\(to)"
      case .normal(let deviation): "normal:\(deviation)"
      }
    }

    /// `uniform:WIDTH` or `normal:DEVIATION`; nil for any other text.
    public init?(_ text: String) {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let width = Float(parts[1]) else { return nil }
      switch parts[0] {
      case "uniform": self = .uniform(to: width)
      case "normal": self = .normal(deviation: width)
      default: return nil
      }
    }
  }

  /// The default settings.
  public init() {}

  /// The settings that suit so many ratings. Below 50,000 they are descent's with the mean taken
  /// off: Adam is the less exact there, and slow to find the mean of one-sided ratings. Above, it
  /// ranks better, but from 5 million on it would take many minutes where descent takes one.
  public init(ratings: Int) {
    choose(50_000..<Self.many ~= ratings ? .adam : .sgd, ratings: ratings)
  }

  /// From so many ratings on Adam takes too long.
  package static let many = 5_000_000

  /// A solver with the settings that suit it.
  ///
  /// - Parameter ratings: how many there are. Of few an epoch is few updates, so that there may be
  ///   more epochs, and more of them without a better error are waited for; Adam's batches are
  ///   smaller.
  public mutating func choose(_ solver: Solver, ratings: Int) {
    let defaults = PMFConfiguration()
    let count = max(1, ratings)
    self.solver = solver
    switch solver {
    case .adam:
      batchSize = max(min(defaults.batchSize, max(64, count / 64)), count / 100)
      let updates = (count + batchSize - 1) / batchSize
      epochs = max(defaults.epochs, min(300, 4_000 / updates))
      patience = max(defaults.patience, 200 / updates)
      learningRate = defaults.learningRate
      regularization = defaults.regularization
      biasRegularization = defaults.biasRegularization
      start = defaults.start
      isCentered = false
    case .sgd:
      // A rating is an update.
      epochs = max(20, min(100, 500_000 / count))
      patience = max(defaults.patience, min(30, 100_000 / count))
      learningRate = 0.06
      regularization = 0.0225
      biasRegularization = 0.05
      start = .uniform(to: 0.03)
      isCentered = count < 50_000
    }
  }

  /// Takes Adam, which so many ranks can share, in place of the descent that one would take since
  /// there are many ratings.
  ///
  /// - Returns: whether it did.
  public mutating func chooseShared(by ranks: Int, ratings: Int) -> Bool {
    guard ranks > 1, solver == .sgd, ratings >= Self.many else { return false }
    choose(.adam, ratings: ratings)
    return true
  }

  /// One λ for vectors and biases. Biases so held back leave more of an item's quality to its
  /// vector, where an action finds it: DRR's published figures are met with this.
  public mutating func shareRegularization() {
    regularization = 0.05
    biasRegularization = 0.05
  }

  /// Of so many ratings, those that only decide when to stop.
  func held(of ratings: Int) -> Int { Int((holdoutShare * Double(ratings)).rounded()) }

  /// What an epoch's progress counts.
  package var stepsName: String { solver == .adam ? "PMF batches" : "PMF rounds" }

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("PMF dimension", dimension, in: 1...4096)
    try ConfigurationError.require("PMF epochs", epochs, in: 1...1_000_000)
    try ConfigurationError.require("PMF batch size", batchSize, in: 1...100_000_000)
    try ConfigurationError.require("PMF batch parts", parts: batchParts)
    try ConfigurationError.require("PMF learning rate", learningRate, .positive)
    try ConfigurationError.require("PMF regularization", regularization, .notNegative)
    try ConfigurationError.require("PMF bias regularization", biasRegularization, .notNegative)
    try ConfigurationError.require("PMF start", start, "of a positive width") {
      $0.width > 0 && $0.width.isFinite
    }
    try ConfigurationError.require("PMF holdout share", holdoutShare, "0 or more and below 0.5") {
      $0 >= 0 && $0 < 0.5
    }
    try ConfigurationError.require("PMF patience", patience, in: 1...)
  }
}

extension PMFConfiguration {
  /// - Throws: `ConfigurationError` where so many ranks cannot share the work.
  func require(ranks: Int) throws(ConfigurationError) {
    guard ranks > 1 else { return }
    guard solver == .adam else {
      throw ConfigurationError(
        "the PMF solver is \(solver), which works in one process, not in \(ranks); take adam")
    }
    try ConfigurationError.require("PMF batch parts", parts: batchParts, sharedBy: ranks)
  }
}

extension KeyedDecodingContainer {
  /// Adam where a run was started before there was a choice.
  func decode(
    _ type: PMFConfiguration.Solver.Type, forKey key: Key
  ) throws -> PMFConfiguration.Solver {
    try decodeIfPresent(type, forKey: key) ?? .adam
  }
}
