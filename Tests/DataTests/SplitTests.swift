import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Splits that are no prefixes of a user's ratings, against searches of the whole log.
@Suite("Splits of ratings at random and by time")
struct SplitTests {
  private static let log = Worlds.tiny

  private static func evaluation(
    _ split: EvaluationProtocol.Split, seed: UInt64 = 0
  ) -> EvaluationProtocol {
    var evaluation = EvaluationProtocol()
    evaluation.split = split
    evaluation.splitSeed = seed
    evaluation.minimumCandidates = 4
    evaluation.cutoffs = [2, 4]
    return evaluation
  }

  /// The rows of each part, by user.
  private static func parts(
    _ split: UserSplit, _ log: RatingsLog
  ) -> (visible: [Int], validation: [Int], test: [Int]) {
    let users = 0..<log.userCount
    return (
      users.flatMap { split.visibleRows(of: $0, in: log) },
      users.flatMap { split.sessionRows(of: $0, in: log, for: .validation) },
      users.flatMap { split.sessionRows(of: $0, in: log, for: .test) }
    )
  }

  @Test(
    "every row is in one part, and parts have their shares and users",
    arguments: EvaluationProtocol.Split.allCases)
  func partition(_ kind: EvaluationProtocol.Split) {
    let log = Self.log
    for seed in 0..<4 as Range<UInt64> {
      let split = UserSplit(log, Self.evaluation(kind, seed: seed))
      let (visible, validation, test) = Self.parts(split, log)
      #expect((visible + validation + test).sorted() == Array(0..<log.count))
      #expect(split.visibleRows(in: log).map { Int($0) } == visible.sorted())
      #expect(split.pmfRows(in: log) == split.visibleRows(in: log))
      guard kind != .users else { continue }
      if kind == .rows {
        #expect(test.count == log.count / 5 && validation.count == log.count / 10)
      }
      for (rows, users) in [
        (visible, split.trainUsers), (validation, split.validationUsers), (test, split.testUsers),
      ] {
        #expect(Set(rows.map { log.users[$0] }).sorted() == users)
      }
    }
  }

