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

    @Sendable func posterior(
      _ positions: ArraySlice<Int32>, _ keys: [Int32], _ others: Posteriors,
      _ variances: [Float], _ precision: Float
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
      items.overwrite { [users, itemVariances, precision] item in
        posterior(ratings.byItem[item], ratings.users, users, itemVariances, precision)
      }
      itemVariances = items.secondMoments()
      users.overwrite { [items, userVariances, precision] user in
        posterior(ratings.byUser[user], ratings.items, items, userVariances, precision)
      }
      userVariances = users.secondMoments()
      precision = noisePrecision(values, ratings, users, items, mean: mean)
      try progress(sweep + 1)
    }
    let foldMeans = folds.map { fold in
      let isLeftOut = (0..<Int32(ratings.userCount)).map { fold.contains($0) }
      return concurrentMap(ratings.itemCount) { [users, itemVariances, precision] item in
        let positions = ratings.byItem[item].filter { !isLeftOut[Int(ratings.users[Int($0)])] }
        return posterior(positions[...], ratings.users, users, itemVariances, precision).mean()
      }.flatMap { $0 }
    }
    let model = BayesianFactorization(
      configuration: configuration, mean: mean, noisePrecision: precision,
      userVariances: userVariances, items: items)
    return (model, foldMeans)
  }

  /// ratings / Σ E[(y − prediction)²]. The terms come from all cores, and are added in order.
  private static func noisePrecision(
    _ values: [Float], _ ratings: Ratings, _ users: Posteriors, _ items: Posteriors, mean: Float
  ) -> Float {
    var sum = 0.0
    let (length, parts) = (1 << 14, 64)
    for first in stride(from: 0, to: values.count, by: parts * length) {
      let terms = concurrentMap(parts) { part in
        let start = min(first + part * length, values.count)
        return (start..<min(start + length, values.count)).map { position in
          squaredError(
            values[position], mean: mean, users, Int(ratings.users[position]), items,
            Int(ratings.items[position]))
        }
      }
      for term in terms.joined() { sum += term }
    }
    return Float(Double(values.count) / max(sum, 1e-9))
  }

  /// E[(y − prediction)²] of a user and an item. With f = [p ; 1] and g = [q ; b_i + b_u]: the square of
  /// the means' error, then both covariances.
  private static func squaredError(
    _ value: Float, mean: Float, _ users: Posteriors, _ user: Int, _ items: Posteriors, _ item: Int
  ) -> Double {
    users.withRow(user) { p, su in
      items.withRow(item) { q, si in
        let bias = users.width - 1
        var prediction = mean + p[bias] + q[bias]
        var spread: Float = 0
        var (su, si) = (su, si)
        for a in 0..<bias {
          prediction += p[a] * q[a]
          for b in 0..<a {
            spread += 2 * (su[b] * q[a] * q[b] + si[b] * p[a] * p[b] + su[b] * si[b])
          }
          spread += su[a] * q[a] * q[a] + si[a] * p[a] * p[a] + su[a] * si[a]
          (su, si) = (su + a + 1, si + a + 1)
        }
        for b in 0..<bias { spread += 2 * (su[b] * q[b] + si[b] * p[b]) }
        spread += su[bias] + si[bias]
        let error = Double(value - prediction)
        return error * error + Double(spread)
      }
    }
  }
}
