import ActorCritic
import Agents
import DRRCore
import Tensor
import TestSupport
import Testing

/// Worlds whose best policy or values are known.
@Suite("DDPG on small worlds")
struct DDPGWorldTests {
  /// Reward −‖a − f(s)‖² with a linear f, one step an episode: the best action is f(s).
  @Test("one step: the policy finds the best action", arguments: TestDevices.all)
  func oneStep(_ device: TestDevice) throws {
    // A device that is a CPU behind a driver is slow at small launches: it gets a shorter run.
    let isShort = device.name != "cpu"
    let backend = try device.make()
    var random = SeededGenerator(2)
    let (states, features, width) = (isShort ? 3 : 6, 4, 2)
    let table = random.floats(states * features)
    let matrix = random.floats(features * width, in: -0.35...0.35)
    let best = (0..<states).map { state in
      (0..<width).map { j in
        var sum: Float = 0
        for i in 0..<features { sum += table[state * features + i] * matrix[i * width + j] }
        return sum
      }
    }
    func regret(_ actions: [Float], row: Int, state: Int) -> Float {
      var sum: Float = 0
      for j in 0..<width {
        let distance = actions[row * width + j] - best[state][j]
        sum += distance * distance
      }
      return sum
    }
    var configuration = DDPGConfiguration()
    configuration.hidden = 64
    configuration.batchSize = 32
    configuration.actorLearningRate = 1e-3
    configuration.criticLearningRate = 2e-3
    configuration.weightDecay = 0
    configuration.criticGradientNorm = 100
    configuration.targetRate = 0.05
    configuration.priorityExponent = 0
    configuration.replayCapacity = 2_000
    let rows = Tensor(table, shape: [states, features], on: backend)
    let ddpg = try DDPG(configuration, actionWidth: width, seed: 4, on: backend) { _ in
      TableState(rows)
    }
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: 2_000, stateWidth: 1, actionWidth: width, priorityExponent: 0),
      on: backend)
    let visited = (0..<2_000).map { $0 % states }
    let actions = random.floats(2_000 * width)
    memory.append(
      visited.enumerated().map { row, state in
        ReplayBuffer.Transition(
          state: [Int32(state)], nextState: [Int32(state)],
          reward: -regret(actions, row: row, state: state), terminated: true)
      }, actions: Tensor(actions, shape: [2_000, width], on: backend))

    for step in 0..<(isShort ? 2_000 : 4_000) {
      let key = RandomKey(seed: 1, stream: 1, counter: UInt64(step))
      _ = ddpg.update(memory.sample(32, importanceExponent: 0, key), memory)
    }
    let all = IndexTensor((0..<Int32(states)).map { $0 }, shape: [states, 1], on: backend)
    let found = try ddpg.act(all).host()
    let total = (0..<states).reduce(Float(0)) { $0 + regret(found, row: $1, state: $1) }
    #expect(total / Float(states) < 0.01)
  }

  /// Five states in a ring, every step earns 1, a lap is an episode.
  struct Ring: Environment {
    enum End { case truncated, terminated }
    let end: End
    var state: Int32 = 0

    mutating func reset(episode: Int) -> Int32 {
      state = 0
      return state
    }

    mutating func step(_ action: Float) -> Step<Int32> {
      let isLast = state == 4
      state = (state + 1) % 5
      return Step(
        observation: state, reward: 1, terminated: isLast && end == .terminated,
        truncated: isLast && end == .truncated)
    }
  }

  /// With γ = 0.9 an endless ring is worth 1 / (1 − γ) = 10 everywhere, so an episode that was only
  /// cut off must not change that; one that ends is worth (1 − γ^(5 − k)) / (1 − γ) from state k.
  @Test(
    "ring: truncated goes on, terminated does not", arguments: [Ring.End.truncated, .terminated])
  func ring(_ end: Ring.End) throws {
    let backend = CPUBackend()
    var table = [Float](repeating: 0, count: 25)
    for state in 0..<5 { table[state * 6] = 1 }
    let rows = Tensor(table, shape: [5, 5], on: backend)
    var configuration = DDPGConfiguration()
    configuration.hidden = 24
    configuration.batchSize = 32
    configuration.criticLearningRate = 1e-3
    configuration.weightDecay = 0
    configuration.criticGradientNorm = 100
    configuration.targetRate = 0.05
    configuration.replayCapacity = 500
    let ddpg = try DDPG(configuration, actionWidth: 1, seed: 4, on: backend) { _ in
      TableState(rows)
    }
    let memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: 500, stateWidth: 1, actionWidth: 1, priorityExponent: 0.3),
      on: backend)
    var random = SeededGenerator(8)
    var ring = Ring(end: end)
    var transitions: [ReplayBuffer.Transition] = []
    for episode in 0..<100 {
      var state = ring.reset(episode: episode)
      while true {
        let step = ring.step(0)
        transitions.append(
          ReplayBuffer.Transition(
            state: [state], nextState: [step.observation], reward: step.reward,
            terminated: step.terminated))
        state = step.observation
        if step.isLast { break }
      }
    }
    #expect(transitions.count == 500)
    memory.append(
      transitions, actions: Tensor(random.floats(500), shape: [500, 1], on: backend))
    for step in 0..<6_000 {
      let key = RandomKey(seed: 1, stream: 1, counter: UInt64(step))
      _ = ddpg.update(memory.sample(32, importanceExponent: 1, key), memory)
    }
    let all = IndexTensor((0..<5).map { $0 }, shape: [5, 1], on: backend)
    let state = ddpg.actor.state(all, nil)
    let values = try ddpg.critic(state, ddpg.act(all)).host()
    for (k, value) in values.enumerated() {
      let power = (0..<5 - k).reduce(Float(1)) { product, _ in product * 0.9 }
      let expected = end == .truncated ? 10 : (1 - power) / 0.1
      #expect(abs(value - expected) < 0.02 * expected, "state \(k): \(value), not \(expected)")
    }
  }
}
