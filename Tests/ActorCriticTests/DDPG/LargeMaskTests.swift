import ActorCritic
import DRRData
import DRRTestSupport
import Environments
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("Acting in a large catalogue")
struct LargeMaskTests {
  /// 64 environments and 33,000 items: too many flags to be sent at every step.
  private static func trainer(on backend: any Backend) throws -> DRRTrainer {
    var random = SeededGenerator(3)
    let (log, items) = (Worlds.tiny, 33_000)
    let drr = Worlds.drr {
      $0.environments = 64
      $0.ddpg.replayCapacity = 512
      $0.explorationSteps = 10_000
      $0.learningStarts = 10_000
      $0.steps = 10_000
    }
    let model = PMFModel(
      dimension: 4, mean: 0.1, userFactors: random.floats(log.userCount * 4, in: -0.5...0.5),
      itemFactors: random.floats(items * 4, in: -0.5...0.5),
      userBiases: random.floats(log.userCount, in: -0.2...0.2),
      itemBiases: random.floats(items, in: -0.2...0.2))
    let logged = LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) }
    let split = UserSplit(log, EvaluationProtocol())
    let environment = RatingEnvironment(
      model: model, world: World(logged: logged, model: model),
      starts: try RatingEnvironment.starts(
        log: log, split: split, statistics: ItemStatistics(log, split, scale: .fiveStars),
        window: drr.window, scale: .fiveStars),
      catalogue: ItemMask(rows: 1, items: items, allowed: true),
      sessionLength: drr.sessionLength, seed: 5)
    return try DRRTrainer(drr, environment: environment, seed: 5, on: backend)
  }

  private static func state(_ trainer: DRRTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  /// A trainer that was restored sends its first mask whole.
  @Test(
    "a step sends what changed, and the choices are those of a mask that is sent whole",
    arguments: TestDevices.all)
  func steps(_ device: TestDevice) throws {
    func asked(_ trainer: DRRTrainer) throws -> Counters {
      let before = trainer.agent.backend.counters
      try trainer.advance()
      let asked = trainer.agent.backend.counters - before
      return Counters(launches: asked.launches, writes: asked.writes, syncs: asked.syncs)
    }
    let trainer = try Self.trainer(on: device.make())
    try trainer.advance()
    // Sessions of 7 items end on the way.
    for _ in 0..<8 {
      let saved = try Self.state(trainer)
      let changed = try asked(trainer)
      let restored = try Self.trainer(on: trainer.agent.backend)
      try restored.restore(from: SafetensorsFile(bytes: saved, name: "checkpoint"))
      let whole = try asked(restored)
      #expect(whole.writes == 4 && whole.syncs == 1)
      #expect(changed == Counters(launches: whole.launches + 1, writes: 4, syncs: 1))
      #expect(try Self.state(restored) == Self.state(trainer))
    }
  }
}
