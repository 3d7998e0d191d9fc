import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Factorization
import TestSupport
import Testing

/// Against the definitions, computed the slow way.
@Suite("Baselines")
struct BaselineTests {
  private let log = Worlds.tiny
  private let split: UserSplit
  private let sessions: [Session]
  private let statistics: ItemStatistics
  private let model: PMFModel

  init() {
    var evaluation = EvaluationProtocol()
    evaluation.minimumCandidates = 10
    evaluation.cutoffs = [5, 10]
    split = UserSplit(log, evaluation)
    sessions = Session.all(log, split, evaluation, window: 3, scale: .fiveStars)
    statistics = ItemStatistics(log, split, scale: .fiveStars)
    model = Worlds.model(log, dimension: 4)
  }

  /// Rewards less the items' means by user and item, each user's damped mean of them, and the
  /// similarity of two items: dense.
  private struct DenseNeighbours {
    var raw: [[Int32: Double]]
    var biases: [Double]
    var similarity: (Int32, Int32) -> Double
  }

  private func dense() -> DenseNeighbours {
    let users = 0..<log.userCount
    let raw = users.map { user in
      Dictionary(
        uniqueKeysWithValues: split.visibleRows(of: user, in: log).map { row in
          let reward = Double(RewardScale.fiveStars.reward(log.ratings[row]))
          return (log.items[row], reward - Double(statistics.means[Int(log.items[row])]))
        })
    }
    let biases = raw.map { $0.values.reduce(0, +) / (Double($0.count) + 5) }
    let residuals = users.map { user in raw[user].mapValues { $0 - biases[user] } }
    let norms = (0..<Int32(log.itemCount)).map { item in
      users.reduce(0) { $0 + (residuals[$1][item].map { $0 * $0 } ?? 0) }.squareRoot()
    }
    return DenseNeighbours(raw: raw, biases: biases) { a, b in
      let both = users.filter { residuals[$0][a] != nil && residuals[$0][b] != nil }
      let product = both.reduce(0) { $0 + residuals[$1][a]! * residuals[$1][b]! }
      guard product != 0 else { return 0 }
      return product / (norms[Int(a)] * norms[Int(b)]) * Double(both.count)
        / (Double(both.count) + 20)
    }
  }

  /// A prediction by the items that a user has rated, with their rewards less the items' means.
  private func prediction(
    _ item: Int32, _ rated: [Int32: Double], bias: Double, neighbours: Int,
    _ similarity: (Int32, Int32) -> Double
  ) -> Double {
    let similar = rated.filter { $0.key != item }
      .map { (similarity(item, $0.key), $0.value - bias) }
      .filter { $0.0 > 0 }.sorted { $0.0 > $1.0 }.prefix(neighbours)
    let sum = similar.reduce(0) { $0 + $1.0 * $1.1 }
    return Double(statistics.means[Int(item)]) + sum / (similar.reduce(0) { $0 + $1.0 } + 1)
  }

  @Test("item-kNN", arguments: [2, 40])
  func itemKNN(neighbours: Int) {
    let dense = dense()
    let ranker = ItemKNN(
      log, split, statistics, scale: .fiveStars, neighbours: neighbours)
    let found = ranker.predictions(sessions)
    for (session, predictions) in zip(sessions, found) {
      for (item, prediction) in zip(session.candidates, predictions) {
        let user = Int(session.user)
        let expected = self.prediction(
          item, dense.raw[user], bias: dense.biases[user], neighbours: neighbours,
          dense.similarity)
        #expect(abs(Double(prediction) - expected) < 1e-4)
      }
    }
    let picks = ranker.rank(sessions, length: 4) { _ in }.picks
    for (session, (predictions, items)) in zip(sessions, zip(found, picks)) {
      let order = predictions.indices.sorted { predictions[$0] > predictions[$1] }
      #expect(items.count == 4 && items[0] == session.candidates[order[0]])
    }
  }

