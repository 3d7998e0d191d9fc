import ActorCritic
import Agents
import DRRCore
import DRRData
import DRRTestSupport
import DeepQ
import NextItem
import Planning
import PolicyGradients
import Runs
import SlateQ
import Tensor
import TestSupport
import Testing

/// Ranks that share a trainer's updates, beside one process that makes them as they stand.
@Suite("Trainers in ranks") struct SharedTrainingTests {
  /// What acts in users' sessions, of so few steps that rounding changes no choice.
  static let agents: [(name: String, agent: any AgentConfiguration, steps: Int)] = {
    var dqn = DQNAgentConfiguration()
    dqn.dqn.hidden = 8
    dqn.dqn.batchSize = 18
    dqn.training.learningStarts = 18
    dqn.training.environments = 4
    var pg = PolicyGradientAgentConfiguration()
    pg.policyGradient.hidden = 8
    pg.policyGradient.topK = 3
    pg.training.environments = 4
    var valued = pg
    valued.policyGradient.baseline = .value
    var planner = PlannerConfiguration()
    planner.planning.units = 4
    planner.planning.beliefs = BeliefWorlds.configuration
    planner.training.environments = 6
    planner.training.sessionLength = 4
    return [
      ("DRR", Worlds.drr(), 24),
      (
        "TD3 that imitates",
        Worlds.drr {
          $0.ddpg.twinCritics = true
          $0.ddpg.policyDelay = 2
          $0.ddpg.targetNoise = 0.2
          $0.ddpg.imitationWeight = 3
        }, 24
      ),
      ("residual", ResidualWorlds.drr(), 24), ("DQN", dqn, 8), ("REINFORCE", pg, 5),
      ("REINFORCE with values", valued, 5), ("planner", planner, 4),
    ]
  }()

  private typealias Work = (
    advance: () throws -> Void, save: (inout SafetensorsWriter) throws -> Void
  )

  /// What each rank holds once it has gone so many steps, as a file.
  private static func states(
    ranks: Int, steps: Int, _ make: @escaping @Sendable (any Collective) throws -> Work
  ) throws -> [[UInt8]] {
    try ThreadCollective.run(ranks) { ranks in
      let trainer = try make(ranks)
      for _ in 0..<steps { try trainer.advance() }
      var file = SafetensorsWriter()
      try trainer.save(&file)
      return try file.bytes()
    }
  }

  private static func agent(
    _ number: Int, parts: Int?, ranks: Int, steps: Int? = nil
  ) throws -> [[UInt8]] {
    let folder = TemporaryFolder()
    var configuration = ExperimentTests.configuration()
    configuration.agent = agents[number].agent
    let experiment = try ExperimentTests.experiment(folder.path, configuration)
    let model = Worlds.model(Worlds.tiny, dimension: 6)
    return try states(ranks: ranks, steps: steps ?? agents[number].steps) { ranks in
      let trainer = try experiment.makeTrainer(model, on: CPUBackend())
      let updates = try SharedUpdates(ranks, parts: parts)
      trainer.share(updates)
      return (
        {
          try trainer.advance()
          try updates.check()
        }, { try trainer.save(to: &$0) }
      )
    }
  }

