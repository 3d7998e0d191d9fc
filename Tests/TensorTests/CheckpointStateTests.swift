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

  /// What a column of the states in `ReplayBufferTests` may be.
  private let columns = [Expected<Int32>](repeating: .anything, count: 2)

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
    let file = try ReplayBufferTests.file(memory)
    let restored = try ReplayBufferTests.memory(device.make(), capacity: 37, filledBy: [5])
    _ = try draws(restored, 50..<52)
    try restored.restore(from: file, "m", columns: columns)
    #expect(restored.count == memory.count && restored.next == memory.next)
    #expect(try draws(restored, 5..<10) == draws(memory, 5..<10))
    #expect(
      try ReplayBufferTests.file(restored).floats("m.priorities")
        == ReplayBufferTests.file(memory).floats("m.priorities"))
  }

  @Test("a replay that does not fit is refused and changes nothing", arguments: TestDevices.all)
  func replayRefused(_ device: TestDevice) throws {
    let backend = try device.make()
    let small = ReplayBufferTests.memory(backend, capacity: 8, filledBy: [6])
    let before = try ReplayBufferTests.file(small).int32s("m.states")
    let large = try ReplayBufferTests.file(
      ReplayBufferTests.memory(backend, capacity: 20, filledBy: [9]))
    #expect(throws: CheckpointError.self) {
      try small.restore(from: large, "m", columns: columns)
    }
    #expect(try ReplayBufferTests.file(small).int32s("m.states") == before)
    #expect(small.count == 6 && small.next == 6)
  }

  // MARK: - Values that no training writes

  /// Why a file is refused that has `values` in the place of those of a tensor.
  private func refusal<Element: TensorElement>(
    _ file: SafetensorsFile, _ name: String, _ values: [Element], shape: [Int]? = nil,
    _ restore: (SafetensorsFile) throws -> Void
  ) throws -> String {
    let changed = try SafetensorsFile(
      bytes: file.changing(name, to: values, shape: shape), name: "state", requireChecksum: true,
      remedy: "start anew")
    do { try restore(changed) } catch { return "\(error)" }
    return "nothing"
  }

  @Test("weights, moments and steps that no training has are refused by name")
  func wrongOptimizer() throws {
    let (set, adam) = network(try TestDevices.all[0].make(), seed: 1)
    train(set, adam, steps: 0..<3)
    let file = try reread([("w", set), ("adam", adam)])
    let before = try set.backend.read(set.values)
    func ofAdam<Element: TensorElement>(
      _ name: String, _ values: [Element], _ shape: [Int]? = nil
    ) throws -> String {
      try refusal(file, name, values, shape: shape) { try adam.restore(from: $0, "adam") }
    }
    for step in [-1, .min, .max, 1 << 48 + 1] as [Int64] {
      #expect(
        try ofAdam("adam.step", [step])
          == "state: tensor 'adam.step' is \(step), expected 0 ... 281474976710656; start anew")
    }
    let bias = [Float](repeating: 0, count: 3)
    for (value, text) in [(Float.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")] {
      var values = bias
      values[1] = value
      #expect(
        try ofAdam("adam.first_moment.m.1.bias", values)
          == "state: tensor 'adam.first_moment.m.1.bias' is \(text) at place 1 of 3, expected a "
          + "finite number; start anew")
      #expect(
        try refusal(file, "w.m.1.bias", values) { try set.restore(from: $0, "w") }
          .hasPrefix("state: tensor 'w.m.1.bias' is \(text) at place 1 of 3, expected a finite"))
    }
    #expect(
      try ofAdam("adam.second_moment.m.1.bias", [0, 0, -1] as [Float])
        .contains("is -1.0 at place 2 of 3, expected a finite number, 0 or more"))
    #expect(try set.backend.read(set.values) == before && adam.stepCount == 3)
  }

  @Test("a replay that no training has is refused by name", arguments: TestDevices.all)
  func wrongReplay(_ device: TestDevice) throws {
    let memory = ReplayBufferTests.memory(try device.make(), capacity: 8, filledBy: [5])
    let file = try ReplayBufferTests.file(memory)
    let other = ReplayBufferTests.memory(memory.backend, capacity: 8, filledBy: [3])
    let rows: [Expected<Int32>] = [.below(10), .belowOrNone(20)]
    func why<Element: TensorElement>(
      _ name: String, _ values: [Element], _ shape: [Int]? = nil
    ) throws -> String {
      try refusal(file, "m." + name, values, shape: shape) {
        try other.restore(from: $0, "m", columns: rows)
      }
    }
    func states(_ place: Int, _ value: Int32) -> [Int32] {
      var values = [Int32](repeating: 0, count: 10)
      values[place] = value
      return values
    }
    for (place, value, expected) in [
      (0, -1, "0 ..< 10"), (0, 10, "0 ..< 10"), (0, .max, "0 ..< 10"), (1, 20, "-1 ..< 20"),
      (9, -2, "-1 ..< 20"), (9, 1_000_000_000, "-1 ..< 20"), (8, .min, "0 ..< 10"),
    ] as [(Int, Int32, String)] {
      for name in ["states", "next_states"] {
        #expect(
          try why(name, states(place, value), [5, 2])
            == "state: tensor 'm.\(name)' is \(value) at place \(place) of 10, expected "
            + "\(expected); start anew")
      }
    }
    for next in [-1, 4, 8, .max] as [Int64] {
      #expect(
        try why("next", [next])
          == "state: tensor 'm.next' is \(next), expected 5 ... 5; start anew")
    }
    let nothing = [Float](repeating: 0, count: 5)
    #expect(
      try why("priorities", nothing)
        == "state: tensor 'm.priorities' adds up to 0.0, expected a finite number above 0; start "
        + "anew")
    #expect(
      try why("priorities", [Float](repeating: 3e38, count: 5)).contains("adds up to inf"))
    #expect(try why("priorities", [1, 1, -1, 1, 1] as [Float]).contains("is -1.0 at place 2"))
    #expect(try why("priorities", [1, 1, .nan, 1, 1] as [Float]).contains("is nan at place 2"))
    #expect(try why("maximum_priority", [0] as [Float]).contains("a finite number above 0"))
    #expect(
      try why("outcomes", [0, 1, 0, 1, 0, 2, 0, 1, 0, 1] as [Float], [5, 2])
        .contains("'m.outcomes' is 2.0 at place 5 of 10, expected 0.0 ... 1.0"))
    #expect(
      try why("actions", [Float](repeating: .infinity, count: 15), [5, 3])
        .contains("'m.actions' is inf at place 0 of 15"))
    #expect(other.count == 3 && other.next == 3)
    #expect(
      try why("priorities", [Float](repeating: 1, count: 9)).contains("has shape [9]"))
    #expect(try why("states", states(1, -1), [5, 2]) == "nothing" && other.count == 5)
  }

  @Test("lists and their lengths belong together")
  func lists() throws {
    var writer = SafetensorsWriter()
    try writer.add("items", [4, 5, 6] as [Int32])
    try writer.add("lengths", [0, 2, 1] as [Int64])
    let file = try SafetensorsFile(bytes: writer.bytes(), name: "state")
    #expect(try file.lists("items", .below(7), lengths: "lengths") == [[], [4, 5], [6]])
    for (lengths, what) in [
      ([0, 2, 2], "adds up to 4, expected 3"), ([1, 1, 0], "adds up to 2, expected 3"),
      ([-1, 3, 1], "is -1 at place 0 of 3, expected 0 ... 3"),
      ([.max, 3, 3], "is 9223372036854775807 at place 0 of 3, expected 0 ... 3"),
      ([3, 3, 3], "adds up to 6, expected 3"),
    ] as [([Int64], String)] {
      #expect(
        try refusal(file, "lengths", lengths) {
          _ = try $0.lists("items", .below(7), lengths: "lengths")
        }.contains("'lengths' \(what)"))
    }
    #expect(
      try refusal(file, "items", [4, 7, 6] as [Int32]) {
        _ = try $0.lists("items", .below(7), lengths: "lengths")
      }.contains("'items' is 7 at place 1 of 3, expected 0 ..< 7"))
  }

  @Test("rows of a factorization keep their ones and zeros", arguments: TestDevices.all)
  func wrongFactors(_ device: TestDevice) throws {
    let factors = BiasedFactors(
      dimension: 3, userCount: 2, itemCount: 2, .normal(deviation: 1), seed: 1, stream: 1,
      on: try device.make())
    let file = try reread([("f", factors)])
    let right: [Float] = try file.values("f.rows")
    func why(_ place: Int, _ value: Float) throws -> String {
      var values = right
      values[place] = value
      return try refusal(file, "f.rows", values, shape: [4, 16]) {
        try factors.restore(from: $0, "f")
      }
    }
    // A user's row is p (3) ; b ; 1 ; 0 ..., an item's q (3) ; 1 ; b ; 0 ...
    #expect(try why(3, 7) == "nothing" && why(32 + 4, 7) == "nothing")
    #expect(try why(4, 7).contains("'f.rows' is 7.0 at place 4 of 64, expected 1.0"))
    #expect(try why(32 + 3, 0).contains("is 0.0 at place 35 of 64, expected 1.0"))
    #expect(try why(15, 1).contains("is 1.0 at place 15 of 64, expected 0.0"))
    #expect(try why(0, .nan).contains("is nan at place 0 of 64, expected a finite number"))
  }
}
