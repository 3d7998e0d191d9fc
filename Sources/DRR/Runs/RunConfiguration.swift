import ActorCritic
import DRRCore
import DRRData
import Factorization

/// Every setting of a run, resolved: what its folder keeps as `config.json`.
public struct RunConfiguration: Codable, Hashable, Sendable {
  public var data: DataIdentity
  public var seed: UInt64
  public var evaluation: EvaluationProtocol
  public var scale: RewardScale
  public var pmf: PMFConfiguration
  /// Absent until an agent is trained.
  public var drr: DRRConfiguration?

  public init(
    data: DataIdentity, seed: UInt64, evaluation: EvaluationProtocol, scale: RewardScale,
    pmf: PMFConfiguration, drr: DRRConfiguration?
  ) {
    self.data = data
    self.seed = seed
    self.evaluation = evaluation
    self.scale = scale
    self.pmf = pmf
    self.drr = drr
  }

  public func validate() throws(ConfigurationError) {
    try evaluation.validate()
    try scale.validate()
    try pmf.validate()
    try drr?.validate()
  }
}

extension RunConfiguration {
  /// The defaults for these ratings.
  public init(source: String, log: RatingsLog) {
    var pmf = PMFConfiguration()
    pmf.batchSize = max(pmf.batchSize, log.count / 100)
    self.init(
      data: DataIdentity(source: source, log: log), seed: 0, evaluation: EvaluationProtocol(),
      scale: RewardScale(ratingRange: log.ratingRange), pmf: pmf, drr: nil)
  }

  /// Whether results under the two are the same: where the data lie is no part of it.
  func isSame(as other: RunConfiguration) -> Bool {
    var other = other
    other.data.source = data.source
    other.data.name = data.name
    return other == self
  }

  /// The first setting in which another configuration differs, by its path.
  public func firstDifference(
    from other: RunConfiguration
  ) -> (name: String, begun: String, wanted: String)? {
    firstSettingThatDiffers(self, other)
  }
}
