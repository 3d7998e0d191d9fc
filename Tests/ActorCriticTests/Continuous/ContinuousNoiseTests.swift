import ActorCritic
import Agents
import DRRCore
import Environments
import Tensor
import TestSupport
import Testing

/// Nothing to see; each environment's episodes have a length of their own, and its actions are kept.
private struct Still: VectorEnvironments {
  let count = 2
  let observationWidth = 1
  let actionWidth = 3
  var taken: [[Float]] = []
  var keepsEpisodes: Bool { true }
  var observations: [[Float]] { Array(repeating: [0], count: count) }

  mutating func take(_ actions: [Float]) -> [Step<[Float]>] {
    taken.append(actions)
    return (0..<count).map { row in
      Step(
        observation: [0], reward: 0, terminated: false,
        truncated: taken.count % (row == 0 ? 4 : 7) == 0)
    }
  }

  mutating func beginEpisodes() {}

  func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).steps", [Int64(taken.count)])
  }

  mutating func restore(from file: SafetensorsFile, _ prefix: String) throws {
    taken = Array(repeating: [], count: try file.integer("\(prefix).steps", .count))
  }
}

@Suite("Noise of a trainer of continuous actions")
struct ContinuousNoiseTests {
  private static let (reversion, least, most): (Float, Float, Float) = (0.2, 0.05, 0.2)

  private static func trainer(
    _ reversion: Float?, on backend: any Backend
  ) throws -> ContinuousTrainer<Still> {
    var configuration = DDPGConfiguration()
    (configuration.hidden, configuration.batchSize) = (4, 512)
    configuration.replayCapacity = 600
    var schedule = ContinuousSchedule()
    (schedule.steps, schedule.environments, schedule.learningStarts) = (1_000, 2, 0)
    (schedule.leastNoise, schedule.mostNoise, schedule.uniformShare) = (least, most, 0)
    schedule.noiseReversion = reversion
    return try ContinuousTrainer(configuration, schedule, in: Still(), seed: 3, on: backend)
  }

  /// x ← (1 − θ) x + √(1 − (1 − θ)²) N, 0 before each episode; a = π(s) + σ x.
  @Test("follows the recursion, row by row", arguments: TestDevices.all)
  func recursion(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Self.trainer(Self.reversion, on: backend)
    let seen = IndexTensor(FeatureState.row([0]), shape: [1, 1], on: backend)
    let policy = try trainer.ddpg.act(seen).doubles()
    var process = [Double](repeating: 0, count: 6)
    let kept = 1 - Double(Self.reversion)
    for step in 0..<30 {
      try trainer.advance()
      let draws = try Tensor.normal(
        [2, 3], RandomKey(seed: 3, stream: Streams.explorationNoise, counter: UInt64(2 * step)),
        on: backend
      ).doubles()
      process = zip(process, draws).map { kept * $0 + (1 - kept * kept).squareRoot() * $1 }
      let expected = process.enumerated().map { at, x in
        max(-1, min(1, policy[at % 3] + Double(at < 3 ? Self.least : Self.most) * x))
      }
      #expect(
        relativeError(trainer.world.taken[step].map(Double.init), expected) < 1e-4, "step \(step)")
      if (step + 1) % 4 == 0 { process.replaceSubrange(0..<3, with: [0, 0, 0]) }
      if (step + 1) % 7 == 0 { process.replaceSubrange(3..<6, with: [0, 0, 0]) }
    }
  }

  @Test("goes on to the same bits from a checkpoint", arguments: [0.2, nil] as [Float?])
  func resumes(_ reversion: Float?) throws {
    let trainer = try Self.trainer(reversion, on: CPUBackend())
    for _ in 0..<5 { try trainer.advance() }
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    let saved = try SafetensorsFile(bytes: file.bytes(), name: "noise")
    #expect(saved.entries.contains { $0.name == "trainer.noise" } == (reversion != nil))
    let other = try Self.trainer(reversion, on: CPUBackend())
    try other.restore(from: saved)
    for _ in 0..<5 {
      try trainer.advance()
      try other.advance()
    }
    #expect(other.world.taken.suffix(5) == trainer.world.taken.suffix(5))
  }

  @Test("refuses a reversion that is none", arguments: [0, -0.1, 1.5, .nan] as [Float])
  func refuses(_ reversion: Float) {
    #expect(throws: ConfigurationError.self) { try Self.trainer(reversion, on: CPUBackend()) }
  }
}
