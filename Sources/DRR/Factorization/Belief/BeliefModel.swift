import DRRCore
import DRRData
import Platform
import Tensor

/// Several Bayesian factorisations of the same ratings and a few statistics of each item, as one
/// vector an item: [q ; b ; 1] of each factorisation, then mean reward, share of likes, log count,
/// 1, and its cluster (``ItemClusters``), one-hot.
///
/// An agent learns from training users, whose ratings made these vectors; taken as they are, it
/// would learn to trust them more than a held-out user's ratings bear out. So training users are
/// dealt into folds, and each fold sees the items' vectors and statistics as the ratings of the
/// other users alone make them, given these users' vectors (stacking with cross-validation: Wolpert
/// 1992; Breiman 1996).
public struct BeliefModel: Sendable {
  /// Settings of a fit.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The factorizations, 1 ... 16.
    public var factorizations: [BayesianFactorization.Configuration] = [
      .init(dimension: 5), .init(dimension: 10), .init(dimension: 20), .init(dimension: 30),
    ]
    /// Folds of training users.
    public var folds = 4

    /// The default settings.
    public init() {}

    /// - Throws: `ConfigurationError` for a setting that cannot work.
    public func validate() throws(ConfigurationError) {
      for factorization in factorizations { try factorization.validate() }
      try ConfigurationError.require("belief factorizations", factorizations.count, in: 1...16)
      try ConfigurationError.require("belief folds", folds, in: 2...64)
    }
  }

  package static let statisticsWidth = 4

  /// What it was fitted by.
  public let configuration: Configuration
  /// The fitted factorizations.
  public let factorizations: [BayesianFactorization]
  /// The factorisations' items as each fold sees them; of covariances all see the same.
  let folds: [[BayesianFactorization.Posteriors]]
  /// [fold][item · 3]: mean reward, share of likes, log(1 + n) / 10.
  let statistics: [[Float]]
  let foldOfUser: [Int32]
  /// The cluster of each item; of all visible ratings, unless an agent may not know those.
  package var kinds: [Int32]
  /// The number of items.
  public let itemCount: Int

  /// The fold of a user outside the training users, which sees everything: the last.
  public var everything: Int { folds.count - 1 }
  /// The fold of a user, 0 ... ``everything``.
  public func fold(ofUser user: Int32) -> Int { Int(foldOfUser[Int(user)]) }
  func posteriors(_ fold: Int, _ factorization: Int) -> BayesianFactorization.Posteriors {
    folds[fold][factorization]
  }
  /// Widths of the factorisations' parts of an item's vector.
  public var blocks: [Int] { factorizations.map { $0.dimension + 2 } }
  /// A, the length of an item's vector.
  public var itemWidth: Int {
    blocks.reduce(Self.statisticsWidth + ItemClusters.count, +)
  }

  /// Fits the factorizations to what a split lets be seen.
  ///
  /// - Parameters:
  ///   - start: what it begins with of the same data and dimensions; nil: drawn vectors.
  ///   - progress: told of sweeps done; what it throws ends the fit.
  public init(
    _ configuration: Configuration, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    from start: BeliefStart? = nil, seed: UInt64,
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    self.configuration = configuration
    let ratings = BayesianFactorization.Ratings(
      log, rows: split.visibleRows(in: log), scale: scale)
    itemCount = log.itemCount
    kinds = ItemClusters.fit(
      LoggedRewards(log, scale: scale) { split.visibleRows(of: $0, in: log) },
      users: (0..<Int32(log.userCount)).map { $0 }, itemCount: log.itemCount)
    var foldOfUser = [Int32](repeating: Int32(configuration.folds), count: log.userCount)
    var random = Philox(seed: seed, stream: Streams.beliefFolds)
    for (place, user) in split.trainUsers.shuffled(using: &random).enumerated() {
      foldOfUser[Int(user)] = Int32(place % configuration.folds)
    }
    self.foldOfUser = foldOfUser
    let members = (0..<configuration.folds).map { fold in
      Set((0..<Int32(log.userCount)).filter { foldOfUser[Int($0)] == fold })
    }
    let total = configuration.factorizations.reduce(0) { $0 + $1.sweeps }
    var done = 0
    var models: [BayesianFactorization] = []
    var folds = members.map { _ in [BayesianFactorization.Posteriors]() }
    for (index, factorization) in configuration.factorizations.enumerated() {
      let (model, means) = try BayesianFactorization.fit(
        factorization, ratings, from: start?.factorizations[index],
        seed: seed &+ UInt64(index) << 32, folds: members
      ) {
        try progress(done + $0, total)
      }
      done += factorization.sweeps
      models.append(model)
      for fold in members.indices {
        folds[fold].append(
          .init(
            width: model.items.width, means: means[fold], covariances: model.items.covariances))
      }
    }
    factorizations = models
    self.folds = folds + [models.map(\.items)]
    statistics = (0...configuration.folds).map { fold in
      Self.statistics(ratings) { foldOfUser[Int($0)] != fold || fold == configuration.folds }
    }
  }

  init(
    _ configuration: Configuration, _ factorizations: [BayesianFactorization],
    folds: [[BayesianFactorization.Posteriors]], statistics: [[Float]], foldOfUser: [Int32],
    kinds: [Int32], itemCount: Int
  ) {
    self.configuration = configuration
    self.factorizations = factorizations
    self.folds = folds
    self.statistics = statistics
    self.foldOfUser = foldOfUser
    self.kinds = kinds
    self.itemCount = itemCount
  }

  /// [A] of an item, as a fold sees it.
  package func itemVector(_ item: Int, fold: Int) -> [Float] {
    var vector: [Float] = []
    vector.reserveCapacity(itemWidth)
    for posteriors in folds[fold] {
      vector += posteriors.means[item * posteriors.width..<(item + 1) * posteriors.width]
      vector.append(1)
    }
    vector += statistics[fold][item * 3..<item * 3 + 3]
    vector.append(1)
    for kind in 0..<Int32(ItemClusters.count) { vector.append(kinds[item] == kind ? 1 : 0) }
    return vector
  }

  /// A belief that has seen nothing.
  public func belief() -> Belief { Belief(self) }

  /// Mean reward and share of likes, drawn to those of all by five pretended ratings, and
  /// log(1 + n) / 10 of every item.
  private static func statistics(
    _ ratings: BayesianFactorization.Ratings, counts user: (Int32) -> Bool
  ) -> [Float] {
    var sums = [(n: Float, reward: Float, likes: Float)](
      repeating: (0, 0, 0), count: ratings.itemCount)
    var all: (n: Double, reward: Double, likes: Double) = (0, 0, 0)
    for (position, reward) in ratings.values.enumerated() where user(ratings.users[position]) {
      let item = Int(ratings.items[position])
      let like: Float = reward > 0 ? 1 : 0
      sums[item] = (sums[item].n + 1, sums[item].reward + reward, sums[item].likes + like)
      all = (all.n + 1, all.reward + Double(reward), all.likes + Double(like))
    }
    let (reward, likes) = (Float(all.reward / max(all.n, 1)), Float(all.likes / max(all.n, 1)))
    var statistics: [Float] = []
    statistics.reserveCapacity(3 * sums.count)
    for sum in sums {
      statistics.append((sum.reward + 5 * reward) / (sum.n + 5))
      statistics.append((sum.likes + 5 * likes) / (sum.n + 5))
      statistics.append(log1p(sum.n) / 10)
    }
    return statistics
  }
}

func log1p(_ x: Float) -> Float { log1pf(x) }
