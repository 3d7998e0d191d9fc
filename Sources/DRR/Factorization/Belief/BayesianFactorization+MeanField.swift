import DRRCore
import Tensor

extension BayesianFactorization {
  /// A fit at work: the parts that mean field updates find in turn, each given the others (Lim &
  /// Teh 2007, section 3).
  struct MeanField {
    let ratings: Ratings
    /// The mean reward.
    let mean: Float
    private var users: Posteriors
    private(set) var items: Posteriors
    private(set) var userVariances: [Float]
    private var itemVariances: [Float]
    /// Of the noise.
    private(set) var precision: Float = 5

    /// Drawn vectors of users and items.
    init(_ ratings: Ratings, dimension: Int, seed: UInt64) {
      let values = ratings.values
      let width = dimension + 1
      var random = Philox(seed: seed, stream: Streams.belief)
      func drawn(_ count: Int) -> Posteriors {
        var all = Posteriors(count: count, width: width)
        for row in 0..<count {
          for k in 0..<dimension {
            all.means[row * width + k] = 0.35 * (random.uniform() - 0.5)
            all.covariances[row * triangle(width) + triangle(k) + k] = 0.01
          }
        }
        return all
      }
      self.ratings = ratings
      mean = Float(values.reduce(0.0) { $0 + Double($1) } / Double(max(values.count, 1)))
      users = drawn(ratings.userCount)
      items = drawn(ratings.itemCount)
      itemVariances = [Float](repeating: 0.05, count: dimension) + [0.1]
      userVariances = itemVariances
    }

    /// Takes an earlier fit's items where it has them, and finds the users given the items.
    mutating func begin(with start: Start) {
      for item in 0..<items.count where start.isKnown[item] {
        items.copy(item, of: start.items, to: item)
      }
      (userVariances, itemVariances) = (start.userVariances, start.itemVariances)
      precision = start.noisePrecision
      updateUsers()
      updatePrecision()
    }

    /// Items, users, noise.
    mutating func sweep() {
      items.overwrite { [ratings, given = givenUsers] in given.posterior(ratings.byItem[$0]) }
      itemVariances = items.secondMoments()
      updateUsers()
      updatePrecision()
    }

    private mutating func updateUsers() {
      users.overwrite { [ratings, given = givenItems] in given.posterior(ratings.byUser[$0]) }
      userVariances = users.secondMoments()
    }

    /// The items' means without the ratings of some users: [items · (dimension + 1)].
    func itemMeans(without fold: Set<Int32>) -> [Float] {
      let isLeftOut = (0..<Int32(ratings.userCount)).map { fold.contains($0) }
      return concurrentMap(ratings.itemCount) { [ratings, given = givenUsers] item in
        let positions = ratings.byItem[item].filter { !isLeftOut[Int(ratings.users[Int($0)])] }
        return given.posterior(positions[...]).mean()
      }.flatMap { $0 }
    }

    // MARK: - One side given the other

    private var givenUsers: Given {
      Given(
        others: users, keys: ratings.users, values: ratings.values, variances: itemVariances,
        mean: mean, precision: precision)
    }

    private var givenItems: Given {
      Given(
        others: items, keys: ratings.items, values: ratings.values, variances: userVariances,
        mean: mean, precision: precision)
    }

    /// What the posteriors of one side are found from.
    private struct Given: Sendable {
      let others: Posteriors
      /// By rating, the row of the other side.
      let keys: [Int32]
      let values: [Float]
      /// The prior's.
      let variances: [Float]
      let mean: Float
      let precision: Float

      /// From the ratings at some positions.
      func posterior(_ positions: ArraySlice<Int32>) -> GaussianAccumulator {
        var sum = GaussianAccumulator(priorVariances: variances)
        for position in positions {
          sum.observe(
            values[Int(position)], others, Int(keys[Int(position)]), mean: mean,
            noisePrecision: precision)
        }
        return sum
      }
    }

    // MARK: - The noise

    /// ratings / Σ E[(y − prediction)²]. The terms come from all cores, and are added in order.
    private mutating func updatePrecision() {
      let values = ratings.values
      var sum = 0.0
      let (length, parts) = (1 << 14, 64)
      for first in stride(from: 0, to: values.count, by: parts * length) {
        let terms = concurrentMap(parts) { [ratings, users, items, mean] part in
          let start = min(first + part * length, values.count)
          return (start..<min(start + length, values.count)).map { position in
            Self.squaredError(
              values[position], mean: mean, users, Int(ratings.users[position]), items,
              Int(ratings.items[position]))
          }
        }
        for term in terms.joined() { sum += term }
      }
      precision = Float(Double(values.count) / max(sum, 1e-9))
    }

    /// E[(y − prediction)²] of a user and an item. With f = [p ; 1] and g = [q ; b_i + b_u]: the
    /// square of the means' error, then both covariances.
    private static func squaredError(
      _ value: Float, mean: Float, _ users: Posteriors, _ user: Int, _ items: Posteriors,
      _ item: Int
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
}
