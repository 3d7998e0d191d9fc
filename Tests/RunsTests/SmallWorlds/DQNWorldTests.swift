import DRRTestSupport
import DeepQ
import Environments
import Runs
import Tensor
import TestSupport
import Testing

/// Worlds whose best policy is known exactly.
@Suite("Deep Q-learning in small worlds")
struct DQNWorldTests {
  static func configuration(_ world: SmallProcess) -> SmallWorldConfiguration {
    var configuration = SmallWorldConfiguration()
    configuration.environment = world
    configuration.discount = world == .cliff ? 0.9 : nil
    configuration.exploringStarts = true
    configuration.episodeLimit = 20
    var dqn = DQNConfiguration()
    dqn.hidden = 48
    dqn.actionWidth = 16
    dqn.replayCapacity = 10_000
    dqn.targetRate = 0.02
    if world == .robot {
      // Policies that differ from the best in one tile are worth 0.01 less: a finer step parts them.
      dqn.learningRate = 3e-4
      configuration.steps = 40_000
    }
    configuration.dqn = dqn
    return configuration
  }

  private static func train(
    _ configuration: SmallWorldConfiguration, on backend: any Backend
  ) throws -> SmallWorldReport {
    let trainer = try SmallWorldTrainer(configuration, on: backend)
    var last: SmallWorldReport?
    while !trainer.isFinished { last = try trainer.advance() ?? last }
    return try #require(last)
  }

  @Test(arguments: SmallProcess.allCases)
  func isGreedyOptimal(_ world: SmallProcess) throws {
    let report = try Self.train(Self.configuration(world), on: CPUBackend())
    #expect(
      abs(report.greedyValue - report.bestValue) < 1e-3,
      "worth \(report.greedyValue) of \(report.bestValue)")
  }

  /// Each switch by itself, in the world that is learned fastest.
  @Test(arguments: ["double", "duelling", "prioritised", "three steps", "all off"])
  func withoutOrWith(_ part: String) throws {
    var configuration = Self.configuration(.lizard)
    if part == "double" || part == "all off" { configuration.dqn!.isDouble = false }
    if part == "duelling" || part == "all off" { configuration.dqn!.isDuelling = false }
    if part == "prioritised" || part == "all off" { configuration.dqn!.priorityExponent = 0 }
    if part == "three steps" { configuration.dqn!.returnSteps = 3 }
    let report = try Self.train(configuration, on: CPUBackend())
    #expect(report.isOptimal, "worth \(report.greedyValue) of \(report.bestValue)")
  }

  @Test(arguments: TestDevices.all) func everyDevice(_ device: TestDevice) throws {
    var configuration = Self.configuration(.lizard)
    configuration.steps = device.name == "cpu" ? 20_000 : 8_000
    let report = try Self.train(configuration, on: device.make())
    #expect(report.isOptimal, "worth \(report.greedyValue) of \(report.bestValue)")
  }

  @Test func resumesToTheSameBits() throws {
    var configuration = Self.configuration(.robot)
    configuration.steps = 2_000
    configuration.dqn!.returnSteps = 2
    func make() throws -> SmallWorldTrainer {
      try SmallWorldTrainer(configuration, on: CPUBackend())
    }
    let (whole, first, second) = (try make(), try make(), try make())
    while !whole.isFinished { _ = try whole.advance() }
    while first.step < 1_000 { _ = try first.advance() }
    let folder = TemporaryFolder()
    var file = SafetensorsWriter()
    try first.save(to: &file)
    try file.write(to: folder.path + "/dqn.safetensors")
    try second.restore(from: SafetensorsFile(contentsOf: folder.path + "/dqn.safetensors"))
    while !second.isFinished { _ = try second.advance() }
    #expect(try second.table() == whole.table())
  }
}
