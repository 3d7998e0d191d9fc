import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import TestSupport
import Testing

/// A scorer out of a function.
struct FunctionScorer: NextItemHostScorer {
  var name = "function"
  let score: @Sendable (NextItemQuery) -> [Float]
  func scores(_ query: NextItemQuery) -> [Float] { score(query) }
}

@Suite("Predicting the next item")
struct NextItemTests {
  private static let log = Worlds.tiny
  private static let split = UserSplit(log, Worlds.latest())

  /// One user of ten items in order 0 … 9, the last two of which are the test.
  private static let ten = RatingsLog(
    name: "ten", users: [Int32](repeating: 0, count: 10), items: (0..<10).map { $0 },
    ratings: [5, 5, 1, 5, 5, 5, 5, 5, 1, 5], times: (0..<10).map { $0 })

  @Test("a log whose measures are known")
  func known() throws {
    // A second user has rated items 10 and 11, so that there are twelve.
    let users = [Int32](repeating: 0, count: 10) + [1, 1]
    let log = RatingsLog(
      name: "known", users: users, items: (0..<12).map { $0 }, ratings: Self.ten.ratings + [4, 4],
      times: (0..<12).map { $0 })
    let split = UserSplit(log, Worlds.latest())
    let evaluation = try NextItemEvaluation(log, split, scale: .fiveStars)
    #expect(evaluation.queries.map(\.target) == [8, 9])
    #expect(Array(evaluation.queries[1].items) == Array(0..<9))
    #expect(evaluation.queries.map(\.visibleCount) == [7, 7])
    #expect(evaluation.queries.map(\.targetReward) == [-1, 1])
    // Candidates 8, 9, 10, 11, then 9, 10, 11: target 8 is second, target 9 ties with 10 behind 11.
    let scores = try evaluation.evaluate(
      FunctionScorer { query in
        var scores = [Float](repeating: 9, count: 12)
        scores[8...11] = query.target == 8 ? [3, 4, 1, 0] : [2, 1, 1, 2]
        if query.target == 9 { scores[9] = 1 }
        return scores
      })
    #expect(scores.ranks == [TargetRank(above: 1, tied: 0), TargetRank(above: 1, tied: 1)])
    #expect(scores.mean(.hit, at: 1) == 0 && scores.mean(.hit, at: 2) == 0.75)
    let gain = (1 / log2(3.0) + (1 / log2(3.0) + 1 / log2(4.0)) / 2) / 2
    #expect(abs(scores.mean(.gain, at: 5) - gain) < 1e-12)
    #expect(abs(scores.mean(.reciprocalRank) - (0.5 + (0.5 + 1.0 / 3) / 2) / 2) < 1e-12)
    // Lists of all candidates, seen ones never: items 8 … 11 of twelve.
    #expect(scores.lists.distinct == 4 && abs(scores.lists.coverage - 4 / 12.0) < 1e-12)
    var liked = NextItemEvaluation.Settings()
    liked.likedOnly = true
    let fewer = try NextItemEvaluation(log, split, scale: .fiveStars, liked)
    #expect(fewer.queries.map(\.target) == [9] && fewer.queries[0].items.count == 9)
    let validation = try NextItemEvaluation(log, split, scale: .fiveStars, of: .validation)
    #expect(validation.queries.map(\.target) == [7] && validation.queries[0].items.count == 7)
  }

  @Test("ranks are those of a search, ties and seen items and all")
  func search() throws {
    let evaluation = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let scorer = FunctionScorer { query in
      var random = SeededGenerator(UInt64(query.target) &* 977 &+ UInt64(query.user))
      return (0..<Self.log.itemCount).map { _ in Float(Int.random(in: 0..<12, using: &random)) }
    }
    let scores = try evaluation.evaluate(scorer)
    #expect(scores.ranks.count == evaluation.queries.count)
    for (query, rank) in zip(evaluation.queries, scores.ranks) {
      let all = scorer.scores(query)
      let seen = Set(query.items)
      #expect(!seen.contains(query.target))
      let others = all.indices.filter { !seen.contains(Int32($0)) && $0 != Int(query.target) }
      let own = all[Int(query.target)]
      #expect(rank.above == others.count { all[$0] > own })
      #expect(rank.tied == others.count { all[$0] == own })
    }
  }

  @Test("where all scores are equal, a hit is as likely as by chance")
  func chance() throws {
    let evaluation = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let random = try evaluation.evaluate(ItemScores.random(items: Self.log.itemCount))
    for k in [1, 5, 10] {
      let expected =
        evaluation.queries.reduce(0) {
          $0 + Double(k) / Double(Self.log.itemCount - $1.items.count)
        } / Double(evaluation.queries.count)
      #expect(abs(random.mean(.hit, at: k) - expected) < 1e-12)
    }
    let oracle = try evaluation.evaluate(NextItemOracle(items: Self.log.itemCount))
    #expect(oracle.mean(.hit, at: 1) == 1 && oracle.mean(.reciprocalRank) == 1)
    // Lists drawn among equals spread over the whole catalogue, those of one order do not.
    let fixed = try evaluation.evaluate(
      ItemScores("fixed", (0..<Self.log.itemCount).map { Float($0) }))
    #expect(random.lists.coverage > 0.99 && random.lists.gini < fixed.lists.gini)
  }

