import Agents
import DRRData
import DRRTestSupport
import Environments
import Factorization
import Planning
import Tensor
import TestSupport
import Testing

@Suite("The planner and its model")
struct PlannerTests {
  static func configuration(
    _ change: (inout PlannerConfiguration) -> Void = { _ in }
  ) -> PlannerConfiguration {
    var configuration = PlannerConfiguration()
    configuration.environments = 6
    configuration.sessionLength = 7
    configuration.steps = 420
    configuration.window = 3
    configuration.planning.members = 2
    configuration.planning.width = 3
    configuration.planning.units = 5
    configuration.planning.candidates = 6
    configuration.planning.beam = 3
    configuration.planning.horizon = 3
    configuration.planning.beliefs = BeliefWorlds.configuration
    change(&configuration)
    return configuration
  }

  static func task(
    consecutive: Float = 1, kinds: [Int32]? = nil, seed: UInt64 = 5
  ) -> AgentTask {
    let log = Worlds.tiny
    let split = UserSplit(log, BeliefWorlds.evaluation)
    var world = Worlds.world(consecutive: consecutive)
    if let kinds { world.satisfaction = Satisfaction(strength: consecutive, kinds: kinds) }
    return AgentTask(
      log: log, split: split, statistics: ItemStatistics(log, split, scale: .fiveStars),
      evaluation: BeliefWorlds.evaluation, scale: .fiveStars, seed: seed,
      model: Worlds.model(log, dimension: 3, seed: 8), world: { [world] in world },
      beliefs: { _ in
        var model = try BeliefWorlds.model
        if let kinds { model.kinds = kinds }
        return model
      })
  }

  private static func trainer(
    _ configuration: PlannerConfiguration, _ task: AgentTask, on backend: any Backend
  ) throws -> PlannerTrainer {
    try #require(configuration.makeTrainer(task, on: backend) as? PlannerTrainer)
  }

