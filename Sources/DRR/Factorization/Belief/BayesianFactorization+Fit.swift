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

  /// Fits by sweeps of mean field updates, each of which raises the bound on the evidence.
  ///
  /// - Parameters:
  ///   - folds: users to leave out, set by set: the items' means from the ratings of the others,
  ///     whose vectors stay as fitted, come back beside the fit.
  ///   - progress: told of each sweep done; may throw to give up.
  public static func fit(
    _ configuration: Configuration, _ ratings: Ratings, seed: UInt64, folds: [Set<Int32>] = [],
    progress: (_ sweep: Int) throws -> Void = { _ in }
  ) throws -> (model: BayesianFactorization, foldMeans: [[Float]]) {
    let width = configuration.dimension + 1
    let values = ratings.values
    let mean = Float(values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1)))
    var random = Philox(seed: seed, stream: Streams.belief)
    func start(_ count: Int) -> Posteriors {
      var all = Posteriors(count: count, width: width)
      for row in 0..<count {
        for k in 0..<configuration.dimension {
          all.means[row * width + k] = 0.35 * (random.uniform() - 0.5)
          all.covariances[row * triangle(width) + triangle(k) + k] = 0.01
        }
      }
      return all
    }
    var users = start(ratings.userCount)
    var items = start(ratings.itemCount)
    var itemVariances = [Float](repeating: 0.05, count: width - 1) + [0.1]
    var userVariances = itemVariances
    var precision: Float = 5

    func posterior(
      _ positions: some Sequence<Int32>, _ keys: [Int32], _ others: Posteriors,
      _ variances: [Float]
    ) -> GaussianAccumulator {
      var sum = GaussianAccumulator(priorVariances: variances)
      for position in positions {
        sum.observe(
          values[Int(position)], others, Int(keys[Int(position)]), mean: mean,
          noisePrecision: precision)
      }
      return sum
    }
    for sweep in 0..<configuration.sweeps {
      for item in 0..<ratings.itemCount {
        posterior(ratings.byItem[item], ratings.users, users, itemVariances)
          .write(to: &items, row: item)
      }
      itemVariances = items.secondMoments()
      for user in 0..<ratings.userCount {
        posterior(ratings.byUser[user], ratings.items, items, userVariances)
          .write(to: &users, row: user)
      }
      userVariances = users.secondMoments()
      precision = noisePrecision(values, ratings, users, items, mean: mean)
      try progress(sweep + 1)
    }
    let foldMeans = folds.map { fold in
      var means = [Float]()
      means.reserveCapacity(ratings.itemCount * width)
      for item in 0..<ratings.itemCount {
        let positions = ratings.byItem[item].lazy.filter {
          !fold.contains(ratings.users[Int($0)])
        }
        means += posterior(positions, ratings.users, users, itemVariances).mean()
      }
      return means
    }
    let model = BayesianFactorization(
      configuration: configuration, mean: mean, noisePrecision: precision,
      userVariances: userVariances, items: items)
    return (model, foldMeans)
  }

  /// ratings / Σ E[(y − prediction)²].
  private static func noisePrecision(
    _ values: [Float], _ ratings: Ratings, _ users: Posteriors, _ items: Posteriors, mean: Float
  ) -> Float {
    let width = users.width
    let size = triangle(width)
    var sum = 0.0
    for (position, value) in values.enumerated() {
      let u = Int(ratings.users[position])
      let i = Int(ratings.items[position])
      // With f = [p ; 1] and g = [q ; b_i + b_u]: squares of means, then both covariances.
      var prediction =
        mean + users.means[u * width + width - 1] + items.means[i * width + width - 1]
      var spread: Float = 0
      var at = 0
      for a in 0..<width {
        let (pa, qa) = (
          a == width - 1 ? 1 : users.means[u * width + a],
          a == width - 1 ? 1 : items.means[i * width + a]
        )
        if a < width - 1 { prediction += pa * qa }
        for b in 0...a {
          let twice: Float = a == b ? 1 : 2
          let (pb, qb) = (
            b == width - 1 ? 1 : users.means[u * width + b],
            b == width - 1 ? 1 : items.means[i * width + b]
          )
          let su = users.covariances[u * size + at + b]
          let si = items.covariances[i * size + at + b]
          let both = a < width - 1 ? su * si : 0
          spread += twice * (su * qa * qb + si * pa * pb + both)
        }
        at += a + 1
      }
      let error = Double(value - prediction)
      sum += error * error + Double(spread)
    }
    return Float(Double(values.count) / max(sum, 1e-9))
  }
}
