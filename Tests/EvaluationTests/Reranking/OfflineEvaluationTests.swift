import ActorCritic
import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Evaluation
import Tensor
import TestSupport
import Testing

@Suite("Rankers")
struct OfflineEvaluationTests {
  /// Ten users who rate 40 of 60 items each; half is profile, so that a session has 20 items.
  private static let log: RatingsLog = {
    var random = SeededGenerator(40)
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
    return (OfflineEvaluation(sessions: sessions, cutoffs: [5, 10, 15, 20]), split)
  }

  @Test("scores of the baselines on a log made by hand")
  func baselines() throws {
    // User 1 is held out; item 2 is the most rated, item 0 the best.
    let log = RatingsLog(
      name: "hand", users: [0, 0, 0, 1, 1, 1, 1, 2, 2], items: [0, 1, 2, 3, 2, 0, 1, 2, 1],
      ratings: [5, 2, 4, 5, 4, 1, 5, 3, 1], times: (0..<9).map { $0 })
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

    let ranker = PMFDot(model)
    let dots = (0..<3).map { item in
      (0..<3).reduce(Float(0)) {
        $0 + model.userFactors[3 + $1] * model.itemFactors[item * 3 + $1]
      }
    }
    #expect(zip(ranker.scores(session), dots).allSatisfy { abs($0 - $1) < 1e-6 })

    // Equal scores go to the lower item: popularity picks 1, then 2, then 0.
    let ranked = try OfflineEvaluation(sessions: sessions, cutoffs: [1, 2, 3])
      .evaluate(Popularity(statistics))
    #expect(ranked.name == "popularity" && ranked.users == [1])
    #expect([1, 2, 3].map { ranked.mean(.precision, at: $0) } == [1, 1, 2.0 / 3])
    #expect([1, 2, 3].map { ranked.mean(.reward, at: $0) } == [1, 0.75, 0.5 / 3])
    #expect([1, 2, 3].map { ranked.mean(.ndcg, at: $0) } == [1, 1, 1])
    #expect([1, 2, 3].map { ranked.mean(.recall, at: $0) } == [0.5, 1, 1])
    #expect(ranked.mean(.dcg, at: 1) == 1 && ranked.mean(.dcg, at: 4) == nil)
  }

