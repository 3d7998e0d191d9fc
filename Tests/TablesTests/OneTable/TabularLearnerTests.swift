import DRRCore
import DRRTestSupport
import Environments
import Tables
import Tensor
import TestSupport
import Testing

@Suite("Tables of action values")
struct TabularLearnerTests {
  static let cases = TabularMethod.allCases.flatMap { method in
    SmallProcess.allCases.map { (method, $0) }
  }

  /// Every method in every world, with falling steps, exploring starts and an ε that goes to 0.
  @Test(arguments: cases)
  func comesWithinAThousandth(_ method: TabularMethod, _ world: SmallProcess) throws {
    var configuration = TabularConfiguration()
    configuration.environment = world
    configuration.method = method
    configuration.stepSize = .power(world == .chain ? 0.75 : 0.7)
    configuration.epsilon = EpsilonSchedule(0.2, to: 0, share: 0.02)
    configuration.exploringStarts = true
    configuration.draws = .balanced
    configuration.episodeLimit = 5
    // The chain's values are of a size of 25.
    configuration.steps = world == .chain ? 20_000_000 : 5_000_000
    let learner = try TabularLearner(configuration)
    var last: TabularReport?
    while !learner.isFinished { last = learner.advance() ?? last }
    let report = try #require(last)
    #expect(report.step == configuration.steps)
    #expect(report.error < 1e-3, "|Q − Q*| is \(report.error)")
    #expect(abs(report.greedyValue - report.bestValue) < 1e-6)
  }

  /// α 0.7 and γ 0.99 give −0.7 for the first step onto an empty tile.
  @Test func firstStepOfTheExample() throws {
    var configuration = TabularConfiguration()
    configuration.steps = 1
    let learner = try TabularLearner(configuration)
    _ = learner.advance()
    let changed = learner.values.values.filter { $0 != 0 }
    #expect(changed.count == 1 && abs(changed[0] + 0.7) < 1e-12)
  }

  /// The defaults find the way to the five crickets.
  @Test(arguments: 0..<5) func defaultsAreGreedyOptimal(_ seed: UInt64) throws {
    var configuration = TabularConfiguration()
    configuration.seed = seed
    let learner = try TabularLearner(configuration)
    while !learner.isFinished { _ = learner.advance() }
    #expect(learner.process.greedyPath(learner.values) == [6, 7, 8])
  }

  @Test(arguments: TabularMethod.allCases) func resumesToTheSameBits(_ method: TabularMethod) throws
  {
    var configuration = TabularConfiguration()
    configuration.environment = .robot
    configuration.method = method
    configuration.steps = 5_000
    func make() throws -> TabularLearner { try TabularLearner(configuration) }
    let (whole, first, second) = (try make(), try make(), try make())
    while !whole.isFinished { _ = whole.advance() }
    while first.step < 1_000 { _ = first.advance() }
    let folder = TemporaryFolder()
    var file = SafetensorsWriter()
    try first.save(to: &file)
    try file.write(to: folder.path + "/table.safetensors")
    try second.restore(from: SafetensorsFile(contentsOf: folder.path + "/table.safetensors"))
    while !second.isFinished { _ = second.advance() }
    #expect(second.values == whole.values && second.episode == whole.episode)
  }

  @Test func impossibleSettingsAreNamed() {
    var configuration = TabularConfiguration()
    configuration.stepSize = .constant(0)
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
    configuration.stepSize = .power(0.5)
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
    configuration.stepSize = .inverse
    configuration.epsilon.first = 1.5
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(StepSize("n^-0.7") == .power(0.7) && StepSize("1/n") == .inverse)
    #expect(StepSize("fast") == nil)
  }

  @Test func epsilonFalls() {
    let linear = EpsilonSchedule(1, to: 0.1, share: 0.5)
    for (step, epsilon) in [(0, 1), (25, 0.55), (50, 0.1), (100, 0.1)] {
      #expect(abs(linear(step, of: 100) - epsilon) < 1e-12)
    }
    let exponential = EpsilonSchedule(1, to: 0, share: 1, shape: .exponential)
    #expect(abs(exponential(50, of: 100) - 0.1) < 1e-12)
  }
}
