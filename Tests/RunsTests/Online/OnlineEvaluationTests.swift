import ActorCritic
import DRRCore
import DRRData
import DRRTestSupport
import Environments
import Factorization
import Kernels
import Runs
import Tensor
import TestSupport
import Testing

@Suite("Online evaluation")
struct OnlineEvaluationTests {
  /// The tiny log's test users with the items that they liked latest.
  private static func starts(_ log: RatingsLog, _ split: UserSplit) -> [SessionState] {
    split.testUsers.compactMap { user -> SessionState? in
      let liked = split.visibleRows(of: Int(user), in: log).filter { log.ratings[$0] > 3 }
      let history = liked.suffix(3).map { log.items[$0] }
      return history.count == 3 ? SessionState(user: user, history: Array(history)) : nil
    }
  }

  /// Sessions of the tiny log's test users.
  private static func evaluation(
    _ world: World = Worlds.world(consecutive: 1), reversed: Bool = false, users: Int = 100,
    cutoffs: [Int] = [3, 8]
  ) throws -> OnlineEvaluation {
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    var starts = Array(Self.starts(log, split).prefix(users))
    if reversed { starts.reverse() }
    let statistics = ItemStatistics(log, split, scale: .fiveStars)
    return try OnlineEvaluation(
      starts: starts, profiles: starts.map { _ in [] }, world: world,
      model: Worlds.model(log, dimension: 8), catalogue: statistics.ratedItems,
      statistics: statistics, cutoffs: cutoffs, seed: 3)
  }

