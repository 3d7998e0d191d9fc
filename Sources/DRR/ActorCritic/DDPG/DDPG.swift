import Agents
import DRRCore
import Tensor

/// π_θ(s): two ReLU layers and one tanh layer (Liu et al. 2018, section 3.2). The state module
/// belongs to it and learns with it.
public struct Actor {
  /// The largest size of an action's numbers.
  static let bound: Float = 1

  /// The weights, those of the state module among them.
  public let parameters: ParameterSet
  /// What turns rows into states.
  public let state: any StateModule
  let layers: MLP

  package init(
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
  public func action(_ state: Tensor, _ tape: Tape? = nil) -> Tensor { layers(state, tape) }
}

/// Q_ω(s, a): the state through one ReLU layer, joined by the action, two ReLU layers, one number.
struct ActionValue {
  let layers: MLP

  init(
    _ name: String, stateWidth: Int, actionWidth: Int, hidden: Int, in parameters: ParameterSet
  ) {
    let state = Dense("\(name).state", stateWidth, hidden, .relu, in: parameters)
    let joint = hidden + actionWidth
    let rest = MLP(
      name, [joint, joint, joint, 1], in: parameters,
      lastWeight: .uniform(low: -3e-3, high: 3e-3))
    layers = MLP([state] + rest.layers, side: .init(layer: 1, width: actionWidth))
  }

  /// [B, S] and [B, A] to [B, 1].
  func callAsFunction(_ state: Tensor, _ action: Tensor, _ tape: Tape?) -> Tensor {
    layers(state, side: action, tape)
  }
}

/// One action value, or two of different first weights that learn from the same targets. Their
/// weights are one set.
public struct Critic {
  /// The weights of one or both.
  public let parameters: ParameterSet
  let first: ActionValue
  let second: ActionValue?

  init(
    stateWidth: Int, actionWidth: Int, hidden: Int, isTwin: Bool, seed: UInt64,
    on backend: any Backend
  ) {
    let parameters = ParameterSet(on: backend, seed: seed, stream: Streams.critic)
    func makeValue(_ name: String) -> ActionValue {
      ActionValue(
        name, stateWidth: stateWidth, actionWidth: actionWidth, hidden: hidden, in: parameters)
    }
    first = makeValue("critic")
    second = isTwin ? makeValue("critic_twin") : nil
    self.parameters = parameters
  }

  /// [B, S] and [B, A] to [B, 1], by the first.
  public func callAsFunction(_ state: Tensor, _ action: Tensor, _ tape: Tape? = nil) -> Tensor {
    first(state, action, tape)
  }

  /// By the second, if there is one.
  package func twin(_ state: Tensor, _ action: Tensor, _ tape: Tape? = nil) -> Tensor? {
    second?(state, action, tape)
  }
}

/// Deep deterministic policy gradient (Lillicrap et al. 2016, algorithm 1), as DRR trains by it
/// (Liu et al. 2018, algorithm 1, lines 13 to 17). Twin critics, a delayed actor and smoothed
/// target actions make it TD3 (Fujimoto et al. 2018, algorithm 1).
///
/// The critic takes the state as given: the state module learns from the actor's loss alone,
/// through the action. Confined to the task that holds the backend.
public final class DDPG {
  /// The settings.
  public let configuration: DDPGConfiguration
  /// The device that the networks are on.
  public let backend: any Backend
  /// π.
  public let actor: Actor
  /// Q.
  public let critic: Critic
  package let targetActor: Actor
  package let targetCritic: Critic
  let seed: UInt64
  let actorOptimizer: Adam
  let criticOptimizer: Adam

  /// What an update produced, on the device until `host()`.
  public struct Losses {
    /// Weighted mean squared TD error, of twin critics the sum.
    public let critic: Tensor
    /// −mean Q of the actor's own actions, and what imitation adds; nil where the update left the
    /// actor out.
    public let actor: Tensor?
    /// Q(s, a) of the batch before the update, [B, 1], of twin critics the first's.
    public let values: Tensor

    /// How the values are spread. Waits for the device.
    package func histogram() throws(BackendError) -> Histogram? { Histogram(try values.host()) }
  }

