import ActorCritic
import Agents
import DRRTestSupport
import Tensor
import TestSupport
import Testing

@Suite("Whole updates of DRR")
struct DDPGUpdateTests {
  /// A replay of 40 transitions over random vectors and DRR-ave of some width.
  struct Setup {
    let ddpg: DDPG
    let memory: ReplayBuffer

    init(
      on backend: any Backend, hidden: Int = 24, batch: Int = 16,
      _ change: (inout DDPGConfiguration) -> Void = { _ in }
    ) throws {
      var random = SeededGenerator(21)
      let (users, items, width, window) = (9, 30, 10, 4)
      let userTable = Tensor(random.floats(users * width), shape: [users, width], on: backend)
      let itemTable = Tensor(random.floats(items * width), shape: [items, width], on: backend)
      var configuration = DDPGConfiguration()
      configuration.hidden = hidden
      configuration.batchSize = batch
      change(&configuration)
      ddpg = try DDPG(configuration, actionWidth: width, seed: 3, on: backend) {
        AverageState(users: userTable, items: itemTable, window: window, in: $0)
      }
      memory = ReplayBuffer(
        ReplayBuffer.Configuration(
          capacity: 50, stateWidth: 1 + window, actionWidth: width, priorityExponent: 0.3),
        on: backend)
      let transitions = (0..<40).map { _ in
        let user = Int32.random(in: 0..<Int32(users), using: &random)
        let history = random.indices(window, in: 0..<Int32(items))
        let next = history.dropFirst() + [Int32.random(in: 0..<Int32(items), using: &random)]
        return ReplayBuffer.Transition(
          state: [user] + history, nextState: [user] + next,
          reward: Float.random(in: -1...1, using: &random),
          terminated: random.next() % 4 == 0)
      }
      memory.append(
        transitions, actions: Tensor(random.floats(40 * width), shape: [40, width], on: backend))
    }

    func update(_ step: Int) -> DDPG.Losses {
      let batch = memory.sample(
        ddpg.configuration.batchSize, importanceExponent: 0.6,
        RandomKey(seed: 2, stream: 1, counter: UInt64(step)))
      return ddpg.update(batch, memory)
    }
  }

  @Test("ten updates agree with float64", arguments: TestDevices.all)
  func agreement(_ device: TestDevice) throws {
    let (setup, reference) = (
      try Setup(on: device.make()), try Setup(on: ReferenceBackend())
    )
    for step in 0..<10 {
      let (losses, expected) = (setup.update(step), reference.update(step))
      let found = try losses.critic.doubles() + losses.actor!.doubles()
      let wanted = try expected.critic.doubles() + expected.actor!.doubles()
      #expect(relativeError(found, wanted) < 1e-4, "losses of update \(step)")
    }
    for ((name, set), (_, wanted)) in zip(setup.ddpg.sets, reference.ddpg.sets) {
      for (parameter, expected) in zip(set.parameters, wanted.parameters) {
        let (found, reference) = (
          try set.backend.doubles(parameter.values), try wanted.backend.doubles(expected.values)
        )
        let worst = zip(found, reference).map { abs($0 - $1) }.max()!
        #expect(worst < 1e-4, "\(name), \(parameter.name)")
      }
    }
  }

  @Test("two runs on one device are equal to the bit", arguments: TestDevices.withReference)
  func determinism(_ device: TestDevice) throws {
    func run() throws -> [[Float]] {
      let setup = try Setup(on: device.make())
      var losses: [Float] = []
      for step in 0..<10 {
        let update = setup.update(step)
        losses += try update.critic.host() + update.actor!.host()
      }
      return try setup.ddpg.weights() + [losses]
    }
    #expect(try run() == run())
  }

  @Test("an update leaves no gradient behind", arguments: TestDevices.withReference)
  func gradientsCleared(_ device: TestDevice) throws {
    let setup = try Setup(on: device.make())
    let before = try setup.ddpg.weights()
    _ = setup.update(0)
    for (name, set) in setup.ddpg.sets {
      #expect(try set.backend.read(set.gradients).allSatisfy { $0 == 0 }, "\(name)")
    }
    for (old, new) in zip(before, try setup.ddpg.weights()) { #expect(old != new) }
  }
}