  private static func state(_ trainer: some AgentTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  /// All weights of a small model by central differences of the loss.
  @Test("the model's gradient is that of finite differences")
  func gradients() throws {
    let backend = ReferenceBackend()
    let model = SessionModel(
      itemCount: 5, width: 2, units: 3, member: 0, seed: 4, on: backend)
    var random = SeededGenerator(3)
    for parameter in model.parameters.parameters {
      // The last layer begins at 0, which would hide all behind it.
      backend.put(
        random.floats(parameter.shape.count, in: -0.6...0.6).map(Double.init),
        to: parameter.values)
    }
    let shown = IndexTensor(
      [0, 3, 1, 2, 4, 0, 1, 0, 2, 3, 4, 1], shape: [3, 4], on: backend)
    let affinities = Tensor(random.floats(12, in: -1...1), shape: [3, 4], on: backend)
    let earned = Tensor(random.floats(12, in: -1...1), shape: [3, 4], on: backend)
    func loss(_ tape: Tape?) -> Tensor {
      model.loss(shown, affinities: affinities, earned: earned, tape)
    }
    let tape = Tape(training: model.parameters)
    tape.backward(from: loss(tape))
    for parameter in model.parameters.parameters {
      let point = try backend.doubles(parameter.values)
      let found = try backend.doubles(parameter.gradients)
      let expected = try FiniteDifference.gradient(
        at: point, coordinates: Array(point.indices)
      ) {
        backend.put($0, to: parameter.values)
        return try loss(nil).doubles()[0]
      }
      backend.put(point, to: parameter.values)
      #expect(relativeError(found, expected) < 1e-6, "\(parameter.name)")
      #expect(found.contains { $0 != 0 }, "\(parameter.name)")
    }
  }

  @Test(
    "stopped anywhere, restored and continued, a run is the same to the bit",
    arguments: TestDevices.all, [TrainingWorld.pmf, .log])
  func resume(_ device: TestDevice, _ world: TrainingWorld) throws {
    let configuration = Self.configuration { $0.world = world }
    func make() throws -> PlannerTrainer {
      try Self.trainer(configuration, Self.task(), on: device.make())
    }
    let whole = try make()
    var saved = [try Self.state(whole)]
    var reports: [TrainingProgress] = []
    while !whole.isFinished {
      try whole.advance()
      reports.append(try whole.report())
      saved.append(try Self.state(whole))
    }
    #expect(saved.count == 11 && whole.hasLearned)
    for stop in [0, 1, 4, 9] {
      let resumed = try make()
      try resumed.advance()
      try resumed.restore(from: SafetensorsFile(bytes: saved[stop], name: "checkpoint"))
      #expect(try Self.state(resumed) == saved[stop])
      var rest: [TrainingProgress] = []
      while !resumed.isFinished {
        try resumed.advance()
        rest.append(try resumed.report())
      }
      #expect(try Self.state(resumed) == saved.last, "continued from \(stop)")
      #expect(rest == Array(reports[stop...]))
    }
  }

  /// The world's response is r / 2 + σ / 2; a PMF that is the world's own model knows r but where
  /// users rated.
  @Test("the model learns what sessions earn")
  func learns() throws {
    let trainer = try Self.trainer(
      Self.configuration {
        $0.environments = 64
        $0.steps = 64 * 7 * 150
        $0.planning.learningRate = 0.02
      }, Self.task(), on: CPUBackend())
    var losses: [Float] = []
    while !trainer.isFinished {
      try trainer.advance()
      losses.append(try #require(try trainer.report().criticLoss))
    }
    let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
    #expect(last < 0.5 * first, "\(first / 5) to \(last / 5)")
  }

  /// Two worlds that differ in their clusters alone: to an agent that is not told them, a session in
  /// which as much was earned is the same session.
  @Test("what is not told is not seen")
  func hidden() throws {
    let log = Worlds.tiny
    let kinds = (0..<Int32(log.itemCount)).map { $0 % 4 }
    let others = kinds.map { ($0 + $0 / 2) % 4 }
    var state = SessionState(user: 0, history: [1, 2, 3])
    for (item, earned) in [(4, 0.4), (9, -0.3), (11, 0.7)] as [(Int32, Float)] {
      state.observe(item, earned)
    }
    var allowed = ItemMask(rows: 1, items: log.itemCount, allowed: true)
    for item in [1, 2, 3, 4, 9, 11] { allowed[0, item] = false }
    let backend = CPUBackend()
    let mask = DeviceMask(rows: 1, items: log.itemCount, on: backend)
    mask.upload(allowed)
    func planner(_ kinds: [Int32]) throws -> ([Float], [Int32]) {
      let agent = try Self.configuration().makeAgent(Self.task(kinds: kinds), on: backend)
      return (try agent.act([state]).host(), try agent.pick([state], allowed: mask))
    }
    let (one, other) = (try planner(kinds), try planner(others))
    #expect(one.0 == other.0 && one.1 == other.1)

    // An environment shows what was earned, and what an item earns by itself to who is told.
    let environment = try Self.task(kinds: kinds).environment(Self.configuration().training)
    for isTold in [false, true] {
      var told = environment.telling(isTold)
      told.reset(episode: 0)
      var differs = false
      for item in (0..<Int32(log.itemCount)).filter({ told.allowed[0, Int($0)] }).prefix(6) {
        let step = told.step(item)
        let seen = step.observation.feedback.last!
        let own = told.world.reward(user: Int(step.observation.user), item: item)
        #expect(seen.earned == step.reward && seen.reward == (isTold ? own : step.reward))
        #expect((step.observation.history.last == item) == (seen.reward > 0))
        differs = differs || own != step.reward
      }
      #expect(differs)
    }
  }

  @Test("γ = 0 picks the largest affinity, and a plan of one item does")
  func myopic() throws {
    let backend = CPUBackend()
    let trainer = try Self.trainer(Self.configuration(), Self.task(), on: backend)
    while !trainer.isFinished { try trainer.advance() }
    var states = (0..<4).map { SessionState(user: Int32($0), history: [1, 2, 3]) }
    for (row, items) in ([[], [7], [8, 9], [10, 20, 30]] as [[Int32]]).enumerated() {
      for item in items { states[row].observe(item, Float(item) / 40) }
    }
    let items = Worlds.tiny.itemCount
    let mask = DeviceMask(rows: 4, items: items, on: backend)
    var allowed = ItemMask(rows: 4, items: items, allowed: true)
    allowed[0, 5] = false
    mask.upload(allowed)
    let best = try trainer.planner.act(states).topK(1, items: trainer.planner.items, allowed: mask)
      .items.host()
    #expect(try trainer.planner.discounting(0).pick(states, allowed: mask) == best)
    // Where nothing is left there is no item.
    mask.upload(ItemMask(rows: 4, items: items, allowed: false))
    #expect(try trainer.planner.pick(states, allowed: mask) == [-1, -1, -1, -1])
    #expect(
      try trainer.planner.value(
        of: trainer.planner.act(states), picking: best, in: states
      ).allSatisfy(\.isFinite))
  }

  @Test("bad settings are refused by name")
  func settings() throws {
    func message(_ change: (inout PlannerConfiguration) -> Void) -> String? {
      do {
        try Self.configuration(change).validate()
        return nil
      } catch { return "\(error)" }
    }
    #expect(message { _ in } == nil)
    #expect(message { $0.planning.members = 0 } == "members is 0; it must be 1 ... 64")
    #expect(message { $0.planning.horizon = 0 }?.hasPrefix("horizon is 0") == true)
    #expect(message { $0.planning.caution = .nan }?.hasPrefix("caution is nan") == true)
    #expect(message { $0.world = .playback }?.hasPrefix("world is playback") == true)
    #expect(message { $0.tellsClusters = true }?.contains("earned alone") == true)
  }
}
