/// Every setting of a run, resolved: what its folder keeps as `config.json`.
public struct RunConfiguration: Codable, Hashable, Sendable {
  /// Which data, and what they were when the run began.
  public struct Data: Codable, Hashable, Sendable {
    public var source: String
    public var name: String
    public var checksum: String
    public var ratings: Int
    public var users: Int
    public var items: Int

    public init(source: String, log: RatingsLog) {
      self.source = source
      name = log.name
      checksum = log.checksum
      ratings = log.count
      users = log.userCount
      items = log.itemCount
    }
  }

  public var data: Data
  public var seed: UInt64
  public var evaluation: EvaluationProtocol
  public var scale: RewardScale
  public var pmf: PMFConfiguration
  /// Absent until an agent is trained.
  public var drr: DRRConfiguration?

  public init(
    data: Data, seed: UInt64, evaluation: EvaluationProtocol, scale: RewardScale,
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
    try pmf.validate()
    try drr?.validate()
  }
}
