import Tensor
import TestSupport
import Testing

@Suite struct TapeTests {
  @Test("a tensor used twice gets the sum of its gradients", arguments: TestDevices.withReference)
  func accumulation(_ device: TestDevice) throws {
    let leaves = Leaves([([3], [1, 2, 3])], on: try device.make())
    let tape = Tape(training: leaves.set)
    let x = leaves(tape)[0]
    tape.backward(from: (x * x + 5 * x).sum())  // 2x + 5
    #expect(try leaves.gradients()[0] == [7, 9, 11])
  }

  @Test("gradients add up over tapes until a step", arguments: TestDevices.withReference)
  func severalTapes(_ device: TestDevice) throws {
    let leaves = Leaves([([2], [1, -2])], on: try device.make())
    for _ in 0..<3 {
      let tape = Tape(training: leaves.set)
      tape.backward(from: leaves(tape)[0].squaredNorm())
    }
    #expect(try leaves.gradients()[0] == [6, -12])
  }

  @Test("no gradient passes a detached tensor", arguments: TestDevices.withReference)
  func detached(_ device: TestDevice) throws {
    let leaves = Leaves([([2], [3, 4])], on: try device.make())
    let tape = Tape(training: leaves.set)
    let x = leaves(tape)[0]
    tape.backward(from: (x.detached * x).sum())  // x alone, not 2x
    #expect(try leaves.gradients()[0] == [3, 4])
  }

  @Test("only sets that are named get gradients", arguments: TestDevices.withReference)
  func trainedSets(_ device: TestDevice) throws {
    let networks = try Networks(device)
    for trained in [networks.actor, networks.critic] {
      let other = trained === networks.actor ? networks.critic : networks.actor
      let tape = Tape(training: trained)
      tape.backward(from: networks.value(tape).mean())
      #expect(try networks.backend.read(trained.gradients).contains { $0 != 0 })
      #expect(try networks.backend.read(other.gradients).allSatisfy { $0 == 0 })
      networks.backend.fill(0, into: trained.gradients)
    }
  }

  /// The gradient of the actor through the critic is the one that training both would give it, for
  /// fewer launches where a weight gradient is a launch of its own.
  @Test("an actor learns through a critic that stays", arguments: TestDevices.withReference)
  func throughTheCritic(_ device: TestDevice) throws {
    func run(both: Bool) throws -> (gradient: [Double], launches: Int) {
      let networks = try Networks(device)
      let tape =
        both
        ? Tape(training: networks.actor, networks.critic) : Tape(training: networks.actor)
      let loss = networks.value(tape).mean()
      _ = (networks.actor.gradients, networks.critic.gradients)
      let before = networks.backend.counters
      tape.backward(from: loss)
      let launches = (networks.backend.counters - before).launches
      let critic = try networks.backend.read(networks.critic.gradients)
      #expect(critic.contains { $0 != 0 } == both)
      return (try networks.backend.doubles(networks.actor.gradients), launches)
    }
    let (alone, together) = (try run(both: false), try run(both: true))
    #expect(alone.gradient == together.gradient && alone.gradient.contains { $0 != 0 })
    // A device with a kernel for weights saves its launch.
    let weightKernels = device.name.hasPrefix("opencl") ? 1 : 0
    #expect(together.launches - alone.launches == weightKernels)
  }

  @Test("a tape that trains nothing costs nothing and has no gradient to give")
  func untrained() throws {
    let networks = try Networks(TestDevices.reference)
    _ = networks.value(nil)  // The first use uploads the weights.
    let tape = Tape(training: ParameterSet(on: networks.backend, seed: 0, stream: 9))
    let before = networks.backend.counters
    _ = networks.value(tape)
    let withTape = (networks.backend.counters - before).launches
    _ = networks.value(nil)
    #expect((networks.backend.counters - before).launches == 2 * withTape)
  }
}

/// An actor of two layers and a critic of two, joined as DDPG joins them.
private struct Networks {
  let backend: any Backend
  let actor, critic: ParameterSet
  let actorLayers, criticLayers: MLP
  let x: Tensor

  init(_ device: TestDevice) throws {
    backend = try device.make()
    actor = ParameterSet(on: backend, seed: 3, stream: 1)
    critic = ParameterSet(on: backend, seed: 3, stream: 2)
    actorLayers = MLP("actor", [4, 6, 3], output: .tanh, in: actor)
    criticLayers = MLP("critic", [7, 8, 1], in: critic)
    var random = SeededGenerator(5)
    x = Tensor(random.floats(20), shape: [5, 4], on: backend)
  }

  func value(_ tape: Tape?) -> Tensor {
    criticLayers(Tensor.concatenating(actorLayers(x, tape), x), tape)
  }
}
