import DRR
import Tensor
import TestSupport
import Testing

@Suite("Rankers")
struct OfflineEvaluationTests {
  /// Ten users who rate 40 of 60 items each; half is profile, so that a session has 20 items.
  private static let log: RatingsLog = {
    var random = Draws(40)
    var rows = (users: [Int32](), items: [Int32](), ratings: [Float]())
    for user in 0..<10 as Range<Int32> {
      for item in (0..<60 as Range<Int32>).shuffled(using: &random).prefix(40) {
        rows.users.append(user)
        rows.items.append(item)
        rows.ratings.append(Float(1 + random.next() % 5))
      }
    }
    return RatingsLog(
      name: "twenty", users: rows.users, items: rows.items, ratings: rows.ratings)
  }()

  private static func evaluation(
    _ log: RatingsLog, share: Double = 0.5, window: Int = 3
  ) -> (OfflineEvaluation, UserSplit) {
    var evaluation = EvaluationProtocol()
    evaluation.testShare = share
    let split = UserSplit(log, evaluation)
    let sessions = Session.all(log, split, evaluation, window: window, scale: .fiveStars)
    return (OfflineEvaluation(sessions: sessions, cutoffs: [5, 10, 15, 20], seed: 1), split)
  }

  @Test("scores of the baselines on a log made by hand")
  func baselines() throws {
    // User 1 is held out; item 2 is the most rated, item 0 the best.
    let log = RatingsLog(
      name: "hand", users: [0, 0, 0, 1, 1, 1, 1, 2, 2], items: [0, 1, 2, 3, 2, 0, 1, 2, 1],
      ratings: [5, 2, 4, 5, 4, 1, 5, 3, 1])
    var evaluation = EvaluationProtocol()
    evaluation.testShare = 1.0 / 3
    evaluation.profileShare = 0.25
    evaluation.minimumCandidates = 3
    evaluation.splitSeed = (0..<50).first {
      evaluation.splitSeed = $0
      return UserSplit(log, evaluation).testUsers == [1]
    }!
    let split = UserSplit(log, evaluation)
    let sessions = Session.all(log, split, evaluation, window: 1, scale: .fiveStars)
    let session = try #require(sessions.first)
    #expect(session.user == 1 && session.history == [3] && session.candidates == [0, 1, 2])
    #expect(session.rewards == [-1, 1, 0.5] && session.logged == [2, 0, 1])

    // Visible: 1, −½, ½ of user 0, 1 of user 1 (item 3), 0 and −1 of user 2; their mean is 1/6.
    let statistics = ItemStatistics(log, split, scale: .fiveStars, damping: 5)
    #expect(statistics.counts == [1, 2, 2, 1])
    let means = [(1 + 5.0 / 6) / 6, (-1.5 + 5.0 / 6) / 7, (0.5 + 5.0 / 6) / 7]
    let found = ItemMean(statistics).scores(session).map { Double($0) }
    #expect(relativeError(found, means) < 1e-6)
    #expect(Popularity(statistics).scores(session) == [1, 2, 2])
    #expect(Oracle().scores(session) == [-1, 1, 0.5])
    #expect(LoggedOrder().scores(session) == [-1, -2, 0])
    let model = Worlds.model(log, dimension: 3)
    #expect(
      PMFRating(model).scores(session) == (0..<3).map { model.reward(user: 1, item: $0) })

