import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Bayesian factorisation")
struct BayesianFactorizationTests {
  private static func configuration(
    _ dimension: Int, sweeps: Int
  ) -> BayesianFactorization.Configuration {
    var configuration = BayesianFactorization.Configuration(dimension: dimension)
    configuration.sweeps = sweeps
    return configuration
  }

  private static func ratings(_ log: RatingsLog) -> BayesianFactorization.Ratings {
    BayesianFactorization.Ratings(log, rows: (0..<Int32(log.count)).map { $0 }, scale: .fiveStars)
  }

  /// Six users and five items; item 4 is rated by users 0 and 1 alone.
  private static let small = RatingsLog(
    name: "small", users: [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5],
    items: [0, 1, 4, 1, 2, 4, 0, 2, 3, 0, 3, 1, 2, 3, 0, 1],
    ratings: [5, 3, 4, 2, 4, 1, 5, 1, 2, 4, 4, 3, 5, 1, 2, 5])

  /// The same updates written out densely in float64.
  private struct Naive {
    var users: [DenseGaussian]
    var items: [DenseGaussian]
    var userVariances: [Double]
    var itemVariances: [Double]
    var precision = 5.0
    let mean: Double
    let values: [Double]
    let log: RatingsLog

    init(_ log: RatingsLog, dimension: Int, sweeps: Int, seed: UInt64) {
      self.log = log
      values = log.ratings.map { (Double($0) - 3) / 2 }
      mean = values.reduce(0, +) / Double(values.count)
      var random = Philox(seed: seed, stream: 50)
      func start(_ count: Int) -> [DenseGaussian] {
        (0..<count).map { _ in
          DenseGaussian(
            mean: (0..<dimension).map { _ in Double(0.35 * (random.uniform() - 0.5)) } + [0],
            covariance: (0...dimension).map { i in
              (0...dimension).map { $0 == i && i < dimension ? 0.01 : 0 }
            })
        }
      }
      users = start(log.userCount)
      items = start(log.itemCount)
      itemVariances = [Double](repeating: 0.05, count: dimension) + [0.1]
      userVariances = itemVariances
      for _ in 0..<sweeps { sweep() }
    }

    mutating func sweep() {
      items = items.indices.map { item(Int32($0)) { _ in true } }
      itemVariances = Self.secondMoments(items)
      updateUsersAndNoise()
    }

    private mutating func updateUsersAndNoise() {
      users = users.indices.map { user in
        DenseGaussian.posterior(
          values.indices.filter { log.users[$0] == user }.map {
            (values[$0], items[Int(log.items[$0])])
          }, priorVariances: userVariances, mean: mean, noisePrecision: precision)
      }
      userVariances = Self.secondMoments(users)
      precision = Double(values.count) / values.indices.reduce(0) { $0 + squaredError($1) }
    }

    /// The items of another fit in some places, and the users given them.
    mutating func begin(with other: BayesianFactorization, places: [Int?]) {
      for (item, place) in places.enumerated() {
        if let place { items[item] = other.items.dense(place) }
      }
      itemVariances = Self.secondMoments((0..<other.items.count).map { other.items.dense($0) })
      userVariances = other.userVariances.map { Double($0) }
      precision = Double(other.noisePrecision)
      updateUsersAndNoise()
    }

    /// An item's posterior from the ratings of some users.
    func item(_ item: Int32, from counts: (Int32) -> Bool) -> DenseGaussian {
      DenseGaussian.posterior(
        values.indices.filter { log.items[$0] == item && counts(log.users[$0]) }.map {
          (values[$0], users[Int(log.users[$0])])
        }, priorVariances: itemVariances, mean: mean, noisePrecision: precision)
    }

    private static func secondMoments(_ vectors: [DenseGaussian]) -> [Double] {
      vectors[0].mean.indices.map { k in
        vectors.reduce(0) { $0 + $1.mean[k] * $1.mean[k] + $1.covariance[k][k] }
          / Double(vectors.count)
      }
    }

