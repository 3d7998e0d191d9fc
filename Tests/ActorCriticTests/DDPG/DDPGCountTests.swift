import ActorCritic
import Agents
import DRRTestSupport
import Tensor
import TestSupport
import Testing

/// What training asks of a device, to the number: a launch too many shows here.
@Suite("Cost of a training step")
struct DDPGCountTests {
  @Test("launches, transfers and waits in the steady state", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Worlds.trainer(Worlds.drr(), on: backend)
    for _ in 0..<60 { try trainer.advance() }

    for round in 0..<5 {
      let before = backend.counters
      try trainer.advance()
      let between = backend.counters
      _ = trainer.update()
      let update = backend.counters - between
      let step = Counters(
        launches: between.launches - before.launches - update.launches,
        writes: between.writes - before.writes - update.writes,
        syncs: between.syncs - before.syncs - update.syncs,
        freshBuffers: between.freshBuffers - before.freshBuffers - update.freshBuffers)
      let isCPU = device.name == "cpu"
      #expect(
        update == Counters(launches: isCPU ? 22 : 24, arguments: update.arguments))
      #expect(step == Counters(launches: 6, writes: 4, syncs: 1))
      #expect(update.launches + update.writes <= 24)
      // Counters of draws and steps; the first rounds meet new memory.
      #expect(round < 3 || update.arguments <= 8)
    }
  }

  /// What an update asks for besides launches is nothing, whatever is switched on.
  private func launches(
    _ device: TestDevice, _ change: (inout DRRConfiguration) -> Void
  ) throws -> [Int] {
    let backend = try device.make()
    let trainer = try Worlds.trainer(Worlds.drr(change), on: backend)
    for _ in 0..<40 { try trainer.advance() }
    return (0..<2).map { _ in
      let before = backend.counters
      _ = trainer.update()
      let update = backend.counters - before
      #expect(update == Counters(launches: update.launches, arguments: update.arguments))
      return update.launches
    }.sorted()
  }

  @Test("launches of an update by state module", arguments: TestDevices.all)
  func states(_ device: TestDevice) throws {
    let isCPU = device.name == "cpu"
    let expected: [StateModuleKind: Int] =
      isCPU
      ? [.p: 22, .u: 22, .ave: 22, .att: 27, .items: 27, .gru: 33, .gruRewards: 37]
      : [.p: 24, .u: 24, .ave: 24, .att: 30, .items: 29, .gru: 40, .gruRewards: 44]
    for kind in StateModuleKind.allCases {
      let found = try launches(device) { $0.state = kind }
      #expect(found == [expected[kind]!, expected[kind]!], "\(kind)")
    }
  }

  /// Of an update that leaves the actor out and one that does not.
  @Test("launches of an update of TD3", arguments: TestDevices.all)
  func td3(_ device: TestDevice) throws {
    let isCPU = device.name == "cpu"
    let found = try launches(device) {
      $0.ddpg.twinCritics = true
      $0.ddpg.policyDelay = 2
      $0.ddpg.targetNoise = 0.2
    }
    #expect(found == (isCPU ? [21, 29] : [23, 32]))
  }

  @Test("what imitation adds to an update is launches", arguments: TestDevices.all)
  func imitation(_ device: TestDevice) throws {
    let plain = try launches(device) { _ in }
    let drawn = try launches(device) { $0.ddpg.imitationWeight = 3 }
    #expect(drawn == plain.map { $0 + 23 })
  }

  @Test("what exploration and returns add to a step", arguments: TestDevices.all)
  func options(_ device: TestDevice) throws {
    func step(_ change: (inout DRRConfiguration) -> Void) throws -> Counters {
      let backend = try device.make()
      let drr = Worlds.drr {
        $0.learningStarts = 1_000
        $0.sessionLength = 20
        change(&$0)
      }
      let trainer = try Worlds.trainer(drr, on: backend)
      for _ in 0..<10 { try trainer.advance() }
      let before = backend.counters
      try trainer.advance()
      var asked = backend.counters - before
      asked.arguments = 0
      return asked
    }
    let launches = 6
    func counters(_ more: Int, writes: Int = 4) -> Counters {
      Counters(launches: launches + more, writes: writes, syncs: 1)
    }
    #expect(try step { _ in } == counters(0))
    #expect(try step { $0.exploration = .gaussian } == counters(1))
    #expect(try step { $0.exploration = .ornsteinUhlenbeck } == counters(3))
    // The action is kept, then fetched by its row.
    #expect(try step { $0.ddpg.returnSteps = 3 } == counters(2, writes: 5))
  }
}
