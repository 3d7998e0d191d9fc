import ActorCritic
import DRRCore
import DRRTestSupport
import Environments
import Foundation
import Runs
import Tensor
import TestSupport
import Testing

/// A world whose best action is the opposite for one half of the users.
@Suite("DDPG in a world of continuous actions")
struct DDPGWorldTests {
  static func networks() throws -> VirtualTaobaoNetworks {
    let folder = TemporaryFolder()
    try TinyTaobao.write(to: folder.path + "/tiny.safetensors")
    return try VirtualTaobaoNetworks(contentsOf: folder.path + "/tiny.safetensors")
  }

  static func trainer(
    _ networks: VirtualTaobaoNetworks, on backend: any Backend,
    _ change: (inout DDPGWorldConfiguration) -> Void = { _ in }
  ) throws -> DDPGWorldTrainer {
    var configuration = DDPGWorldConfiguration(weights: "", checksum: networks.checksum)
    configuration.ddpg.hidden = 32
    configuration.ddpg.batchSize = 64
    configuration.ddpg.actorLearningRate = 2e-3
    configuration.ddpg.criticLearningRate = 2e-3
    configuration.ddpg.policyDelay = 2
    configuration.ddpg.replayCapacity = 10_000
    configuration.schedule.environments = 32
    configuration.schedule.learningStarts = 1_000
    configuration.schedule.steps = 16_000
    configuration.schedule.updatesPerStep = 2
    change(&configuration)
    return try DDPGWorldTrainer(configuration, networks, on: backend)
  }

  /// Best is σ(8), 0.9997; an action that is the same for all users earns a half.
  @Test(
    "finds the action of each kind of user, with and without TD3's switches",
    arguments: [true, false])
  func learns(_ isPlain: Bool) throws {
    let trainer = try Self.trainer(Self.networks(), on: CPUBackend()) {
      guard isPlain else { return }
      $0.ddpg.twinCritics = false
      $0.ddpg.policyDelay = 1
      $0.ddpg.targetNoise = 0
    }
    var last: DDPGWorldReport?
    while !trainer.isFinished { last = try trainer.advance() ?? last }
    let report = try #require(last)
    #expect(report.validationRate > 0.95, "\(report)")
    // Three pages of a tenth of which is the rate.
    #expect(abs(report.validationReturn - 30 * report.validationRate) < 1e-9)
    #expect(report.trainingRate > 0.5 && report.trainingRate < report.validationRate)
  }

  @Test("a validation that takes long is given up where a stop is asked for")
  func stoppedValidation() throws {
    let trainer = try Self.trainer(Self.networks(), on: CPUBackend()) {
      $0.schedule.steps = 320
    }
    var (observer, asked) = (Observer(), 0)
    observer.shouldStop = {
      asked += 1
      Thread.sleep(forTimeInterval: 0.25)
      return true
    }
    trainer.watch(observer)
    #expect(throws: Interrupted.self) { while !trainer.isFinished { _ = try trainer.advance() } }
    // Asked before each of its pages, of which a quarter of a second each is borne twice.
    #expect(asked == 3 && trainer.step == 32)
  }

  @Test("resumes to the same bits", arguments: TestDevices.all)
  func resumes(_ device: TestDevice) throws {
    let networks = try Self.networks()
    func make() throws -> DDPGWorldTrainer {
      try Self.trainer(networks, on: device.make()) {
        $0.schedule.steps = 1_280
        $0.schedule.learningStarts = 320
        $0.ddpg.returnSteps = 2
        $0.ddpg.discount = 0.5
        $0.ddpg.replayCapacity = 700
      }
    }
    let (whole, first, second) = (try make(), try make(), try make())
    while !whole.isFinished { _ = try whole.advance() }
    while first.step < 800 { _ = try first.advance() }
    let folder = TemporaryFolder()
    let path = folder.path + "/ddpg.safetensors"
    var file = SafetensorsWriter()
    try first.save(to: &file)
    try file.write(to: path)
    try second.restore(from: SafetensorsFile(contentsOf: path))
    while !second.isFinished { _ = try second.advance() }
    #expect(try second.ddpg.weights() == whole.ddpg.weights())
  }

  @Test("users that it learns from, is validated by and is evaluated by are others")
  func users() throws {
    let networks = try Self.networks()
    func users(_ first: Int) -> Set<[Float]> {
      let world = VirtualTaobao(networks, count: 64, first: first, seed: 0)
      return Set((0..<64).map { Array(world.rows.observation.user($0).prefix(88)) })
    }
    let (test, training, validation) = (
      users(0), users(WorldTrial.learners), users(WorldTrial.validators)
    )
    #expect(test.isDisjoint(with: training) && test.isDisjoint(with: validation))
    #expect(training.isDisjoint(with: validation))
  }
}