    /// E[(y − mean − ⟨a, g⟩)²] of a = [p ; b_u ; 1] and g = [q ; 1 ; b_i], by second moments.
    private func squaredError(_ row: Int) -> Double {
      func moments(_ x: DenseGaussian, biasFirst: Bool) -> (mean: [Double], second: [[Double]]) {
        let d = x.mean.count - 1
        let places = (0..<d).map { $0 } + (biasFirst ? [d, nil] : [nil, d])
        let mean = places.map { $0.map { x.mean[$0] } ?? 1 }
        let second = places.indices.map { i in
          places.indices.map { j in
            var moment = mean[i] * mean[j]
            if let a = places[i], let b = places[j] { moment += x.covariance[a][b] }
            return moment
          }
        }
        return (mean, second)
      }
      let a = moments(users[Int(log.users[row])], biasFirst: true)
      let g = moments(items[Int(log.items[row])], biasFirst: false)
      let y = values[row] - mean
      var sum = y * y
      for i in a.mean.indices {
        sum -= 2 * y * a.mean[i] * g.mean[i]
        for j in a.mean.indices { sum += a.second[i][j] * g.second[i][j] }
      }
      return sum
    }
  }

  @Test("sweeps agree with a dense float64 implementation", arguments: [1, 2, 5])
  func naive(sweeps: Int) throws {
    var told: [Int] = []
    let (model, _) = try BayesianFactorization.fit(
      Self.configuration(2, sweeps: sweeps), Self.ratings(Self.small), seed: 9
    ) { told.append($0) }
    #expect(told == Array(1...sweeps))
    #expect(model.sweeps == sweeps)
    agree(model, Naive(Self.small, dimension: 2, sweeps: sweeps, seed: 9))
  }

  private func agree(_ model: BayesianFactorization, _ naive: Naive) {
    #expect(relativeError([Double(model.mean)], [naive.mean]) < 1e-6)
    #expect(relativeError([Double(model.noisePrecision)], [naive.precision]) < 1e-4)
    #expect(relativeError(model.userVariances.map { Double($0) }, naive.userVariances) < 1e-4)
    for item in 0..<5 {
      let found = model.items.dense(item)
      #expect(relativeError(found.mean, naive.items[item].mean) < 1e-4)
      let expected = naive.items[item].covariance.flatMap { $0 }
      #expect(relativeError(found.covariance.flatMap { $0 }, expected) < 1e-4)
    }
  }

  /// Four items, of which the small log has one in its own place, two in each other's and one in a
  /// new place.
  @Test(
    "what begins with another fit's items agrees too, and ends where the noise has settled",
    arguments: [1, 2, 12])
  func naiveStart(sweeps: Int) throws {
    let before = RatingsLog(
      name: "before", users: [0, 0, 0, 1, 1, 2, 2, 2, 3, 3], items: [0, 1, 3, 0, 2, 1, 2, 3, 0, 3],
      ratings: [2, 5, 1, 1, 4, 4, 5, 2, 3, 1])
    let (earlier, _) = try BayesianFactorization.fit(
      Self.configuration(2, sweeps: 3), Self.ratings(before), seed: 4)
    let places = [2, 1, 0, nil, 3]
    let (model, _) = try BayesianFactorization.fit(
      Self.configuration(2, sweeps: sweeps), Self.ratings(Self.small),
      from: .init(earlier, places: places), seed: 9)
    var naive = Naive(Self.small, dimension: 2, sweeps: 0, seed: 9)
    naive.begin(with: earlier, places: places)
    var (done, change) = (0, 1.0)
    while done < sweeps, change > 0.002 {
      let last = naive.precision
      naive.sweep()
      (done, change) = (done + 1, abs(naive.precision - last) / last)
    }
    #expect(model.sweeps == done)
    agree(model, naive)
  }

  /// The users' vectors are those of the fit, which all ratings made: a fold's own ratings are left
  /// out of the sums behind its items, not of what the other users' vectors have learned.
  @Test("a fold's items come from the other users' ratings alone")
  func folds() throws {
    let folds: [Set<Int32>] = [[0, 1], [2, 5], []]
    let (model, means) = try BayesianFactorization.fit(
      Self.configuration(2, sweeps: 3), Self.ratings(Self.small), seed: 9, folds: folds)
    let naive = Naive(Self.small, dimension: 2, sweeps: 3, seed: 9)
    #expect(means.count == 3)
    for (fold, users) in folds.enumerated() {
      for item in 0..<5 {
        let expected = naive.item(Int32(item)) { !users.contains($0) }.mean
        let found = means[fold][3 * item..<3 * item + 3].map { Double($0) }
        #expect(relativeError(found, expected) < 1e-4, "fold \(fold), item \(item)")
      }
    }
    // What only the fold has rated, the fold knows nothing of.
    #expect(means[0][12...] == [0, 0, 0] && model.items.means[12..<15] != [0, 0, 0])
  }

