import DRRCore
import Factorization
import Tensor

/// An actor-critic whose actions are items. DDPG's critic values an action's vector, though nothing
/// but the item that the vector selects earns a reward; here the critics value the item, Q(s, i) =
/// ⟨φ(s), e_i⟩, and the actor follows what they expect of its choice made soft:
///
/// J(θ) = E_s Σ_i softmax(⟨π_θ(s), e_i⟩ / T)_i Q(s, i) over the candidates i of s,
///
/// the gradient of all actions at once (Allen et al. 2017) in place of ∇_a Q. Critics are twins, of
/// which the smaller expectation counts, and the actor is delayed (Fujimoto et al. 2018).
///
/// Confined to the task that holds the backend.
public final class ItemActorCritic {
  let configuration: ResidualConfiguration
  let ddpg: DDPGConfiguration
  /// The device that the networks are on.
  public let backend: any Backend
  package let actor: Network
  package let critic: Network
  package let targetActor: Network
  package let targetCritic: Network
  /// The actor as cloning left it; none before.
  var cloned: ParameterSet?
  let actorOptimizer: Adam
  let criticOptimizer: Adam
  /// Who computes the gradients of a batch.
  var sharing = SharedUpdates()

  /// Heads that share one set of parameters.
  package final class Network {
    package let parameters: ParameterSet
    package let heads: [ItemHead]

    package init(
      _ names: [String], blocks: [Int], anchor: (width: Int, weight: Float), hidden: Int,
      scale: Float, reach: Float, seed: UInt64,
      stream: UInt64, on backend: any Backend
    ) {
      let parameters = ParameterSet(on: backend, seed: seed, stream: stream)
      heads = names.map {
        ItemHead(
          $0, blocks: blocks, statistics: BeliefModel.statisticsWidth, kinds: ItemClusters.count,
          anchor: anchor,
          contextWidth: ResidualAgent.contextWidth, hidden: hidden, scale: scale, reach: reach,
          in: parameters)
      }
      self.parameters = parameters
    }
  }

  /// - Parameters:
  ///   - blocks: widths of the factorisations' parts of an item's vector.
  ///   - anchor: width of the part that the run's PMF has in it.
  package init(
    _ configuration: ResidualConfiguration, _ ddpg: DDPGConfiguration, blocks: [Int],
    anchor: Int, seed: UInt64, on backend: any Backend
  ) {
    self.configuration = configuration
    self.ddpg = ddpg
    self.backend = backend
    func makeActor() -> Network {
      Network(
        ["actor"], blocks: blocks, anchor: (anchor, configuration.anchor),
        hidden: configuration.hidden, scale: 1,
        reach: configuration.reach, seed: seed, stream: Streams.actor, on: backend)
    }
    func makeCritic() -> Network {
      Network(
        ddpg.twinCritics ? ["critic", "critic_twin"] : ["critic"], blocks: blocks,
        anchor: (anchor, 0),
        hidden: configuration.hidden, scale: 1 / Float(blocks.count), reach: 1, seed: seed,
        stream: Streams.critic, on: backend)
    }
    (actor, targetActor) = (makeActor(), makeActor())
    (critic, targetCritic) = (makeCritic(), makeCritic())
    actorOptimizer = Adam(
      actor.parameters, learningRate: ddpg.actorLearningRate,
      weightDecay: configuration.weightDecay)
    criticOptimizer = Adam(
      critic.parameters, learningRate: ddpg.criticLearningRate, weightDecay: ddpg.weightDecay)
  }

  /// π(s): [B, S] to [B, A], or of the states that the first column of `rows` [B, W] names.
  func act(_ states: Tensor, at rows: IndexTensor? = nil) -> Tensor {
    actor.heads[0](states, at: rows)
  }

  /// Whether training has kept to numbers. Waits for the device.
  func isFinite() throws(BackendError) -> Bool {
    for network in [actor.parameters, critic.parameters] where try !network.isFinite() {
      return false
    }
    return true
  }