  @Test("rows at random are of all users and all times, drawn from the seed")
  func rows() {
    let log = Self.log
    let test = (0..<3 as Range<UInt64>).map {
      Set(Self.parts(UserSplit(log, Self.evaluation(.rows, seed: $0)), log).test)
    }
    #expect(
      Self.parts(UserSplit(log, Self.evaluation(.rows, seed: 1)), log).test == test[1].sorted())
    // Of 400 rows each, two draws share about 80; this is within six standard deviations.
    #expect((32...128).contains(test[0].intersection(test[1]).count))
    // A user of n rows has about n / 5 of them in the test, wherever they stand.
    let early = test[0].count { row in
      let all = log.rows(ofUser: Int(log.users[row]))
      return row - all.lowerBound < all.count / 2
    }
    #expect((130...270).contains(early))
  }

  @Test("by time, the test is what came last, and ratings of one time stay together")
  func time() {
    // Times 0, 0, 1, 1, 2, 2 ... in a shuffled order of users.
    var random = SeededGenerator(9)
    let users = (0..<100).map { Int32($0 % 10) }.shuffled(using: &random)
    let log = RatingsLog(
      name: "ties", users: users, items: (0..<100).map { Int32($0) },
      ratings: [Float](repeating: 4, count: 100), times: (0..<100).map { Int64($0 / 2) })
    var evaluation = Self.evaluation(.time)
    for (test, validation, firstTest, firstValidation) in [
      (0.2, 0.1, 40, 35),  // ranks 80 and 70
      (0.19, 0.1, 40, 35),  // ranks 81 and 71 stand in the middle of a pair
      (0.21, 0.0, 39, 39),
    ] as [(Double, Double, Int64, Int64)] {
      evaluation.testShare = test
      evaluation.validationShare = validation
      let parts = Self.parts(UserSplit(log, evaluation), log)
      #expect(parts.test.allSatisfy { log.times[$0] >= firstTest })
      #expect(
        parts.validation.allSatisfy { (firstValidation..<firstTest).contains(log.times[$0]) })
      #expect(parts.visible.allSatisfy { log.times[$0] < firstValidation })
      #expect(parts.test.count == (50 - Int(firstTest)) * 2)
    }
  }

  @Test("without times a user's ratings tie, and the protocol says so")
  func noTimes() throws {
    let users = (0..<40).map { Int32($0 % 4) }
    let log = RatingsLog(
      name: "no times", users: users, items: (0..<40).map { Int32($0) },
      ratings: [Float](repeating: 5, count: 40))
    #expect(!log.hasTimes)
    for kind in EvaluationProtocol.Split.allCases {
      var evaluation = Self.evaluation(kind)
      func end(hasTimes: Bool) -> String {
        let line = evaluation.summary(scale: .fiveStars, window: 3, hasTimes: hasTimes)
        return line.components(separatedBy: "exploration 0")[1]
      }
      #expect(end(hasTimes: true) == "")
      #expect(
        end(hasTimes: false) == "; no times: each user's ratings in an order drawn by seed "
          + "\(evaluation.splitSeed)")
      let drawn = UserSplit(log, evaluation)
      let orders = (0..<4).map { user in
        Array(drawn.rows(of: user, in: log)).map { log.items[$0] }
      }
      #expect(orders.allSatisfy { $0 != $0.sorted() }, "\(kind)")
      #expect(drawn.orderWarning(in: log) == nil)
      // As it was asked for, and as runs of older programs were split.
      for older in [false, true] {
        (evaluation.ties, evaluation.withoutTimes) = older ? (nil, nil) : (.file, .drawn)
        let filed = UserSplit(log, evaluation)
        #expect(
          (0..<4).allSatisfy { Array(filed.rows(of: $0, in: log)) == Array(log.rows(ofUser: $0)) })
        #expect(end(hasTimes: false) == "; no times: the order of the file stands in")
        #expect(
          filed.orderWarning(in: log)
            == "warning: in the order used, the ratings of 4 of 4 users ascend by item, which is "
            + "how a file was sorted and would be taken for what follows what; use --ties drawn")
      }
    }
    var evaluation = Self.evaluation(.time)
    #expect(throws: ConfigurationError.self) { try UserSplit(log, evaluation).requireEveryPart() }
    evaluation.ties = .file
    let split = UserSplit(log, evaluation)
    try split.requireEveryPart()
    #expect(Set(Self.parts(split, log).test.map { log.items[$0] }) == Set(32..<40))
  }

  @Test("a part that is empty is told in what is split: users, or ratings")
  func emptyParts() {
    let log = RatingsLog(
      name: "few", users: [0, 0, 1], items: [0, 1, 0], ratings: [5, 3, 4])
    func said(_ split: EvaluationProtocol.Split) -> String {
      do {
        try UserSplit(log, Self.evaluation(split)).requireEveryPart()
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(said(.users).contains("which splits 2 users into "))
    #expect(said(.rows).contains("which splits 3 ratings into "))
    #expect(said(.rows).hasSuffix("each must be 1 or more, or --validation-fraction 0"))
  }

  @Test("times that ascend by item are warned of, one user in four is not")
  func sortedTimes() {
    func log(sorted: Int) -> RatingsLog {
      let rows = (0..<4).flatMap { user in
        (0..<6).map { at in (user, user < sorted ? at : 5 - at, at) }
      }
      return RatingsLog(
        name: "sorted", users: rows.map { Int32($0.0) }, items: rows.map { Int32($0.1) },
        ratings: rows.map { _ in 4 }, times: rows.map { Int64($0.2) })
    }
    let warnings = [1, 4].map { sorted in
      let log = log(sorted: sorted)
      return UserSplit(log, EvaluationProtocol(for: log)).orderWarning(in: log)
    }
    #expect(warnings[0] == nil)
    #expect(
      warnings[1]?.hasSuffix(
        "; leave out times that were not measured, or give them all one and use --ties drawn")
        == true)
  }

  @Test("the published PMF has seen four fifths of the test ratings, the honest one none")
  func leak() {
    let log = Self.log
    for seed in 0..<4 as Range<UInt64> {
      var evaluation = EvaluationProtocol.asPublished
      evaluation.splitSeed = seed
      let split = UserSplit(log, evaluation)
      let test = Set(Self.parts(split, log).test)
      #expect(test.count == 400 && split.validationUsers.isEmpty)
      let fitted = split.pmfRows(in: log)
      #expect(fitted.count == 1_600 && Set(fitted).count == 1_600)
      #expect(zip(fitted, fitted.dropFirst()).allSatisfy { $0 < $1 })
      // Hypergeometric: 320 ± 7.2, here within five deviations.
      #expect((284...356).contains(fitted.count { test.contains(Int($0)) }))
      evaluation.pmfRows = .visible
      let clean = UserSplit(log, evaluation)
      #expect(clean.pmfRows(in: log).allSatisfy { !test.contains(Int($0)) })
      #expect(Set(Self.parts(clean, log).test) == test)
    }
  }

  @Test("sessions begin with what their history rule says", arguments: [false, true])
  func history(kept: Bool) {
    let log = Self.log
    var evaluation = Self.evaluation(.rows)
    evaluation.history = .session
    evaluation.keepsHistory = kept
    let split = UserSplit(log, evaluation)
    let window = 2
    let (sessions, admission) = Session.admitted(
      log, split, evaluation, window: window, scale: .fiveStars)
    var found = Session.Admission()
    for user in 0..<log.userCount {
      let test = log.rows(ofUser: user).filter {
        split.sessionRows(of: user, in: log).contains($0)
      }
      if test.isEmpty { continue }
      found.users += 1
      let session = sessions.first { Int($0.user) == user }
      let liked = test.filter { log.ratings[$0] > 3 }.map { log.items[$0] }
      if liked.count < window {
        found.tooFewLiked += 1
        #expect(session == nil)
        continue
      }
      let history = Array(liked.prefix(window))
      let candidates = test.map { log.items[$0] }.filter { kept || !history.contains($0) }
      if candidates.count < evaluation.minimumCandidates {
        found.tooFewCandidates += 1
        #expect(session == nil)
        continue
      }
      #expect(session?.history == history)
      #expect(session?.known.map(\.item) == history)
      #expect(session?.candidates == candidates.sorted())
      #expect(session.map { Set($0.history).isSubset(of: $0.candidates) } == kept)
    }
    found.withoutLiked = sessions.count { $0.rewards.allSatisfy { $0 <= 0 } }
    found.measured = [2, 4].map { k in sessions.count { $0.candidates.count >= k } }
    #expect(admission == found && admission.sessions == sessions.count)
    #expect(admission.tooFewLiked > 0 && (kept || admission.tooFewCandidates > 0))
  }

  @Test("whom a protocol leaves out is counted and said")
  func admission() {
    var admission = Session.Admission()
    admission.users = 30
    let evaluation = EvaluationProtocol()
    #expect(
      admission.summary(of: .validation, evaluation, window: 5) == "30 of 30 validation users")
    admission.tooFewLiked = 4
    admission.tooFewCandidates = 6
    #expect(
      admission.summary(of: .test, evaluation, window: 5)
        == "20 of 30 test users; left out: 4 with fewer than 5 liked items to start from, "
        + "6 with fewer than 20 items to rank")
    admission.measured = [20, 20, 19, 7]
    #expect(
      admission.summary(of: .test, evaluation, window: 5).hasSuffix(
        " items to rank; with K candidates: 20 @5, 20 @10, 19 @15, 7 @20"))
  }

  @Test("the protocols in a line")
  func summaries() {
    #expect(
      EvaluationProtocol().summary(scale: .fiveStars, window: 5, hasTimes: true)
        == "users split 70%/10%/20% for training/validation/test (seed 0); profile = first 50% of "
        + "a held-out user's ratings in time, session = the rest; candidates = the session's "
        + "items, at least 20; start = the user's 5 latest liked profile items; liked = (rating − "
        + "3.0) / 2.0 > 0; ties to the lower item index; PMF fitted on what may be seen; exploration 0"
    )
    #expect(
      EvaluationProtocol.asPublished.summary(scale: .fiveStars, window: 5, hasTimes: true)
        == "ratings split at random 80%/0%/20% for training/validation/test (seed 0); session = a "
        + "user's test ratings; candidates = the session's items, the history's among them, at "
        + "least 5, and for each K at least K; start = the user's first 5 liked items of the "
        + "session; "
        + "liked = (rating − 3.0) / 2.0 > 0; ties to the lower item index; PMF fitted on another "
        + "shuffle's 80% of all ratings, test ratings among them; exploration 0.1")
  }
}
