import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("PMF's defaults on few and one-sided ratings")
struct PMFFewRatingsTests {
  /// Ratings with biases and three factors of 80 users and 80 items, and noise of .3 stars.
  private static let planted: RatingsLog = {
    var random = SeededGenerator(51)
    let (side, k) = (80, 3)
    func normal(_ count: Int, _ deviation: Float) -> [Float] {
      (0..<count).map { _ in
        deviation
          * (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &random) }
      }
    }
    let (u, v) = (normal(side * k, 0.6), normal(side * k, 0.6))
    let (a, b) = (normal(side, 0.4), normal(side, 0.4))
    var log = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<side {
      for item in 0..<side where Int.random(in: 0..<2, using: &random) == 0 {
        let dot = (0..<k).reduce(Float(0)) { $0 + u[user * k + $1] * v[item * k + $1] }
        log.users.append(Int32(user))
        log.items.append(Int32(item))
        log.ratings.append(min(max(3.4 + a[user] + b[item] + dot + normal(1, 0.3)[0], 1), 5))
      }
    }
    return RatingsLog(name: "planted", users: log.users, items: log.items, ratings: log.ratings)
  }()

  private static func halves(_ log: RatingsLog) -> (train: [Int32], test: [Int]) {
    var random = SeededGenerator(52)
    let rows = (0..<Int32(log.count)).shuffled(using: &random)
    return (Array(rows.dropFirst(log.count / 5)), rows.prefix(log.count / 5).map { Int($0) })
  }

  private static func trained(
    _ log: RatingsLog, _ rows: [Int32], _ solver: PMFConfiguration.Solver
  ) throws -> PMFTrainer {
    var configuration = PMFConfiguration(ratings: rows.count)
    configuration.choose(solver, ratings: rows.count)
    let trainer = try PMFTrainer(
      configuration, log: log, rows: rows, scale: .fiveStars,
      seed: 1, on: CPUBackend())
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return trainer
  }

  /// Alternating least squares in Double, [p ; b ; 1] · [q ; 1 ; b], of the rank that was planted.
  private static func leastSquares(
    _ log: RatingsLog, _ rows: [Int32], lambda: Double
  ) -> (Int) -> Double {
    var random = SeededGenerator(53)
    let k = 3
    let mean = rows.reduce(0.0) { $0 + Double(log.ratings[Int($1)]) } / Double(rows.count)
    func table(_ count: Int) -> [[Double]] {
      (0..<count).map { _ in
        (0..<k).map { _ in Double.random(in: -0.3...0.3, using: &random) } + [0]
      }
    }
    var (users, items) = (table(log.userCount), table(log.itemCount))
    func solve(_ own: [Int32], _ others: [Int32], _ from: [[Double]], _ count: Int) -> [[Double]] {
      var normal = [[[Double]]](
        repeating: (0...k).map { i in (0...k).map { $0 == i ? lambda : 0 } }, count: count)
      var right = [[Double]](repeating: Array(repeating: 0, count: k + 1), count: count)
      for row in rows.map({ Int($0) }) {
        let (me, other) = (Int(own[row]), from[Int(others[row])])
        let x = other[..<k] + [1]
        let y = Double(log.ratings[row]) - mean - other[k]
        for i in 0...k {
          right[me][i] += x[i] * y
          for j in 0...k { normal[me][i][j] += x[i] * x[j] }
        }
      }
      return (0..<count).map { Dense.solve(normal[$0], right[$0]) }
    }
    for _ in 0..<30 {
      users = solve(log.users, log.items, items, log.userCount)
      items = solve(log.items, log.users, users, log.itemCount)
    }
    return { row in
      let (p, q) = (users[Int(log.users[row])], items[Int(log.items[row])])
      return mean + p[k] + q[k] + (0..<k).reduce(0) { $0 + p[$1] * q[$1] }
    }
  }

  private static func error(
    _ log: RatingsLog, _ rows: [Int], _ predict: (Int) -> Double
  ) -> Double {
    let squares = rows.reduce(0.0) { sum, row in
      let error = min(max(predict(row), 1), 5) - Double(log.ratings[row])
      return sum + error * error
    }
    return (squares / Double(rows.count)).squareRoot()
  }

  @Test("from few ratings on there are enough updates, and from many on what was tuned there")
  func settings() {
    let few = PMFConfiguration(ratings: 3_000)
    #expect(few.solver == .sgd && few.isCentered && few.epochs == 100 && few.patience == 30)
    var adam = few
    adam.choose(.adam, ratings: 3_000)
    #expect(
      adam.solver == .adam && !adam.isCentered && adam.batchSize == 64 && adam.epochs == 85
        && adam.patience == 4)
    #expect(PMFConfiguration(ratings: 100_000) == PMFConfiguration())
    var many = PMFConfiguration(ratings: 1_000_209)
    #expect(many.solver == .adam && many.batchSize == 10_002 && many.epochs == 60)
    many.choose(.sgd, ratings: 1_000_209)
    #expect(!many.isCentered && many.epochs == 20 && many.patience == 3)
    #expect(PMFConfiguration(ratings: 4_999_999).solver == .adam)
    let most = PMFConfiguration(ratings: 5_000_000)
    #expect(most.solver == .sgd && !most.isCentered && most.epochs == 20)
  }

  @Test("within a quarter of alternating least squares of the planted rank")
  func small() throws {
    let log = Self.planted
    let (train, test) = Self.halves(log)
    let reference = [0.1, 0.3, 1, 3].map {
      Self.error(log, test, Self.leastSquares(log, train, lambda: $0))
    }.min()!
    for solver in PMFConfiguration.Solver.allCases {
      let trainer = try Self.trained(log, train, solver)
      let found = trainer.best!.model.rootMeanSquaredError(log, rows: test, scale: .fiveStars)
      #expect(found <= 1.25 * reference, "\(solver) \(found), least squares \(reference)")
      #expect(try #require(try trainer.biasError) > 1.5 * trainer.best!.error)
    }
  }

  @Test("ratings that are all equal are predicted", arguments: [Float(1), 3, 4.5, 5])
  func equal(_ rating: Float) throws {
    let log = RatingsLog(
      name: "equal", users: Self.planted.users, items: Self.planted.items,
      ratings: Self.planted.users.map { _ in rating })
    let (train, test) = Self.halves(log)
    let model = try Self.trained(log, train, .sgd).best!.model
    #expect(model.rootMeanSquaredError(log, rows: test, scale: .fiveStars) < 0.01)
  }

  @Test("where nine in ten are 5, not far from the mean")
  func skewed() throws {
    var random = SeededGenerator(54)
    let log = RatingsLog(
      name: "skewed", users: Self.planted.users, items: Self.planted.items,
      ratings: Self.planted.ratings.map { Int.random(in: 0..<10, using: &random) == 0 ? $0 : 5 })
    let (train, test) = Self.halves(log)
    let trainer = try Self.trained(log, train, .sgd)
    let found = trainer.best!.model.rootMeanSquaredError(log, rows: test, scale: .fiveStars)
    // Least squares with an absurd λ is the mean.
    let mean = Self.error(log, test, Self.leastSquares(log, train, lambda: 1e9))
    #expect(found <= 1.05 * mean, "PMF \(found), mean \(mean)")
  }

  /// The minimum of Σ (r − μ − b_u − b_i)² + 5 Σ b² by one dense system.
  @Test("the biases that it is compared with are the ridge regression's")
  func biases() throws {
    let log = Worlds.tiny
    var configuration = PMFConfiguration(ratings: log.count)
    configuration.holdoutShare = 0.3
    let all = (0..<Int32(log.count)).map { $0 }
    let trainer = try PMFTrainer(
      configuration, log: log, rows: all, scale: .fiveStars, seed: 1, on: CPUBackend())
    let held = PMFTrainer.divided(all, configuration, from: nil, seed: 1).holdout.map { Int($0) }
    let users = log.userCount
    let rows = Set(0..<log.count).subtracting(held).sorted()
    let mean = rows.reduce(0.0) { $0 + Double(log.ratings[$1]) } / Double(rows.count)
    let side = users + log.itemCount
    var normal = (0..<side).map { i in (0..<side).map { $0 == i ? 5.0 : 0 } }
    var right = [Double](repeating: 0, count: side)
    for row in rows {
      let (u, i) = (Int(log.users[row]), users + Int(log.items[row]))
      for (a, b) in [(u, u), (u, i), (i, u), (i, i)] { normal[a][b] += 1 }
      for a in [u, i] { right[a] += Double(log.ratings[row]) - mean }
    }
    let b = Dense.solve(normal, right)
    let expected = Self.error(log, held) {
      mean + b[Int(log.users[$0])] + b[users + Int(log.items[$0])]
    }
    #expect(abs(try #require(try trainer.biasError) - expected) < 1e-4)
  }
}
