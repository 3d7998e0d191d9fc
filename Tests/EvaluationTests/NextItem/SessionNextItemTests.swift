import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("The next item of sessions that come back to items")
struct SessionNextItemTests {
  /// Five sessions over four items, of which the last is for test and the one before for validation.
  private static let log = RatingsLog(
    name: "clicks", format: "rows",
    sessions: [[0, 1, 0, 1], [1, 2], [0, 1, 1, 3], [2, 0, 2], [0, 1, 0, 0]],
    itemIDs: ["10", "20", "30", "40"])
  private static let evaluation = {
    var evaluation = EvaluationProtocol(for: log)
    (evaluation.testShare, evaluation.validationShare) = (0.2, 0.2)
    return evaluation
  }()
  private static let split = UserSplit(log, evaluation)

  @Test("every click is a row, and the last sessions are held out whole")
  func split() throws {
    let (log, split) = (Self.log, Self.split)
    #expect(log.isOfSessions && log.count == 17 && log.userCount == 5 && log.duplicateCount == 0)
    #expect(log.rows(ofUser: 2).map { log.items[$0] } == [0, 1, 1, 3])
    #expect(split.trainUsers == [0, 1, 2] && split.validationUsers == [3])
    #expect(split.testUsers == [4])
    try split.requireTimes()
    #expect(!split.drawsTies && split.orderWarning(in: log) == nil)
    var wrong = Self.evaluation
    wrong.split = .latest
    #expect(throws: (any Error).self) { try UserSplit(log, wrong).requireTimes() }
    #expect(throws: (any Error).self) {
      try UserSplit(Worlds.tiny, Self.evaluation).requireTimes()
    }
  }

  @Test("every prefix asks for the next click, and what was clicked before may come again")
  func ranks() throws {
    let (log, split) = (Self.log, Self.split)
    let scale = RewardScale(ratingRange: log.ratingRange)
    let test = try NextItemEvaluation(log, split, scale: scale)
    #expect(test.queries.map(\.target) == [1, 0, 0] && test.pauses.isEmpty)
    #expect(test.queries.map { Array($0.items) } == [[0], [0, 1], [0, 1, 0]])
    // Followed: 0 by 1 three times; 1 by 0, 2, 1 and 3 once each. Popularity breaks ties: 1 has five
    // clicks, 0 three, 2 and 3 one each.
    let chain = try test.evaluate(MarkovChain(log, split, ItemStatistics(log, split, scale: scale)))
    #expect(
      chain.ranks == [
        TargetRank(above: 0, tied: 0), TargetRank(above: 1, tied: 0), TargetRank(above: 1, tied: 0),
      ])
    #expect(abs(chain.mean(.hit, at: 1) - 1.0 / 3) < 1e-12 && chain.mean(.hit, at: 2) == 1)
    #expect(abs(chain.mean(.reciprocalRank, at: 20) - 2.0 / 3) < 1e-12)
    let random = try test.evaluate(ItemScores.random(items: 4))
    #expect(random.ranks == [TargetRank](repeating: TargetRank(above: 0, tied: 3), count: 3))
    // Sessions of training with both 0 and 1: the first and the third; 1 and 2: the second.
    let near = try test.evaluate(Cooccurrence(log, split))
    #expect(near.ranks.count == 3)
    let scores = Cooccurrence(log, split).scores(test.queries[0])
    #expect(abs(Double(scores[1]) - 2 / 6.0.squareRoot()) < 1e-6 && scores[2] == 0)
    #expect(abs(Double(scores[3]) - 1 / 2.0.squareRoot()) < 1e-6)
  }

  @Test("ids are in the order of their values, whatever the order they come in")
  func ids() {
    let log = RatingsLog(
      name: "clicks", format: "rows", sessions: [[0, 1], [2, 0]], itemIDs: ["30", "4", "100"])
    #expect(Array(log.itemIDs) == ["4", "30", "100"] && log.items == [1, 0, 2, 1])
    #expect(log.checksum.count == 8)
  }
}
