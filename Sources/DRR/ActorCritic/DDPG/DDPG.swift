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
  /// Who computes the gradients of a batch.
  package var sharing = SharedUpdates()

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

  /// What the actor's update goes on from, of some rows of the batch.
  private struct Work {
    let batch: TransitionBatch
    let target: Tensor
    let tape: Tape
    let state: Tensor
  }

  /// With noise [B, A] for the target's actions, unclipped.
  package func update(
    _ whole: TransitionBatch, _ memory: ReplayBuffer? = nil, targetNoise: Tensor?
  ) -> Losses {
    let count = whole.slots.shape[0]
    var works: [Work] = []
    let critics = sharing.update(critic.parameters, rows: count, columns: [1, 1]) { rows in
      let batch = whole[rows]
      // y = r + γ min_i Q′_i(s′, π′(s′) + noise), and r alone where the episode terminated.
      let nextState = targetActor.state(batch.nextStates, nil)
      let nextAction = targetActor.action(nextState)
      if let targetNoise {
        nextAction.perturb(
          by: targetNoise[rows], noiseBound: configuration.targetNoiseClip, bound: Actor.bound)
      }
      let y = temporalDifferenceTarget(
        batch.outcomes, nextValue: targetCritic(nextState, nextAction),
        twin: targetCritic.twin(nextState, nextAction), discount: configuration.discount)

      let actorTape = Tape(training: actor.parameters)
      let trackedState = actor.state(batch.states, actorTape)
      works.append(Work(batch: batch, target: y, tape: actorTape, state: trackedState))
      let state = trackedState.detached

      let criticTape = Tape(training: critic.parameters)
      let value = critic(state, batch.actions, criticTape)
      let losses = ([value, critic.twin(state, batch.actions, criticTape)] as [Tensor?])
        .compactMap { $0?.squaredError(y, weights: batch.weights) }
      criticTape.backward(from: losses)
      return .init(DDPG.sum(losses), columns: [value.detached, y])
    }
    let movesActor = (criticOptimizer.stepCount + 1).isMultiple(of: configuration.policyDelay)
    criticOptimizer.step(
      maximumNorm: configuration.criticGradientNorm,
      target: movesActor ? targetCritic.parameters : nil, rate: configuration.targetRate)
    let values = critics.columns[0]
    memory?.reprioritize(whole, values: values, targets: critics.columns[1])
    return Losses(
      critic: critics.loss, actor: movesActor ? updateActor(works, rows: count) : nil,
      values: values.reshaped([count, 1]))
  }

  /// What the losses of twins come to.
  static func sum(_ losses: [Tensor]) -> Tensor {
    losses.dropFirst().reduce(losses[0].detached) { $0 + $1.detached }
  }

  /// ∇_θ J = ∇_a Q(s, a) ∇_θ π(s), a = π(s): through the critic, whose weights stay.
  private func updateActor(_ works: [Work], rows count: Int) -> Tensor {
    let acts = works.map { work in
      let action = actor.action(work.state, work.tape)
      return (action: action, value: critic(work.state.detached, action, work.tape))
    }
    var imitation: (weights: [Tensor], sum: Tensor)?
    if configuration.imitationWeight != nil {
      let weights = zip(works, acts).map { work, act in
        (work.target.reshaped(act.value.shape) - act.value.detached).relu().squared().squared()
      }
      let sum = sharing.gather(weights, rows: count).mean(scale: Float(count))
      imitation = (weights, sum.reshaped([1]) + 1e-9)
    }
    var next = 0
    let losses = sharing.update(actor.parameters, rows: count) { _ in
      defer { next += 1 }
      let (work, act) = (works[next], acts[next])
      var loss = act.value.mean(scale: -1)
      if let weight = configuration.imitationWeight, let imitation {
        // Σ_i w_i mean_j (π_ij − a_ij)² / Σ_i w_i of the whole batch.
        let shares = imitation.weights[next] / imitation.sum
        let distance = ((act.action - work.batch.actions).squared() * shares)
          .mean(scale: Float(count))
        loss = loss + weight * distance
      }
      work.tape.backward(from: loss)
      return .init(loss.detached)
    }
    actorOptimizer.step(target: targetActor.parameters, rate: configuration.targetRate)
    return losses.loss
  }
}
