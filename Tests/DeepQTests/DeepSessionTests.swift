import Agents
import DRRTestSupport
import DeepQ
import Kernels
import Tensor
import TestSupport
import Testing

/// Over a catalogue, in logs played back.
@Suite("Deep Q-learning over a catalogue")
struct DeepSessionTests {
  private static func trainer(
    _ kind: StateModuleKind = .gru, on backend: any Backend,
    _ change: (inout DQNConfiguration) -> Void = { _ in }
  ) throws -> DQNTrainer {
    var configuration = DQNConfiguration()
    configuration.hidden = 16
    configuration.batchSize = 16
    configuration.replayCapacity = 64
    change(&configuration)
    let (users, items) = CatalogueWorlds.tables(backend)
    let dqn = try DQN(
      configuration, actionCount: CatalogueWorlds.items, actionWidth: 8,
      excludingItemsFrom: kind.rows(window: CatalogueWorlds.window).firstItem, seed: 1,
      on: backend
    ) { kind.make(users: users, items: items, window: CatalogueWorlds.window, in: $0) }
    var schedule = DQNSchedule()
    schedule.learningStarts = 16
    schedule.steps = 10_000
    return DQNTrainer(
      dqn, schedule,
      environments: CatalogueWorlds.logged(count: 4, readsRewards: kind.readsRewards), seed: 5)
  }

  /// What an update asks for besides launches is nothing.
  @Test(arguments: TestDevices.all) func anUpdateStaysOnTheDevice(_ device: TestDevice) throws {
    typealias Variant = (host: Int, driver: Int, change: (inout DQNConfiguration) -> Void)
    let variants: [Variant] = [
      (61, 72, { _ in }), (60, 67, { $0.isDuelling = false }),
      (73, 85, { $0.conservatism = 0.5 }), (61, 72, { $0.returnSteps = 3 }),
    ]
    for (host, driver, change) in variants {
      let backend = try device.make()
      let trainer = try Self.trainer(on: backend, change)
      for _ in 0..<12 { try trainer.advance() }
      let found = (0..<3).map { _ -> Counters in
        let before = backend.counters
        _ = trainer.update()
        return backend.counters - before
      }
      #expect(
        found.allSatisfy {
          $0 == Counters(launches: found[0].launches, arguments: $0.arguments)
        })
      #expect(found[0].launches <= (device.name == "cpu" ? host : driver))
    }
  }

  /// Playing a log back waits for nothing.
  @Test(arguments: TestDevices.all) func playbackNeverWaits(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Self.trainer(on: backend)
    for _ in 0..<12 { try trainer.advance() }
    let before = backend.counters
    try trainer.advance()
    #expect((backend.counters - before).syncs == 0)
  }

  @Test(arguments: TestDevices.all, [StateModuleKind.gru, .gruRewards])
  func resumesToTheSameBits(_ device: TestDevice, _ kind: StateModuleKind) throws {
    func bytes(_ trainer: DQNTrainer) throws -> [UInt8] {
      var file = SafetensorsWriter()
      try trainer.save(to: &file)
      return try file.bytes()
    }
    let (whole, resumed) = (
      try Self.trainer(kind, on: device.make()), try Self.trainer(kind, on: device.make())
    )
    for _ in 0..<9 { try whole.advance() }
    let saved = try bytes(whole)
    for _ in 0..<9 { try whole.advance() }
    for _ in 0..<5 { try resumed.advance() }
    try resumed.restore(from: SafetensorsFile(bytes: saved, name: "dqn"))
    for _ in 0..<9 { try resumed.advance() }
    #expect(try bytes(resumed) == bytes(whole))
  }

  /// Rewards stand beside the items, and name none that is left out.
  @Test func rewardsLeaveNothingOut() throws {
    let backend = CPUBackend()
    let layout = StateModuleKind.gruRewards.rows(window: 3)
    let bits = [0, 1, -0.5].map { (reward: Float) in Int32(bitPattern: reward.bitPattern) }
    let rows = IndexTensor([2] + bits + [-1, 7, 30], shape: [1, layout.width], on: backend)
    let mask = DeviceMask(
      excluding: rows, first: layout.firstItem, items: CatalogueWorlds.items)
    let ranking = Tensor(repeating: 1, shape: [1, 1], on: backend).topK(
      CatalogueWorlds.items,
      items: Tensor(repeating: 1, shape: [CatalogueWorlds.items, 1], on: backend), allowed: mask)
    let left = try ranking.items.host().filter { $0 >= 0 }
    #expect(left == (0..<Int32(40)).filter { ![7, 30].contains($0) })
  }

  /// An item of the history is never the best next one.
  @Test(arguments: TestDevices.all) func theHistoryIsLeftOut(_ device: TestDevice) throws {
    let backend = try device.make()
    let dqn = try Self.trainer(on: backend).dqn
    let rows = IndexTensor([0, 1, 2, 3], shape: [1, 4], on: backend)
    let best = try dqn.best(rows).host()[0]
    let shown = IndexTensor([0, best, -1, 3], shape: [1, 4], on: backend)
    let mask = DeviceMask(excluding: shown, first: 1, items: CatalogueWorlds.items)
    #expect(try dqn.best(rows, allowed: mask).host()[0] != best)
    let values = try dqn.values(rows).host()
    #expect(values.firstIndex(of: values.max()!) == Int(best))
  }
}
