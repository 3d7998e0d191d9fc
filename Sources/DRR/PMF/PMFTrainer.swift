import Tensor

/// Probabilistic matrix factorisation (Salakhutdinov & Mnih 2008, eq. 4) with user and item
/// biases: minimises mean (reward − prediction)² + λ · mean (‖p_u‖² + ‖q_i‖²) + λ_b · mean (b_u² +
/// b_i²) over the visible ratings by Adam on shuffled batches.
public final class PMFTrainer {
  public let configuration: PMFConfiguration
  public let backend: any Backend
  let parameters: ParameterSet
  let userFactors: Embedding
  let itemFactors: Embedding
  let userBiases: Embedding
  let itemBiases: Embedding
  let optimizer: Adam

  let log: RatingsLog
  let scale: RewardScale
  let seed: UInt64
  let mean: Float
  /// Rows that train, and rows that decide when to stop.
  let rows: [Int32]
  let holdout: [Int32]

  /// Epochs done.
  public internal(set) var epoch = 0
  /// The best held-out error so far, in stars, the epoch it came from and its weights.
  public internal(set) var best: (error: Double, epoch: Int, model: PMFModel)?

  public struct EpochReport: Codable, Sendable {
    public var epoch: Int
    /// Held-out root mean squared error in stars; of the training rows where nothing is held out.
    public var error: Double
  }

  /// - Parameter rows: what may be learned from, as row numbers of `log`.
  public init(
    _ configuration: PMFConfiguration, log: RatingsLog, rows: [Int32], scale: RewardScale,
    seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try configuration.validate()
    if rows.isEmpty { throw ConfigurationError("there are no ratings to train PMF on") }
    self.configuration = configuration
    self.backend = backend
    self.log = log
    self.scale = scale
    self.seed = seed

    var random = Philox(seed: seed, stream: Streams.pmfHoldout)
    let held = Int((configuration.holdoutShare * Double(rows.count)).rounded())
    if held > 0 {
      let shuffled = rows.shuffled(using: &random)
      holdout = Array(shuffled.prefix(held))
      self.rows = Array(shuffled.dropFirst(held))
    } else {
      holdout = []
      self.rows = rows
    }
    let sum = self.rows.reduce(0.0) { $0 + Double(scale.reward(log.ratings[Int($1)])) }
    mean = configuration.isCentered ? Float(sum / Double(self.rows.count)) : 0

    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.pmfWeights)
    let vectors = configuration.start.initializer
    let k = configuration.dimension
    userFactors = Embedding("users", rows: log.userCount, width: k, vectors, in: parameters)
    itemFactors = Embedding("items", rows: log.itemCount, width: k, vectors, in: parameters)
    userBiases = Embedding("user_biases", rows: log.userCount, width: 1, .zeros, in: parameters)
    itemBiases = Embedding("item_biases", rows: log.itemCount, width: 1, .zeros, in: parameters)
    optimizer = Adam(parameters, learningRate: configuration.learningRate)
  }

  /// Whether another epoch would be one too many.
  public var isFinished: Bool {
    epoch >= configuration.epochs
      || (!holdout.isEmpty && best.map { epoch - $0.epoch >= configuration.patience } ?? false)
  }

  public var batchesPerEpoch: Int {
    (rows.count + configuration.batchSize - 1) / configuration.batchSize
  }

  /// One pass in an order drawn from the seed and the epoch. Waits for the device once, at its end.
  /// `progress` may throw to give up; the trainer is then of no further use.
  public func runEpoch(
    progress: (_ batchesDone: Int) throws -> Void = { _ in }
  ) throws -> EpochReport {
    var random = Philox(seed: seed, stream: Streams.pmfOrder &+ UInt64(epoch) << 8)
    let order = rows.shuffled(using: &random)
    optimizer.learningRate =
      configuration.learningRate * (1 - 0.9 * Float(epoch) / Float(configuration.epochs))
    for batch in 0..<batchesPerEpoch {
      let start = batch * configuration.batchSize
      update(order[start..<min(start + configuration.batchSize, order.count)])
      try progress(batch + 1)
    }
    epoch += 1
    let model = try fittedModel()
    let error = model.rootMeanSquaredError(
      log, rows: (holdout.isEmpty ? rows : holdout).lazy.map { Int($0) }, scale: scale)
    if best.map({ error < $0.error }) ?? true || holdout.isEmpty { best = (error, epoch, model) }
    return EpochReport(epoch: epoch, error: error)
  }

  private func update(_ batch: ArraySlice<Int32>) {
    let b = batch.count
    let users = IndexTensor(batch.map { log.users[Int($0)] }, shape: [b], on: backend)
    let items = IndexTensor(batch.map { log.items[Int($0)] }, shape: [b], on: backend)
    let residuals = Tensor(
      batch.map { scale.reward(log.ratings[Int($0)]) - mean }, shape: [b], on: backend)

    let tape = Tape(training: parameters)
    let p = userFactors(users, tape)
    let q = itemFactors(items, tape)
    let userBias = userBiases(users, tape)
    let itemBias = itemBiases(items, tape)
    let prediction = p.rowDot(q) + userBias.reshaped([b]) + itemBias.reshaped([b])
    let vectors = (configuration.regularization / Float(b)) * (p.squaredNorm() + q.squaredNorm())
    let biases =
      (configuration.biasRegularization / Float(b))
      * (userBias.squaredNorm() + itemBias.squaredNorm())
    let loss = prediction.squaredError(residuals) + vectors + biases
    tape.backward(from: loss)
    optimizer.step()
  }

  private func fittedModel() throws -> PMFModel {
    PMFModel(
      dimension: configuration.dimension, mean: mean,
      userFactors: try userFactors.table.tensor.host(),
      itemFactors: try itemFactors.table.tensor.host(),
      userBiases: try userBiases.table.tensor.host(),
      itemBiases: try itemBiases.table.tensor.host())
  }
}
