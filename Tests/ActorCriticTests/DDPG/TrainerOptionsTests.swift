import ActorCritic
import Agents
import DRRTestSupport
import Tensor
import TestSupport
import Testing

/// Training with every switch of TD3, noise and returns thrown, over every state module.
@Suite("Training with options")
struct TrainerOptionsTests {
  private static func drr(
    _ state: StateModuleKind, _ exploration: ExplorationKind
  )
    -> DRRConfiguration
  {
    Worlds.drr {
      $0.state = state
      $0.exploration = exploration
      $0.ddpg.twinCritics = true
      $0.ddpg.policyDelay = 2
      $0.ddpg.targetNoise = 0.2
      $0.ddpg.returnSteps = 3
    }
  }

  private static func state(_ trainer: DRRTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  /// Stops inside a session, with steps pending, and at ends of sessions (of 7 items).
  @Test(
    "stopped, restored and continued to the same bit", arguments: TestDevices.all,
    [
      (StateModuleKind.u, ExplorationKind.ornsteinUhlenbeck), (.att, .gaussian),
      (.items, .epsilon), (.gruRewards, .epsilon),
    ])
  func resume(_ device: TestDevice, _ kinds: (StateModuleKind, ExplorationKind)) throws {
    let isLong = device.name == "cpu"
    let stops: Set = isLong ? [0, 1, 2, 6, 7, 8, 13, 20, 33, 34] : [8, 21]
    let end = isLong ? 45 : 26
    let drr = Self.drr(kinds.0, kinds.1)
    let whole = try Worlds.trainer(drr, on: device.make())
    var saved: [Int: [UInt8]] = [:]
    while whole.step < end {
      if stops.contains(whole.step) { saved[whole.step] = try Self.state(whole) }
      try whole.advance()
    }
    let final = try Self.state(whole)
    #expect(saved.count == stops.count)
    for (stop, bytes) in saved {
      let resumed = try Worlds.trainer(drr, on: device.make())
      for _ in 0..<17 { try resumed.advance() }
      try resumed.restore(from: SafetensorsFile(bytes: bytes, name: "checkpoint"))
      #expect(try Self.state(resumed) == bytes, "restored at \(stop)")
      while resumed.step < end { try resumed.advance() }
      #expect(try Self.state(resumed) == final, "continued from \(stop)")
    }
  }

  @Test("a stored reward of a state that is no number is refused and changes nothing")
  func notNumber() throws {
    let trainer = try Worlds.trainer(Self.drr(.gruRewards, .epsilon), on: CPUBackend())
    for _ in 0..<20 { try trainer.advance() }
    let whole = try Self.state(trainer)
    let file = try SafetensorsFile(bytes: whole, name: "checkpoint")
    for (tensor, value) in [
      ("replay.states", Float.nan), ("replay.next_states", -.infinity),
    ] {
      // Of the first row the second reward, whose bits are an integer's.
      let bits = Double(Int32(bitPattern: value.bitPattern))
      let wrong = try SafetensorsFile(
        bytes: file.changing(tensor, at: 2, to: bits).bytes(), name: "checkpoint")
      let error = try #require(throws: CheckpointError.self) { try trainer.restore(from: wrong) }
      for words in ["tensor '\(tensor)'", "at place 2", "the bits of a finite number"] {
        #expect("\(error)".contains(words), "\(error)")
      }
      #expect(try Self.state(trainer) == whole)
    }
  }

  @Test("a report leaves out what an update left out")
  func report() throws {
    let trainer = try Worlds.trainer(Self.drr(.p, .gaussian), on: CPUBackend())
    // The first update is that of step 13.
    for _ in 0..<13 { try trainer.advance() }
    let first = try trainer.report()
    #expect(first.criticLoss != nil && first.actorLoss == nil && first.epsilon == 0)
    try trainer.advance()
    #expect(try trainer.report().actorLoss != nil)
  }

  @Test("pending steps are not in the replay yet")
  func pending() throws {
    let trainer = try Worlds.trainer(Self.drr(.ave, .epsilon), on: CPUBackend())
    // Two wait, until the end of a session lets them in.
    let counts = try (0..<8).map { _ in
      try trainer.advance()
      return trainer.memory.count
    }
    #expect(counts == [0, 0, 1, 2, 3, 4, 7, 7])
  }
}
