import DRRCore
import DRRData
import Tensor

extension BayesianFactorization {
  /// A set of ratings from two sides.
  public struct Ratings: Sendable {
    let users: [Int32]
    let items: [Int32]
    let values: [Float]
    let userCount: Int
    let itemCount: Int
    let byUser: Groups
    let byItem: Groups

    /// - Parameter rows: what may be learned from, as row numbers of `log`.
    public init(_ log: RatingsLog, rows: [Int32], scale: RewardScale) {
      users = rows.map { log.users[Int($0)] }
      items = rows.map { log.items[Int($0)] }
      values = rows.map { scale.reward(log.ratings[Int($0)]) }
      userCount = log.userCount
      itemCount = log.itemCount
      byUser = Groups(users, count: log.userCount)
      byItem = Groups(items, count: log.itemCount)
    }
  }

  /// Positions of each key, in order.
  struct Groups: Sendable {
    let offsets: [Int]
    let positions: [Int32]

    init(_ keys: [Int32], count: Int) {
      var offsets = [Int](repeating: 0, count: count + 1)
      for key in keys { offsets[Int(key) + 1] += 1 }
      for key in 0..<count { offsets[key + 1] += offsets[key] }
      var next = offsets
      var positions = [Int32](repeating: 0, count: keys.count)
      for (position, key) in keys.enumerated() {
        positions[next[Int(key)]] = Int32(position)
        next[Int(key)] += 1
      }
      self.offsets = offsets
      self.positions = positions
    }

    subscript(key: Int) -> ArraySlice<Int32> { positions[offsets[key]..<offsets[key + 1]] }
  }

  /// By what share of itself the noise precision moves at most in the last sweep of a fit that
  /// begins with an earlier one's posteriors.
  static let settledShare: Float = 0.002

  /// Fits by sweeps of mean field updates, each of which raises the bound on the evidence.
  ///
  /// A fit that begins with an earlier one's posteriors of the items finds the users first, given
  /// these, and ends with the sweep that moves the noise precision, which all ratings and the
  /// posteriors of both sides determine, by two thousandths at most.
  ///
  /// - Parameters:
  ///   - start: what it begins with; nil: drawn vectors, and all sweeps are made.
  ///   - folds: users to leave out, set by set: the items' means from the ratings of the others,
  ///     whose vectors stay as fitted, come back beside the fit.
  ///   - progress: told of each sweep done; may throw to give up.
  public static func fit(
    _ configuration: Configuration, _ ratings: Ratings, from start: Start? = nil, seed: UInt64,
    folds: [Set<Int32>] = [], progress: (_ sweep: Int) throws -> Void = { _ in }
  ) throws -> (model: BayesianFactorization, foldMeans: [[Float]]) {
    var field = MeanField(ratings, dimension: configuration.dimension, seed: seed)
    if let start { field.begin(with: start) }
    var sweeps = 0
    var isSettled = false
    while sweeps < configuration.sweeps, !isSettled {
      let before = field.precision
      field.sweep()
      sweeps += 1
      isSettled = start != nil && abs(field.precision - before) <= settledShare * before
      try progress(sweeps)
    }
    let model = BayesianFactorization(
      configuration: configuration, mean: field.mean, noisePrecision: field.precision,
      userVariances: field.userVariances, items: field.items, sweeps: sweeps)
    return (model, folds.map(field.itemMeans(without:)))
  }
}
