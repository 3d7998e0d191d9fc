import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import TestSupport
import Testing

/// Against the definitions, computed the slow way.
@Suite("Baselines of the next item")
struct NextItemBaselineTests {
  private static let log = Worlds.tiny
  private static let split = UserSplit(log, Worlds.latest())
  private static let statistics = ItemStatistics(log, split, scale: .fiveStars)

  private static func queries(_ count: Int) throws -> ArraySlice<NextItemQuery> {
    try NextItemEvaluation(log, split, scale: .fiveStars).queries.prefix(count)
  }

  @Test("the Markov chain counts neighbours, the more popular first among equals")
  func markov() throws {
    let chain = MarkovChain(Self.log, Self.split, Self.statistics)
    var pairs: [[Int32]: Int] = [:]
    for user in 0..<Self.log.userCount {
      let items = Self.split.visibleRows(of: user, in: Self.log).map { Self.log.items[$0] }
      for (a, b) in zip(items, items.dropFirst()) { pairs[[a, b], default: 0] += 1 }
    }
    for query in try Self.queries(60) {
      let scores = chain.scores(query)
      let key = { (item: Int) -> (Int, Int32) in
        (pairs[[query.items.last!, Int32(item)]] ?? 0, Self.statistics.counts[item])
      }
      for item in scores.indices.dropFirst() {
        let (a, b) = (key(item - 1), key(item))
        #expect((scores[item - 1] < scores[item]) == (a < b))
        #expect((scores[item - 1] == scores[item]) == (a == b))
      }
    }
  }

  @Test("the windowed chain is its formula, the slow way", arguments: [1, 4, 50])
  func windowed(window: Int) throws {
    var settings = WindowedMarkov.Settings()
    settings.window = window
    settings.shrinkage = window == 4 ? 0.5 : 30
    settings.backward = window == 50 ? 0 : 0.4
    let chain = WindowedMarkov(Self.log, Self.split, Self.statistics, settings)
    let items = 0..<Self.log.itemCount
    var followed = items.map { _ in items.map { _ in 0.0 } }
    for user in 0..<Self.log.userCount {
      let seen = Self.split.visibleRows(of: user, in: Self.log).map { Int(Self.log.items[$0]) }
      for (a, first) in seen.enumerated() {
        for (b, second) in seen.enumerated() where a != b && abs(b - a) <= window {
          followed[first][second] +=
            pow(Double(abs(b - a)), -0.75) * (b > a ? 1 : Double(settings.backward))
        }
      }
    }
    let ratings = Double(Self.statistics.counts.reduce(0, +))
    let shares = Self.statistics.counts.map { Double($0) / ratings }
    let m = Double(settings.shrinkage)
    for query in try Self.queries(40) {
      let scores = chain.scores(query)
      for item in items {
        let expected = query.items.reversed().prefix(window).enumerated().reduce(0.0) { sum, last in
          let row = followed[Int(last.element)]
          let chance = (row[item] + m * shares[item]) / (row.reduce(0, +) + m)
          return sum + pow(Double(last.offset + 1), -0.75) * chance
        }
        let lifted = expected / pow(shares[item] + 1e-6, 0.2)
        #expect(abs(Double(scores[item]) - lifted) < 1e-5 * max(lifted, 0.1))
      }
    }
  }