  @Test("queries hold all that came before, and none is asked of a split at random")
  func queries() throws {
    for kind in [EvaluationProtocol.Split.latest, .time, .users] {
      var protocolOf = EvaluationProtocol()
      protocolOf.split = kind
      let split = UserSplit(Self.log, protocolOf)
      let evaluation = try NextItemEvaluation(Self.log, split, scale: .fiveStars)
      var expected = 0
      for user in 0..<Self.log.userCount {
        let rows = Array(split.rows(of: user, in: Self.log))
        for (at, row) in rows.enumerated() where at > 0 && split.heldOut(row: row) == .test {
          let query = evaluation.queries[expected]
          #expect(query.user == Int32(user) && query.target == Self.log.items[row])
          #expect(Array(query.items) == rows[..<at].map { Self.log.items[$0] })
          #expect(
            query.rewards.elementsEqual(
              rows[..<at].map { RewardScale.fiveStars.reward(Self.log.ratings[$0]) }))
          let visible = query.items.prefix(query.visibleCount)
          #expect(visible.count == rows[..<at].count { split.heldOut(row: $0) == nil })
          expected += 1
        }
      }
      #expect(expected == evaluation.queries.count)
    }
    let random = UserSplit(Self.log, .asPublished)
    #expect {
      try NextItemEvaluation(Self.log, random, scale: .fiveStars)
    } throws: {
      "\($0)".hasPrefix("the next item cannot be asked for where ratings are held out at")
    }
  }

  @Test("a sample of users is drawn, and their targets are all there")
  func users() throws {
    var settings = NextItemEvaluation.Settings()
    settings.users = 7
    let some = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars, settings)
    let all = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let users = Set(some.queries.map(\.user))
    #expect(users.count == 7)
    #expect(
      some.queries.map(\.target) == all.queries.filter { users.contains($0.user) }.map(\.target))
  }

  @Test("a score that is not a number is refused, and −∞ is never recommended")
  func numbers() throws {
    let evaluation = try NextItemEvaluation(Self.log, Self.split, scale: .fiveStars)
    let items = Self.log.itemCount
    #expect {
      try evaluation.evaluate(
        FunctionScorer { query in
          var scores = [Float](repeating: 1, count: items)
          if query.user == 3 { scores[5] = .nan }
          return scores
        })
    } throws: { "\($0)" == "function: a score for user 3 is not a number; has it diverged?" }
    let few = try evaluation.evaluate(
      ItemScores("few", (0..<items).map { $0 < 20 ? 1 : -.infinity }))
    #expect(few.lists.distinct <= 20)
    for (query, rank) in zip(evaluation.queries, few.ranks) where query.target >= 20 {
      #expect(rank.above + rank.tied + 1 == items - query.items.count)
    }
  }

  @Test("ranks share the queries, and each has the answers to all", arguments: [2, 3, 5])
  func shared(ranks: Int) throws {
    // 3,000 queries are three blocks.
    let rows = 0..<15_000
    let log = RatingsLog(
      name: "shared", users: rows.map { Int32($0 / 5) },
      items: rows.map { Int32(($0 / 5 * 7 + $0 % 5 * 3) % 40) },
      ratings: rows.map { _ in 4 }, times: rows.map { Int64($0) })
    let evaluation = try NextItemEvaluation(
      log, UserSplit(log, Worlds.latest()), scale: .fiveStars)
    #expect(evaluation.queries.count == 3_000)
    @Sendable func evaluate(_ ranks: any Collective, spoiled user: Int32?) throws -> NextItemScores
    {
      try evaluation.evaluate(
        FunctionScorer { query in
          var random = SeededGenerator(UInt64(query.user))
          var scores = (0..<40).map { _ in Float(Int.random(in: 0..<9, using: &random)) }
          if query.user == user { scores[3] = .nan }
          return scores
        }, among: ranks)
    }
    let alone = try evaluate(SoleCollective(), spoiled: nil)
    for scores in try ThreadCollective.run(ranks, { try evaluate($0, spoiled: nil) }) {
      #expect(scores.ranks == alone.ranks && scores.lists == alone.lists)
    }
    #expect {
      _ = try ThreadCollective.run(ranks) { try evaluate($0, spoiled: 2_990) }
    } throws: { "\($0)".contains("a score for user 2990 is not a number") }
  }

  @Test("items in three groups that a third of the ratings falls on each")
  func groups() {
    let groups = PopularityGroups(Self.log, Self.split).groups
    var counts = [Int](repeating: 0, count: Self.log.itemCount)
    for row in Self.split.visibleRows(in: Self.log) { counts[Int(Self.log.items[Int(row)])] += 1 }
    let total = counts.reduce(0, +)
    for group in 0..<3 {
      let rated = counts.indices.filter { groups[$0] == group }.reduce(0) { $0 + counts[$1] }
      #expect(abs(Double(rated) / Double(total) - 1 / 3.0) < 0.1)
    }
    for a in counts.indices {
      for b in counts.indices where counts[a] > counts[b] { #expect(groups[a] <= groups[b]) }
    }
  }
}
