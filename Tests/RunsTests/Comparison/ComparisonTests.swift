import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

@Suite("One table of methods")
struct ComparisonTests {
  private static let log = Worlds.tiny

  private static func training(
    _ change: (inout EvaluationProtocol) -> Void = { _ in }
  ) -> Comparison.Training {
    var evaluation = Worlds.latest()
    change(&evaluation)
    return Comparison.Training(evaluation: evaluation, scale: .fiveStars)
  }

  private static func settings() -> Comparison.Settings {
    var settings = Comparison.Settings()
    settings.rerankingCutoffs = [2, 4]
    return settings
  }

  /// A run that was trained elsewhere.
  private struct Trained: ComparedRun {
    static let algorithms = ["trained"]
    var data = DataIdentity(source: "tiny", log: log)
    var evaluation = Worlds.latest()
    var scale = RewardScale.fiveStars
    init(_ folder: RunFolder) {}
    func contestants(
      _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
    ) -> [Contestant] { [] }
  }

  private static func refusal(_ change: (inout Trained) -> Void) -> String? {
    let first = RunFolder("a")
    var other = Trained(first)
    change(&other)
    do {
      _ = try Comparison.training(of: [(first, Trained(first)), (RunFolder("b"), other)])
      return nil
    } catch { return "\(error)" }
  }

