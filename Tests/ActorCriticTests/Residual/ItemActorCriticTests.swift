import ActorCritic
import DRRTestSupport
import Factorization
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Updates of an actor-critic over items")
struct ItemActorCriticTests {
  /// Random weights, states, items and forty transitions with four candidates a state.
  struct Setup {
    static let candidates = 4
    let networks: ItemActorCritic
    let memory: ReplayBuffer
    let states: Tensor
    let items: Tensor

    init(
      on backend: any Backend, _ change: (inout DDPGConfiguration) -> Void = { _ in }
    ) throws {
      var random = SeededGenerator(6)
      let width = 4 + 5 + BeliefModel.statisticsWidth + ItemClusters.count + 3
      let stateWidth = 2 * width + ResidualAgent.contextWidth
      var residual = ResidualConfiguration()
      residual.hidden = 8
      residual.candidates = Self.candidates
      var ddpg = DDPGConfiguration()
      ddpg.batchSize = 8
      ddpg.twinCritics = true
      ddpg.policyDelay = 2
      ddpg.criticGradientNorm = 100
      change(&ddpg)
      networks = ItemActorCritic(residual, ddpg, blocks: [4, 5], anchor: 3, seed: 3, on: backend)
      states = Tensor(random.floats(50 * stateWidth), shape: [50, stateWidth], on: backend)
      let table = random.floats(20 * width)
      items = Tensor(table, shape: [20, width], on: backend)
      memory = ReplayBuffer(
        ReplayBuffer.Configuration(
          capacity: 50, stateWidth: 1 + Self.candidates, actionWidth: width,
          priorityExponent: 0.3), on: backend)
      var actions: [Float] = []
      let transitions = (0..<40).map { _ in
        let state = random.indices(1, in: 0..<50) + random.indices(Self.candidates, in: 0..<20)
        let shown = Int(state[1])
        actions += table[shown * width..<(shown + 1) * width]
        return ReplayBuffer.Transition(
          state: state,
          nextState: random.indices(1, in: 0..<50) + random.indices(Self.candidates, in: 0..<20),
          reward: Float.random(in: -1...1, using: &random), terminated: random.next() % 4 == 0)
      }
      memory.append(transitions, actions: Tensor(actions, shape: [40, width], on: backend))
      for (_, set) in sets {
        for parameter in set.parameters {
          let values = random.floats(parameter.shape.count, in: -0.4...0.4)
          backend.put(values.map { Double($0) }, to: parameter.values)
        }
      }
    }

    var sets: [(String, ParameterSet)] {
      [
        ("actor", networks.actor.parameters), ("critic", networks.critic.parameters),
        ("target actor", networks.targetActor.parameters),
        ("target critic", networks.targetCritic.parameters),
      ]
    }

    func weights() throws -> [[Float]] {
      try sets.map { try networks.backend.read($0.1.values) }
    }

    func batch(_ number: Int = 0) -> TransitionBatch {
      memory.sample(
        8, importanceExponent: 0.6, RandomKey(seed: 2, stream: 1, counter: UInt64(number)))
    }

    func update(_ batch: TransitionBatch, _ number: Int) -> DDPG.Losses {
      networks.update(batch, memory, states: states, items: items, number: number)
    }

    func state(_ rows: IndexTensor) -> Tensor { states.detachedRows(at: rows.column(0)) }

    /// ⟨vector, e_i⟩ of each row's candidates.
    func scores(_ vectors: Tensor, _ rows: IndexTensor) throws -> [[Double]] {
      let (vectors, table) = (try vectors.doubles(), try items.doubles())
      let indices = try rows.host()
      let width = items.shape[1]
      return (0..<rows.shape[0]).map { row in
        (0..<Self.candidates).map { candidate in
          let item = Int(indices[row * (1 + Self.candidates) + 1 + candidate])
          return (0..<width).reduce(0) {
            $0 + vectors[row * width + $1] * table[item * width + $1]
          }
        }
      }
    }
  }

  /// Σ softmax(scores / 0.5) · values.
  private static func expectation(_ scores: [Double], _ values: [Double]) -> Double {
    let weights = scores.map { exp($0 / 0.5) }
    return zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
  }

  @Test(
    "both losses are those of the formulas, item by item", arguments: TestDevices.withReference,
    [false, true])
  func losses(_ device: TestDevice, twins: Bool) throws {
    let setup = try Setup(on: device.make()) { $0.twinCritics = twins }
    let (networks, batch) = (setup.networks, setup.batch())
    let next = setup.state(batch.nextStates)
    let choice = try setup.scores(networks.targetActor.heads[0](next), batch.nextStates)
    let values = try networks.targetCritic.heads.map {
      try setup.scores($0(next), batch.nextStates)
    }
    #expect(values.count == (twins ? 2 : 1))
    let outcomes = try batch.outcomes.doubles()
    let weights = try batch.weights.doubles()
    let (shown, state) = (try batch.actions.doubles(), setup.state(batch.states))
    let width = setup.items.shape[1]
    var loss = 0.0
    for head in networks.critic.heads {
      let vectors = try head(state).doubles()
      for i in 0..<8 {
        let expected = values.map { Self.expectation(choice[i], $0[i]) }.min()!
        let y = outcomes[2 * i] + 0.9 * outcomes[2 * i + 1] * expected
        let value = (0..<width).reduce(0) {
          $0 + vectors[i * width + $1] * shown[i * width + $1]
        }
        loss += weights[i] * (value - y) * (value - y) / 8
      }
    }
    let preferences = try setup.scores(networks.actor.heads[0](state), batch.states)
    let found = setup.update(batch, 0)
    #expect(abs(try found.critic.doubles()[0] - loss) < 1e-5 * loss)
    // The actor is moved by the critic as it is by then.
    let worth = try setup.scores(networks.critic.heads[0](state), batch.states)
    let expected = -zip(preferences, worth).reduce(0) { $0 + Self.expectation($1.0, $1.1) } / 8
    let actor = try #require(found.actor).doubles()[0]
    #expect(abs(actor - expected) < 1e-5 * max(1, abs(expected)))
  }

