import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct ReplayBufferTests {
  /// Transition n: recognisable in every column.
  private static func transition(_ n: Int) -> ReplayBuffer.Transition {
    ReplayBuffer.Transition(
      state: [Int32(n), Int32(2 * n)], nextState: [Int32(n + 1), -1], reward: Float(n) / 4,
      terminated: n % 3 == 0)
  }

  static func memory(
    _ backend: any Backend, capacity: Int, filledBy batches: [Int], exponent: Float = 0.5
  ) -> ReplayBuffer {
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: capacity, stateWidth: 2, actionWidth: 3, priorityExponent: exponent,
        priorityOffset: 0.01),
      on: backend)
    var n = 0
    for size in batches {
      let numbers = n..<n + size
      memory.append(
        numbers.map(transition),
        actions: Tensor(
          numbers.flatMap { [Float($0), -Float($0), 0.5] }, shape: [size, 3], on: backend))
      n += size
    }
    return memory
  }

  /// A batch of slots of my choice: what `reprioritize` looks at.
  static func batch(_ slots: [Int32], on backend: any Backend) -> TransitionBatch {
    let b = slots.count
    return TransitionBatch(
      slots: IndexTensor(slots, shape: [b], on: backend),
      states: IndexTensor(uninitialized: [b, 2], on: backend),
      nextStates: IndexTensor(uninitialized: [b, 2], on: backend),
      actions: Tensor(uninitialized: [b, 3], on: backend),
      outcomes: Tensor(uninitialized: [b, 2], on: backend),
      weights: Tensor(uninitialized: [b], on: backend))
  }

  static func file(_ memory: ReplayBuffer) throws -> SafetensorsFile {
    var file = SafetensorsWriter()
    try memory.save(to: &file, "m")
    return try SafetensorsFile(bytes: file.bytes(), name: "replay")
  }

  /// Gives slot i the TD error `errors[i]`, in one call.
  static func prioritize(_ memory: ReplayBuffer, _ errors: [Float]) {
    let backend = memory.backend
    memory.reprioritize(
      batch(errors.indices.map { Int32($0) }, on: backend),
      values: Tensor(errors.map { 1 - $0 }, shape: [errors.count], on: backend),
      targets: Tensor(repeating: 1, shape: [errors.count], on: backend))
  }

  @Test(
    "the ring keeps the last transitions in order", arguments: TestDevices.withReference,
    [[3], [5], [1, 1, 1, 1, 1, 1, 1], [4, 4, 4], [5, 5, 3], [2, 5, 1]])
  func ring(_ device: TestDevice, _ batches: [Int]) throws {
    let memory = try Self.memory(device.make(), capacity: 5, filledBy: batches)
    let total = batches.reduce(0, +)
    let held = min(total, 5)
    #expect(memory.count == held && memory.next == total % 5)
    let file = try Self.file(memory)
    let states = try file.int32s("m.states", shape: [held, 2])
    let nextStates = try file.int32s("m.next_states", shape: [held, 2])
    let actions = try file.floats("m.actions", shape: [held, 3])
    let outcomes = try file.floats("m.outcomes", shape: [held, 2])
    for n in total - held..<total {
      let (slot, expected) = (n % 5, Self.transition(n))
      #expect(Array(states[slot * 2..<slot * 2 + 2]) == expected.state)
      #expect(Array(nextStates[slot * 2..<slot * 2 + 2]) == expected.nextState)
      #expect(Array(actions[slot * 3..<slot * 3 + 3]) == [Float(n), -Float(n), 0.5])
      #expect(
        Array(outcomes[slot * 2..<slot * 2 + 2]) == [expected.reward, n % 3 == 0 ? 0 : 1])
    }
    #expect(try file.floats("m.priorities") == .init(repeating: 1, count: held))
  }

  @Test("a sample is whole rows of the ring", arguments: TestDevices.withReference)
  func rows(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 20, filledBy: [9])
    let batch = memory.sample(
      32, importanceExponent: 0.4, RandomKey(seed: 1, stream: 1, counter: 0))
    let (states, actions) = (try batch.states.host(), try batch.actions.host())
    let (next, outcomes) = (try batch.nextStates.host(), try batch.outcomes.host())
    for (row, slot) in try batch.slots.host().enumerated() {
      #expect((0..<9).contains(slot))
      let expected = Self.transition(Int(slot))
      #expect(Array(states[row * 2..<row * 2 + 2]) == expected.state)
      #expect(Array(next[row * 2..<row * 2 + 2]) == expected.nextState)
      #expect(actions[row * 3] == Float(slot) && actions[row * 3 + 1] == -Float(slot))
      #expect(outcomes[row * 2] == expected.reward)
      #expect(outcomes[row * 2 + 1] == expected.continuation)
    }
    #expect(try batch.weights.host().allSatisfy { $0 == 1 })
  }

  /// (|error| + offset)^α, the largest so far for what comes after.
  @Test("priorities after reprioritize", arguments: TestDevices.withReference)
  func priorities(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 8, filledBy: [4], exponent: 0.5)
    Self.prioritize(memory, [0.24, -3.99, 0, 0.0384])
    var expected = [0.5, 2, 0.1, 0.22]
    var found = try Self.file(memory).floats("m.priorities").map { Double($0) }
    #expect(relativeError(found, expected) < 1e-6)

    let action = Tensor(repeating: 0, shape: [1, 3], on: memory.backend)
    memory.append([Self.transition(4)], actions: action)
    Self.prioritize(memory, [0.99])  // smaller than the largest so far, which stands
    memory.append([Self.transition(5)], actions: action)
    expected = [1, 2, 0.1, 0.22, 2, 2]
    found = try Self.file(memory).floats("m.priorities").map { Double($0) }
    #expect(relativeError(found, expected) < 1e-6)
  }

  static let errors: [Float] = [0.5, 3, 0, 1, 0.1, 2, 0.02, 6, 0.7, 0.3, 1.5]
  static let shares: [Double] = {
    let priorities = errors.map { (Double($0) + 0.01).squareRoot() }
    return priorities.map { $0 / priorities.reduce(0, +) }
  }()

  @Test("slots are drawn in proportion to their priorities", arguments: TestDevices.withReference)
  func frequencies(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 16, filledBy: [11])
    Self.prioritize(memory, Self.errors)
    // Batches of one have one stratum, so draws are independent and the test is Pearson's.
    var counts = [Int](repeating: 0, count: 11)
    let draws = 3_000
    for draw in 0..<draws {
      let key = RandomKey(seed: 4, stream: 2, counter: UInt64(draw))
      let batch = memory.sample(1, importanceExponent: 0.4, key)
      counts[Int(try batch.slots.host()[0])] += 1
    }
    let p = ChiSquare.pValue(observed: counts, expected: Self.shares.map { $0 * Double(draws) })
    #expect(p > 1e-6, "\(counts)")
  }

  @Test("every stratum gives one slot", arguments: TestDevices.withReference)
  func strata(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 16, filledBy: [11])
    Self.prioritize(memory, Self.errors)
    let ends = Self.shares.indices.map { Self.shares[...$0].reduce(0, +) }
    for draw in 0..<20 {
      let key = RandomKey(seed: 6, stream: 2, counter: UInt64(draw))
      let slots = try memory.sample(64, importanceExponent: 1, key).slots.host()
      for (stratum, slot) in slots.map({ Int($0) }).enumerated() {
        let low = slot == 0 ? 0 : ends[slot - 1]
        #expect(low < Double(stratum + 1) / 64 + 1e-6 && ends[slot] > Double(stratum) / 64 - 1e-6)
      }
    }
  }

  /// (count · P(i))^−β over the largest of the batch.
  @Test("importance weights follow the formula", arguments: TestDevices.withReference)
  func weights(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 16, filledBy: [11])
    Self.prioritize(memory, Self.errors)
    for exponent in [0, 0.4, 1] as [Float] {
      let batch = memory.sample(
        40, importanceExponent: exponent, RandomKey(seed: 5, stream: 2, counter: 3))
      let raw = try batch.slots.host().map { pow(11 * Self.shares[Int($0)], -Double(exponent)) }
      let expected = raw.map { $0 / raw.max()! }
      #expect(relativeError(try batch.weights.doubles(), expected) < 1e-5)
    }
  }

  @Test("exponent 0 samples uniformly whatever the errors", arguments: TestDevices.all)
  func uniform(_ device: TestDevice) throws {
    let memory = try Self.memory(device.make(), capacity: 16, filledBy: [11], exponent: 0)
    Self.prioritize(memory, Self.errors)
    let priorities = try Self.file(memory).floats("m.priorities")
    #expect(priorities == .init(repeating: 1, count: 11))
  }
}
