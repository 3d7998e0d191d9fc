import ClickSessions
import DRRCore
import DRRTestSupport
import Foundation
import Testing

/// The same scores everywhere, or by the click before.
private final class TableScorer: SessionScorer {
  let name = "table"
  private let rows: [[Float]]
  init(_ rows: [[Float]]) { self.rows = rows }

  func scores(at positions: ArraySlice<SessionPosition>, of log: SessionLog) -> [Float] {
    positions.flatMap { rows[Int(log.clicks[$0.step - 1]) % rows.count] }
  }
}

@Suite("Evaluation of sessions")
struct SessionEvaluationTests {
  /// Items 0 ..< 5; sessions 0 → 1 → 2 and 1 → 4 → 0, and one start alone.
  private var log: SessionLog {
    var log = SessionLog(name: "", format: "", checksum: "", itemCount: 5)
    log.addStep(click: 0)
    log.addStep(click: 1, list: [3, 1, 0])
    log.addStep(click: 2, list: [2, 4, 3])
    log.endSession(ended: true)
    log.addStep(click: 1)
    log.addStep(click: 4, list: [0, 4])
    log.addStep(click: 0, list: [1, 0, 3])
    log.endSession(ended: true)
    log.addStep(click: 3)
    log.endSession(ended: true)
    return log
  }

  private func near(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
  }

  private func near(_ found: Double?, _ expected: Double) -> Bool {
    found.map { abs($0 - expected) < 1e-12 } ?? false
  }

  @Test func byHand() throws {
    let log = log
    let evaluation = try SessionEvaluation(
      log, positions: log.positions(of: 0..<3), minimumShown: 3, cutoffs: [1, 2])
    #expect(evaluation.positions.map(\.step) == [1, 2, 5] && evaluation.skipped == 1)
    // Ranks among those shown: 1 of [3, 1, 0] is 2nd, 2 of [2, 4, 3] is 1st though 4 is equal and
    // comes later, 0 of [1, 0, 3] is 1st. In the catalogue 0, 1, 2, 4, 3 they are 2nd, 3rd, 1st.
    let scores = try evaluation.evaluate(TableScorer([[3, 2, 1, 0, 1]]))
    let third = 1.0 / 3
    let summary = scores.summary
    #expect(near(summary.reranking.map(\.mean), [2 * third, 1]))
    #expect(near(summary.shareOfList.map(\.mean), [third, third]))
    #expect(near([summary.reciprocalRank.mean], [2.5 * third]))
    #expect(summary.positions == 3 && summary.sessions == 2)
    // Hits 0, 1 | 1: deviations of sum −1/3 and 1/3; √(2/1 · 2/9) / 3.
    #expect(near(summary.reranking[0].standardError, 2 * third * third))
    let nothing = try evaluation.evaluate(TableScorer([[.nan, .nan, .nan, 0, 0]]))
    #expect(near(nothing.summary.reranking.map(\.mean), [0, third]))
    let paired = try scores.difference(from: nothing)
    #expect(near([paired.reranking[0].mean], [2 * third]) && paired.name == "table - table")
    // Differences 0, 1 | 1, as above.
    #expect(near(paired.reranking[0].standardError, 2 * third * third))
    let chance = evaluation.chance().summary
    #expect(near(chance.reranking.map(\.mean), [third, 2 * third]))
    #expect(near(chance.shareOfList.map(\.mean), [0.2, 0.2]))
    #expect(near([chance.reciprocalRank.mean], [third * (1.5 + third)]))
    let other = try SessionEvaluation(
      log, positions: log.positions(of: 0..<1), minimumShown: 1, cutoffs: [1, 2]
    ).chance()
    #expect(other.summary.reranking[0].standardError == nil)
    #expect(throws: ConfigurationError.self) { try scores.difference(from: other) }
    #expect(throws: ConfigurationError.self) {
      try SessionEvaluation(log, positions: log.positions(of: 0..<3))
    }
  }

  @Test func baselines() throws {
    var log = log
    for clicks in [[0, 1], [0, 1], [0, 2], [4, 2], [4, 3], [4, 3]] {
      for click in clicks { log.addStep(click: Int32(click)) }
      log.endSession(ended: true)
    }
    let positions = [SessionPosition(session: 0, step: 1), SessionPosition(session: 1, step: 4)]
    // After the start 1 three times, 2 three times, 3 twice, 4 and 0 once.
    let popular = PopularityScorer(log, sessions: 0..<log.count).scores(
      at: positions[...], of: log)
    #expect(Array(popular[0..<5]) == Array(popular[5..<10]))
    #expect(popular[1] == popular[2] && popular[2] > popular[3])
    #expect(popular[3] > popular[4] && popular[4] == popular[0])
    // After 0: 1 three times, 2 once. After 1: 2 and 4 once, of which 2 is clicked more.
    let markov = MarkovScorer(log, sessions: 0..<log.count).scores(at: positions[...], of: log)
    let (first, second) = (Array(markov[0..<5]), Array(markov[5..<10]))
    #expect(first[1] > first[2] && first[2] > first[3] && first[3] > first[4])
    #expect(second[2] > second[4] && second[4] > second[1] && second[1] > second[3])
    // Held-out sessions teach nothing.
    let nothing = PopularityScorer(log, sessions: [2]).scores(at: positions[...], of: log)
    #expect(nothing.allSatisfy { $0 == 0 })
    let chance = ChanceScorer(seed: 1)
    let both = chance.scores(at: positions[...], of: log)
    #expect(Set(both).count == 10)
    #expect(chance.scores(at: positions[1...], of: log) == Array(both[5...]))
  }

  /// The figures are those of a count in Python over the same files.
  @Test func lstmSimulator() throws {
    try RealData.with("irecgan-lstm-sim.zip") { path in
      let log = try SessionSource.load(path)
      let split = try SessionSplit(count: log.count)
      let evaluation = try SessionEvaluation(log, positions: log.positions(of: split.test))
      #expect(evaluation.positions.count == 3_734 && evaluation.skipped == 0)
      func percent(_ scores: SessionScores) -> [String] {
        scores.summary.reranking.map { String(format: "%.2f", 100 * $0.mean) }
      }
      let popularity = try evaluation.evaluate(PopularityScorer(log, sessions: split.training))
      let markov = try evaluation.evaluate(MarkovScorer(log, sessions: split.training))
      #expect(percent(popularity) == ["10.58", "67.60"])
      #expect(percent(markov) == ["19.71", "81.66"])
      #expect(percent(evaluation.chance()) == ["5.00", "50.00"])
      let drawn = try evaluation.evaluate(ChanceScorer(seed: 3)).summary
      for (found, exact) in zip(drawn.reranking, evaluation.chance().summary.reranking) {
        #expect(abs(found.mean - exact.mean) < 4 * (found.standardError ?? 0))
      }
      let gain = try markov.difference(from: popularity).reranking[0]
      #expect(abs(gain.mean - 0.0913) < 1e-4 && (gain.standardError ?? 1) < 0.01)
    }
  }
}
