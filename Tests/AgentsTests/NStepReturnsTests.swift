import Agents
import Tensor
import TestSupport
import Testing

@Suite("n-step returns")
struct NStepReturnsTests {
  /// A step of one environment as it was fed.
  struct Fed {
    var state: Int32
    var next: Int32
    var reward: Float
    var terminated: Bool
    var isLast: Bool
    var action: Float
  }

  /// Sessions of 1 to 6 steps, some terminated, some cut off, the last one unfinished.
  private static func feed(_ count: Int, _ random: inout SeededGenerator) -> [Fed] {
    var left = 0
    return (0..<count).map { step in
      if left == 0 { left = Int.random(in: 1...6, using: &random) }
      left -= 1
      let terminated = left == 0 && random.next() % 2 == 0
      return Fed(
        state: Int32(step), next: Int32(step + 1),
        reward: Float.random(in: -1...1, using: &random), terminated: terminated,
        isLast: left == 0, action: Float.random(in: -1...1, using: &random))
    }
  }

  /// state, next state, action, return and γ^m (0 where it terminated) of every whole transition,
  /// straight from the definition.
  private static func expected(_ fed: [Fed], steps: Int, discount: Double) -> [[Double]] {
    fed.indices.compactMap { start in
      var (sum, power, end) = (0.0, 1.0, start)
      while true {
        sum += power * Double(fed[end].reward)
        power *= discount
        if fed[end].isLast || end - start + 1 == steps { break }
        end += 1
        if end == fed.count { return nil }
      }
      return [
        Double(fed[start].state), Double(fed[end].next), Double(fed[start].action), sum,
        fed[end].terminated ? 0 : power,
      ]
    }
  }

  private static func memory(on backend: any Backend) -> ReplayBuffer {
    ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: 128, stateWidth: 1, actionWidth: 1, priorityExponent: 0), on: backend)
  }

  private static func append(_ step: [Fed], to returns: NStepReturns, on backend: any Backend) {
    returns.append(
      step.map {
        ReplayBuffer.Transition(
          state: [$0.state], nextState: [$0.next], reward: $0.reward, terminated: $0.terminated)
      }, isLast: step.map(\.isLast),
      actions: Tensor(step.map(\.action), shape: [step.count, 1], on: backend))
  }

  private static func bytes(_ returns: NStepReturns, _ memory: ReplayBuffer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try returns.save(to: &file, "returns")
    try memory.save(to: &file, "replay")
    return try file.bytes()
  }

  @Test(
    "transitions are those of the definition", arguments: TestDevices.all,
    [(1, 1, 0.9), (2, 1, 0.9), (3, 1, 0), (5, 1, 0.5), (3, 4, 0.9), (8, 2, 0.99)])
  func bruteForce(_ device: TestDevice, _ setting: (steps: Int, environments: Int, Double)) throws {
    let (steps, environments, discount) = setting
    let backend = try device.make()
    let memory = Self.memory(on: backend)
    let returns = NStepReturns(
      steps: steps, discount: Float(discount), environments: environments, into: memory)
    var random = SeededGenerator(UInt64(steps * 10 + environments))
    let fed = (0..<environments).map { _ in Self.feed(24, &random) }
    for step in 0..<24 { Self.append(fed.map { $0[step] }, to: returns, on: backend) }

    let file = try SafetensorsFile(bytes: Self.bytes(returns, memory), name: "state")
    let states = try file.int32s("replay.states")
    let next = try file.int32s("replay.next_states")
    let actions = try file.floats("replay.actions")
    let outcomes = try file.floats("replay.outcomes")
    let order = { (a: [Double], b: [Double]) in (a[0], a[2]) < (b[0], b[2]) }
    let found = states.indices.map {
      [
        Double(states[$0]), Double(next[$0]), Double(actions[$0]), Double(outcomes[2 * $0]),
        // The factor of the bootstrap: the update multiplies by γ.
        discount * Double(outcomes[2 * $0 + 1]),
      ]
    }.sorted(by: order)
    let expected = fed.flatMap { Self.expected($0, steps: steps, discount: discount) }
      .sorted(by: order)
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found), \(expected)")
    }
  }

  @Test("a window cut by a checkpoint goes on to the same bits", arguments: TestDevices.all)
  func resume(_ device: TestDevice) throws {
    var random = SeededGenerator(77)
    let fed = (0..<3).map { _ in Self.feed(20, &random) }
    func make() throws -> (any Backend, ReplayBuffer, NStepReturns) {
      let backend = try device.make()
      let memory = Self.memory(on: backend)
      return (
        backend, memory, NStepReturns(steps: 4, discount: 0.9, environments: 3, into: memory)
      )
    }
    let (backend, memory, returns) = try make()
    var saved: [[UInt8]] = []
    for step in 0..<20 {
      saved.append(try Self.bytes(returns, memory))
      Self.append(fed.map { $0[step] }, to: returns, on: backend)
    }
    let final = try Self.bytes(returns, memory)
    for stop in stride(from: 0, to: 20, by: 3) {
      let (backend, memory, returns) = try make()
      for step in 0..<5 { Self.append(fed.map { $0[step] }, to: returns, on: backend) }
      let file = try SafetensorsFile(bytes: saved[stop], name: "state")
      try memory.restore(from: file, "replay", columns: [.anything])
      try returns.prepareRestore(from: file, "returns", columns: [.anything])()
      #expect(try Self.bytes(returns, memory) == saved[stop])
      for step in stop..<20 { Self.append(fed.map { $0[step] }, to: returns, on: backend) }
      #expect(try Self.bytes(returns, memory) == final, "from \(stop)")
    }
  }
}