  @Test("similarities that are kept are those that are found anew, to the bit")
  func remembered() throws {
    let knn = ItemKNN(log, split, statistics, scale: .fiveStars)
    func blend(_ knn: ItemKNN) -> AdaptiveBlend {
      AdaptiveBlend("blend", knn, model, log, split, scale: .fiveStars, weight: 0.25)
    }
    let scores = knn.predictions(sessions)
    let picks = blend(knn).rank(sessions, length: 8) { _ in }.picks
    for most in [1, 30, 1_000] {
      let other = try knn.remembering(sessions, most: most)
      #expect(other.predictions(sessions) == scores, "\(most)")
      #expect(blend(other).rank(sessions, length: 8) { _ in }.picks == picks, "\(most)")
      // Of some sessions, asked about all.
      let few = try knn.remembering(Array(sessions.prefix(2)), most: most)
      #expect(few.predictions(sessions) == scores, "\(most)")
    }
    for size in [2, 3, 4] {
      let shared = try ThreadCollective.run(size) { [sessions] ranks in
        try knn.remembering(sessions, most: 30, among: ranks).predictions(sessions)
      }
      #expect(Set(shared) == [scores], "\(size) ranks")
    }
  }

  @Test("kNN and fold-in take in every answer before the next pick", arguments: [0, 0.25, 1])
  func adaptive(weight: Double) throws {
    let dense = dense()
    let d = model.dimension + 1
    func features(_ item: Int32) -> [Double] {
      (0..<4).map { Double(model.itemFactors[Int(item) * 4 + $0]) } + [1]
    }
    func base(_ item: Int32) -> Double { Double(model.mean + model.itemBiases[Int(item)]) }
    let knn = ItemKNN(log, split, statistics, scale: .fiveStars)
    let ranker = AdaptiveBlend(
      "blend", knn, model, log, split, scale: .fiveStars, weight: Float(weight))
    let found = ranker.rank(sessions, length: 8) { _ in }.picks
    for (session, picks) in zip(sessions, found) {
      var raw = dense.raw[Int(session.user)]
      var rewards = Dictionary(
        uniqueKeysWithValues: split.visibleRows(of: Int(session.user), in: log).map {
          (log.items[$0], Double(RewardScale.fiveStars.reward(log.ratings[$0])))
        })
      var left = Array(session.candidates.indices)
      for pick in picks {
        let bias = raw.values.reduce(0, +) / (Double(raw.count) + 5)
        var (a, b) = (
          (0..<d).map { i in (0..<d).map { $0 == i ? 2.0 : 0 } },
          [Double](repeating: 0, count: d)
        )
        for (item, reward) in rewards {
          let x = features(item)
          for i in 0..<d {
            b[i] += (reward - base(item)) * x[i]
            for j in 0..<d { a[i][j] += x[i] * x[j] }
          }
        }
        let theta = Dense.solve(a, b)
        let scores = left.map { position in
          let item = session.candidates[position]
          let near = prediction(
            item, raw, bias: bias, neighbours: 40, dense.similarity)
          let folded = base(item) + zip(features(item), theta).reduce(0) { $0 + $1.0 * $1.1 }
          return (1 - weight) * near + weight * folded
        }
        let place = left.firstIndex { session.candidates[$0] == pick }!
        // What rounding leaves equal may stand in either order.
        #expect(scores[place] > scores.max()! - 1e-4)
        let chosen = left.remove(at: place)
        rewards[pick] = Double(session.rewards[chosen])
        raw[pick] = Double(session.rewards[chosen]) - Double(statistics.means[Int(pick)])
      }
    }
    let best = try ranker.chosen(on: sessions, among: [0, 1])
    let measured = try ([0, 1] as [Float]).map { weight -> Double in
      let alone = AdaptiveBlend(
        "alone", knn, model, log, split, scale: .fiveStars, weight: weight)
      let full = sessions.filter { $0.candidates.count >= 10 }
      return try OfflineEvaluation(sessions: full, cutoffs: [10]).evaluate(alone)
        .mean(.ndcg, at: 10) ?? -1
    }
    #expect(measured.allSatisfy { $0 > 0 })
    #expect(best.weight == (measured[0] >= measured[1] ? 0 : 1))
  }

