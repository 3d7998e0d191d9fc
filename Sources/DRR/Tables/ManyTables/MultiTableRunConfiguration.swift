import DRRCore
import DRRData

/// A run of many tables: what `config.json` of its folder keeps.
public struct MultiTableRunConfiguration: RunSettings {
  public static let algorithms = ["multi-q"]
  public var title: String { "a run of multi-table Q-learning" }
  public var command: String { "train multi-q" }
  public var uses: [String] { ["compare", "recommend --user ID"] }

  public var data: DataIdentity
  public var evaluation: EvaluationProtocol
  public var scale: RewardScale
  public var settings: MultiTableConfiguration

  public init(source: String, log: RatingsLog) {
    data = DataIdentity(source: source, log: log)
    var evaluation = EvaluationProtocol(for: log)
    evaluation.split = .latest
    evaluation.ties = evaluation.tieOrder
    self.evaluation = evaluation
    scale = RewardScale(ratingRange: log.ratingRange)
    settings = MultiTableConfiguration()
  }

  /// Makes rounds so small that a short log has 32 of them an epoch: what a round learns is seen by
  /// the next one alone, and in a single round no value looks ahead.
  public mutating func fitRounds(to log: RatingsLog, _ split: UserSplit) {
    settings.roundSize = min(
      settings.roundSize, max(split.visibleRows(in: log).count / 32, 1))
  }

  public var seed: UInt64 {
    get { settings.seed }
    set { settings.seed = newValue }
  }

  public func member(seed: UInt64, split: UInt64) -> Self {
    var member = self
    member.seed &+= seed
    member.evaluation.splitSeed &+= split
    return member
  }

  /// How it recommends can be changed after it was trained.
  public var identity: Self {
    var same = self
    let defaults = MultiTableConfiguration()
    (same.data.source, same.data.name) = ("", "")
    same.settings.aggregation = defaults.aggregation
    same.settings.shrinkage = defaults.shrinkage
    same.settings.lagExponent = defaults.lagExponent
    same.settings.backOff = defaults.backOff
    return same
  }

  public func validate() throws {
    try evaluation.validate()
    try scale.validate()
    try settings.validate()
  }
}
