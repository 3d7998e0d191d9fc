import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("The sessions nearest to the present one")
struct SessionNeighboursTests {
  private static func split(
    _ log: RatingsLog, test: Double = 0.2, validation: Double = 0
  ) -> UserSplit {
    var evaluation = EvaluationProtocol(for: log)
    (evaluation.testShare, evaluation.validationShare) = (test, validation)
    return UserSplit(log, evaluation)
  }

  private static func clicks(_ sessions: [[Int32]], items: Int) -> RatingsLog {
    RatingsLog(
      name: "clicks", format: "rows", sessions: sessions, itemIDs: (0..<items).map { "\(10 + $0)" })
  }

  private static func query(_ items: [Int32], user: Int32) -> NextItemQuery {
    NextItemQuery(
      user: user, items: items[...], rewards: [Float](repeating: 1, count: items.count)[...],
      visibleCount: 0, target: 0, targetReward: 1, repeats: true)
  }

  /// 400 sessions of up to nine clicks of fifty items, some of which come again.
  private static let many: RatingsLog = {
    var random = SeededGenerator(11)
    let sessions = (0..<400).map { _ in
      (0..<Int.random(in: 1...9, using: &random)).map { _ in
        Int32(min(Int.random(in: 0..<50, using: &random), Int.random(in: 0..<50, using: &random)))
      }
    }
    return clicks(sessions, items: 50)
  }()

  /// The formula by a search through every session, the latest first. Similarities are added up as
  /// floats, so that what ties there ties here.
  private static func searched(
    _ sessions: [(user: Int32, items: [Int32])], _ query: NextItemQuery, items: Int,
    _ settings: SessionNeighbours.Settings
  ) -> [Double] {
    let recent = Array(query.items.reversed().prefix(settings.window))
    var candidates: [(similarity: Float, age: Int, lag: Int)] = []
    for (age, session) in sessions.enumerated() where session.user != query.user {
      var (similarity, lag) = (Float(0), 0)
      for (before, item) in recent.enumerated()
      where session.items.contains(item) && recent.firstIndex(of: item) == before {
        similarity += 1 - Float(before) / Float(settings.window)
        if lag == 0 { lag = before + 1 }
      }
      if lag == 0 { continue }
      candidates.append((similarity / Float(Set(session.items).count).squareRoot(), age, lag))
      if candidates.count == settings.latest { break }
    }
    let nearest = candidates.sorted {
      $0.similarity == $1.similarity ? $0.age < $1.age : $0.similarity > $1.similarity
    }.prefix(settings.neighbours)
    var scores = [Double](repeating: 0, count: items)
    for (similarity, age, lag) in nearest {
      // Each item once, where it came last.
      let own = sessions[age].items
      let order = own.indices.filter { !own[($0 + 1)...].contains(own[$0]) }.map { own[$0] }
      let place = order.firstIndex(of: recent[lag - 1])!
      for (at, item) in order.enumerated() {
        scores[Int(item)] +=
          Double(similarity) * pow(Double(lag), -settings.lagExponent)
          * pow(Double(max(abs(at - place), 1)), -settings.distanceExponent)
      }
    }
    return scores.enumerated().map { item, score in
      let having = sessions.count { $0.items.contains(Int32(item)) }
      let rarity = log(Double(sessions.count) / Double(max(having, 1)))
      return score * (1 + Double(settings.rarity) * rarity)
    }
  }

  private static let settings = [
    SessionNeighbours.Settings(), settings(3, 20, 5, lag: 0.5, distance: 0, rarity: 0),
    settings(1, 7, 7, lag: 1, distance: 1, rarity: 0.3),
    settings(100, 60, 11, lag: 0, distance: 2, rarity: 3),
    settings(4, 1, 1, lag: 1, distance: 0.25, rarity: 1),
  ]

  private static func settings(
    _ window: Int, _ latest: Int, _ neighbours: Int, lag: Double, distance: Double, rarity: Float
  ) -> SessionNeighbours.Settings {
    var settings = SessionNeighbours.Settings()
    (settings.window, settings.latest, settings.neighbours) = (window, latest, neighbours)
    (settings.lagExponent, settings.distanceExponent, settings.rarity) = (lag, distance, rarity)
    return settings
  }