  @Test("the actor and the targets wait for every second update", arguments: TestDevices.all)
  func delay(_ device: TestDevice) throws {
    let setup = try Setup(on: device.make())
    for number in 0..<5 {
      let before = try setup.weights()
      let losses = setup.update(setup.batch(number), number)
      let isDue = number % 2 == 0
      #expect((losses.actor != nil) == isDue)
      let changed = zip(before, try setup.weights()).map { $0 != $1 }
      #expect(changed == [isDue, true, isDue, isDue], "update \(number)")
    }
  }

  @Test("cloning moves the actor alone, by the loss of the formula", arguments: TestDevices.all)
  func cloning(_ device: TestDevice) throws {
    let setup = try Setup(on: device.make())
    let backend = setup.networks.backend
    let batch = setup.batch()
    let liked: [Float] = (0..<32).map { $0 % 3 == 0 ? 1 : 0 }
    let target = Tensor(liked, shape: [32], on: backend)
    let state = setup.state(batch.states)
    let scores = try setup.scores(setup.networks.actor.heads[0](state), batch.states)
    let expected = zip(scores.flatMap { $0 }, liked).reduce(0) { sum, pair in
      let p = 1 / (1 + exp(-pair.0))
      return sum - (pair.1 == 1 ? log(p) : log(1 - p)) / 32
    }
    let before = try setup.weights()
    func clone() throws -> Double {
      try setup.networks.clone(setup.states, batch.states, liked: target, items: setup.items)
        .doubles()[0]
    }
    let loss = try clone()
    #expect(abs(loss - expected) < 1e-5 * expected)
    #expect(zip(before, try setup.weights()).map { $0 != $1 } == [true, false, false, false])
    var last = loss
    for _ in 0..<200 { last = try clone() }
    #expect(last < loss)
    setup.networks.startTargets()
    let weights = try setup.weights()
    #expect(weights[0] == weights[2] && weights[1] == weights[3])
  }

  /// Central differences in float64 through every parameter of a head.
  private func check(
    _ set: ParameterSet, _ loss: (Tape?) -> Tensor, at coordinates: Int = 6
  ) throws {
    let backend = set.backend
    let tape = Tape(training: set)
    tape.backward(from: loss(tape))
    for parameter in set.parameters {
      let gradient = try backend.doubles(parameter.gradients)
      let values = try backend.doubles(parameter.values)
      let spots = stride(
        from: 0, to: values.count, by: Swift.max(1, values.count / coordinates)
      ).map { $0 }
      let expected = try FiniteDifference.gradient(at: values, coordinates: spots) { point in
        backend.put(point, to: parameter.values)
        return try loss(nil).doubles()[0]
      }
      backend.put(values, to: parameter.values)
      #expect(
        relativeError(spots.map { gradient[$0] }, expected) < 1e-5, "\(parameter.name)")
      #expect(expected.contains { $0 != 0 }, "\(parameter.name)")
    }
  }

  @Test("gradients of the losses are their finite differences")
  func gradients() throws {
    let setup = try Setup(on: ReferenceBackend())
    let (networks, batch) = (setup.networks, setup.batch())
    let backend = networks.backend
    let state = setup.state(batch.states)
    let liked = Tensor((0..<32).map { Float($0 % 3 == 0 ? 1 : 0) }, shape: [32], on: backend)
    try check(networks.actor.parameters) { tape in
      networks.actor.heads[0](state, tape)
        .candidateScores(batch.states, first: 1, items: setup.items).binaryCrossEntropy(liked)
    }
    let other = try Setup(on: ReferenceBackend())
    let worth = networks.critic.heads[0](state)
      .candidateScores(batch.states, first: 1, items: setup.items)
    try check(other.networks.actor.parameters) { tape in
      other.networks.actor.heads[0](state, tape)
        .candidateScores(batch.states, first: 1, items: setup.items)
        .softmaxExpectation(of: worth, temperature: 0.5).mean(scale: -1)
    }
    let y = Tensor((0..<8).map { Float($0) / 4 - 1 }, shape: [8], on: backend)
    try check(networks.critic.parameters) { tape in
      let values = networks.critic.heads.map { $0(state, tape).rowDot(batch.actions) }
      return values[0].squaredError(y, weights: batch.weights)
        + values[1].squaredError(y, weights: batch.weights)
    }
  }

  @Test("five updates agree with float64", arguments: TestDevices.all)
  func agreement(_ device: TestDevice) throws {
    let (setup, reference) = (try Setup(on: device.make()), try Setup(on: ReferenceBackend()))
    for number in 0..<5 {
      let losses = setup.update(setup.batch(number), number)
      let expected = reference.update(reference.batch(number), number)
      #expect(
        relativeError(try losses.critic.doubles(), try expected.critic.doubles()) < 1e-4)
    }
    for ((name, set), (_, wanted)) in zip(setup.sets, reference.sets) {
      for (found, expected) in zip(set.parameters, wanted.parameters) {
        let (found, reference) = (
          try set.backend.doubles(found.values), try wanted.backend.doubles(expected.values)
        )
        #expect(zip(found, reference).allSatisfy { abs($0 - $1) < 1e-4 }, "\(name)")
      }
    }
  }
}
