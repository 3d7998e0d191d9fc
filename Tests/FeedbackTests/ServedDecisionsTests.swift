import ClickSessions
import DRRTestSupport
import Feedback
import OffPolicy
import TestSupport
import Testing

@Suite("What served lists earned") struct ServedDecisionsTests {
  static func list(
    _ request: String, _ items: [String], user: String? = "u", time: Int64 = 0,
    session: [String]? = nil
  ) -> ServedList {
    ServedList(
      request: request, time: time, model: "m", version: "v", user: user,
      known: user == nil ? nil : 0, session: session,
      items: items.map { .init(item: $0, score: 1, propensity: 0.5) }, candidates: 9, digest: "")
  }

  static func log(_ events: [FeedbackEvent], in folder: TemporaryFolder) throws -> String {
    let path = folder.path + "/log"
    let log = try FeedbackLog(folder: path)
    for event in events { try log.append(event) }
    try log.synchronize()
    return path
  }

  static func feedback(
    _ request: String?, _ item: String, _ value: ItemFeedback.Value, user: String? = "u",
    time: Int64 = 1_000
  ) -> FeedbackEvent {
    .feedback(ItemFeedback(time: time, request: request, user: user, item: item, value: value))
  }

  static let events: [FeedbackEvent] = [
    .served(list("a", ["1", "2", "3"])),
    .served(list("b", ["4", "1"], user: nil, time: 5_000, session: ["7", "8"])),
    .served(list("a", ["9"])),
    feedback("a", "1", .rating(5)),
    feedback("a", "2", .click(true)),
    feedback("a", "1", .rating(1), time: 2_000),
    feedback("a", "3", .reward(0.25), time: 60_000),
    feedback("b", "1", .click(true), user: nil, time: 6_000),
    feedback("c", "1", .click(true)),
    feedback("b", "3", .click(true)),
    feedback(nil, "5", .rating(4), time: 3_500),
    feedback("a", "2", .click(false), time: 3_000),
  ]

  @Test("feedback is joined by request and item, the latest counts, and all of it is counted")
  func join() throws {
    let folder = TemporaryFolder()
    let path = try Self.log(Self.events, in: folder)
    let served = try ServedDecisions(log: path, within: 30)
    #expect(
      served.decisions.map(\.feedback) == [
        [.rating(1), .click(false), nil], [nil, .click(true)],
      ])
    let counts = served.counts
    #expect(counts.lists == 2 && counts.shown == 5 && counts.repeatedLists == 1)
    #expect(counts.feedback == 9 && counts.joined == 3 && counts.replaced == 2)
    #expect(counts.late == 1 && counts.unknownRequests == 1 && counts.notShown == 1)
    #expect(counts.withoutRequest == 1 && counts.missing == 2)
    let any = try ServedDecisions(log: path)
    #expect(any.decisions[0].feedback[2] == .reward(0.25))
    #expect(any.counts.late == 0 && any.counts.joined == 4)
  }

  @Test("rewards are of the scale, and an item without feedback earned 0 or is left out")
  func rewards() throws {
    let folder = TemporaryFolder()
    let served = try ServedDecisions(log: Self.log(Self.events, in: folder))
    let rewards = FeedbackRewards(scale: .fiveStars)
    let rows = try served.rows(rewards)
    #expect(rows.map(\.reward) == [-1, 0, 0.25, 0, 1])
    #expect(rows.map(\.position) == [1, 2, 3, 1, 2])
    #expect(rows.map(\.user) == ["u", "u", "u", "request b", "request b"])
    #expect(rows.allSatisfy { $0.propensity == 0.5 })
    #expect(try served.rows(rewards, missing: .drop).map(\.item) == ["1", "2", "3", "1"])
    #expect(throws: FeedbackError.self) { try served.rows(FeedbackRewards()) }
    let kept = try ServedEvaluation(served, rewards: rewards, missing: .drop, positions: 1)
    #expect(kept.served.decisions.map(\.list.request) == ["a"])
    #expect(try kept.slates().rewards == [-1])
  }

  @Test("ratings are the latest of each user and item, clicks the best")
  func ratings() throws {
    let folder = TemporaryFolder()
    let served = try ServedDecisions(log: Self.log(Self.events, in: folder))
    let found = served.ratings(ofClick: 5)
    #expect(
      found.rows.map { "\($0.user) \($0.item) \($0.rating) \($0.time)" }
        == ["u 2 5.0 1", "u 1 5.0 1", "u 3 5.0 1", "u 5 4.0 3"])
    #expect(found.clicks == 3 && found.replaced == 2 && found.withoutUser == 1)
    #expect(found.withoutRating == 2)
    #expect(served.ratingRange == 1...5 && served.meanRatings["u"] == Float(10) / 3)
  }

  @Test("sessions are steps of clicks with their lists, cut where a user pauses")
  func sessions() throws {
    let folder = TemporaryFolder()
    let hour: Int64 = 3_600_000
    let path = try Self.log(
      Self.events + [
        .served(Self.list("d", ["6", "2"], time: 100_000)),
        .served(Self.list("e", ["3", "5"], time: hour)),
        Self.feedback("d", "6", .click(true), time: 101_000),
        Self.feedback("e", "5", .rating(4), time: hour),
        Self.feedback("e", "3", .rating(2), time: hour),
      ], in: folder)
    let log = try ServedDecisions(log: path).sessions(FeedbackRewards(scale: .fiveStars))
    #expect(log.count == 3)
    #expect((0..<log.count).map { Array(log.clicks(of: $0)) } == [[3, 6], [5], [8, 1]])
    #expect(Array(log.list(of: 1)) == [6, 2] && Array(log.list(of: 0)) == [1, 2, 3])
    #expect(log.rewards == [0.25, 1, 0.5, 0, 1] && log.itemCount == 9)
    let file = folder.path + "/sessions.txt"
    try log.write(to: file, format: .semicolon)
    let read = try SessionSource.load(file)
    #expect(read.clicks == log.clicks && read.rewards == log.rewards && read.shown == log.shown)
    let other = TemporaryFolder()
    let odd = try Self.log(
      [.served(Self.list("a", ["x"])), Self.feedback("a", "x", .click(true))], in: other)
    #expect(throws: FeedbackError.self) {
      try ServedDecisions(log: odd).sessions(FeedbackRewards(scale: .fiveStars))
    }
  }
}
