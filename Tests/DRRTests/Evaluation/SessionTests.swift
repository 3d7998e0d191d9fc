import DRR
import Tensor
import TestSupport
import Testing

@Suite("Splits and sessions")
struct SessionTests {
  private static let log = Worlds.tiny

  private static func protocolOf(
    seed: UInt64 = 0, minimum: Int = 10, profile: Double = 0.5
  ) -> EvaluationProtocol {
    var evaluation = EvaluationProtocol()
    evaluation.splitSeed = seed
    evaluation.minimumCandidates = minimum
    evaluation.cutoffs = [5, 10]
    evaluation.profileShare = profile
    return evaluation
  }

  @Test("users are train or test, and no session row may be learned from", arguments: 0..<8)
  func rows(_ seed: Int) {
    let log = Self.log
    let split = UserSplit(log, Self.protocolOf(seed: UInt64(seed)))
    #expect(split.testUsers.count == 10 && split.trainUsers.count == 40)
    #expect(Set(split.testUsers + split.trainUsers) == Set(0..<50))
    let learned = Set(split.visibleRows(in: log))
    #expect(learned.count == split.visibleRows(in: log).count)
    var held = 0
    for user in split.testUsers.map({ Int($0) }) {
      let (all, session) = (log.rows(ofUser: user), split.sessionRows(of: user, in: log))
      held += session.count
      #expect(session.allSatisfy { !learned.contains(Int32($0)) })
      #expect(session.upperBound == all.upperBound)
      #expect(session.count == all.count - Int((Double(all.count) / 2).rounded()))
      // The profile is earlier than the session.
      let profile = split.visibleRows(of: user, in: log)
      #expect(profile.upperBound == session.lowerBound && profile.lowerBound == all.lowerBound)
      #expect(log.times[profile].max()! <= log.times[session].min()!)
    }
    for user in split.trainUsers.map({ Int($0) }) {
      #expect(log.rows(ofUser: user).allSatisfy { learned.contains(Int32($0)) })
    }
    #expect(learned.count + held == log.count && held > 100)
  }

  @Test("statistics count visible ratings alone")
  func statistics() {
    let log = Self.log
    let split = UserSplit(log, Self.protocolOf())
    let statistics = ItemStatistics(log, split, scale: .fiveStars, damping: 5)
    let visible = split.visibleRows(in: log).map { Int($0) }
    let mean =
      visible.reduce(0) { $0 + (Double(log.ratings[$1]) - 3) / 2 } / Double(visible.count)
    #expect(abs(Double(statistics.mean) - mean) < 1e-6)
    for item in 0..<log.itemCount {
      let ratings = visible.filter { Int(log.items[$0]) == item }.map {
        (Double(log.ratings[$0]) - 3) / 2
      }
      #expect(Int(statistics.counts[item]) == ratings.count)
      let damped = (ratings.reduce(0, +) + 5 * mean) / Double(ratings.count + 5)
      #expect(abs(Double(statistics.means[item]) - damped) < 1e-6)
    }
  }

  @Test("sessions keep to the protocol", arguments: 0..<8)
  func sessions(_ seed: Int) {
    let log = Self.log
    let evaluation = Self.protocolOf(seed: UInt64(seed))
    let split = UserSplit(log, evaluation)
    let window = 4
    let sessions = Session.all(log, split, evaluation, window: window, scale: .fiveStars)
    for session in sessions {
      let user = Int(session.user)
      #expect(split.testUsers.contains(session.user))
      let liked = split.visibleRows(of: user, in: log).filter { log.ratings[$0] > 3 }
      #expect(session.history == liked.suffix(window).map { log.items[$0] })
      #expect(session.candidates.count >= evaluation.minimumCandidates)
      #expect(zip(session.candidates, session.candidates.dropFirst()).allSatisfy { $0 < $1 })
      #expect(Set(session.candidates).isDisjoint(with: session.history))
      let rows = split.sessionRows(of: user, in: log)
      #expect(session.logged.map { session.candidates[$0] } == rows.map { log.items[$0] })
      for (item, reward) in zip(session.candidates, session.rewards) {
        let row = rows.first { log.items[$0] == item }!
        #expect(reward == (log.ratings[row] - 3) / 2)
      }
      #expect(session.likedCount == rows.filter { log.ratings[$0] > 3 }.count)
    }
    // Users are left out for one of the two reasons, and for no other.
    for user in split.testUsers where !sessions.contains(where: { $0.user == user }) {
      let liked = split.visibleRows(of: Int(user), in: log).filter { log.ratings[$0] > 3 }
      let rows = split.sessionRows(of: Int(user), in: log)
      #expect(liked.count < window || rows.count < evaluation.minimumCandidates)
    }
  }

  @Test("a split is drawn from its seed")
  func seeds() {
    let splits = (0..<6).map { UserSplit(Self.log, Self.protocolOf(seed: UInt64($0))) }
    #expect(UserSplit(Self.log, Self.protocolOf(seed: 3)).testUsers == splits[3].testUsers)
    #expect(Set(splits.map(\.testUsers)).count == 6)
    let everything = UserSplit(everything: Self.log)
    #expect(everything.testUsers.isEmpty && everything.trainUsers.count == 50)
    #expect(everything.visibleRows(in: Self.log).count == Self.log.count)
  }

  @Test("the protocol in a line")
  func summary() {
    #expect(
      EvaluationProtocol().summary(scale: .fiveStars, window: 5)
        == "users split 80%/20% (seed 0); profile = first 50% of a test user's ratings in time, "
        + "session = the rest; candidates = the session's items, at least 20; start = her 5 "
        + "latest liked profile items; liked = (rating − 3.0) / 2.0 > 0; ties to the lower item "
        + "index; exploration 0")
  }

  @Test("rewards of a scale")
  func scale() {
    #expect([1, 2, 3, 4, 5].map { RewardScale.fiveStars.reward($0) } == [-1, -0.5, 0, 0.5, 1])
    #expect(RewardScale(ratingRange: 1...5) == .fiveStars)
    #expect(RewardScale(ratingRange: 0.5...5) == .fiveStars)
    let ten = RewardScale(ratingRange: 0...10)
    #expect(ten.reward(1) == -1 && ten.reward(10) == 1 && ten.reward(5.5) == 0)
    for rating in stride(from: Float(0.5), through: 5, by: 0.5) {
      #expect(RewardScale.fiveStars.rating(RewardScale.fiveStars.reward(rating)) == rating)
    }
  }
}
