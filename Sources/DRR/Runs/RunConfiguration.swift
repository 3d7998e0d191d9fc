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

    /// Throws `RunError` where a log holds other ratings than these, whatever it is called.
    ///
    /// - Parameter path: where the log was read from; nil: where these were.
    public func requireContents(of log: RatingsLog, from path: String? = nil) throws {
      let source = path ?? source
      var found = Data(source: source, log: log)
      found.name = name
      found.source = self.source
      if found != self {
        throw RunError(
          "\(source): the data have changed since the run began: \(found.ratings) ratings with "
            + "checksum \(found.checksum), expected \(ratings) with \(checksum)")
      }
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
      data: Data(source: source, log: log), seed: 0, evaluation: EvaluationProtocol(),
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

/// The first setting, by its path, that differs between two configurations.
func firstSettingThatDiffers<Configuration>(
  _ begun: Configuration, _ wanted: Configuration
) -> (name: String, begun: String, wanted: String)? {
  let (mine, others) = (settings(of: begun), settings(of: wanted))
  for (name, value) in mine.sorted(by: { $0.key < $1.key }) {
    let wanted = others[name] ?? "nothing"
    if wanted != value { return (name, value, wanted) }
  }
  return others.sorted { $0.key < $1.key }.first { mine[$0.key] == nil }
    .map { ($0.key, "nothing", $0.value) }
}

/// Every leaf of a value by its path.
private func settings(of value: Any, path: String = "") -> [String: String] {
  let mirror = Mirror(reflecting: value)
  if mirror.displayStyle == .optional {
    return mirror.children.first.map { settings(of: $0.value, path: path) } ?? [:]
  }
  guard mirror.displayStyle == .struct, !mirror.children.isEmpty else { return [path: "\(value)"] }
  return mirror.children.reduce(into: [:]) { all, child in
    let name = path.isEmpty ? child.label ?? "" : "\(path).\(child.label ?? "")"
    all.merge(settings(of: child.value, path: name)) { first, _ in first }
  }
}