  @Test("runs that learned from other ratings are refused with the first setting that differs")
  func refused() {
    #expect(Self.refusal { _ in } == nil)
    #expect(
      Self.refusal { $0.evaluation.splitSeed = 4 }
        == "b was trained with evaluation.splitSeed 4, a with 0; one table needs the same split")
    #expect(
      Self.refusal { $0.evaluation.split = .users }?.contains("evaluation.split users") == true)
    #expect(Self.refusal { $0.evaluation.ties = .file }?.contains("evaluation.ties file") == true)
    #expect(Self.refusal { $0.evaluation.validationShare = 0 }?.contains("validationShare") == true)
    #expect(
      Self.refusal { $0.scale.center = 3.5 }?.contains("scale.center 3.5, a with 3.0") == true)
    #expect(
      Self.refusal { $0.data.checksum = "beef" }?.contains("one table needs the same ratings")
        == true)
    // What only measures depend on, and what the default says anyway, is no difference.
    #expect(
      Self.refusal {
        $0.evaluation.cutoffs = [3]
        $0.evaluation.minimumCandidates = 3
        $0.evaluation.ties = .drawn
        $0.evaluation.profileShare = 0.3
        $0.evaluation.exploration = 0.1
      } == nil)
  }

  @Test("the table holds every baseline, with differences from one of them")
  func table() throws {
    let comparison = try Comparison(Self.log, Self.training(), Self.settings())
    let contestants = comparison.baselines(Worlds.model(Self.log, dimension: 4))
    var progress = 0
    let results = try comparison.evaluate(contestants) { done, total, _ in
      #expect(done >= progress && done <= total)
      progress = done
    }
    let report = try ComparisonReport(
      [(comparison, results)], runs: [], data: DataIdentity(source: "", log: Self.log),
      device: "cpu")
    #expect(
      report.rows.map(\.name) == [
        "random", "popularity", "item mean", "first-order Markov", "windowed Markov",
        "session kNN", "item-kNN", "PMF rating", "PMF dot", "oracle",
      ])
    #expect(report.targets == [comparison.nextItem.queries.count])
    for (row, contestant) in zip(report.rows, contestants) {
      let scores = try comparison.nextItem.evaluate(contestant.scorer)
      for cutoff in row.cutoffs {
        #expect(abs(cutoff.hitRate.mean - scores.mean(.hit, at: cutoff.k)) < 1e-12)
        #expect(abs(cutoff.ndcg.mean - scores.mean(.gain, at: cutoff.k)) < 1e-12)
        #expect(cutoff.hitRate.low <= cutoff.hitRate.mean)
        #expect(cutoff.hitRate.high >= cutoff.hitRate.mean)
      }
      #expect(abs(row.reciprocalRank.mean - scores.mean(.reciprocalRank)) < 1e-12)
      #expect(row.groups.reduce(0) { $0 + $1.hitRate.count } == report.targets[0])
      let pauses = try #require(row.pauses)
      #expect(pauses.map(\.name) == ["same second", "same session", "later"])
      #expect(pauses.reduce(0) { $0 + $1.hitRate.count } == report.targets[0])
      let hits = pauses.reduce(0) { $0 + $1.hitRate.mean * Double($1.hitRate.count) }
      #expect(abs(hits / Double(report.targets[0]) - scores.mean(.hit, at: 10)) < 1e-9)
      #expect(row.reranking.map(\.k) == [2, 4])
      #expect((row.hitRateDifference == nil) == (row.name == "first-order Markov"))
    }
    let (markov, oracle) = (report.rows[3], report.rows[9])
    let ten = markov.cutoffs.first { $0.k == 10 }!
    #expect(abs(oracle.hitRateDifference!.mean - (1 - ten.hitRate.mean)) < 1e-12)
    #expect(oracle.hitRateDifference!.low > 0 && oracle.cutoffs[0].hitRate.mean == 1)
    #expect(oracle.reranking.last!.ndcg!.mean == 1)
    let again = try ComparisonReport(
      [(comparison, comparison.evaluate(contestants))], runs: [],
      data: DataIdentity(source: "", log: Self.log), device: "cpu")
    #expect(try RunFolder.json(again) == RunFolder.json(report))
  }

  @Test("several splits are one table, a user's targets together in the intervals")
  func splits() throws {
    let model = Worlds.model(Self.log, dimension: 4)
    let parts = try (0..<2 as Range<UInt64>).map { seed in
      let comparison = try Comparison(
        Self.log, Self.training { $0.splitSeed = seed }, Self.settings())
      return (comparison, try comparison.evaluate(comparison.baselines(model)))
    }
    let data = DataIdentity(source: "", log: Self.log)
    let both = try ComparisonReport(parts, runs: [], data: data, device: "cpu")
    let each = try parts.map {
      try ComparisonReport([$0], runs: [], data: data, device: "cpu").rows[3].cutoffs[2].hitRate
    }
    let pooled = both.rows[3].cutoffs[2].hitRate
    #expect(pooled.count == each[0].count + each[1].count && both.splitSeeds == [0, 1])
    let mean =
      (each[0].mean * Double(each[0].count) + each[1].mean * Double(each[1].count))
      / Double(pooled.count)
    #expect(abs(pooled.mean - mean) < 1e-12)
    let spread = abs(each[0].mean - each[1].mean) / 2.0.squareRoot()
    #expect(abs(pooled.deviation! - spread) < 1e-12)
  }

  @Test("who is not there cannot be compared with")
  func baseline() throws {
    var settings = Self.settings()
    settings.baseline = "nobody"
    let comparison = try Comparison(Self.log, Self.training(), settings)
    let results = try comparison.evaluate([
      Contestant(
        ItemScores.random(items: Self.log.itemCount), Self.log, comparison.split,
        scale: .fiveStars, seed: 0)
    ])
    #expect(throws: RunError("there is no nobody to compare with; there are random")) {
      try ComparisonReport(
        [(comparison, results)], runs: [],
        data: DataIdentity(source: "", log: Self.log), device: "cpu")
    }
  }

  @Test("a factorisation is fitted on what may be seen alone")
  func factorization() throws {
    let comparison = try Comparison(Self.log, Self.training(), Self.settings())
    let backend = try DeviceCatalog.backend(for: .cpu)
    let model = try comparison.fitFactorization(on: backend)
    var poisoned = Self.log
    for row in 0..<poisoned.count where comparison.split.heldOut(row: row) != nil {
      poisoned.ratings[row] = .nan
    }
    let other = try Comparison(poisoned, Self.training(), Self.settings())
    let again = try other.fitFactorization(on: backend)
    #expect(model.itemFactors == again.itemFactors && model.userBiases == again.userBiases)
    #expect(model.itemFactors.allSatisfy { $0.isFinite })
  }
}