  @Test("a session shorter than K, or without a liked item, has no value rather than 0")
  func undefined() throws {
    let sessions = [
      Session(user: 0, history: [], candidates: [1, 2], rewards: [1, -1], logged: [0, 1]),
      Session(
        user: 4, history: [], candidates: [1, 2, 3], rewards: [-1, 0, -0.5], logged: [0, 1, 2]),
    ]
    let ranked = try OfflineEvaluation(sessions: sessions, cutoffs: [1, 3]).evaluate(Oracle())
    #expect(ranked.values(.precision, at: 1) == [1, 0])
    #expect(ranked.values(.precision, at: 3) == [nil, 0])
    #expect(ranked.values(.ndcg, at: 1) == [1, nil])
    #expect(ranked.values(.recall, at: 3) == [nil, nil])
    #expect(ranked.mean(.recall, at: 3) == nil)
    #expect(ranked.values(.reward, at: 3) == [nil, -0.5])
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
  func generated() throws {
    let log = GeneratedRatings.generate(size: .small)
    let (evaluation, split) = Self.evaluation(log, share: 0.2, window: 5)
    #expect(evaluation.sessions.count > 100)
    let statistics = ItemStatistics(log, split, scale: .fiveStars)
    let oracle = try evaluation.evaluate(Oracle())
    let random = try evaluation.evaluate(RandomOrder(seed: 3))
    let itemMean = try evaluation.evaluate(ItemMean(statistics))
    let rates = evaluation.sessions.map { Double($0.likedCount) / Double($0.candidates.count) }
    let base = rates.reduce(0, +) / Double(rates.count)
    let bootstrap = Bootstrap(clusters: evaluation.sessions.map(\.user), seed: 1)
    for k in evaluation.cutoffs {
      #expect(oracle.values(.ndcg, at: k).allSatisfy { $0 == 1 })
      let estimate = try #require(bootstrap.estimate(random.values(.precision, at: k)))
      // The interval is of 1.96 standard errors; this asks for twice that.
      #expect(abs(estimate.mean - base) < estimate.high - estimate.low)
      for measure in Measure.allCases {
        let (low, middle, high) = (
          random.mean(measure, at: k)!, itemMean.mean(measure, at: k)!, oracle.mean(measure, at: k)!
        )
        #expect(low < middle && middle < high, "\(measure) at \(k)")
      }
    }
  }

  /// A session of 20 has but one set of 20 picks: no ranker and no agent may find another.
  @Test("an agent picks each candidate once", arguments: TestDevices.all)
  func agent(_ device: TestDevice) throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    #expect(evaluation.sessions.count >= 3)
    #expect(evaluation.sessions.allSatisfy { (17...20).contains($0.candidates.count) })
    let whole = OfflineEvaluation(
      sessions: evaluation.sessions.filter { $0.candidates.count == 20 }, cutoffs: [5, 20])
    #expect(!whole.sessions.isEmpty)
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(Self.log, dimension: 6), seed: 1, on: device.make())
    let found = try whole.evaluate(AgentRanker("agent", agent))
    let oracle = try whole.evaluate(Oracle())
    #expect(found.values(.precision, at: 20) == oracle.values(.precision, at: 20))
    #expect(abs(found.mean(.reward, at: 20)! - oracle.mean(.reward, at: 20)!) < 1e-9)
    #expect(found.mean(.precision, at: 5)! < oracle.mean(.precision, at: 5)!)
    // Where the candidates are used up before the list is full, it ends.
    let picks = try AgentRanker("agent", agent).rank(evaluation.sessions, length: 30) { _ in }.picks
    #expect(zip(picks, evaluation.sessions).allSatisfy { Set($0) == Set($1.candidates) })
    #expect(picks.map(\.count) == evaluation.sessions.map(\.candidates.count))
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
    let ranker = AgentRanker("agent", agent)
    let whole = try evaluation.evaluate(ranker) { done.append($0) }
    #expect(done.first == 256 && done.last == evaluation.sessions.count)
    let parts = try [evaluation.sessions.prefix(100), evaluation.sessions.dropFirst(100)].map {
      try OfflineEvaluation(sessions: Array($0), cutoffs: [5, 10, 15, 20]).evaluate(ranker)
    }
    for k in evaluation.cutoffs {
      #expect(
        parts.flatMap { $0.values(.reward, at: k) } == whole.values(.reward, at: k), "at \(k)")
    }
    let expected = parts.map { $0.policy!.expectedReturn! * Double($0.users.count) }
    let mean = expected.reduce(0, +) / Double(whole.users.count)
    #expect(abs(mean - whole.policy!.expectedReturn!) < 1e-5)
  }

  @Test("ranks that share the sessions each have the bits of one", arguments: [2, 3, 4])
  func ranks(size: Int) throws {
    let log = GeneratedRatings.generate(size: .small)
    let (admitted, split) = Self.evaluation(log, share: 0.6, window: 3)
    let (statistics, model) = (
      ItemStatistics(log, split, scale: .fiveStars), Worlds.model(log, dimension: 6)
    )
    let evaluation = OfflineEvaluation(
      sessions: admitted.sessions, cutoffs: [1, 5, 25],
      catalogue: ItemCatalogue(statistics, users: log.userCount, model: model))
    @Sendable func scores(_ ranks: any Collective) throws -> [RankerScores] {
      let agent = try DRRAgent(Worlds.drr(), model: model, seed: 1, on: ReferenceBackend())
      let knn = try ItemKNN(log, split, statistics, scale: .fiveStars)
        .remembering(evaluation.sessions, most: 700, among: ranks)
      let blend = AdaptiveBlend(
        "blend", knn, model, log, split, scale: .fiveStars, weight: 0)
      let rankers: [any Ranker] = [
        AgentRanker("agent", agent), AgentRanker("explorer", agent).exploring(0.3, seed: 5),
        RandomOrder(seed: 2), Popularity(statistics), knn,
        try blend.chosen(on: Array(evaluation.sessions.prefix(40)), ranks: ranks), Oracle(),
      ]
      return try rankers.map { try evaluation.evaluate($0, among: ranks) }
    }
    let alone = try scores(SoleCollective())
    #expect(alone[0].picks != alone[1].picks)
    #expect(alone.allSatisfy { $0.lists[1].diversity != nil && $0.lists[0].diversity == nil })
    #expect(alone[2].values(.precision, at: 25).contains(nil))
    for shared in try ThreadCollective.run(size, scores) {
      for (one, other) in zip(alone, shared) {
        #expect(other.picks == one.picks, "\(one.name)")
        #expect(other.policy == one.policy && other.lists == one.lists, "\(one.name)")
        for measure in Measure.allCases {
          for k in evaluation.cutoffs {
            #expect(other.values(measure, at: k) == one.values(measure, at: k), "\(one.name)")
          }
        }
      }
    }
  }

  @Test("each pick scores the candidates that are left and no other item, to the same picks")
  func candidatesAlone() throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    let backend = ReferenceBackend()
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(Self.log, dimension: 6), seed: 1, on: backend)
    let before = backend.itemScores
    let picks = try AgentRanker("agent", agent).rank(evaluation.sessions, length: 7) { _ in }.picks
    let expected = evaluation.sessions.reduce(0) { sum, session in
      (0..<7).reduce(sum) { $0 + session.candidates.count - $1 }
    }
    #expect(backend.itemScores - before == expected)
    // By the whole catalogue under a mask.
    for (session, picks) in zip(evaluation.sessions, picks) {
      var state = SessionState(user: session.user, history: session.history)
      var allowed = ItemMask(rows: 1, items: agent.itemCount, allowed: false)
      for item in session.candidates { allowed[0, Int(item)] = true }
      let whole = try (0..<7).map { _ in
        let best = try agent.recommend(state, count: 1, allowed: allowed)[0].item
        allowed[0, best] = false
        state.observe(Int32(best), session.reward(of: Int32(best))!)
        return Int32(best)
      }
      #expect(picks == whole)
    }
    #expect(backend.itemScores - before == expected + 7 * 60 * evaluation.sessions.count)
  }

  @Test("an agent that sees rewards begins with what was rated before, and takes in dislikes")
  func rewards() throws {
    let (evaluation, split) = Self.evaluation(Self.log)
    let agent = try DRRAgent(
      Worlds.drr { $0.state = .gruRewards }, model: Worlds.model(Self.log, dimension: 6), seed: 1,
      on: CPUBackend())
    var disliked = 0
    for session in evaluation.sessions {
      let picks = try AgentRanker("agent", agent).rank([session], length: 9) { _ in }.picks[0]
      let rows = Array(split.visibleRows(of: Int(session.user), in: Self.log)).suffix(3)
      var state = SessionState(
        user: session.user, history: session.history,
        known: rows.map { row in
          ItemReward(item: Self.log.items[row], reward: (Self.log.ratings[row] - 3) / 2)
        })
      var allowed = ItemMask(rows: 1, items: agent.itemCount, allowed: false)
      for item in session.candidates { allowed[0, Int(item)] = true }
      for pick in picks {
        let best = try agent.recommend(state, count: 1, allowed: allowed)[0].item
        #expect(best == Int(pick))
        allowed[0, best] = false
        let reward = session.rewards[session.candidates.firstIndex(of: pick)!]
        disliked += reward < 0 ? 1 : 0
        state.observe(pick, reward)
      }
      #expect(picks.count == 9)
    }
    #expect(disliked > 0)
  }

  /// Replays the picks one by one through `recommend`.
  @Test("an agent's list follows what it finds", arguments: TestDevices.all)
  func history(_ device: TestDevice) throws {
    let (evaluation, _) = Self.evaluation(Self.log)
    let agent = try DRRAgent(
      Worlds.drr(), model: Worlds.model(Self.log, dimension: 6), seed: 1, on: device.make())
    let one = OfflineEvaluation(
      sessions: [try #require(evaluation.sessions.first)], cutoffs: Array(1...15))
    let session = one.sessions[0]
    var state = SessionState(user: session.user, history: session.history)
    var allowed = ItemMask(rows: 1, items: agent.itemCount, allowed: false)
    for item in session.candidates { allowed[0, Int(item)] = true }
    var rewards: [Float] = []
    var (saturated, coordinates) = (0, 0)
    let value = try agent.value(of: agent.act([state]), picking: [0], in: [state])[0]
    for _ in 0..<15 {
      let action = try agent.act([state]).host()
      coordinates += action.count
      saturated += action.count { abs($0) > 0.95 }
      let best = try agent.recommend(state, count: 1, allowed: allowed)[0].item
      let reward = session.rewards[session.candidates.firstIndex(of: Int32(best))!]
      rewards.append(reward)
      allowed[0, best] = false
      if reward > 0 { state.history = state.history.dropFirst() + [Int32(best)] }
    }
    let found = try one.evaluate(AgentRanker("agent", agent))
    for k in one.cutoffs {
      #expect(found.mean(.precision, at: k) == RankingMetrics.precision(rewards, at: k))
      #expect(found.mean(.reward, at: k) == RankingMetrics.averageReward(rewards, at: k))
    }
    let policy = try #require(found.policy)
    let discounted = rewards.reversed().reduce(0.0) { Double($1) + 0.9 * $0 }
    #expect(abs(policy.discountedReturn - discounted) < 1e-5)
    #expect(policy.expectedReturn == Double(value))
    #expect(policy.overestimation == Double(value) - policy.discountedReturn)
    #expect(policy.saturation == Double(saturated) / Double(coordinates))
  }
}
