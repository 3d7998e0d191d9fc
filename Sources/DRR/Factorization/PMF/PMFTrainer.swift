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

  let scale: RewardScale
  let mean: Float
  let userCount: Int
  let itemCount: Int
  private let ratingRange: ClosedRange<Float>
  /// Ratings that train, and those that decide when to stop.
  private let training: PMFRatings
  private let holdout: PMFRatings
  /// The rows of users where ranks share them; nil: all are here.
  let users: UserRows?

  /// Epochs done.
  public internal(set) var epoch = 0
  /// The best held-out error so far, in the unit of ratings, the epoch it came from and its weights;
  /// in ranks, those of this one's users.
  public internal(set) var best: (error: Double, epoch: Int, model: PMFModel)?

  /// A line of the metrics.
  public struct EpochReport: Codable, Sendable {
    /// Epochs done.
    public var epoch: Int
    /// Held-out root mean squared error in the unit of ratings; of the training rows where nothing is held out.
    public var error: Double
  }

  static let noRatings = ConfigurationError("there are no ratings to train PMF on")

  /// - Parameters:
  ///   - log: whole, or what a rank holds of it.
  ///   - rows: what may be learned from, as row numbers of `log`; where that is shared, in order.
  ///   - start: what it begins with, where the log is whole; nil: drawn vectors.
  ///   - ranks: who share the ratings, the vectors of users and the batches of Adam; each has a
  ///     trainer of the same settings, and calls what is called of it with the others.
  /// - Throws: `ConfigurationError`; `CollectiveError`.
  public init(
    _ configuration: PMFConfiguration, log: RatingsLog, rows: [Int32], scale: RewardScale,
    from start: PMFStart? = nil, seed: UInt64, on backend: any Backend,
    among ranks: any Collective = SoleCollective()
  ) throws {
    try configuration.validate()
    if rows.isEmpty && log.whole == nil { throw Self.noRatings }
    try configuration.require(ranks: ranks.size)
    self.configuration = configuration
    self.backend = backend
    self.ranks = ranks
    self.start = start
    self.scale = scale
    (userCount, itemCount, ratingRange) = (log.userCount, log.itemCount, log.ratingRange)

    let shares =
      ranks.size > 1
      ? try PMFShares(configuration, log, rows: rows, from: start, seed: seed, among: ranks) : nil
    users = shares?.users
    if let shares {
      (training, holdout) = (shares.training, shares.holdout)
    } else {
      let (rows, held) = Self.divided(rows, configuration, from: start, seed: seed)
      (training, holdout) = (PMFRatings(log, rows: rows), PMFRatings(log, rows: held))
    }
    let (training, count) = (training, training.count)
    mean =
      configuration.isCentered
      ? Float(
        try training.sum(among: ranks) { scale.reward(training.rating($0)) } / Double(count)) : 0

    let lesson = PMFLesson(
      ratings: training, userCount: userCount, itemCount: itemCount, scale: scale, mean: mean)
    switch configuration.solver {
    case .adam:
      let parts =
        shares?.parts
        ?? UserParts(
          configuration.batchParts ?? 1, ratings: training.counts(users: log.userCount))
      solver = PMFAdam(
        configuration, lesson, parts, sharing: users, seed: seed, on: backend, among: ranks)
    case .sgd: solver = PMFDescent(configuration, lesson, seed: seed, on: backend)
    }
  }

  /// The rows that train, and those that decide when to stop: of a fit that begins with an earlier
  /// one's vectors none that those have learned from.
  package static func divided(
    _ rows: [Int32], _ configuration: PMFConfiguration, from start: PMFStart?, seed: UInt64
  ) -> (training: [Int32], holdout: [Int32]) {
    let held = configuration.held(of: rows.count)
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
      || (holdout.count > 0 && best.map { epoch - $0.epoch >= configuration.patience } ?? false)
  }

  /// Updates of an epoch.
  public var batchesPerEpoch: Int { solver.batchesPerEpoch }

  /// One pass in an order drawn from the seed and the epoch. Waits for the device once, at its end.
  /// `progress` may throw to give up; the trainer is then of no further use.
  public func runEpoch(
    progress: (_ batchesDone: Int) throws -> Void = { _ in }
  ) throws -> EpochReport {
    if epoch == 0, let start {
      solver.take(start.over(try solver.model(mean: mean), from: firstUser))
    }
    try solver.pass(epoch: epoch, progress: progress)
    epoch += 1
    let model = try solver.model(mean: mean)
    try requireSame(model)
    let error = try error(
      of: model, from: firstUser, on: holdout.count > 0 ? holdout : training)
    if best.map({ error < $0.error }) ?? true || holdout.count == 0 {
      best = (error, epoch, model)
    }
    return EpochReport(epoch: epoch, error: error)
  }

  /// The user whose row is the first of the vectors here.
  private var firstUser: Int { users?.held.lowerBound ?? 0 }

  /// Whoever rounds in another way would part from the others without a sign.
  private func requireSame(_ model: PMFModel) throws {
    guard ranks.size > 1 else { return }
    var sum: UInt64 = 0
    for value in [model.itemFactors, model.itemBiases].joined() {
      sum = (sum ^ UInt64(value.bitPattern)) &* 0x100_0000_01b3
    }
    if try ranks.allGather([sum]).contains(where: { $0[0] != sum }) {
      throw ConfigurationError(
        "the ranks have come to different weights; PMF is shared by devices of one kind")
    }
  }

  /// A model's error in the unit of ratings, the bits of one rank that holds all.
  ///
  /// - Parameter first: the user of the model's first row.
  private func error(
    of model: PMFModel, from first: Int, on ratings: PMFRatings
  ) throws(CollectiveError) -> Double {
    let squares = try ratings.sum(among: ranks) {
      model.squaredError(
        user: Int(ratings.user($0)) - first, item: Int(ratings.item($0)),
        rating: ratings.rating($0), ratingRange, scale)
    }
    return PMFModel.rootMeanSquare(squares, ratings.count, scale)
  }

  /// The held-out error, in the unit of ratings, of the mean and the offsets of users and items alone; nil where
  /// nothing is held out. Every rank asks for it.
  public var biasError: Double? {
    get throws {
      guard holdout.count > 0 else { return nil }
      let biases = try RatingBiases(
        training, users: userCount, items: itemCount, scale: scale, among: ranks)
      return try error(of: biases.model, from: 0, on: holdout)
    }
  }

  /// The updates of one epoch alone, neither counted nor evaluated, to be timed. Waits for the
  /// device.
  public func pass() throws {
    try solver.pass(epoch: epoch) { _ in }
    try backend.synchronize()
  }
}
