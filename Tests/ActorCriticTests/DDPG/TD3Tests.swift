import ActorCritic
import DRRTestSupport
import Tensor
import TestSupport
import Testing

/// What TD3 adds to DDPG, each alone.
@Suite("TD3")
struct TD3Tests {
  typealias Setup = DDPGUpdateTests.Setup

  private func batch(_ setup: Setup) -> TransitionBatch {
    setup.memory.sample(16, importanceExponent: 0.6, RandomKey(seed: 2, stream: 1, counter: 0))
  }

  /// The loss of both critics by hand, from the values of both targets.
  @Test("targets take the smaller of the twins' values", arguments: TestDevices.withReference)
  func minimum(_ device: TestDevice) throws {
    let setup = try Setup(on: device.make()) { $0.twinCritics = true }
    let (ddpg, batch) = (setup.ddpg, batch(setup))
    let state = ddpg.targetActor.state(batch.nextStates, nil)
    let action = ddpg.targetActor.action(state)
    let first = try ddpg.targetCritic(state, action).doubles()
    let second = try #require(ddpg.targetCritic.twin(state, action)).doubles()
    #expect(zip(first, second).contains { $0 < $1 } && zip(first, second).contains { $0 > $1 })
    let outcomes = try batch.outcomes.doubles()
    let present = ddpg.actor.state(batch.states, nil)
    let value = try ddpg.critic(present, batch.actions).doubles()
    let twin = try #require(ddpg.critic.twin(present, batch.actions)).doubles()
    let weights = try batch.weights.doubles()
    var loss = 0.0
    for i in 0..<16 {
      let smaller = Swift.min(first[i], second[i])
      let y: Double = outcomes[2 * i] + 0.9 * outcomes[2 * i + 1] * smaller
      for estimate in [value[i], twin[i]] {
        let error: Double = estimate - y
        loss += weights[i] * error * error / 16
      }
    }
    let found = try ddpg.update(batch).critic.doubles()[0]
    #expect(abs(found - loss) < 1e-5 * loss)
  }

  @Test("the actor and the targets wait for every third update", arguments: TestDevices.all)
  func delay(_ device: TestDevice) throws {
    let setup = try Setup(on: device.make()) { $0.policyDelay = 3 }
    for update in 1...7 {
      let before = try setup.ddpg.weights()
      let losses = setup.update(update)
      let after = try setup.ddpg.weights()
      let isDue = update % 3 == 0
      #expect((losses.actor != nil) == isDue)
      let changed = zip(before, after).map { $0 != $1 }
      // Actor, critic, target actor, target critic.
      #expect(changed == [isDue, true, isDue, isDue], "update \(update)")
    }
  }

  @Test("the noise of the target is drawn anew for each update", arguments: TestDevices.all)
  func smoothing(_ device: TestDevice) throws {
    func losses(_ change: (inout DDPGConfiguration) -> Void) throws -> [Float] {
      let setup = try Setup(on: device.make(), change)
      return try (0..<3).map { try setup.update($0).critic.host()[0] }
    }
    let plain = try losses { _ in }
    let noisy = try losses { $0.targetNoise = 0.4 }
    #expect(zip(plain, noisy).allSatisfy { $0 != $1 })
    #expect(try losses { $0.targetNoise = 0.4 } == noisy)
    // Clipped to almost nothing it changes almost nothing.
    let clipped = try losses {
      $0.targetNoise = 0.4
      $0.targetNoiseClip = 1e-6
    }
    #expect(zip(plain, clipped).allSatisfy { abs($0 - $1) < 1e-5 })

    let setup = try Setup(on: device.make()) { $0.targetNoise = 0.4 }
    let first = batch(setup)
    let drawn = Tensor.normal(
      first.actions.shape, deviation: 0.4, RandomKey(seed: 3, stream: 21, counter: 0),
      on: setup.ddpg.backend)
    let expected = try setup.ddpg.update(first, targetNoise: drawn).critic.host()
    let again = try Setup(on: device.make()) { $0.targetNoise = 0.4 }
    #expect(try again.ddpg.update(batch(again)).critic.host() == expected)
  }

  /// The actor's loss by hand: actor and targets before the update, the critic after it.
  @Test("what did better than the policy draws it", arguments: TestDevices.withReference)
  func imitation(_ device: TestDevice) throws {
    func make() throws -> Setup { try Setup(on: device.make()) { $0.imitationWeight = 3 } }
    let (changed, setup) = (try make(), try make())
    let batch = batch(setup)
    let found = try #require(changed.ddpg.update(self.batch(changed)).actor).doubles()[0]

    let (before, width) = (setup.ddpg, batch.actions.shape[1])
    let next = before.targetActor.state(batch.nextStates, nil)
    let nextValue = try before.targetCritic(next, before.targetActor.action(next)).doubles()
    let outcomes = try batch.outcomes.doubles()
    let state = before.actor.state(batch.states, nil)
    let (own, taken) = (try before.actor.action(state).doubles(), try batch.actions.doubles())
    before.backend.put(
      try changed.ddpg.backend.doubles(changed.ddpg.critic.parameters.values),
      to: before.critic.parameters.values)
    let value = try before.critic(state, before.actor.action(state)).doubles()
    var (mean, drawn, shares) = (0.0, 0.0, 0.0)
    for i in 0..<16 {
      mean += value[i] / 16
      let y: Double = outcomes[2 * i] + 0.9 * outcomes[2 * i + 1] * nextValue[i]
      let better: Double = max(y - value[i], 0)
      let share: Double = better * better * better * better
      var distance = 0.0
      for j in i * width..<(i + 1) * width { distance += (own[j] - taken[j]) * (own[j] - taken[j]) }
      shares += share
      drawn += share * distance / Double(width)
    }
    #expect(shares > 0)
    let expected: Double = 3 * drawn / shares - mean
    #expect(abs(found - expected) < 1e-4 * abs(expected), "\(found), not \(expected)")
  }

  @Test("ten updates with all switches agree with float64", arguments: TestDevices.all)
  func agreement(_ device: TestDevice) throws {
    func make(_ backend: any Backend) throws -> Setup {
      try Setup(on: backend) {
        $0.twinCritics = true
        $0.policyDelay = 2
        $0.imitationWeight = 3
      }
    }
    let (setup, reference) = (try make(device.make()), try make(ReferenceBackend()))
    for step in 0..<10 {
      let (losses, expected) = (setup.update(step), reference.update(step))
      #expect((losses.actor == nil) == (expected.actor == nil))
      let found = try losses.critic.doubles() + (losses.actor?.doubles() ?? [])
      let wanted = try expected.critic.doubles() + (expected.actor?.doubles() ?? [])
      #expect(relativeError(found, wanted) < 1e-4, "losses of update \(step)")
    }
    for ((name, set), (_, wanted)) in zip(setup.ddpg.sets, reference.ddpg.sets) {
      for (parameter, expected) in zip(set.parameters, wanted.parameters) {
        let (found, reference) = (
          try set.backend.doubles(parameter.values), try wanted.backend.doubles(expected.values)
        )
        #expect(zip(found, reference).allSatisfy { abs($0 - $1) < 1e-4 }, "\(name)")
      }
    }
  }
}