  @Test("redrawn, what was rated at one time is counted at the mean over its orders")
  func redrawn() throws {
    // Items 1, 2 and 3 at one time between 0 and 4: six orders, all alike.
    let log = RatingsLog(
      name: "ties", users: [0, 0, 0, 0, 0, 0], items: [0, 1, 2, 3, 4, 5],
      ratings: [3, 3, 3, 3, 3, 3], times: [0, 1, 1, 1, 2, 3])
    var evaluation = Worlds.latest(ties: .drawn)
    (evaluation.testShare, evaluation.validationShare) = (0.17, 0)
    let split = UserSplit(log, evaluation)
    var settings = WindowedMarkov.Settings()
    (settings.shrinkage, settings.popularityExponent, settings.redraws) = (0, 0, 4_000)
    let chain = WindowedMarkov(
      log, split, ItemStatistics(log, split, scale: .fiveStars), settings)
    let query = try NextItemEvaluation(log, split, scale: .fiveStars).queries[0]
    let weights = (0..<6).map { pow(Double($0), -0.75) }
    var expected = [Double](repeating: 0, count: 6)
    // What follows items 4, 3, 2, 1 and 0, latest first in the split's own order.
    for (lag, item) in query.items.reversed().enumerated() {
      var row = [Double](repeating: 0, count: 6)
      for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let all = [0] + order + [4]
        let place = all.firstIndex(of: Int(item))!
        for next in all.indices where next > place { row[all[next]] += weights[next - place] / 6 }
      }
      let sum = row.reduce(0, +)
      // Nothing follows the last one: the popular do, five items of one rating each.
      for other in row.indices {
        let share = sum > 0 ? row[other] / sum : other < 5 ? 0.2 : 0
        expected[other] += weights[lag + 1] * share
      }
    }
    for (score, wanted) in zip(chain.scores(query), expected) {
      #expect(abs(Double(score) - wanted) < 0.01)
    }
  }

  @Test("targets are told apart by the time since the rating before")
  func pauses() throws {
    let log = RatingsLog(
      name: "pauses", users: [0, 0, 0, 0, 0, 0], items: [0, 1, 2, 3, 4, 5],
      ratings: [3, 3, 3, 3, 3, 3], times: [0, 0, 0, 3_600, 7_201, 7_201])
    var evaluation = Worlds.latest(ties: .file)
    (evaluation.testShare, evaluation.validationShare) = (0.8, 0)
    let split = UserSplit(log, evaluation)
    let asked = try NextItemEvaluation(log, split, scale: .fiveStars)
    #expect(asked.pauses == [0, 0, 3_600, 3_601, 0])
    let scores = try asked.evaluate(NextItemOracle(items: 6))
    let groups = (0..<3).map { group in
      scores.values(.hit, at: 1, group: group, of: .pause).map { $0 != nil }
    }
    #expect(groups[0] == [true, true, false, false, true])
    #expect(groups[1] == [false, false, true, false, false])
    #expect(groups[2] == [false, false, false, true, false])
    let untimed = RatingsLog(
      name: "none", users: log.users, items: log.items, ratings: log.ratings)
    let unknown = try NextItemEvaluation(
      untimed, UserSplit(untimed, evaluation), scale: .fiveStars)
    #expect(unknown.pauses.isEmpty)
    #expect(try !unknown.evaluate(NextItemOracle(items: 6)).has(.pause))
  }

  @Test("co-occurrence sums the cosines of the history's nearest", arguments: [3, 1_000])
  func cooccurrence(neighbours: Int) throws {
    let scorer = Cooccurrence(Self.log, Self.split, neighbours: neighbours)
    var raters = [Set<Int32>](repeating: [], count: Self.log.itemCount)
    for row in Self.split.visibleRows(in: Self.log) {
      raters[Int(Self.log.items[Int(row)])].insert(Self.log.users[Int(row)])
    }
    func cosine(_ a: Int, _ b: Int) -> Double {
      let common = raters[a].intersection(raters[b]).count
      guard common > 0, a != b else { return 0 }
      return Double(common) / Double(raters[a].count * raters[b].count).squareRoot()
    }
    let rows = raters.indices.map { a in raters.indices.map { cosine(a, $0) } }
    for query in try Self.queries(40) {
      let scores = scorer.scores(query)
      for item in scores.indices {
        let expected = query.items.reduce(0.0) { sum, seen in
          let row = rows[Int(seen)]
          let last = row.sorted(by: >)[min(neighbours, row.count) - 1]
          // Equal cosines may differ in the last bit of a Float.
          return row[item] >= last - 1e-7 ? sum + row[item] : sum
        }
        #expect(abs(Double(scores[item]) - expected) < 1e-4)
      }
    }
  }

  @Test("popularity, item mean and PMF are those of re-ranking")
  func fixed() throws {
    let model = Worlds.model(Self.log, dimension: 4)
    let query = try Self.queries(1).first!
    #expect(
      ItemScores.popularity(Self.statistics).scores(query)
        == Self.statistics.counts.map { Float($0) })
    #expect(ItemScores.mean(Self.statistics).scores(query) == Self.statistics.means)
    let all = (0..<Int32(Self.log.itemCount)).map { $0 }
    let session = Session(
      user: query.user, history: [], candidates: all, rewards: all.map { _ in 0 },
      logged: all.map { Int($0) })
    #expect(PMFScores(model, biased: true).scores(query) == PMFRating(model).scores(session))
    let bias = model.mean + model.userBiases[Int(query.user)]
    let dots = PMFScores(model, biased: false).scores(query)
    for (a, b) in zip(dots, PMFDot(model).scores(session)) { #expect(abs(a - bias - b) < 1e-5) }
  }

  @Test("LinUCB solves the regression of all that the user has rated", arguments: [0, 0.5])
  func linUCB(alpha: Double) throws {
    let model = Worlds.model(Self.log, dimension: 4)
    let scorer = LinUCBScores(model, alpha: alpha)
    let queries = Array(try Self.queries(20))
    let found = scorer.scores(queries)
    func features(_ item: Int) -> [Double] {
      model.itemFactors[item * 4..<item * 4 + 4].map { Double($0) }
        + [Double(model.itemBiases[item]), 1]
    }
    for (query, scores) in zip(queries, found) {
      var a = (0..<6).map { i in (0..<6).map { $0 == i ? 1.0 : 0 } }
      var b = [Double](repeating: 0, count: 6)
      for (item, reward) in zip(query.items, query.rewards) {
        let x = features(Int(item))
        for i in 0..<6 {
          b[i] += Double(reward) * x[i]
          for j in 0..<6 { a[i][j] += x[i] * x[j] }
        }
      }
      let theta = Dense.solve(a, b)
      for item in stride(from: 0, to: scores.count, by: 7) {
        let x = features(item)
        let variance = zip(x, Dense.solve(a, x)).reduce(0) { $0 + $1.0 * $1.1 }
        let bound = zip(x, theta).reduce(0) { $0 + $1.0 * $1.1 } + alpha * variance.squareRoot()
        #expect(abs(Double(scores[item]) - bound) < 1e-5)
      }
    }
    // However the queries are cut.
    #expect(found == queries.flatMap { scorer.scores([$0]) })
  }

  @Test("what items are called changes no measure")
  func renamed() throws {
    var renamed = Self.log
    let last = Int32(Self.log.itemCount - 1)
    renamed.items = Self.log.items.map { last - $0 }
    func measures(_ log: RatingsLog) throws -> [Double] {
      let split = UserSplit(log, Worlds.latest())
      let statistics = ItemStatistics(log, split, scale: .fiveStars)
      let evaluation = try NextItemEvaluation(log, split, scale: .fiveStars)
      let scorers: [any NextItemScorer] = [
        ItemScores.popularity(statistics), MarkovChain(log, split, statistics),
        ItemScores.mean(statistics),
      ]
      return try scorers.flatMap { scorer in
        let scores = try evaluation.evaluate(scorer)
        return [scores.mean(.hit, at: 10), scores.mean(.gain, at: 10)]
      }
    }
    #expect(try measures(Self.log) == measures(renamed))
  }

  @Test("nothing that is held out reaches what is counted")
  func poison() throws {
    let poisoned = Worlds.poisoned(Self.log, Self.split)
    let again = UserSplit(poisoned, Worlds.latest())
    let a = ItemStatistics(Self.log, Self.split, scale: .fiveStars)
    let b = ItemStatistics(poisoned, again, scale: .fiveStars)
    let clean = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let pairs: [(any NextItemHostScorer, any NextItemHostScorer)] = [
      (MarkovChain(Self.log, Self.split, a), MarkovChain(poisoned, again, b)),
      (Cooccurrence(Self.log, Self.split), Cooccurrence(poisoned, again)),
    ]
    for (honest, other) in pairs {
      for query in clean.queries.prefix(100) {
        #expect(honest.scores(query) == other.scores(query))
      }
    }
    let groups = PopularityGroups(Self.log, Self.split).groups
    #expect(groups == PopularityGroups(poisoned, again).groups)
  }

  @Test("a re-ranker takes in the reward of each item before the next")
  func ranker() throws {
    var evaluation = Worlds.latest()
    evaluation.cutoffs = [4]
    evaluation.minimumCandidates = 4
    let sessions = Session.all(Self.log, Self.split, evaluation, window: 0, scale: .fiveStars)
    #expect(!sessions.isEmpty)
    let items = Self.log.itemCount
    // Of the item rated last, the next higher ones come first; after an item that was not liked
    // the next lower ones do.
    let scorer = FunctionScorer { query in
      let last = query.items.last!
      let sign: Float = query.rewards.last! > 0 ? 1 : -1
      return (0..<Int32(items)).map { -sign * Float(($0 - last + Int32(items)) % Int32(items)) }
    }
    let ranked = try NextItemRanker(scorer, Self.log, Self.split, scale: .fiveStars)
      .rank(sessions, length: 4) { _ in }
    for (session, picks) in zip(sessions, ranked.picks) {
      let row = Array(Self.split.visibleRows(of: Int(session.user), in: Self.log)).last!
      var (last, liked) = (Self.log.items[row], Self.log.ratings[row] > 3)
      var left = Set(session.candidates)
      for pick in picks {
        func distance(_ item: Int32) -> Int32 { (item - last + Int32(items)) % Int32(items) }
        let expected =
          liked
          ? left.min { distance($0) < distance($1) } : left.max { distance($0) < distance($1) }
        #expect(pick == expected)
        left.remove(pick)
        last = pick
        liked = session.rewards[session.candidates.firstIndex(of: pick)!] > 0
      }
      #expect(picks.count == 4)
    }
  }

  @Test("MovieLens 100K: the figures measured elsewhere, and what an order by id would feign")
  func movieLens() throws {
    try RealData.with("ml-100k.zip") { path in
      let log = try RatingsSource.load(path) { _, _ in }
      // The same ratings in a file sorted by item, as MovieLens CSV files are.
      let rows = (0..<log.count).sorted { log.items[$0] < log.items[$1] }
      let sorted = RatingsLog(
        name: "sorted", users: rows.map { log.users[$0] }, items: rows.map { log.items[$0] },
        ratings: rows.map { log.ratings[$0] }, times: rows.map { log.times[$0] })
      func markov(_ log: RatingsLog, _ ties: TieOrder?) throws -> [Double] {
        var evaluation = Worlds.latest(ties: ties)
        evaluation.validationShare = 0
        let split = UserSplit(log, evaluation)
        let statistics = ItemStatistics(log, split, scale: .fiveStars)
        let nextItem = try NextItemEvaluation(log, split, scale: .fiveStars)
        #expect(nextItem.queries.count == 20_000)
        return try [ItemScores.popularity(statistics), MarkovChain(log, split, statistics)]
          .flatMap { (scorer: any NextItemScorer) in
            let scores = try nextItem.evaluate(scorer)
            return [scores.mean(.hit, at: 10), scores.mean(.gain, at: 10)]
          }
      }
      let drawn = try markov(log, .drawn)
      for (found, measured) in zip(drawn, [0.0545, 0.0265, 0.1062, 0.0557]) {
        #expect(abs(found - measured) < 0.002, "\(drawn)")
      }
      let file = try markov(log, .file)
      #expect(abs(file[2] - 0.1064) < 0.001)
      let feigned = try markov(sorted, .file)
      #expect(feigned[2] > 0.13, "\(feigned)")
      // Drawn, the order of the file does not matter.
      #expect(abs(try markov(sorted, .drawn)[2] - drawn[2]) < 0.003)
      // Without times nothing is known of what came after what.
      var random = SeededGenerator(7)
      let shuffled = (0..<log.count).shuffled(using: &random)
      func untimed(_ rows: [Int]) -> RatingsLog {
        RatingsLog(
          name: "untimed", users: rows.map { log.users[$0] }, items: rows.map { log.items[$0] },
          ratings: rows.map { log.ratings[$0] })
      }
      let unknown = try [rows, shuffled].map { try markov(untimed($0), nil)[2] }
      #expect(unknown[0] < 0.08 && abs(unknown[0] - unknown[1]) < 0.008, "\(unknown)")
      let taken = try markov(untimed(rows), .file)
      #expect(taken[2] > 0.3, "\(taken)")
    }
  }
}