  private static func expectNear(_ found: [UInt8], _ wanted: [UInt8], _ name: String) throws {
    let (found, wanted) = try (
      SafetensorsFile(bytes: found, name: "found"), SafetensorsFile(bytes: wanted, name: "wanted")
    )
    #expect(found.entries.map(\.name) == wanted.entries.map(\.name))
    for entry in wanted.entries where entry.type == .f32 {
      let (x, r) = try (found.floats(entry.name), wanted.floats(entry.name))
      let scale = r.reduce(1e-4) { max($0, abs($1)) }
      let worst = zip(x, r).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) } / scale
      #expect(worst < 2e-3, "\(name), \(entry.name): \(worst)")
    }
  }

  @Test("of the same parts come to the bits of one", arguments: agents.indices)
  func exact(number: Int) throws {
    let name = Self.agents[number].name
    let alone = try Self.agent(number, parts: 4, ranks: 1)[0]
    #expect(try Self.agent(number, parts: 4, ranks: 1, steps: 0)[0] != alone, "\(name)")
    for ranks in [2, 4] {
      let states = try Self.agent(number, parts: 4, ranks: ranks)
      #expect(Set(states) == [alone], "\(name), \(ranks) ranks")
    }
  }

  @Test("of a part each come near one's weights, and all have the same", arguments: agents.indices)
  func near(number: Int) throws {
    let name = Self.agents[number].name
    let alone = try Self.agent(number, parts: nil, ranks: 1)[0]
    for ranks in [2, 3] {
      let states = try Self.agent(number, parts: nil, ranks: ranks)
      #expect(Set(states).count == 1, "\(name), \(ranks) ranks")
      try Self.expectNear(states[0], alone, "\(name), \(ranks) ranks")
    }
  }

  // MARK: Without users

  /// SlateQ's own learner is left out: what its choices depend on is rounding, in the biases that a
  /// softmax takes off again.
  enum World: CaseIterable, Sendable { case dqn, a2c, point, documents }

  private static func trainer(_ world: World) throws -> any Trainer {
    switch world {
    case .dqn:
      var settings = SmallWorldConfiguration()
      settings.dqn = DQNConfiguration()
      settings.dqn!.hidden = 4
      settings.dqn!.batchSize = 10
      settings.learningStarts = 16
      return try SmallWorldTrainer(settings, on: CPUBackend())
    case .a2c:
      var settings = SmallWorldConfiguration()
      settings.policyGradient = PolicyGradientConfiguration()
      settings.policyGradient!.method = .a2c
      settings.policyGradient!.hidden = 4
      settings.environments = 5
      return try SmallWorldTrainer(settings, on: CPUBackend())
    case .point:
      var settings = GaussianConfiguration()
      settings.environments = 7
      settings.hidden = 4
      return try GaussianTrainer(settings, on: CPUBackend())
    case .documents:
      var settings = SlateQRunConfiguration()
      settings.agent = SlateQConfiguration(.dqn)
      settings.agent.environments = 4
      settings.agent.horizon = 4
      settings.agent.rollouts = 2
      settings.agent.batchSize = 10
      settings.agent.hidden = 4
      return try SlateQRunTrainer(settings, on: CPUBackend())
    }
  }

  @Test("without users come near one's weights", arguments: World.allCases)
  func worlds(_ world: World) throws {
    func states(_ ranks: Int) throws -> [[UInt8]] {
      try Self.states(ranks: ranks, steps: 4) { ranks in
        let trainer = try Self.trainer(world)
        let updates = try trainer.share(among: ranks)!
        return (
          {
            _ = try trainer.advance()
            try updates.check()
          }, { try trainer.save(to: &$0) }
        )
      }
    }
    let alone = try states(1)[0]
    for ranks in [2, 3] { try Self.expectNear(states(ranks)[0], alone, "\(world)") }
  }

  // MARK: Next items

  /// A GRU, its heads, and one of drawn items and cosines on sessions.
  enum NextItems: CaseIterable, Sendable { case plain, values, actorCritic, count, sessions }

  /// Each session goes between two items of a pair.
  private static let pairs = RatingsLog(
    name: "pairs", format: "rows",
    sessions: (0..<200).map { number in (0..<6).map { Int32(number * 7 % 20) ^ Int32($0 % 2) } },
    itemIDs: (0..<20).map { "\($0)" })

  /// Five or six updates are an epoch, which the validation ratings follow.
  private static func gru(
    _ kind: NextItems, parts: Int?, ranks: Int, steps: Int
  ) throws -> [[UInt8]] {
    let log = kind == .sessions ? pairs : Worlds.tiny
    var run = GRURunConfiguration(source: log.name, log: log)
    (run.settings.dimension, run.settings.hidden, run.settings.window) = (6, 8, 10)
    (run.settings.batchSize, run.settings.batchParts) = (kind == .sessions ? 120 : 250, parts)
    switch kind {
    case .plain: break
    case .values: run.settings.head = GRUHead(.values)
    case .actorCritic: run.settings.head = GRUHead(.actorCritic)
    case .count: run.settings.head = GRUHead(.count)
    case .sessions: (run.settings.head, run.settings.negatives) = (GRUHead(.values), 8)
    }
    run.settings.head?.delay = 0
    let (settings, split) = (run, UserSplit(log, run.evaluation))
    return try states(ranks: ranks, steps: steps) { ranks in
      let trainer = try GRUTrainer(settings, log, split, on: CPUBackend())
      let updates = try trainer.share(among: ranks)
      return (
        {
          _ = try trainer.advance()
          try updates?.check()
        }, { try trainer.save(to: &$0) }
      )
    }
  }

  @Test(
    "of a GRU's batch parts come to the bits of one, validation and all",
    arguments: NextItems.allCases)
  func nextItems(_ kind: NextItems) throws {
    let alone = try Self.gru(kind, parts: 4, ranks: 1, steps: 14)[0]
    #expect(try Self.gru(kind, parts: 4, ranks: 1, steps: 0)[0] != alone)
    for ranks in [2, 4] {
      let states = try Self.gru(kind, parts: 4, ranks: ranks, steps: 14)
      #expect(Set(states) == [alone], "\(ranks) ranks")
    }
  }

  @Test("of a GRU come near one's weights, and all have the same", arguments: NextItems.allCases)
  func nextItemsNear(_ kind: NextItems) throws {
    let alone = try Self.gru(kind, parts: nil, ranks: 1, steps: 7)[0]
    for ranks in [2, 3] {
      let states = try Self.gru(kind, parts: nil, ranks: ranks, steps: 7)
      #expect(Set(states).count == 1, "\(kind), \(ranks) ranks")
      try Self.expectNear(states[0], alone, "\(kind), \(ranks) ranks")
    }
  }

  @Test("say that they cannot share parts evenly, and what is wrong with a number of parts")
  func uneven() throws {
    #expect {
      _ = try ThreadCollective.run(3) { _ = try SharedUpdates($0, parts: 4) }
    } throws: {
      "\($0)".contains("batch parts is 4, which 3 processes cannot share evenly")
    }
    #expect(throws: ConfigurationError.self) { try SharedUpdates(SoleCollective(), parts: 3) }
  }

  @Test("stop where another is lost in the middle of an update")
  func lost() throws {
    #expect(throws: CollectiveError.self) {
      _ = try ThreadCollective.run(2) { ranks in
        if ranks.rank == 1 { throw RunError("out of luck") }
        let trainer = try Self.trainer(.dqn)
        let updates = try trainer.share(among: ranks)
        for _ in 0..<8 {
          _ = try trainer.advance()
          try updates?.check()
        }
      }
    }
  }
}