  /// Networks that have learned nothing.
  ///
  /// - Parameters:
  ///   - actionWidth: A, the numbers of an action.
  ///   - makeState: what turns rows into states; its weights, if any, go into the set that it is
  ///     given.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DDPGConfiguration, actionWidth: Int, seed: UInt64, on backend: any Backend,
    makeState: (ParameterSet) -> any StateModule
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    self.seed = seed
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
        stateWidth: stateWidth, actionWidth: actionWidth, hidden: hidden,
        isTwin: configuration.twinCritics, seed: seed, on: backend)
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

  /// The targets' weights become those of the networks.
  func startTargets() {
    targetActor.parameters.follow(actor.parameters, tau: 1)
    targetCritic.parameters.follow(critic.parameters, tau: 1)
  }

  /// π_θ of [B, rowWidth] state rows: [B, A].
  public func act(_ rows: IndexTensor) -> Tensor { actor.action(actor.state(rows, nil)) }

  /// One update from a batch whose priorities `memory` then learns. No host synchronisation.
  public func update(_ batch: TransitionBatch, _ memory: ReplayBuffer? = nil) -> Losses {
    guard configuration.targetNoise > 0 else { return update(batch, memory, targetNoise: nil) }
    let key = RandomKey(
      seed: seed, stream: Streams.targetNoise, counter: UInt64(criticOptimizer.stepCount))
    let noise = Tensor.normal(
      batch.actions.shape, deviation: configuration.targetNoise, key, on: backend)
    return update(batch, memory, targetNoise: noise)
  }

  /// With noise [B, A] for the target's actions, unclipped.
  package func update(
    _ batch: TransitionBatch, _ memory: ReplayBuffer? = nil, targetNoise: Tensor?
  ) -> Losses {
    // y = r + γ min_i Q′_i(s′, π′(s′) + noise), and r alone where the episode terminated.
    let nextState = targetActor.state(batch.nextStates, nil)
    let nextAction = targetActor.action(nextState)
    if let targetNoise {
      nextAction.perturb(
        by: targetNoise, noiseBound: configuration.targetNoiseClip, bound: Actor.bound)
    }
    let y = temporalDifferenceTarget(
      batch.outcomes, nextValue: targetCritic(nextState, nextAction),
      twin: targetCritic.twin(nextState, nextAction), discount: configuration.discount)

    let actorTape = Tape(training: actor.parameters)
    let trackedState = actor.state(batch.states, actorTape)
    let state = trackedState.detached

    let criticTape = Tape(training: critic.parameters)
    let value = critic(state, batch.actions, criticTape)
    var criticLoss = value.squaredError(y, weights: batch.weights)
    if let twin = critic.twin(state, batch.actions, criticTape) {
      criticLoss = criticLoss + twin.squaredError(y, weights: batch.weights)
    }
    criticTape.backward(from: criticLoss)
    let movesActor = (criticOptimizer.stepCount + 1).isMultiple(of: configuration.policyDelay)
    criticOptimizer.step(
      maximumNorm: configuration.criticGradientNorm,
      target: movesActor ? targetCritic.parameters : nil, rate: configuration.targetRate)
    memory?.reprioritize(batch, values: value, targets: y)
    guard movesActor else {
      return Losses(critic: criticLoss.detached, actor: nil, values: value.detached)
    }

    // ∇_θ J = ∇_a Q(s, a) ∇_θ π(s), a = π(s): through the critic, whose weights stay.
    let action = actor.action(trackedState, actorTape)
    let ownValue = critic(state, action, actorTape)
    var actorLoss = ownValue.mean(scale: -1)
    if let weight = configuration.imitationWeight {
      let advantage = (y.reshaped(ownValue.shape) - ownValue.detached).relu()
      actorLoss =
        actorLoss
        + weight * action.distance(to: batch.actions, weights: advantage.squared().squared())
    }
    actorTape.backward(from: actorLoss)
    actorOptimizer.step(target: targetActor.parameters, rate: configuration.targetRate)
    return Losses(
      critic: criticLoss.detached, actor: actorLoss.detached, values: value.detached)
  }
}

extension Tensor {
  /// Σ_i w_i mean_j (x_ij − y_ij)² / Σ_i w_i of [B, A] and weights [B, 1], which are 0 or more.
  fileprivate func distance(to other: Tensor, weights: Tensor) -> Tensor {
    let rows = Float(shape[0])
    let sum = weights.mean(scale: rows).reshaped([1]) + 1e-9
    return ((self - other).squared() * (weights / sum)).mean(scale: rows)
  }
}
