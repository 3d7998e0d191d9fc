import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import Runs
import TestSupport
import Testing

@Suite("Lists as a whole, and several runs as one")
struct ReportTests {
  /// Picks what it is told, whatever the session.
  private struct Fixed: Ranker {
    var name: String
    var lists: [[Int32]]
    func rank(_ sessions: [Session], length: Int, progress: (Int) -> Void) -> RankedLists {
      RankedLists(picks: lists.map { Array($0.prefix(length)) })
    }
  }

  private static func session(_ user: Int32, _ rewards: [Float]) -> Session {
    Session(
      user: user, history: [], candidates: (0..<Int32(rewards.count)).map { $0 },
      rewards: rewards, logged: Array(rewards.indices))
  }

  @Test("distinct items, coverage, Gini, novelty, diversity")
  func lists() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    let statistics = ItemStatistics(log, split, scale: .fiveStars)
    let model = Worlds.model(log, dimension: 5)
    let rewards = [Float](repeating: 1, count: 8)
    let evaluation = OfflineEvaluation(
      sessions: (0..<3).map { Self.session($0, rewards) }, cutoffs: [1, 3],
      catalogue: ItemCatalogue(statistics, users: log.userCount, model: model))
    let picks: [[Int32]] = [[0, 1, 2], [0, 1, 5], [0, 7, 2]]
    let scores = try evaluation.evaluate(Fixed(name: "fixed", lists: picks))
    let found = scores.lists[1]
    #expect(found.distinct == 5 && found.coverage == 5.0 / 8)
    // Half the mean absolute difference of all pairs, over the mean.
    let counts: [Double] = [3, 2, 2, 0, 0, 1, 0, 1]
    let differences = counts.flatMap { a in counts.map { abs(a - $0) } }.reduce(0, +)
    #expect(abs(found.gini - differences / (2 * 8 * counts.reduce(0, +))) < 1e-12)
    let information = picks.joined().map {
      -log2(Double(max(statistics.counts[Int($0)], 1)) / Double(log.userCount))
    }
    #expect(abs(try #require(found.novelty) - information.reduce(0, +) / 9) < 1e-9)
    func cosine(_ a: Int32, _ b: Int32) -> Double {
      func row(_ item: Int32) -> [Double] {
        model.itemFactors[Int(item) * 5..<Int(item + 1) * 5].map { Double($0) }
      }
      func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      }
      return dot(row(a), row(b)) / (dot(row(a), row(a)) * dot(row(b), row(b))).squareRoot()
    }
    let pairs = picks.flatMap { list in
      [(0, 1), (0, 2), (1, 2)].map { 1 - cosine(list[$0], list[$1]) }
    }
    #expect(abs(try #require(found.diversity) - pairs.reduce(0, +) / 9) < 1e-5)
    #expect(scores.lists[0].diversity == nil && scores.lists[0].distinct == 1)
    #expect(abs(scores.lists[0].gini - 7.0 / 8) < 1e-12)
  }

  private static let configuration = RunConfiguration(source: "tiny", log: Worlds.tiny)
  /// With the Ks of the sessions below.
  private static var short: RunConfiguration {
    var short = configuration
    short.evaluation.cutoffs = [1, 2]
    return short
  }

  /// A run whose agent picks `agent` in two sessions, the second without a liked item.
  private static func run(
    _ seed: UInt64, users: (Int32, Int32) = (1, 2), agent: [[Int32]]
  ) throws -> RunEvaluation {
    let sessions = [
      session(users.0, [1, -1, 1, -1]), session(users.1, [-1, 0, -1, 0]),
    ]
    let evaluation = OfflineEvaluation(sessions: sessions, cutoffs: [1, 2])
    return RunEvaluation(
      run: RunEvaluation.Run(
        seed: seed, splitSeed: 0, steps: 10,
        admission: Session.Admission(), candidatesPerSession: 4, sessionRMSE: 1),
      scores: [
        try evaluation.evaluate(RandomOrder(seed: seed)),
        try evaluation.evaluate(Fixed(name: "plain", lists: [[1, 0], [0, 1]])),
        try evaluation.evaluate(Fixed(name: "agent", lists: agent)),
        try evaluation.evaluate(Oracle()),
      ])
  }

  @Test("thirds of users by activity and tenths of ratings by prediction") func groups() throws {
    var runs = [
      try Self.run(0, agent: [[0, 2], [0, 1]]),
      try Self.run(1, users: (3, 4), agent: [[0, 1], [1, 0]]),
    ]
    runs[0].observed = [5, 9]
    runs[1].observed = [5, 30]
    runs[0].ratings = (0..<10).map { (Double($0), Double($0) + 0.5) }
    runs[1].ratings = (0..<10).map { (Double($0), Double($0) - 0.5) }
    let report = try EvaluationReport(
      runs, agent: "agent", configuration: Self.short, seed: 3, protocolSummary: "",
      device: "")
    // Users of five ratings stay together; those without a liked candidate have no NDCG.
    let activity = try #require(report.activity)
    #expect(activity.map(\.low) == [5, 9] && activity.map(\.high) == [5, 30])
    #expect(activity.map(\.users) == [2, 0])
    #expect(activity[0].ndcg["oracle"] == 1 && activity[1].ndcg.isEmpty)
    // Each tenth has one of each run, which cancel.
    let calibration = try #require(report.calibration)
    #expect(calibration.map(\.count) == Array(repeating: 2, count: 10))
    #expect(calibration.map(\.predicted) == (0..<10).map { Double($0) })
    #expect(calibration.map(\.given) == (0..<10).map { Double($0) })
    // Too few say nothing.
    let bare = try EvaluationReport(
      [try Self.run(0, agent: [[0, 2], [0, 1]])], agent: "agent",
      configuration: Self.short, seed: 3, protocolSummary: "", device: "")
    #expect(bare.activity == nil && bare.calibration == nil)
  }

  @Test("a verdict names what the agent is level with, above and below") func verdict() throws {
    let report = try EvaluationReport(
      [try Self.run(0, agent: [[0, 2], [0, 1]])], agent: "agent",
      configuration: Self.short, seed: 3, protocolSummary: "", device: "")
    func with(_ low: Double, _ high: Double) -> String {
      var report = report
      for place in report.differences.indices where report.differences[place].ranker == "plain" {
        report.differences[place].estimate = Estimate(
          mean: (low + high) / 2, low: low, high: high, count: 1)
      }
      return report.verdict
    }
    #expect(with(0.1, 0.3).contains("; above plain (95% paired intervals, 2 users)"))
    #expect(with(-0.1, 0.3).contains("; level with plain ("))
    #expect(with(-0.2, -0.1).contains("; below plain ("))
    #expect(with(0, 0.3).hasPrefix("agent: NDCG@"))
  }

  @Test("means, deviations over the runs, and differences within users")
  func report() throws {
    let runs = [
      try Self.run(0, agent: [[0, 2], [0, 1]]), try Self.run(1, agent: [[0, 1], [0, 1]]),
    ]
    let report = try EvaluationReport(
      runs, agent: "agent", configuration: Self.configuration, seed: 3, protocolSummary: "",
      device: "")
    #expect(report.runs.map(\.seed) == [0, 1])
    #expect(report.rankers.map(\.name) == ["random", "plain", "agent", "oracle"])
    let row = report.rankers[2].rows[1]
    // Two of two and one of two in the first session, nothing in the second.
    let precision = try #require(row.precision)
    #expect(precision.mean == 0.375 && precision.count == 4)
    #expect(abs(precision.deviation! - 0.125 * 2.0.squareRoot()) < 1e-12)
    // Two clusters, one at 0.75 and one at 0: means of any resample are 0, 0.375 or 0.75.
    #expect(precision.low == 0 && precision.high == 0.75)
    #expect(row.recall?.count == 2 && row.recall?.mean == 0.75 && row.ndcg?.count == 2)
    let difference = try #require(report.difference(from: "plain", .precision, at: 2))
    #expect(difference.mean == 0.125 && difference.count == 4)
    #expect(difference.low == 0 && difference.high == 0.25)
    #expect(report.difference(from: "agent", .precision, at: 2) == nil)
    #expect(report.difference(from: "oracle", .ndcg, at: 1)?.mean == 0)
    let (low, high) = (
      report.rankers[0].rows[1].precision!.mean, report.rankers[3].rows[1].precision!.mean
    )
    #expect(abs(row.gain! - (0.375 - low) / (high - low)) < 1e-12)
    #expect(report.rankers[1].rows.allSatisfy { $0.lists != nil })
  }

  @Test("a user whom several splits test is one cluster")
  func splits() throws {
    let list: [[Int32]] = [[0, 2], [0, 1]]
    func interval(_ users: (Int32, Int32)) throws -> Estimate {
      let runs = [try Self.run(0, agent: list), try Self.run(1, users: users, agent: list)]
      let report = try EvaluationReport(
        runs, agent: "agent", configuration: Self.configuration, seed: 3, protocolSummary: "",
        device: "")
      return try #require(report.rankers[2].rows[1].precision)
    }
    // Of two clusters one resample in four has the one alone; of four, one in 256.
    let (same, other) = (try interval((1, 2)), try interval((3, 4)))
    #expect(same.low == 0 && same.high == 1 && same.mean == 0.5 && other.mean == 0.5)
    #expect(other.low == 0 || other.low == 0.25)
    #expect(other.high - other.low <= same.high - same.low)
  }

  @Test("undefined everywhere, a measure has no figure")
  func undefined() throws {
    let sessions = [Self.session(0, [-1, -1, 0])]
    let evaluation = OfflineEvaluation(sessions: sessions, cutoffs: [2, 9])
    var run = try Self.run(0, agent: [[0, 2], [0, 1]])
    run.scores = [
      try evaluation.evaluate(RandomOrder(seed: 0)), try evaluation.evaluate(LoggedOrder()),
      try evaluation.evaluate(Oracle()),
    ]
    let report = try EvaluationReport(
      [run], agent: "logged order", configuration: Self.configuration, seed: 0,
      protocolSummary: "", device: "")
    for ranker in report.rankers {
      #expect(ranker.rows[0].precision?.mean == 0 && ranker.rows[0].ndcg == nil)
      #expect(ranker.rows[0].gain == nil && ranker.rows[0].recall == nil)
      #expect(ranker.rows[1].precision == nil && ranker.rows[1].reward == nil)
    }
    #expect(report.difference(from: "oracle", .ndcg, at: 2) == nil)
    #expect(!(try RunFolder.json(report)).contains("nan"))
  }

  @Test("a group's runs have folders and seeds of their own")
  func group() throws {
    let plain = RunGroup(seeds: 2).members
    #expect(plain.map(\.name) == ["seed-0", "seed-1"])
    let group = RunGroup(seeds: 2, splits: 2)
    #expect(
      group.members.map(\.name) == [
        "split-0/seed-0", "split-0/seed-1", "split-1/seed-0", "split-1/seed-1",
      ])
    var first = Self.configuration
    first.seed = 7
    first.evaluation.splitSeed = 3
    let seeds = group.members.map { first.member(seed: $0.seed, split: $0.split) }
    #expect(seeds.map(\.seed) == [7, 8, 7, 8])
    #expect(seeds.map(\.evaluation.splitSeed) == [3, 3, 4, 4])
    #expect(throws: ConfigurationError.self) { try RunGroup(seeds: 0).validate() }
    #expect(throws: ConfigurationError.self) { try RunGroup(seeds: 1, splits: 0).validate() }
  }
}