  @Test("LinUCB solves its regression anew before every pick", arguments: [0, 0.5])
  func linUCB(alpha: Double) {
    let d = model.dimension + 2
    func features(_ item: Int32) -> [Double] {
      (0..<4).map { Double(model.itemFactors[Int(item) * 4 + $0]) }
        + [Double(model.itemBiases[Int(item)]), 1]
    }
    let ranker = LinUCB(model, log, split, scale: .fiveStars, alpha: alpha)
    for session in sessions {
      var seen = Array(split.visibleRows(of: Int(session.user), in: log)).map {
        (features(log.items[$0]), Double(RewardScale.fiveStars.reward(log.ratings[$0])))
      }
      var left = Array(session.candidates.indices)
      var expected: [Int32] = []
      for _ in 0..<6 {
        var a = (0..<d).map { i in (0..<d).map { $0 == i ? 1.0 : 0 } }
        var b = [Double](repeating: 0, count: d)
        for (x, reward) in seen {
          for i in 0..<d {
            b[i] += reward * x[i]
            for j in 0..<d { a[i][j] += x[i] * x[j] }
          }
        }
        let theta = Dense.solve(a, b)
        let bounds = left.map { position in
          let x = features(session.candidates[position])
          let variance = zip(x, Dense.solve(a, x)).reduce(0) { $0 + $1.0 * $1.1 }
          return zip(x, theta).reduce(0) { $0 + $1.0 * $1.1 } + alpha * variance.squareRoot()
        }
        let chosen = left.remove(at: bounds.indices.max { bounds[$0] < bounds[$1] }!)
        expected.append(session.candidates[chosen])
        seen.append(
          (features(session.candidates[chosen]), Double(session.rewards[chosen])))
      }
      #expect(ranker.picks(session, length: 6) == expected)
      let all = ranker.picks(session, length: 1_000)
      #expect(Set(all) == Set(session.candidates) && all.count == session.candidates.count)
    }
  }

  @Test("one direction is the ridge regression over all rows of training users")
  func fixedDirection() {
    let rows = split.trainUsers.flatMap { split.visibleRows(of: Int($0), in: log) }
    let x = rows.map { row in
      (0..<4).map { Double(model.itemFactors[Int(log.items[row]) * 4 + $0]) }
    }
    let y = rows.map { Double(RewardScale.fiveStars.reward(log.ratings[$0])) }
    let count = Double(rows.count)
    let center = (0..<4).map { j in x.reduce(0) { $0 + $1[j] } / count }
    let mean = y.reduce(0, +) / count
    var a = (0..<4).map { i in (0..<4).map { $0 == i ? 10.0 : 0 } }
    var b = [Double](repeating: 0, count: 4)
    for (x, y) in zip(x, y) {
      for i in 0..<4 {
        b[i] += (x[i] - center[i]) * (y - mean)
        for j in 0..<4 { a[i][j] += (x[i] - center[i]) * (x[j] - center[j]) }
      }
    }
    let direction = Dense.solve(a, b)
    let ranker = FixedDirection(model, log, split, scale: .fiveStars)
    for session in sessions {
      let expected = session.candidates.map { item in
        (0..<4).reduce(0) { $0 + direction[$1] * Double(model.itemFactors[Int(item) * 4 + $1]) }
      }
      #expect(relativeError(ranker.scores(session).map { Double($0) }, expected) < 1e-4)
    }
  }

  @Test("a random action is the user's, of its distribution")
  func randomAction() throws {
    // With unit vectors as items the scores are the action itself.
    let k = 100
    let unit = (0..<log.itemCount).flatMap { item in
      (0..<k).map { $0 == item % k ? Float(1) : 0 }
    }
    let units = PMFModel(
      dimension: k, mean: 0, userFactors: .init(repeating: 0, count: log.userCount * k),
      itemFactors: unit, userBiases: .init(repeating: 0, count: log.userCount),
      itemBiases: .init(repeating: 0, count: log.itemCount))
    func scores(_ kind: RandomAction.Distribution, seed: UInt64 = 1) -> [[Float]] {
      sessions.map { RandomAction(kind, units, seed: seed).scores($0) }
    }
    let uniform = scores(.positive).flatMap { $0 }
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 0.1 } && uniform.max()! > 0.09)
    let normal = scores(.normal).flatMap { $0 }.map { Double($0) }
    let mean = normal.reduce(0, +) / Double(normal.count)
    let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(normal.count)
    #expect(abs(mean) < 0.3 && abs(variance - 1) < 0.4)
    #expect(scores(.normal) == scores(.normal))
    #expect(scores(.normal) != scores(.normal, seed: 2))
    let (first, last) = (try #require(sessions.first), try #require(sessions.last))
    let other = Session(
      user: last.user, history: [], candidates: first.candidates, rewards: first.rewards,
      logged: first.logged)
    let ranker = RandomAction(.normal, units, seed: 1)
    #expect(ranker.scores(first) != ranker.scores(other))
  }
}
