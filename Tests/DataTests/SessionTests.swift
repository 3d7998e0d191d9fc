import DRRData
import DRRTestSupport
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

  @Test(
    "held-out users keep their profile, and no session row may be learned from", arguments: 0..<8)
  func rows(_ seed: Int) {
    let log = Self.log
    let split = UserSplit(log, Self.protocolOf(seed: UInt64(seed)))
    #expect(split.testUsers.count == 10 && split.validationUsers.count == 5)
    #expect(Set(split.testUsers + split.validationUsers + split.trainUsers) == Set(0..<50))
    #expect(split.trainUsers.count == 35)
    let learned = Set(split.visibleRows(in: log))
    #expect(learned.count == split.visibleRows(in: log).count)
    var held = 0
    for (part, user) in split.testUsers.map({ (UserSplit.HeldOut.test, Int($0)) })
      + split.validationUsers.map({ (.validation, Int($0)) })
    {
      let all = log.rows(ofUser: user)
      let session = Array(split.sessionRows(of: user, in: log, for: part))
      let other = split.sessionRows(of: user, in: log, for: part == .test ? .validation : .test)
      #expect(other.isEmpty)
      held += session.count
      #expect(session.allSatisfy { !learned.contains(Int32($0)) })
      #expect(session.last == all.last)
      #expect(session.count == all.count - Int((Double(all.count) / 2).rounded()))
      // The profile is earlier than the session.
      let profile = Array(split.visibleRows(of: user, in: log))
      #expect(profile + session == Array(all))
      #expect(profile.map { log.times[$0] }.max()! <= session.map { log.times[$0] }.min()!)
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
      // What is known of the user beside it, disliked or not.
      let known = Array(split.visibleRows(of: user, in: log)).suffix(window)
      #expect(session.known.map(\.item) == known.map { log.items[$0] })
      #expect(session.known.map(\.reward) == known.map { (log.ratings[$0] - 3) / 2 })
      #expect(Set(session.candidates).isDisjoint(with: session.known.map(\.item)))
      #expect(session.candidates.count >= evaluation.minimumCandidates)
      #expect(zip(session.candidates, session.candidates.dropFirst()).allSatisfy { $0 < $1 })
      #expect(Set(session.candidates).isDisjoint(with: session.history))
      let rows = split.sessionRows(of: user, in: log)
      #expect(session.logged.map { session.candidates[$0] } == Array(rows.map { log.items[$0] }))
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
    // By an implementation of Philox, Lemire's bounded draw and the shuffle in another language.
    #expect(splits[0].testUsers == [12, 13, 16, 24, 39, 40, 42, 44, 47, 48])
    #expect(splits[0].validationUsers == [1, 9, 20, 34, 35])
    #expect(splits[1].testUsers == [4, 14, 16, 18, 27, 30, 32, 34, 35, 41])
    let everything = UserSplit(everything: Self.log)
    #expect(everything.testUsers.isEmpty && everything.trainUsers.count == 50)
    #expect(everything.visibleRows(in: Self.log).count == Self.log.count)
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
