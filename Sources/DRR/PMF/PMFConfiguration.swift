/// Settings of probabilistic matrix factorisation with biases.
public struct PMFConfiguration: Codable, Hashable, Sendable {
  /// k, the length of a user's and an item's vector; DRR's action has the same length.
  public var dimension = 100
  /// Passes over the ratings at most.
  public var epochs = 60
  /// Ratings an update.
  public var batchSize = 1_024
  /// Adam's, at the start; it falls linearly to a tenth over the epochs.
  public var learningRate: Float = 2e-3
  /// λ of every vector met in a batch, once a rating.
  public var regularization: Float = 0.06
  /// The same of every bias.
  public var biasRegularization: Float = 0.02
  /// Standard deviation of the first vectors. Small and centred: cold items then score about 0.
  public var initialDeviation: Float = 0.05
  /// Share of the visible ratings that only decides when to stop.
  public var holdoutShare = 0.05
  /// Epochs without a better held-out error before training ends.
  public var patience = 3

  public init() {}

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("PMF dimension", dimension, "1 ... 4096") {
      (1...4096).contains($0)
    }
    try ConfigurationError.require("PMF epochs", epochs, "1 or more") { $0 >= 1 }
    try ConfigurationError.require("PMF batch size", batchSize, "1 or more") { $0 >= 1 }
    try ConfigurationError.require("PMF learning rate", learningRate, "a positive number") {
      $0 > 0 && $0.isFinite
    }
    try ConfigurationError.require("PMF regularization", regularization, "0 or more") {
      $0 >= 0 && $0.isFinite
    }
    try ConfigurationError.require(
      "PMF bias regularization", biasRegularization, "0 or more"
    ) { $0 >= 0 && $0.isFinite }
    try ConfigurationError.require("PMF initial deviation", initialDeviation, "a positive number") {
      $0 > 0 && $0.isFinite
    }
    try ConfigurationError.require("PMF holdout share", holdoutShare, "0 or more and below 0.5") {
      $0 >= 0 && $0 < 0.5
    }
    try ConfigurationError.require("PMF patience", patience, "1 or more") { $0 >= 1 }
  }
}
