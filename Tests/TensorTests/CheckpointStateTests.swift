import Tensor
import TestSupport
import Testing

/// `restore` after `save` gives the same bits, in what is held and in what follows from it.
@Suite struct CheckpointStateTests {
  private func reread(_ parts: [(String, any Checkpointed)]) throws -> SafetensorsFile {
    var file = SafetensorsWriter()
    for (prefix, part) in parts { try part.save(to: &file, prefix) }
    return try SafetensorsFile(bytes: file.bytes(), name: "state", requireChecksum: true)
  }

  private func network(_ backend: any Backend, seed: UInt64) -> (ParameterSet, Adam) {
    let set = ParameterSet(on: backend, seed: seed, stream: 1)
    _ = MLP("m", [5, 7, 3], in: set)
    return (set, Adam(set, learningRate: 0.01, weightDecay: 0.1))
  }

  private func train(_ set: ParameterSet, _ adam: Adam, steps: Range<Int>) {
    for step in steps {
      var random = SeededGenerator(UInt64(step))
      set.backend.write(random.floats(set.count), to: set.gradients)
      adam.step()
    }
  }

  @Test("weights and Adam's moments", arguments: TestDevices.all)
  func adam(_ device: TestDevice) throws {
    let backend = try device.make()
    let (set, adam) = network(backend, seed: 1)
    train(set, adam, steps: 0..<4)
    let file = try reread([("weights", set), ("adam", adam)])
    let saved = try backend.read(set.values)
    train(set, adam, steps: 4..<9)

    let other = try device.make()
    let (restored, restoredAdam) = network(other, seed: 2)
    train(restored, restoredAdam, steps: 20..<22)
    try restored.restore(from: file, "weights")
    try restoredAdam.restore(from: file, "adam")
    #expect(restoredAdam.stepCount == 4)
    for parameter in set.parameters {
      let range = parameter.values.offset..<parameter.values.offset + parameter.values.count
      #expect(try other.read(restored.named(parameter.name).values) == Array(saved[range]))
    }
    train(restored, restoredAdam, steps: 4..<9)
    for parameter in set.parameters {
      let expected = try backend.read(parameter.values)
      #expect(try other.read(restored.named(parameter.name).values) == expected)
    }
    #expect(
      try reread([("adam", adam)]).floats("adam.second_moment.m.0.weight")
        == reread([("adam", restoredAdam)]).floats("adam.second_moment.m.0.weight"))
  }

  @Test("a file of another network changes nothing", arguments: TestDevices.all)
  func otherNetwork(_ device: TestDevice) throws {
    let backend = try device.make()
    let (set, adam) = network(backend, seed: 1)
    let larger = ParameterSet(on: backend, seed: 1, stream: 1)
    // The first layer fits, the second does not.
    _ = MLP("m", [5, 7, 4], in: larger)
    let file = try reread([("w", larger)])
    let before = try backend.read(set.values)
    #expect(throws: CheckpointError.self) { try set.restore(from: file, "w") }
    #expect(throws: CheckpointError.self) { try set.restore(from: file, "absent") }
    #expect(try backend.read(set.values) == before)

    // A first moment that fits must not be taken before the second is known to.
    train(set, adam, steps: 0..<2)
    var mixed = SafetensorsWriter()
    let (fitting, _) = network(backend, seed: 9)
    try fitting.save(to: &mixed, "adam.first_moment")
    try larger.save(to: &mixed, "adam.second_moment")
    try mixed.add("adam.step", [Int64(77)])
    let half = try SafetensorsFile(bytes: mixed.bytes(), name: "half")
    let moment = "adam.first_moment.m.0.weight"
    let held = try reread([("adam", adam)]).floats(moment)
    #expect(throws: CheckpointError.self) { try adam.restore(from: half, "adam") }
    #expect(try reread([("adam", adam)]).floats(moment) == held && adam.stepCount == 2)
  }

  private func draws(_ memory: ReplayBuffer, _ counters: Range<UInt64>) throws -> [[Float]] {
    try counters.map { counter in
      let batch = memory.sample(
        16, importanceExponent: 0.6, RandomKey(seed: 3, stream: 1, counter: counter))
      memory.reprioritize(
        batch, values: Tensor(repeating: Float(counter) / 7, shape: [16], on: memory.backend),
        targets: batch.actions.rowDot(batch.actions))
      return try batch.slots.host().map { Float($0) } + batch.weights.host()
        + batch.actions.host() + batch.outcomes.host()
    }
  }

  /// A ring of 37 in a tree of 64 leaves; filled in part, and round the end.
  @Test(
    "a replay that was restored samples as the one that was not", arguments: TestDevices.all,
    [[11], [20, 17], [30, 20]])
  func replay(_ device: TestDevice, _ filled: [Int]) throws {
    let memory = try ReplayBufferTests.memory(device.make(), capacity: 37, filledBy: filled)
    _ = try draws(memory, 0..<5)
    let file = try reread([("replay", memory)])
    let restored = try ReplayBufferTests.memory(device.make(), capacity: 37, filledBy: [5])
    _ = try draws(restored, 50..<52)
    try restored.restore(from: file, "replay")
    #expect(restored.count == memory.count && restored.next == memory.next)
    #expect(try draws(restored, 5..<10) == draws(memory, 5..<10))
    #expect(
      try reread([("r", restored)]).floats("r.priorities")
        == reread([("r", memory)]).floats("r.priorities"))
  }

  @Test("a replay that does not fit is refused and changes nothing", arguments: TestDevices.all)
  func replayRefused(_ device: TestDevice) throws {
    let backend = try device.make()
    let small = ReplayBufferTests.memory(backend, capacity: 8, filledBy: [6])
    let before = try ReplayBufferTests.file(small).int32s("m.states")
    let large = try reread([("m", ReplayBufferTests.memory(backend, capacity: 20, filledBy: [9]))])
    #expect(throws: CheckpointError.self) { try small.restore(from: large, "m") }
    #expect(try ReplayBufferTests.file(small).int32s("m.states") == before)
    #expect(small.count == 6 && small.next == 6)
  }
}
