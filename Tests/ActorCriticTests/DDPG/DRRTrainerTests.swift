import ActorCritic
import Agents
import DRRTestSupport
import Tensor
import TestSupport
import Testing

@Suite("Training")
struct DRRTrainerTests {
  private static func state(_ trainer: DRRTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  /// Runs to `end`; every tenth step a report.
  private static func run(
    _ trainer: DRRTrainer, to end: Int, at steps: Set<Int> = [],
    save: (Int) throws -> Void = { _ in }
  ) throws -> [TrainingProgress] {
    var reports: [TrainingProgress] = []
    while trainer.step < end {
      try trainer.advance()
      if trainer.step % 10 == 0 { reports.append(try trainer.report()) }
      if steps.contains(trainer.step) { try save(trainer.step) }
    }
    return reports
  }

  /// Sessions have 7 items, learning starts after 12 steps, the ring of 48 is full from step 48 on:
  /// stops are at the very start, before learning, at the ends of sessions, inside them, at a
  /// report, and past the turn of the ring.
  @Test(
    "stopped anywhere, restored and continued, a run is the same to the bit",
    arguments: TestDevices.all)
  func resume(_ device: TestDevice) throws {
    let isLong = device.name == "cpu"
    let stops: Set =
      isLong ? [0, 1, 6, 7, 11, 12, 13, 14, 20, 35, 47, 48, 49, 56, 75] : [7, 13, 24]
    let end = isLong ? 90 : 32
    let whole = try Worlds.trainer(Worlds.drr(), on: device.make())
    var saved = [0: try Self.state(whole)]
    let reports = try Self.run(whole, to: end, at: stops) { saved[$0] = try Self.state(whole) }
    let final = try Self.state(whole)
    #expect(saved.count == stops.union([0]).count)

    for stop in stops {
      let resumed = try Worlds.trainer(Worlds.drr(), on: device.make())
      // What a fresh trainer did before must not matter.
      _ = try Self.run(resumed, to: 17)
      let file = try SafetensorsFile(bytes: saved[stop]!, name: "checkpoint")
      try resumed.restore(from: file)
      #expect(resumed.step == stop)
      #expect(try Self.state(resumed) == saved[stop], "restored at \(stop)")
      let rest = try Self.run(resumed, to: end)
      #expect(try Self.state(resumed) == final, "continued from \(stop)")
      #expect(rest == reports.filter { $0.step > stop }, "reports from \(stop)")
    }
  }

  @Test("one seed is one run, another seed another", arguments: TestDevices.all)
  func seeds(_ device: TestDevice) throws {
    func run(_ seed: UInt64) throws -> [UInt8] {
      let trainer = try Worlds.trainer(Worlds.drr(), on: device.make(), seed: seed)
      _ = try Self.run(trainer, to: 30)
      return try Self.state(trainer)
    }
    let first = try run(5)
    #expect(try run(5) == first)
    #expect(try run(6) != first)
  }

  @Test("no update before learning starts, one a step after")
  func learningStarts() throws {
    let trainer = try Worlds.trainer(Worlds.drr(), on: CPUBackend())
    let start = try trainer.agent.ddpg.weights()
    for step in 1...12 {
      try trainer.advance()
      #expect(trainer.step == step && trainer.memory.count == step)
    }
    #expect(try trainer.agent.ddpg.weights() == start)
    #expect(try trainer.report().criticLoss == nil)
    try trainer.advance()
    #expect(try trainer.agent.ddpg.weights() != start)
    #expect(try trainer.report().criticLoss != nil)
    // Where learning starts at once, the first batch is still waited for.
    let eager = try Worlds.trainer(Worlds.drr { $0.learningStarts = 0 }, on: CPUBackend())
    let fresh = try eager.agent.ddpg.weights()
    for _ in 0..<7 { try eager.advance() }
    #expect(try eager.agent.ddpg.weights() == fresh)
    try eager.advance()
    #expect(try eager.agent.ddpg.weights() != fresh)
  }

  @Test("what the replay holds is what happened")
  func replay() throws {
    let trainer = try Worlds.trainer(Worlds.drr { $0.learningStarts = 1_000 }, on: CPUBackend())
    var expected: [(state: [Int32], next: [Int32])] = []
    for _ in 0..<20 {
      let before = trainer.environment.state
      let session = trainer.environment.chosen.count
      try trainer.advance()
      let after = trainer.environment.state
      expected.append(([before.user] + before.history, [after.user] + after.history))
      if session == 6 { expected[expected.count - 1].next = [] }  // the next session has begun
    }
    let file = try SafetensorsFile(bytes: Self.state(trainer), name: "state")
    let states = try file.int32s("replay.states", shape: [20, 4])
    let next = try file.int32s("replay.next_states", shape: [20, 4])
    let outcomes = try file.floats("replay.outcomes", shape: [20, 2])
    for (step, rows) in expected.enumerated() {
      #expect(Array(states[step * 4..<step * 4 + 4]) == rows.state)
      // A session that ran out of time goes on in the replay: its last state is its own.
      let stored = Array(next[step * 4..<step * 4 + 4])
      if rows.next.isEmpty {
        #expect(stored[0] == rows.state[0])
      } else {
        #expect(stored == rows.next)
      }
      #expect(outcomes[step * 2 + 1] == 1, "truncated is not terminated")
    }
  }

  @Test("every step explores and samples anew", arguments: TestDevices.all)
  func fresh(_ device: TestDevice) throws {
    let drr = Worlds.drr {
      $0.epsilonEnd = 1
      $0.explorationRange = 0.25
    }
    let trainer = try Worlds.trainer(drr, on: device.make())
    _ = try Self.run(trainer, to: 20)
    var file = try SafetensorsFile(bytes: Self.state(trainer), name: "state")
    let actions = try file.floats("replay.actions", shape: [20, 8])
    #expect(actions.allSatisfy { (0..<0.25).contains($0) } && actions.max()! > 0.2)
    let rows = stride(from: 0, to: 160, by: 8).map { Array(actions[$0..<$0 + 8]) }
    #expect(Set(rows).count == 20)

    var sampled: Set<[Int]> = []
    for _ in 0..<4 {
      let before = try file.floats("replay.priorities")
      try trainer.advance()
      file = try SafetensorsFile(bytes: Self.state(trainer), name: "state")
      let after = try file.floats("replay.priorities")
      sampled.insert(before.indices.filter { before[$0] != after[$0] })
    }
    #expect(sampled.count == 4)
  }

  @Test("exploration falls from its start to its end, importance rises to 1")
  func schedules() {
    let drr = Worlds.drr {
      $0.epsilonStart = 0.9
      $0.epsilonEnd = 0.1
      $0.steps = 101
    }
    #expect(drr.epsilon(at: 0) == 0.9 && abs(drr.epsilon(at: 20) - 0.5) < 1e-6)
    #expect(drr.epsilon(at: 40) == 0.1 && drr.epsilon(at: 10_000) == 0.1)
    #expect(drr.importanceExponent(at: 0) == 0.4 && drr.importanceExponent(at: 100) == 1)
    #expect(abs(drr.importanceExponent(at: 50) - 0.7) < 1e-6)
    #expect(drr.importanceExponent(at: 500) == 1)
    #expect(Worlds.drr { $0.explorationSteps = 0 }.epsilon(at: 0) == 0.1)
  }

  @Test("a checkpoint of other sizes is refused and changes nothing")
  func refused() throws {
    let small = try Worlds.trainer(Worlds.drr(), on: CPUBackend())
    _ = try Self.run(small, to: 15)
    let before = try Self.state(small)
    for other in [Worlds.drr { $0.window = 4 }, Worlds.drr { $0.ddpg.hidden = 17 }] {
      let trainer = try Worlds.trainer(other, on: CPUBackend())
      _ = try Self.run(trainer, to: 20)
      let file = try SafetensorsFile(bytes: Self.state(trainer), name: "other")
      #expect(throws: CheckpointError.self) { try small.restore(from: file) }
      #expect(try Self.state(small) == before)
    }
  }
}
