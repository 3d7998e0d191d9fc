import DRRCore
import DRRData

/// Settings of a GRU that ranks next items.
public struct GRUConfiguration: Codable, Hashable, Sendable {
  /// Width of an item's vector.
  public var dimension = 64
  /// Units of the GRU.
  public var hidden = 128
  /// Items that a score is made from at most, and targets of a training sequence.
  public var window = 64
  /// Rate at which what enters the GRU and what leaves it is dropped out in training.
  public var dropout: Float = 0.25
  /// Adam's α.
  public var learningRate: Float = 0.005
  /// Largest norm of the gradient.
  public var gradientNorm: Float = 1
  /// Targets of an update, about.
  public var batchSize = 1_000
  /// Parts that a batch's gradient is the sum of, a power of two: as many ranks or fewer come to
  /// the same bits. Nil: a part a rank.
  public var batchParts: Int?
  /// Passes over the log that a network makes at most.
  public var epochs = 30
  /// Epochs without a better NDCG@10 on the validation ratings, after which a network is finished.
  public var patience = 4
  /// Items that a batch's loss is over beside its targets, drawn in proportion to the root of how
  /// often they come; nil: all items of the catalogue.
  public var negatives: Int?
  /// σ of scores σ cos(W h + b, e(i)), of which inputs are unit vectors too; nil: dot products.
  public var cosineScale: Float?
  /// What else is learned from the states; nil: nothing.
  public var head: GRUHead?
  /// Networks that differ in their draws alone, whose log-probabilities are averaged.
  public var networks = 1
  /// The seed of weights, orders and dropout.
  public var seed: UInt64 = 0

  /// The default settings.
  public init() {}

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("dimension", dimension, in: 1...65_536)
    try ConfigurationError.require("hidden", hidden, in: 1...65_536)
    try ConfigurationError.require("window", window, in: 1...10_000)
    try ConfigurationError.require("dropout", dropout, "0 or more and below 1") { 0..<1 ~= $0 }
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("gradient norm", gradientNorm, .positive)
    try ConfigurationError.require("batch size", batchSize, in: 1...65_536)
    try ConfigurationError.require("batch parts", parts: batchParts)
    try ConfigurationError.require("epochs", epochs, in: 1...1_000_000)
    try ConfigurationError.require("patience", patience, in: 1...1_000_000)
    try ConfigurationError.require("networks", networks, in: 1...100)
    if let negatives {
      try ConfigurationError.require("negatives", negatives, in: 1...10_000_000)
    }
    if let cosineScale {
      try ConfigurationError.require("cosine scale", cosineScale, .positive)
    }
    try head?.validate()
  }
}

/// A run of a GRU: what `config.json` of its folder keeps.
public struct GRURunConfiguration: RunSettings {
  public static let algorithms = ["gru"]
  public var title: String { "a run of a GRU on next items" }
  public var command: String { "train gru" }
  public var uses: [String] { ["compare"] }

  /// The ratings that are learned from.
  public var data: DataIdentity
  /// What of them is held out.
  public var evaluation: EvaluationProtocol
  /// How ratings become rewards, of which a GRU sees nothing.
  public var scale: RewardScale
  /// The network, and how it is trained.
  public var settings: GRUConfiguration

  /// The default run on a log, whose latest ratings of each user are held out.
  public init(source: String, log: RatingsLog) {
    data = DataIdentity(source: source, log: log)
    var evaluation = EvaluationProtocol(for: log)
    if !log.isOfSessions { evaluation.split = .latest }
    evaluation.ties = evaluation.tieOrder
    self.evaluation = evaluation
    scale = RewardScale(ratingRange: log.ratingRange)
    settings = GRUConfiguration()
    guard log.isOfSessions else { return }
    settings.cosineScale = 12
    settings.learningRate = 0.003
    (settings.epochs, settings.patience) = (10, 1)
    if log.itemCount > 10_000 { settings.negatives = 4_096 }
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

  public var identity: Self {
    var same = self
    (same.data.source, same.data.test, same.data.name) = ("", nil, "")
    return same
  }

  public var memory: MemoryNeed {
    var need = MemoryNeed()
    let (n, e, h) = (Double(data.items), Double(settings.dimension), Double(settings.hidden))
    need.addNetworks(
      "the networks",
      weights: n * e + 3 * h * (e + h) + h * e
        + (settings.head?.isOfValues == true ? 2 * n * h : 0),
      haveTargets: false, lower: "--dimension", settings.dimension)
    let batch = Double(settings.batchSize)
    let scored = settings.negatives.map { min(n, Double($0) + batch) } ?? n
    need.add(
      "the scores of a batch",
      device: (2 * scored + (settings.head?.isOfValues == true ? 3 * n : 0)) * batch,
      lower: "--batch-size", settings.batchSize)
    return need
  }

  public func validate() throws {
    try evaluation.validate()
    try scale.validate()
    try settings.validate()
  }
}