  @Test("a world by hand")
  func hand() throws {
    let log = RatingsLog(
      name: "two", users: [0, 0, 1, 1], items: [0, 2, 1, 5], ratings: [5, 2, 4, 3])
    let model = PMFModel(
      dimension: 1, mean: 0, userFactors: [1, -1], itemFactors: [0, 0.5, 4, 0.25, -0.5, 2],
      userBiases: [0, 0], itemBiases: [0, 0, 0, 0, 0, 0])
    let world = World(
      logged: LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) }, model: model)
    var catalogue = ItemMask(rows: 1, items: 6, allowed: true)
    catalogue[0, 5] = false
    let statistics = ItemStatistics(log, UserSplit(log, EvaluationProtocol()), scale: .fiveStars)
    func evaluation(_ profiles: [[Int32]]) throws -> OnlineEvaluation {
      try OnlineEvaluation(
        starts: [SessionState(user: 0, history: [0]), SessionState(user: 1, history: [1])],
        profiles: profiles, world: world, model: model, catalogue: catalogue,
        statistics: statistics, cutoffs: [1, 2], seed: 0)
    }
    let online = try evaluation([[], [2]])
    // User 0 may have 1 2 3 4: rewards 0.5, −0.5 on record, 0.25, −0.5; user 1 may have 0 3 4:
    // rewards 0, −0.25, 0.5. Scores put 2 first, then 4 before 3, then the rest by number.
    let order = try online.evaluate(FixedOrder("order") { _ in [1, 1, 9, 2, 3, 99] })
    #expect(order.items == [[2, 4], [4, 3]])
    #expect(order.rewards == [[-0.5, -0.5], [0.5, -0.25]])
    let best = try online.evaluate(FixedOrder("best") { world.rewards(user: $0) })
    #expect(best.items == [[1, 3], [4, 0]] && best.rewards == [[0.5, 0.25], [0.5, 0]])
    let result = online.result(order, reference: best)
    #expect(result.rows.map(\.k) == [1, 2] && result.rows.map(\.reward.mean) == [0, -0.1875])
    #expect(result.rows.map(\.overPMF.mean) == [-0.5, -0.5])
    #expect(result.inLog == 0.25 && result.distinctItems == 3 && result.satisfaction == 0)
    #expect(result.rarelyRated == 1)
    do {
      _ = try evaluation([[], [2, 3, 4]])
      Issue.record("a session would run out of items")
    } catch {
      #expect(
        "\(error)"
          == "largest cutoff is 2, but of 5 items that may be recommended a session can begin with "
          + "4 taken")
    }
  }

  /// Another policy, one session at a time.
  private struct Alone<Policy: OnlinePolicy>: OnlinePolicy {
    var policy: Policy
    var name: String { policy.name }
    var sessionsAtOnce: Int { 1 }
    mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) throws {
      try policy.begin(sessions, draw: draw)
    }
    mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
      try policy.pick(sessions)
    }
  }

  @Test("sessions together go as each alone, and never twice to an item")
  func together() throws {
    let online = try Self.evaluation()
    let trainer = try Worlds.trainer(Worlds.drr(), on: CPUBackend())
    func check(_ policy: some OnlinePolicy) throws {
      let (all, each) = (try online.evaluate(policy), try online.evaluate(Alone(policy: policy)))
      #expect(all.items == each.items && all.rewards == each.rewards, "\(policy.name)")
      #expect(all.satisfaction == each.satisfaction && all.logged == each.logged)
      #expect(all.items.count == online.sessionCount && online.sessionCount > 5)
      for items in all.items { #expect(items.count == 8 && Set(items).count == 8) }
    }
    try check(RandomItem(seed: 4))
    try check(FixedOrder("world greedy") { Worlds.world().rewards(user: $0) })
    let kinds = Worlds.world().satisfaction.kinds
    try check(
      AlternatingOrder("alternating", kinds: kinds) { Worlds.world().rewards(user: $0) })
    try check(FrozenAgent("agent, alternating", trainer.agent, alternating: kinds))
    try check(FrozenAgent("agent", trainer.agent))
  }

  /// Shows the first item that is allowed, and keeps the states that sessions begin in.
  private struct Recording: OnlinePolicy {
    final class Begun { var states: [SessionState] = [] }
    let name = "recording"
    let begun = Begun()

    mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
      begun.states += sessions.states
    }

    mutating func pick(_ sessions: EnvironmentBatch) -> [Int32] {
      sessions.states.indices.map { row in
        (0..<Int32(sessions.allowed.items)).first { sessions.allowed[row, Int($0)] }!
      }
    }
  }

  @Test("sessions of a run begin with what the user liked latest, and what they rated latest")
  func profiles() throws {
    let folder = TemporaryFolder()
    let experiment = try ExperimentTests.experiment(folder.path)
    let (log, policy) = (experiment.log, Recording())
    let model = Worlds.model(log, dimension: 8)
    let online = try experiment.onlineEvaluation(
      OnlineProtocol(), model, Worlds.world(), seed: 1)
    let shown = try online.evaluate(policy).items
    #expect(policy.begun.states.count == online.sessionCount && online.sessionCount > 5)
    var disliked = 0
    for (state, items) in zip(policy.begun.states, shown) {
      let rows = Array(experiment.split.visibleRows(of: Int(state.user), in: log))
      let liked = rows.filter { log.ratings[$0] > 3 }
      #expect(state.history == liked.suffix(3).map { log.items[$0] })
      #expect(state.known.map(\.item) == rows.suffix(3).map { log.items[$0] })
      #expect(state.known.map(\.reward) == rows.suffix(3).map { (log.ratings[$0] - 3) / 2 })
      #expect(Set(items).isDisjoint(with: rows.map { log.items[$0] }))
      disliked += state.known.count { $0.reward < 0 }
    }
    #expect(disliked > 0)
  }

  @Test("sessions ask before each item, and end in the middle where they are told to")
  func stopped() throws {
    let online = try Self.evaluation()
    var asked = 0
    let whole = try online.evaluate(RandomItem(seed: 4), beforeEachPick: { asked += 1 })
    #expect(asked == 8 && whole.items.count == online.sessionCount)
    #expect(throws: Interrupted.self) {
      try online.evaluate(
        RandomItem(seed: 4),
        beforeEachPick: {
          asked += 1
          if asked == 11 { throw Interrupted(step: 0) }
        })
    }
    #expect(asked == 11)
  }

  @Test("who changes kinds earns more where consecutive items count, and not where they do not")
  func planning() throws {
    func earned(_ world: World) throws -> (greedy: Double, changing: Double) {
      let online = try Self.evaluation(world)
      let greedy = try online.evaluate(FixedOrder("greedy") { world.rewards(user: $0) })
      let changing = try online.evaluate(
        AlternatingOrder("changing", kinds: world.satisfaction.kinds, above: 0) {
          world.rewards(user: $0)
        })
      return (
        online.result(greedy, reference: greedy).rows[1].reward.mean,
        online.result(changing, reference: greedy).rows[1].reward.mean
      )
    }
    let moved = try earned(Worlds.world(consecutive: 1))
    #expect(moved.changing > moved.greedy + 0.05)
  }

  @Test("a rule that alternates shows the best of another kind, also where an agent scores")
  func alternating() throws {
    let (world, online) = (Worlds.world(), try Self.evaluation())
    let kinds = world.satisfaction.kinds
    let trace = try online.evaluate(
      AlternatingOrder("rule", kinds: kinds) { world.rewards(user: $0) })
    let trainer = try Worlds.trainer(Worlds.drr(), on: CPUBackend())
    let agent = try online.evaluate(FrozenAgent("agent", trainer.agent, alternating: kinds))
    for items in trace.items + agent.items {
      #expect(zip(items, items.dropFirst()).allSatisfy { kinds[Int($0)] != kinds[Int($1)] })
    }
    // By brute force: of what is left, another kind than the last, the highest reward.
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    let rated = ItemStatistics(log, split, scale: .fiveStars).ratedItems
    for (start, items) in zip(Self.starts(log, split), trace.items) {
      let rewards = world.rewards(user: Int(start.user))
      var left = (0..<Int32(rewards.count)).filter {
        rated[0, Int($0)] && !start.history.contains($0)
      }
      var last: Int32?
      for item in items {
        let others = left.filter { kinds[Int($0)] != last }
        let best = others.max { a, b in (rewards[Int(a)], -a) < (rewards[Int(b)], -b) }
        #expect(item == best)
        left.removeAll { $0 == item }
        last = kinds[Int(item)]
      }
    }
  }

  @Test("clusters of a factorization: vectors of one direction are of one kind")
  func ownKinds() {
    // Three directions, of different lengths, and an item without a vector.
    let factors: [Float] = [1, 0, 0, 2, 3, 0, 0, 0.5, -1, -1, -3, -3, 0, 0]
    let model = PMFModel(
      dimension: 2, mean: 0, userFactors: [0, 0], itemFactors: factors, userBiases: [0],
      itemBiases: Array(repeating: 0, count: 7))
    let kinds = ItemClusters.fit(model, count: 3)
    #expect(kinds[0] == kinds[2] && kinds[1] == kinds[3] && kinds[4] == kinds[5])
    #expect(kinds.allSatisfy { 0..<3 ~= $0 })
  }

  @Test("with ε every pick can stray, and at 0 none does")
  func exploring() throws {
    let online = try Self.evaluation()
    let trainer = try Worlds.trainer(Worlds.drr(), on: CPUBackend())
    func items(_ epsilon: Float, seed: UInt64 = 1) throws -> [[Int32]] {
      try online.evaluate(
        FrozenAgent("agent", trainer.agent, epsilon: epsilon, seed: seed)
      ).items
    }
    let greedy = try online.evaluate(FrozenAgent("agent", trainer.agent)).items
    #expect(try items(0) == greedy)
    #expect(try items(1) != greedy && items(1) == items(1) && items(1) != items(1, seed: 2))
  }

  @Test("an agent that was not trained learns in a session from its first item on")
  func untrained() throws {
    let trainer = try Worlds.trainer(Worlds.drr { $0.learningStarts = 1_000 }, on: CPUBackend())
    let weights = try trainer.agent.ddpg.weights()
    let policy = try UpdatedAgent("agent untrained", trainer)
    _ = try Self.evaluation(users: 2).evaluate(policy)
    #expect(try trainer.agent.ddpg.weights() != weights)
    policy.restore()
    #expect(try trainer.agent.ddpg.weights() == weights && trainer.memory.count == 0)
  }

  private static func state(_ trainer: DRRTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  @Test("learning in session is undone to the bit, so that no session knows of another")
  func updated() throws {
    // A replay that is full, so that a session overwrites what was there.
    let trained = try Worlds.trainer(
      Worlds.drr {
        $0.environments = 3
        $0.ddpg.returnSteps = 4
      }, on: CPUBackend())
    while trained.step < 150 { try trained.advance() }
    let trainer = try Worlds.trainer(
      Worlds.drr {
        $0.ddpg.returnSteps = 4
        $0.choice = .last
      }, on: CPUBackend())
    try trainer.restoreLearning(
      from: SafetensorsFile(bytes: Self.state(trained), name: "the trained agent"))
    #expect(trainer.step == trained.step && trainer.memory.count == trained.memory.count)
    #expect(try trainer.agent.ddpg.weights() == trained.agent.ddpg.weights())
    let before = try Self.state(trainer)
    let policy = try UpdatedAgent("agent", trainer)
    let weights = try trainer.agent.ddpg.weights()
    let forward = try Self.evaluation(users: 5).evaluate(policy)
    #expect(try Self.state(trainer) != before)
    #expect(try trainer.agent.ddpg.weights() != weights, "it does not learn")
    policy.restore()
    #expect(try Self.state(trainer) == before)

    let backward = try Self.evaluation(reversed: true, users: 5).evaluate(policy)
    policy.restore()
    #expect(forward.items.count == 5)
    #expect(backward.items.reversed() == forward.items)
    #expect(backward.rewards.reversed() == forward.rewards)
    #expect(forward.items[0] != backward.items[0], "all sessions are one")
  }

  @Test(
    "a step of a frozen agent: one read, as many launches however many sessions",
    arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Worlds.trainer(Worlds.drr(), on: backend)
    func counters(_ users: Int) throws -> Counters {
      let online = try Self.evaluation(users: users)
      _ = try online.evaluate(FrozenAgent("agent", trainer.agent))
      let before = backend.counters
      _ = try online.evaluate(FrozenAgent("agent", trainer.agent))
      return backend.counters - before
    }
    let one = try counters(1)
    #expect(one.syncs == 8 && one.writes == 16)
    let many = try counters(6)
    #expect(many.launches == one.launches && many.syncs == 8 && many.writes == 16)
  }
}
