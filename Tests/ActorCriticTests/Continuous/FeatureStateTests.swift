import Agents
import Tensor
import TestSupport
import Testing

@Suite("States that are numbers as they are seen")
struct FeatureStateTests {
  @Test("come back from a replay bit by bit", arguments: TestDevices.all)
  func bits(_ device: TestDevice) throws {
    let backend = try device.make()
    let seen: [[Float]] = [
      [0, -0.0, 1.5], [.greatestFiniteMagnitude, .leastNonzeroMagnitude, -3e-7], [1 / 3, 100, -1],
    ]
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: 3, stateWidth: 3, actionWidth: 1, priorityExponent: 0),
      on: backend)
    memory.append(
      seen.indices.map {
        ReplayBuffer.Transition(
          state: FeatureState.row(seen[$0]), nextState: FeatureState.row(seen[2 - $0]),
          reward: Float($0), terminated: false)
      }, actions: Tensor(repeating: 0, shape: [3, 1], on: backend))
    let batch = memory.sample(8, importanceExponent: 0, RandomKey(seed: 1, stream: 1, counter: 0))
    let state = FeatureState(width: 3)
    let (now, next) = (
      try state(batch.states, nil).host(), try state(batch.nextStates, nil).host()
    )
    for (row, slot) in try batch.slots.host().enumerated() {
      let range = 3 * row..<3 * row + 3
      #expect(now[range].map(\.bitPattern) == seen[Int(slot)].map(\.bitPattern))
      #expect(next[range].map(\.bitPattern) == seen[2 - Int(slot)].map(\.bitPattern))
    }
  }
}
