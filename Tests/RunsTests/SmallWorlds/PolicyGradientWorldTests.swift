import DRRTestSupport
import Environments
import PolicyGradients
import Runs
import Tensor
import TestSupport
import Testing

/// Worlds whose best policy is known exactly.
@Suite("Policy gradients in small worlds")
struct PolicyGradientWorldTests {
  static func configuration(
    _ method: PolicyGradientMethod, _ world: SmallProcess
  ) -> SmallWorldConfiguration {
    var configuration = SmallWorldConfiguration()
    configuration.environment = world
    configuration.exploringStarts = true
    configuration.episodeLimit = 30
    configuration.environments = 16
    configuration.steps = 60_000
    var settings = PolicyGradientConfiguration()
    settings.method = method
    settings.hidden = 48
    settings.actionWidth = 16
    settings.learningRate = 3e-3
    settings.rollOutSteps = 8
    if world == .cliff {
      // Falls cost 100 where a step costs 1: gradients are large, and who stops exploring early
      // stays away from the cliff and the goal behind it.
      configuration.episodeLimit = 60
      settings.gradientNorm = 1_000
      switch method {
      case .a2c:
        (configuration.environments, configuration.steps) = (64, 300_000)
        settings.entropyWeight = 0.5
      case .reinforce:
        configuration.steps = 1_000_000
        settings.learningRate = 1e-3
        settings.entropyWeight = 2
      }
    }
    configuration.policyGradient = settings
    return configuration
  }

  static let cases = PolicyGradientMethod.allCases.flatMap { method in
    SmallProcess.allCases.map { (method, $0) }
  }

  @Test(arguments: cases)
  func isGreedyOptimal(_ method: PolicyGradientMethod, _ world: SmallProcess) throws {
    let trainer = try SmallWorldTrainer(Self.configuration(method, world), on: CPUBackend())
    var last: SmallWorldReport?
    while !trainer.isFinished { last = try trainer.advance() ?? last }
    let report = try #require(last)
    #expect(
      abs(report.greedyValue - report.bestValue) < 1e-3,
      "worth \(report.greedyValue) of \(report.bestValue)")
  }

  @Test(arguments: PolicyGradientMethod.allCases)
  func resumesToTheSameBits(_ method: PolicyGradientMethod) throws {
    var configuration = Self.configuration(method, .robot)
    configuration.steps = 4_000
    func make() throws -> SmallWorldTrainer {
      try SmallWorldTrainer(configuration, on: CPUBackend())
    }
    let (whole, first, second) = (try make(), try make(), try make())
    while !whole.isFinished { _ = try whole.advance() }
    while first.step < 2_000 { _ = try first.advance() }
    let folder = TemporaryFolder()
    var file = SafetensorsWriter()
    try first.save(to: &file)
    try file.write(to: folder.path + "/pg.safetensors")
    try second.restore(from: SafetensorsFile(contentsOf: folder.path + "/pg.safetensors"))
    while !second.isFinished { _ = try second.advance() }
    #expect(try second.table() == whole.table())
  }
}