  @Test("scores are those of a search through all sessions of clicks", arguments: settings)
  func clicks(_ settings: SessionNeighbours.Settings) throws {
    let (log, split) = (Self.many, Self.split(Self.many))
    let scorer = SessionNeighbours(SessionIndex(log, split), settings)
    let sessions = split.trainUsers.reversed().map { user in
      (user: user, items: log.rows(ofUser: Int(user)).map { log.items[$0] })
    }
    #expect(sessions.count == 320)
    let queries = try NextItemEvaluation(
      log, split, scale: RewardScale(ratingRange: log.ratingRange)
    ).queries
    var far = 0.0
    for query in queries {
      let expected = Self.searched(sessions, query, items: log.itemCount, settings)
      for (score, wanted) in zip(scorer.scores(query), expected) {
        far = max(far, abs(Double(score) - wanted) / max(wanted, 1))
      }
    }
    #expect(far < 1e-5 && queries.count > 100)
    // A block of queries has the bits that each has alone.
    let block = scorer.scores(Array(queries))
    #expect(zip(queries, block).allSatisfy { scorer.scores($0) == $1 })
  }

  @Test("of ratings a user is a session, latest by their last visible rating", arguments: settings)
  func ratings(_ settings: SessionNeighbours.Settings) throws {
    let (log, split) = (Worlds.tiny, UserSplit(Worlds.tiny, Worlds.latest()))
    let scorer = SessionNeighbours(SessionIndex(log, split), settings)
    var ended: [(user: Int32, time: Int64)] = []
    for user in 0..<Int32(log.userCount) {
      let last = Array(split.visibleRows(of: Int(user), in: log)).last
      if let last { ended.append((user, log.times[last])) }
    }
    ended.sort { $0.time == $1.time ? $0.user > $1.user : $0.time > $1.time }
    let sessions = ended.map { user, _ in
      (
        user: user,
        items: split.visibleRows(of: Int(user), in: log).map { log.items[$0] } as [Int32]
      )
    }
    let queries = try NextItemEvaluation(log, split, scale: .fiveStars).queries
    for query in queries.prefix(60) {
      let expected = Self.searched(sessions, query, items: log.itemCount, settings)
      for (score, wanted) in zip(scorer.scores(query), expected) {
        #expect(abs(Double(score) - wanted) < 1e-5 * max(wanted, 1))
      }
    }
  }

  @Test("by hand: the latest are looked at, equals are the later ones, and one's own is none")
  func hand() {
    // Sessions 0 … 3 to learn from; item 4 is in none of them.
    let log = Self.clicks([[0, 1], [0, 2], [0, 3], [2, 1, 2], [4, 4]], items: 5)
    let index = SessionIndex(log, Self.split(log))
    var settings = SessionNeighbours.Settings()
    (settings.rarity, settings.distanceExponent) = (0, 0)
    /// In units of 1 / √2, the similarity of a session of two items that has the last one.
    func scores(_ items: [Int32], user: Int32 = 4) -> [Float] {
      SessionNeighbours(index, settings).scores(Self.query(items, user: user)).map {
        ($0 * Float(2).squareRoot() * 1_000).rounded() / 1_000
      }
    }
    #expect(scores([0]) == [3, 1, 1, 1, 0])
    // A session of one item, of an unknown item, and of none.
    #expect(scores([3]) == [1, 0, 0, 1, 0])
    #expect(scores([4]) == [0, 0, 0, 0, 0] && scores([]) == [0, 0, 0, 0, 0])
    // An unknown item behind it is a lag, and no more: 0.9 of the similarity, over 2.
    #expect(scores([3, 4]) == [0.45, 0, 0, 0.45, 0])
    #expect(scores([0], user: 2) == [2, 1, 1, 0, 0])
    settings.latest = 2
    #expect(scores([0]) == [2, 0, 1, 1, 0])
    #expect(scores([0], user: 2) == [2, 1, 1, 0, 0])
    (settings.latest, settings.neighbours) = (3, 1)
    #expect(scores([0]) == [1, 0, 0, 1, 0])
    // Session 3 has both, 1.5, session 1 has 2, and session 0 has 1, half as near and a lag behind.
    (settings.neighbours, settings.window) = (3, 2)
    #expect(scores([1, 2]) == [1.25, 1.75, 2.5, 0, 0])
    #expect(scores([2, 1, 2]) == [1.25, 1.75, 2.5, 0, 0])
    // In session 3 item 2 came again behind 1: they are neighbours, at whatever exponent.
    settings.distanceExponent = 3
    #expect(scores([1, 2]) == [1.25, 1.75, 2.5, 0, 0])
  }
}