  @Test("one seed is one fit, another seed another")
  func repeatable() throws {
    func fit(_ seed: UInt64) throws -> [Float] {
      let (model, folds) = try BayesianFactorization.fit(
        Self.configuration(3, sweeps: 2), Self.ratings(Worlds.tiny), seed: seed, folds: [[1, 2]])
      return model.items.means + model.items.covariances + folds[0] + [model.noisePrecision]
    }
    let first = try fit(1)
    #expect(try fit(1) == first)
    #expect(try fit(2) != first)
  }

  @Test("ratings that are all the same leave numbers")
  func constant() throws {
    let log = RatingsLog(
      name: "same", users: (0..<40).map { $0 / 8 }, items: (0..<40).map { $0 % 8 },
      ratings: [Float](repeating: 4, count: 40))
    let (model, _) = try BayesianFactorization.fit(
      Self.configuration(3, sweeps: 50), Self.ratings(log), seed: 1)
    #expect(model.noisePrecision.isFinite && model.mean == 0.5)
    #expect(model.items.means.allSatisfy { abs($0) < 1e-3 })
    #expect((model.items.covariances + model.userVariances).allSatisfy { $0.isFinite })
  }

  /// Sixty users and forty items of rank 2 with biases and noise of deviation 0.1; seven of ten
  /// ratings are learned from.
  @Test("a planted matrix of low rank is found, which biases alone cannot")
  func planted() throws {
    var random = SeededGenerator(31)
    let (userCount, itemCount) = (60, 40)
    let p = (0..<userCount).map { _ in random.floats(3) }
    let q = (0..<itemCount).map { _ in random.floats(3) }
    var (users, items, ratings) = ([Int32](), [Int32](), [Float]())
    for user in 0..<userCount {
      for item in 0..<itemCount {
        let noise = random.floats(6, in: -0.14...0.14).reduce(0, +) / 2
        let reward =
          p[user][0] * q[item][0] + p[user][1] * q[item][1] + 0.3 * (p[user][2] + q[item][2])
        users.append(Int32(user))
        items.append(Int32(item))
        ratings.append(2 * (reward + noise) + 3)
      }
    }
    let log = RatingsLog(name: "planted", users: users, items: items, ratings: ratings)
    let order = (0..<Int32(log.count)).shuffled(using: &random)
    let (learned, rest) = (order.prefix(1_680).sorted(), order.dropFirst(1_680).map { Int($0) })
    let (model, _) = try BayesianFactorization.fit(
      Self.configuration(4, sweeps: 15),
      .init(log, rows: learned, scale: .fiveStars), seed: 3)

    func reward(_ row: Int) -> Double { (Double(log.ratings[row]) - 3) / 2 }
    func error(_ predict: (_ user: Int, _ item: Int) -> Double) -> Double {
      let sum = rest.reduce(0.0) {
        let error = reward($1) - predict(Int(log.users[$1]), Int(log.items[$1]))
        return $0 + error * error
      }
      return (sum / Double(rest.count)).squareRoot()
    }
    let vectors = (0..<userCount).map { user in
      var sum = GaussianAccumulator(priorVariances: model.userVariances)
      for row in learned where log.users[Int(row)] == Int32(user) {
        sum.observe(
          Float(reward(Int(row))), model.items, Int(log.items[Int(row)]), mean: model.mean,
          noisePrecision: model.noisePrecision)
      }
      return sum.mean().map { Double($0) }
    }
    let found = error { user, item in
      let (u, i) = (vectors[user], model.items.dense(item).mean)
      return Double(model.mean) + u[4] + i[4] + (0..<4).reduce(0) { $0 + u[$1] * i[$1] }
    }
    // Biases alone, by alternating means.
    var b = [Double](repeating: 0, count: userCount)
    var c = [Double](repeating: 0, count: itemCount)
    let mean = learned.reduce(0) { $0 + reward(Int($1)) } / Double(learned.count)
    for _ in 0..<20 {
      for user in 0..<userCount {
        let rows = learned.filter { log.users[Int($0)] == Int32(user) }.map { Int($0) }
        b[user] =
          rows.reduce(0) { $0 + reward($1) - mean - c[Int(log.items[$1])] } / Double(rows.count)
      }
      for item in 0..<itemCount {
        let rows = learned.filter { log.items[Int($0)] == Int32(item) }.map { Int($0) }
        c[item] =
          rows.reduce(0) { $0 + reward($1) - mean - b[Int(log.users[$1])] } / Double(rows.count)
      }
    }
    let biases = error { mean + b[$0] + c[$1] }
    #expect(found < 0.14 && biases > 3 * found, "\(found), biases \(biases)")
    let deviation = Double(1 / model.noisePrecision).squareRoot()
    #expect((0.07...0.13).contains(deviation), "\(deviation)")
  }
}
