import DRRData
import DRRTestSupport
import Environments
import Factorization
import TestSupport
import Testing

@Suite("Kernel ridge regression on items")
struct ItemRidgeTests {
  /// The same model the other way round: dense matrices, the primal normal equations, elimination.
  private static func expected(
    _ log: RatingsLog, raters: [Int32], user: Int32, regularization: Double
  ) -> [Double] {
    let n = log.itemCount
    func ratings(_ user: Int32) -> [(item: Int, reward: Double)] {
      log.rows(ofUser: Int(user)).map {
        (Int(log.items[$0]), (Double(log.ratings[$0]) - 3) / 2)
      }
    }
    let all = raters.flatMap { ratings($0) }
    let mean = all.map(\.reward).reduce(0, +) / Double(all.count)
    let itemBias = (0..<n).map { item in
      let rewards = all.filter { $0.item == item }.map { $0.reward - mean }
      return rewards.reduce(0, +) / (Double(rewards.count) + 5)
    }
    func centered(_ user: Int32) -> (bias: Double, residuals: [(item: Int, value: Double)]) {
      let own = ratings(user).map { ($0.item, $0.reward - mean - itemBias[$0.item]) }
      let bias = own.map { $0.1 }.reduce(0, +) / (Double(own.count) + 5)
      return (bias, own.map { ($0.0, $0.1 - bias) })
    }
    let others = raters.filter { $0 != user }
    var phi = [[Double]](repeating: .init(repeating: 0, count: others.count), count: n)
    var squares = [Double](repeating: 0, count: n)
    for rater in raters {
      for (item, value) in centered(rater).residuals {
        squares[item] += value * value
        if let column = others.firstIndex(of: rater) { phi[item][column] = value }
      }
    }
    for item in 0..<n { phi[item] = phi[item].map { $0 / (squares[item] + 1).squareRoot() } }
    let (bias, targets) = centered(user)
    let v = others.count
    var system = (0..<v).map { a in
      (0..<v).map { b in
        targets.reduce(a == b ? regularization : 0) {
          $0 + phi[$1.item][a] * phi[$1.item][b]
        }
      } + [targets.reduce(0.0) { $0 + phi[$1.item][a] * $1.value }]
    }
    for pivot in 0..<v {
      for row in pivot + 1..<v {
        let factor = system[row][pivot] / system[pivot][pivot]
        for column in pivot...v { system[row][column] -= factor * system[pivot][column] }
      }
    }
    var w = [Double](repeating: 0, count: v)
    for row in (0..<v).reversed() {
      let known = (row + 1..<v).reduce(0.0) { $0 + system[row][$1] * w[$1] }
      w[row] = (system[row][v] - known) / system[row][row]
    }
    return (0..<n).map { item in
      mean + itemBias[item] + bias + zip(phi[item], w).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }

  @Test("equal to the dense ridge regression, for raters and for others")
  func brute() throws {
    let log = Worlds.tiny
    let logged = LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) }
    let raters = (0..<Int32(log.userCount)).filter { $0 % 3 == 0 }
    let simulated: [Int32] = [0, 1, 6, 8]
    for regularization in [0.1, 1, 5] {
      let model = try ItemRidge(
        logged, raters: raters, simulated: simulated, itemCount: log.itemCount,
        regularization: regularization)
      var span: Float = 0
      for user in simulated {
        let expected = Self.expected(
          log, raters: raters, user: user, regularization: regularization)
        for item in 0..<log.itemCount {
          let found = model.reward(user: Int(user), item: item)
          #expect(abs(Double(found) - expected[item]) < 1e-5)
          span = max(span, abs(found - model.reward(user: 2, item: item)))
        }
      }
      #expect(span > 0.1, "the users are not told apart")
    }
  }

  @Test("knows more of unseen ratings than the biases do")
  func accuracy() throws {
    let log = GeneratedRatings.generate(size: .small)
    let users = (0..<Int32(300)).map { $0 }
    let logged = LoggedRewards(log, scale: .fiveStars) { user in
      let rows = log.rows(ofUser: user)
      return rows.lowerBound..<rows.upperBound - rows.count / 5
    }
    func error(_ regularization: Double) throws -> Double {
      let model = try ItemRidge(
        logged, raters: users, simulated: users, itemCount: log.itemCount,
        regularization: regularization)
      var (sum, count) = (0.0, 0)
      for user in users {
        let rows = log.rows(ofUser: Int(user))
        for row in rows.suffix(rows.count / 5) {
          let predicted = model.reward(user: Int(user), item: Int(log.items[row]))
          let difference = Double(predicted) - (Double(log.ratings[row]) - 3) / 2
          sum += difference * difference
          count += 1
        }
      }
      return (sum / Double(count)).squareRoot()
    }
    let (fitted, biases) = (try error(ItemRidge.regularization), try error(1e9))
    #expect(fitted < 0.99 * biases, "\(fitted) against \(biases)")
  }

  @Test("items that please different people are of different kinds")
  func kinds() {
    var rows = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<24 as Range<Int32> {
      for item in 0..<30 as Range<Int32> where (user * 7 + item * 5) % 4 != 0 {
        rows.users.append(user)
        rows.items.append(item)
        rows.ratings.append(user % 2 == item % 2 ? 5 : 1)
      }
    }
    let log = RatingsLog(
      name: "two tastes", users: rows.users, items: rows.items, ratings: rows.ratings)
    let kinds = ItemClusters.fit(
      LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) },
      users: (0..<Int32(24)).map { $0 }, itemCount: 31, count: 2)
    #expect(kinds.count == 31 && kinds[0] != kinds[1])
    for item in 0..<30 { #expect(kinds[item] == kinds[item % 2]) }
    let four = ItemClusters.fit(
      LoggedRewards(Worlds.tiny, scale: .fiveStars) { Worlds.tiny.rows(ofUser: $0) },
      users: (0..<Int32(Worlds.tiny.userCount)).map { $0 }, itemCount: Worlds.tiny.itemCount)
    #expect(Set(four) == [0, 1, 2, 3])
  }
}
