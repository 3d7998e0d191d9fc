import Agents
import DRRTestSupport
import Environments
import Kernels
import PolicyGradients
import Tensor
import TestSupport
import Testing

/// Over a catalogue, in logs played back.
@Suite("Policy gradients over a catalogue")
struct PolicySessionTests {
  private static func trainer(
    _ kind: StateModuleKind = .ave, on backend: any Backend
  ) throws -> PolicyGradientTrainer {
    var configuration = PolicyGradientConfiguration()
    configuration.hidden = 16
    configuration.topK = 5
    let (users, items) = CatalogueWorlds.tables(backend)
    let gradient = try PolicyGradient(
      configuration, actionCount: CatalogueWorlds.items, actionWidth: 8, learnsFromLog: true,
      seed: 1,
      on: backend
    ) { kind.make(users: users, items: items, window: CatalogueWorlds.window, in: $0) }
    return try PolicyGradientTrainer(
      gradient, steps: 10_000,
      environments: CatalogueWorlds.logged(count: 4, readsRewards: kind.readsRewards), seed: 5)
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

  @Test(arguments: TestDevices.all, [StateModuleKind.ave, .gruRewards])
  func resumesToTheSameBits(_ device: TestDevice, _ kind: StateModuleKind) throws {
    func bytes(_ trainer: PolicyGradientTrainer) throws -> [UInt8] {
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
    try resumed.restore(from: SafetensorsFile(bytes: saved, name: "pg"))
    for _ in 0..<9 { try resumed.advance() }
    #expect(try bytes(resumed) == bytes(whole))
  }

  /// What is learned from a log in which one item always follows another: the policy says so.
  @Test func aPolicyLearnsWhatFollows() throws {
    let backend = CPUBackend()
    let (users, items) = CatalogueWorlds.tables(backend)
    var configuration = PolicyGradientConfiguration()
    configuration.hidden = 32
    configuration.baseline = .none
    configuration.isOffPolicy = false
    configuration.learningRate = 3e-3
    configuration.entropyWeight = 0
    let gradient = try PolicyGradient(
      configuration, actionCount: CatalogueWorlds.items, actionWidth: 8, learnsFromLog: true,
      seed: 1,
      on: backend
    ) { AverageState(users: users, items: items, window: 1, in: $0) }
    let cycle = (0..<40).map { Int32([3, 17, 8, 30][$0 % 4]) }
    let log = LoggedEnvironments(
      [.init(user: 0, items: cycle, rewards: cycle.map { _ in 1 })], window: 1,
      itemCount: CatalogueWorlds.items, count: 4, seed: 0)
    let trainer = try PolicyGradientTrainer(gradient, steps: 6_000, environments: log, seed: 0)
    while !trainer.isFinished { try trainer.advance() }
    let rows = IndexTensor([0, 3, 0, 17, 0, 8, 0, 30], shape: [4, 2], on: backend)
    #expect(try gradient.logits(rows).topKRows(1).host() == [17, 8, 30, 3])
  }
}
