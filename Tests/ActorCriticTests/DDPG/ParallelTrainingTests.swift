import ActorCritic
import DRRTestSupport
import Tensor
import TestSupport
import Testing

@Suite("Training in environments that step together")
struct ParallelTrainingTests {
  /// Transitions in an order of their own.
  private static func transitions(
    environments: Int, steps: Int, on backend: any Backend
  ) throws -> [[Float]] {
    let drr = Worlds.drr {
      $0.environments = environments
      $0.ddpg.replayCapacity = 64
      $0.epsilonStart = 0
      $0.epsilonEnd = 0
      $0.learningStarts = 1_000
    }
    let trainer = try Worlds.trainer(drr, on: backend)
    while trainer.step < steps { try trainer.advance() }
    #expect(trainer.step == steps)
    var writer = SafetensorsWriter()
    try trainer.save(to: &writer)
    let file = try SafetensorsFile(bytes: writer.bytes(), name: "state")
    let states = try file.int32s("replay.states", shape: [steps, 4]).map { Float($0) }
    let next = try file.int32s("replay.next_states", shape: [steps, 4]).map { Float($0) }
    let outcomes = try file.floats("replay.outcomes", shape: [steps, 2])
    var rows: [[Float]] = []
    for at in 0..<steps {
      var row = Array(states[at * 4..<at * 4 + 4])
      row += next[at * 4..<at * 4 + 4]
      row += outcomes[at * 2..<at * 2 + 2]
      rows.append(row)
    }
    return rows.sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test("one policy makes the same transitions in eight as in one", arguments: TestDevices.all)
  func transitions(_ device: TestDevice) throws {
    let one = try Self.transitions(environments: 1, steps: 56, on: device.make())
    #expect(try Self.transitions(environments: 8, steps: 56, on: device.make()) == one)
  }

  @Test(
    "a step of many costs the device what a step of one costs", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    func step(_ environments: Int) throws -> Counters {
      let backend = try device.make()
      let drr = Worlds.drr {
        $0.environments = environments
        $0.ddpg.replayCapacity = 256
        $0.steps = 100_000
      }
      let trainer = try Worlds.trainer(drr, on: backend)
      for _ in 0..<40 { try trainer.advance() }
      let before = backend.counters
      try trainer.advance()
      var asked = backend.counters - before
      asked.arguments = 0
      return asked
    }
    let one = try step(1)
    #expect(one.syncs == 1 && one.writes == 4 && one.freshBuffers == 0)
    #expect(try step(5) == one)
    #expect(try step(64) == one)
  }

  @Test("updates follow a step of all, as many as asked for")
  func updates() throws {
    func launches(_ updates: Int) throws -> Int {
      let backend = CPUBackend()
      let drr = Worlds.drr {
        $0.environments = 4
        $0.updatesPerStep = updates
      }
      let trainer = try Worlds.trainer(drr, on: backend)
      for _ in 0..<10 { try trainer.advance() }
      let before = backend.counters
      try trainer.advance()
      return (backend.counters - before).launches
    }
    let (one, four) = (try launches(1), try launches(4))
    let backend = CPUBackend()
    let trainer = try Worlds.trainer(Worlds.drr { $0.environments = 4 }, on: backend)
    for _ in 0..<10 { try trainer.advance() }
    let before = backend.counters
    _ = trainer.update()
    #expect(four == one + 3 * (backend.counters - before).launches)
  }

  private static func state(_ trainer: DRRTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  @Test("64 environments stopped, restored and continued are the same to the bit")
  func resume() throws {
    let drr = Worlds.drr {
      $0.environments = 64
      $0.updatesPerStep = 2
      $0.ddpg.replayCapacity = 300
      $0.steps = 64 * 20
      $0.learningStarts = 100
    }
    let world = Worlds.world(consecutive: 1)
    let whole = try Worlds.trainer(drr, on: CPUBackend(), world: world)
    var saved: [Int: [UInt8]] = [0: try Self.state(whole)]
    while !whole.isFinished {
      try whole.advance()
      saved[whole.step] = try Self.state(whole)
    }
    for stop in [0, 64, 64 * 6, 64 * 7, 64 * 17] {
      let resumed = try Worlds.trainer(drr, on: CPUBackend(), world: world)
      for _ in 0..<3 { try resumed.advance() }
      try resumed.restore(from: SafetensorsFile(bytes: saved[stop]!, name: "checkpoint"))
      #expect(try Self.state(resumed) == saved[stop])
      while !resumed.isFinished { try resumed.advance() }
      #expect(try Self.state(resumed) == saved[64 * 20], "continued from \(stop)")
    }
    // Another number of environments is another trainer.
    let other = try Worlds.trainer(Worlds.drr { $0.environments = 40 }, on: CPUBackend())
    #expect(throws: CheckpointError.self) {
      try other.restore(from: SafetensorsFile(bytes: saved[64]!, name: "checkpoint"))
    }
  }

  @Test("settings that cannot work are refused by name")
  func settings() {
    func message(_ change: (inout DRRConfiguration) -> Void) -> String {
      do {
        try Worlds.drr(change).validate()
        return ""
      } catch { return error.description }
    }
    #expect(message { $0.environments = 0 } == "environments is 0; it must be 1 ... 65536")
    #expect(
      message { $0.environments = 49 }
        == "environments is 49; it must be at most the replay capacity, 48")
    #expect(message { $0.environments = 48 } == "")
    #expect(message { $0.updatesPerStep = 0 } == "updates per step is 0; it must be 1 ... 65536")
  }
}