    // Equal scores go to the lower item: popularity picks 1, then 2, then 0.
    let ranked = OfflineEvaluation(sessions: sessions, cutoffs: [1, 2, 3], seed: 1)
      .evaluate(Popularity(statistics))
    #expect(ranked.name == "popularity")
    #expect(ranked.rows.map(\.k) == [1, 2, 3])
    #expect(ranked.rows.map(\.precision.mean) == [1, 1, 2.0 / 3])
    #expect(ranked.rows.map(\.reward.mean) == [1, 0.75, 0.5 / 3])
    #expect(ranked.rows.map(\.ndcg.mean) == [1, 1, 1])
  }

  @Test("a random order is drawn from the seed and the user")
  func randomOrder() throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    #expect(evaluation.sessions.count >= 3)
    let session = try #require(evaluation.sessions.first)
    let other = try #require(evaluation.sessions.last)
    #expect(RandomOrder(seed: 1).scores(session) == RandomOrder(seed: 1).scores(session))
    #expect(RandomOrder(seed: 1).scores(session) != RandomOrder(seed: 2).scores(session))
    #expect(
      RandomOrder(seed: 1).scores(session) != RandomOrder(seed: 1).scores(other))
  }

  @Test("generated ratings: the oracle is perfect, a random order at the base rate")
  func generated() {
    let log = GeneratedRatings.generate(size: .small)
    let (evaluation, split) = Self.evaluation(log, share: 0.2, window: 5)
    #expect(evaluation.sessions.count > 100)
    for row in evaluation.evaluate(Oracle()).rows {
      #expect(row.ndcg.mean == 1 && row.ndcg.low == 1)
    }
    let rates = evaluation.sessions.map { Double($0.likedCount) / Double($0.candidates.count) }
    let base = rates.reduce(0, +) / Double(rates.count)
    let random = evaluation.evaluate(RandomOrder(seed: 3))
    for row in random.rows {
      // The interval is of 1.96 standard errors; this asks for twice that.
      #expect(abs(row.precision.mean - base) < row.precision.high - row.precision.low)
    }
    let statistics = ItemStatistics(log, split, scale: .fiveStars)
    let itemMean = evaluation.evaluate(ItemMean(statistics))
    let oracle = evaluation.evaluate(Oracle())
    for ((low, middle), high) in zip(zip(random.rows, itemMean.rows), oracle.rows) {
      #expect(low.precision.mean < middle.precision.mean)
      #expect(middle.precision.mean < high.precision.mean)
      #expect(low.reward.mean < middle.reward.mean && middle.reward.mean < high.reward.mean)
    }
  }

  /// A session of 20 has but one set of 20 picks: no ranker and no agent may find another.
  @Test("an agent picks each candidate once", arguments: TestDevices.all)
  func agent(_ device: TestDevice) throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    #expect(evaluation.sessions.count >= 3)
    #expect(evaluation.sessions.allSatisfy { (17...20).contains($0.candidates.count) })
    let whole = OfflineEvaluation(
      sessions: evaluation.sessions.filter { $0.candidates.count == 20 }, cutoffs: [5, 20],
      seed: 1)
    #expect(!whole.sessions.isEmpty)
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(Self.log, dimension: 6), seed: 1, on: device.make())
    let found = try whole.evaluate("agent", agent)
    let oracle = whole.evaluate(Oracle())
    #expect(found.rows[1].precision.mean == oracle.rows[1].precision.mean)
    #expect(abs(found.rows[1].reward.mean - oracle.rows[1].reward.mean) < 1e-9)
    #expect(found.rows[0].precision.mean < oracle.rows[0].precision.mean)
  }

  @Test("sessions past one block are rolled out like those of the first")
  func blocks() throws {
    let log = GeneratedRatings.generate(size: .small)
    let (evaluation, _) = Self.evaluation(log, share: 0.6, window: 3)
    #expect(evaluation.sessions.count > 300)
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(log, dimension: 6), seed: 1,
      on: ReferenceBackend())
    var done: [Int] = []
    let whole = try evaluation.evaluate("agent", agent) { done.append($0) }
    #expect(done.first == 256 && done.last == evaluation.sessions.count)
    let parts = try [evaluation.sessions.prefix(100), evaluation.sessions.dropFirst(100)].map {
      let part = OfflineEvaluation(sessions: Array($0), cutoffs: [5, 10, 15, 20], seed: 1)
      return (Double($0.count), try part.evaluate("agent", agent))
    }
    for (row, k) in whole.rows.enumerated() {
      let sum = parts.reduce(0) { $0 + $1.0 * $1.1.rows[row].reward.mean }
      #expect(abs(sum / Double(evaluation.sessions.count) - k.reward.mean) < 1e-9)
    }
  }

  /// Replays the picks one by one through `recommend`.
  @Test("an agent's list follows what it finds", arguments: TestDevices.all)
  func history(_ device: TestDevice) throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(Self.log, dimension: 6), seed: 1, on: device.make())
    let one = OfflineEvaluation(
      sessions: [try #require(evaluation.sessions.first)], cutoffs: Array(1...15), seed: 1)
    let session = one.sessions[0]
    var state = SessionState(user: session.user, history: session.history)
    var allowed = ItemMask(rows: 1, items: agent.itemCount, allowed: false)
    for item in session.candidates { allowed[0, Int(item)] = true }
    var rewards: [Float] = []
    for _ in 0..<15 {
      let best = try agent.recommend(state, count: 1, allowed: allowed)[0].item
      let reward = session.rewards[session.candidates.firstIndex(of: Int32(best))!]
      rewards.append(reward)
      allowed[0, best] = false
      if reward > 0 { state.history = state.history.dropFirst() + [Int32(best)] }
    }
    for row in try one.evaluate("agent", agent).rows {
      #expect(row.precision.mean == RankingMetrics.precision(rewards, at: row.k))
      #expect(row.reward.mean == RankingMetrics.averageReward(rewards, at: row.k))
    }
  }

  @Test("a guest is recommended what fits the guest's vector", arguments: TestDevices.all)
  func guest(_ device: TestDevice) throws {
    let model = Worlds.model(Worlds.tiny, dimension: 8)
    let agent = try DRRAgent(Worlds.drr(), model: model, seed: 1, on: device.make())
    // With the vector of user 7 the guest is user 7.
    agent.setGuest(Array(model.userFactors[7 * 8..<8 * 8]))
    var allowed = ItemMask(rows: 1, items: 120, allowed: true)
    for item in 0..<115 { allowed[0, item] = false }
    let history: [Int32] = [1, 2, -1]
    let guest = try agent.recommend(
      SessionState(user: agent.guest, history: history), count: 9, allowed: allowed)
    let known = try agent.recommend(
      SessionState(user: 7, history: history), count: 9, allowed: allowed)
    #expect(guest.map(\.item) == known.map(\.item) && guest.map(\.score) == known.map(\.score))
    #expect(guest.count == 5 && Set(guest.map(\.item)) == Set(115..<120))
    #expect(zip(guest, guest.dropFirst()).allSatisfy { $0.score >= $1.score })
  }
}