  /// One update of the actor towards items that users liked: binary cross-entropy of the
  /// candidates' scores. `rows` [B, 1 + C] are as ``update(_:_:states:items:number:)`` has them, of
  /// these states; `liked` [B · C] is 1 or 0.
  package func clone(_ states: Tensor, _ rows: IndexTensor, liked: Tensor, items: Tensor) -> Tensor
  {
    let count = rows.shape[0]
    let candidates = liked.reshaped([count, liked.shape.count / count])
    let update = sharing.update(actor.parameters, rows: count) { part in
      let tape = Tape(training: actor.parameters)
      let scores = actor.heads[0](states, at: rows[part], tape)
        .candidateScores(rows[part], first: 1, items: items)
      let loss = scores.binaryCrossEntropy(candidates[part])
      tape.backward(from: loss)
      return .init(loss.detached)
    }
    actorOptimizer.step()
    return update.loss
  }

  /// Remembers what cloning has led to.
  package func keepCloned() { cloned = actor.parameters.copy() }

  /// The targets begin at the networks as they are.
  package func startTargets() {
    targetActor.parameters.follow(actor.parameters, tau: 1)
    targetCritic.parameters.follow(critic.parameters, tau: 1)
  }

  /// One update from a batch whose priorities `memory` then learns. No host synchronisation.
  ///
  /// - Parameters:
  ///   - batch: states are rows [index of the state's vector ; C candidates], actions the vectors
  ///     of the items shown.
  ///   - states: the table of state vectors, [rows, S].
  ///   - items: the table of item vectors, [rows, A].
  ///   - number: counts updates from 0; every `policyDelay`-th moves the actor.
  package func update(
    _ batch: TransitionBatch, _ memory: ReplayBuffer, states: Tensor, items: Tensor, number: Int
  ) -> DDPG.Losses {
    let count = batch.slots.shape[0]
    let critics = sharing.update(critic.parameters, rows: count, columns: [1, 1]) { rows in
      let batch = batch[rows]
      // y = r + γ min_k Σ_i softmax(⟨π′(s′), e_i⟩ / T)_i Q′_k(s′, i)
      let choice = targetActor.heads[0](states, at: batch.nextStates)
        .candidateScores(batch.nextStates, first: 1, items: items)
      let expected = targetCritic.heads.map { head in
        choice.softmaxExpectation(
          of: head(states, at: batch.nextStates)
            .candidateScores(batch.nextStates, first: 1, items: items),
          temperature: configuration.temperature)
      }
      let y = temporalDifferenceTarget(
        batch.outcomes, nextValue: expected[0], twin: expected.count > 1 ? expected[1] : nil,
        discount: ddpg.discount)

      let tape = Tape(training: critic.parameters)
      let values = critic.heads.map { $0(states, at: batch.states, tape).rowDot(batch.actions) }
      let losses = values.map { $0.squaredError(y, weights: batch.weights) }
      tape.backward(from: losses)
      return .init(DDPG.sum(losses), columns: [values[0].detached, y])
    }
    let movesActor = number % ddpg.policyDelay == 0
    criticOptimizer.step(
      maximumNorm: ddpg.criticGradientNorm, target: movesActor ? targetCritic.parameters : nil,
      rate: ddpg.targetRate)
    let values = critics.columns[0]
    memory.reprioritize(batch, values: values, targets: critics.columns[1])
    guard movesActor else {
      return DDPG.Losses(critic: critics.loss, actor: nil, values: values)
    }

    let actors = sharing.update(actor.parameters, rows: count) { rows in
      let batch = batch[rows]
      let worth = critic.heads[0](states, at: batch.states)
        .candidateScores(batch.states, first: 1, items: items)
      let tape = Tape(training: actor.parameters)
      let loss = actor.heads[0](states, at: batch.states, tape)
        .candidateScores(batch.states, first: 1, items: items)
        .softmaxExpectation(of: worth, temperature: configuration.temperature).mean(scale: -1)
      tape.backward(from: loss)
      return .init(loss.detached)
    }
    actorOptimizer.step(target: targetActor.parameters, rate: ddpg.targetRate)
    return DDPG.Losses(critic: critics.loss, actor: actors.loss, values: values)
  }
}
