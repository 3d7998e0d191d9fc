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
}
