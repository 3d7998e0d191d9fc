import Tensor

/// π_θ(s): two ReLU layers and one tanh layer (Liu et al. 2018, section 3.2). The state module
/// belongs to it and learns with it.
public struct Actor {
  public let parameters: ParameterSet
  public let state: any StateModule
  let layers: MLP

  init(
    actionWidth: Int, hidden: Int, seed: UInt64, on backend: any Backend,
    makeState: (ParameterSet) -> any StateModule
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.actor)
    state = makeState(parameters)
    layers = MLP(
      "actor", [state.width, hidden, hidden, actionWidth], output: .tanh, in: parameters,
      lastWeight: .uniform(low: -3e-3, high: 3e-3))  // Lillicrap et al. 2016, section 7
  }

  /// [B, S] to [B, A], within ±1.
  package func action(_ state: Tensor, _ tape: Tape? = nil) -> Tensor { layers(state, tape) }
}

/// Q_ω(s, a): the state through one ReLU layer, joined by the action, two ReLU layers, one number.
public struct Critic {
  public let parameters: ParameterSet
  let stateLayer: Dense
  let layers: MLP

  init(stateWidth: Int, actionWidth: Int, hidden: Int, seed: UInt64, on backend: any Backend) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.critic)
    stateLayer = Dense("critic.state", stateWidth, hidden, .relu, in: parameters)
    let joint = hidden + actionWidth
    layers = MLP(
      "critic", [joint, joint, joint, 1], in: parameters,
      lastWeight: .uniform(low: -3e-3, high: 3e-3))
  }

  /// [B, S] and [B, A] to [B, 1].
  package func callAsFunction(_ state: Tensor, _ action: Tensor, _ tape: Tape? = nil) -> Tensor {
    layers(Tensor.concatenating(action, stateLayer(state, tape)), tape)
  }
}

/// Deep deterministic policy gradient (Lillicrap et al. 2016, algorithm 1), as DRR trains by it
/// (Liu et al. 2018, algorithm 1, lines 13 to 17).
///
/// The critic takes the state as given: the state module learns from the actor's loss alone,
/// through the action. Confined to the task that holds the backend.
public final class DDPG {
  public let configuration: DDPGConfiguration
  public let backend: any Backend
  public let actor: Actor
  public let critic: Critic
  package let targetActor: Actor
  package let targetCritic: Critic
  let actorOptimizer: Adam
  let criticOptimizer: Adam

  /// What an update produced, on the device until `host()`.
  public struct Losses {
    /// Weighted mean squared TD error.
    public let critic: Tensor
    /// −mean Q of the actor's own actions.
    public let actor: Tensor
  }

  public init(
    _ configuration: DDPGConfiguration, actionWidth: Int, seed: UInt64, on backend: any Backend,
    makeState: (ParameterSet) -> any StateModule
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    let hidden = configuration.hidden
    func makeActor() -> Actor {
      Actor(
        actionWidth: actionWidth, hidden: hidden, seed: seed, on: backend, makeState: makeState)
    }
    actor = makeActor()
    targetActor = makeActor()
    let stateWidth = actor.state.width
    func makeCritic() -> Critic {
      Critic(
        stateWidth: stateWidth, actionWidth: actionWidth, hidden: hidden, seed: seed, on: backend)
    }
    critic = makeCritic()
    targetCritic = makeCritic()
    actorOptimizer = Adam(
      actor.parameters, learningRate: configuration.actorLearningRate,
      weightDecay: configuration.weightDecay)
    criticOptimizer = Adam(
      critic.parameters, learningRate: configuration.criticLearningRate,
      weightDecay: configuration.weightDecay)
  }

  /// Whether training has kept to numbers. Waits for the device.
  public func isFinite() throws(BackendError) -> Bool {
    for network in [actor.parameters, critic.parameters] where try !network.isFinite() {
      return false
    }
    return true
  }

  /// π_θ of [B, rowWidth] state rows: [B, A].
  public func act(_ rows: IndexTensor) -> Tensor { actor.action(actor.state(rows, nil)) }

  /// One update from a batch whose priorities `memory` then learns. No host synchronisation.
  public func update(_ batch: TransitionBatch, _ memory: ReplayMemory? = nil) -> Losses {
    // y = r + γ Q′(s′, π′(s′)), and r alone where the episode terminated.
    let nextState = targetActor.state(batch.nextStates, nil)
    let nextValue = targetCritic(nextState, targetActor.action(nextState))
    let y = temporalDifferenceTarget(
      batch.outcomes, nextValue: nextValue, discount: configuration.discount)

    let actorTape = Tape(training: actor.parameters)
    let trackedState = actor.state(batch.states, actorTape)
    let state = trackedState.detached

    let criticTape = Tape(training: critic.parameters)
    let value = critic(state, batch.actions, criticTape)
    let criticLoss = value.squaredError(y, weights: batch.weights)
    criticTape.backward(from: criticLoss)
    critic.parameters.clipGradients(norm: configuration.criticGradientNorm)
    criticOptimizer.step()
    memory?.reprioritize(batch, values: value, targets: y)

    // ∇_θ J = ∇_a Q(s, a) ∇_θ π(s), a = π(s): through the critic, whose weights stay.
    let action = actor.action(trackedState, actorTape)
    let actorLoss = critic(state, action, actorTape).mean(scale: -1)
    actorTape.backward(from: actorLoss)
    actorOptimizer.step()

    targetCritic.parameters.follow(critic.parameters, tau: configuration.targetRate)
    targetActor.parameters.follow(actor.parameters, tau: configuration.targetRate)
    return Losses(critic: criticLoss.detached, actor: actorLoss.detached)
  }
}
