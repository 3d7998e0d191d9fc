import DRRCore
import DRRData
import Tensor

/// Probabilistic matrix factorisation (Salakhutdinov & Mnih 2008, eq. 4) with user and item
/// biases: minimises mean (reward − prediction)² + λ · mean (‖p_u‖² + ‖q_i‖²) + λ_b · mean (b_u² +
/// b_i²) over the visible ratings, by the solver of its configuration.
public final class PMFTrainer {
  /// What it fits by.
  public let configuration: PMFConfiguration
  /// The device that it computes on.
  public let backend: any Backend
  let solver: any PMFSolver
  private let ranks: any Collective
  private let start: PMFStart?

  let log: RatingsLog
  let scale: RewardScale
  let mean: Float
  /// Rows that train, and rows that decide when to stop.
  let rows: [Int32]
  package let holdout: [Int32]

  /// Epochs done.
  public internal(set) var epoch = 0
  /// The best held-out error so far, in the unit of ratings, the epoch it came from and its weights.
  public internal(set) var best: (error: Double, epoch: Int, model: PMFModel)?

  /// A line of the metrics.
  public struct EpochReport: Codable, Sendable {
    /// Epochs done.
    public var epoch: Int
    /// Held-out root mean squared error in the unit of ratings; of the training rows where nothing is held out.
    public var error: Double
  }

  /// - Parameters:
  ///   - rows: what may be learned from, as row numbers of `log`.
  ///   - start: what it begins with; nil: drawn vectors.
  ///   - ranks: who share the batches of Adam; each has a trainer of the same arguments.
  public init(
    _ configuration: PMFConfiguration, log: RatingsLog, rows: [Int32], scale: RewardScale,
    from start: PMFStart? = nil, seed: UInt64, on backend: any Backend,
    among ranks: any Collective = SoleCollective()
  ) throws(ConfigurationError) {
    try configuration.validate()
    if rows.isEmpty { throw ConfigurationError("there are no ratings to train PMF on") }
    try configuration.require(ranks: ranks.size)
    self.configuration = configuration
    self.backend = backend
    self.ranks = ranks
    self.start = start
    self.log = log
    self.scale = scale

    (self.rows, holdout) = Self.divided(rows, configuration, from: start, seed: seed)
    let sum = self.rows.reduce(0.0) { $0 + Double(scale.reward(log.ratings[Int($1)])) }
    mean = configuration.isCentered ? Float(sum / Double(self.rows.count)) : 0

    let ratings = PMFRatings(log: log, rows: self.rows, scale: scale, mean: mean)
    solver =
      switch configuration.solver {
      case .adam: PMFAdam(configuration, ratings, seed: seed, on: backend, among: ranks)
      case .sgd: PMFDescent(configuration, ratings, seed: seed, on: backend)
      }
  }

  /// The rows that train, and those that decide when to stop: of a fit that begins with an earlier
  /// one's vectors none that those have learned from.
  package static func divided(
    _ rows: [Int32], _ configuration: PMFConfiguration, from start: PMFStart?, seed: UInt64
  ) -> (training: [Int32], holdout: [Int32]) {
    let held = Int((configuration.holdoutShare * Double(rows.count)).rounded())
    guard held > 0 else { return (rows, []) }
    var random = Philox(seed: seed, stream: Streams.pmfHoldout)
    let shuffled = rows.shuffled(using: &random)
    guard let start else {
      return (Array(shuffled.dropFirst(held)), Array(shuffled.prefix(held)))
    }
    var (training, holdout): ([Int32], [Int32]) = ([], [])
    for row in shuffled {
      if holdout.count < held, start.isUnseen[Int(row)] {
        holdout.append(row)
      } else {
        training.append(row)
      }
    }
    return (training, holdout)
  }

  /// Whether another epoch would be one too many.
  public var isFinished: Bool {
    epoch >= configuration.epochs
      || (!holdout.isEmpty && best.map { epoch - $0.epoch >= configuration.patience } ?? false)
  }

  /// Updates of an epoch.
  public var batchesPerEpoch: Int { solver.batchesPerEpoch }

  /// One pass in an order drawn from the seed and the epoch. Waits for the device once, at its end.
  /// `progress` may throw to give up; the trainer is then of no further use.
  public func runEpoch(
    progress: (_ batchesDone: Int) throws -> Void = { _ in }
  ) throws -> EpochReport {
    if epoch == 0, let start { solver.take(start.over(try solver.model(mean: mean))) }
    try solver.pass(epoch: epoch, progress: progress)
    epoch += 1
    let model = try solver.model(mean: mean)
    let error = model.rootMeanSquaredError(
      log, rows: (holdout.isEmpty ? rows : holdout).lazy.map { Int($0) }, scale: scale)
    // Whoever rounds in another way would part from the others without a sign.
    if try ranks.allGather([error]).contains(where: { $0[0].bitPattern != error.bitPattern }) {
      throw ConfigurationError(
        "the ranks have come to different weights; PMF is shared by devices of one kind")
    }
    if best.map({ error < $0.error }) ?? true || holdout.isEmpty { best = (error, epoch, model) }
    return EpochReport(epoch: epoch, error: error)
  }

  /// The held-out error, in the unit of ratings, of the mean and the offsets of users and items alone; nil where
  /// nothing is held out.
  public var biasError: Double? {
    holdout.isEmpty
      ? nil
      : RatingBiases(log, rows: rows, scale: scale).model.rootMeanSquaredError(
        log, rows: holdout.lazy.map { Int($0) }, scale: scale)
  }

  /// The updates of one epoch alone, neither counted nor evaluated, to be timed. Waits for the
  /// device.
  public func pass() throws {
    try solver.pass(epoch: epoch) { _ in }
    try backend.synchronize()
  }
}
