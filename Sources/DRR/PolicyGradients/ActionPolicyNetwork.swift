import Agents
import DRRCore
import Tensor

/// π(a | s) = softmax_a ⟨h(s), e_a⟩ over all actions, and V(s) beside it, of one state module.
package final class ActionPolicyNetwork {
  package let parameters: ParameterSet
  package let state: any StateModule
  let layers: MLP
  package let actions: Embedding
  let value: MLP

  /// - Parameter vectors: what the actions' vectors begin as; nil draws them.
  package init(
    _ configuration: PolicyGradientConfiguration, actionCount: Int, actionWidth: Int,
    vectors: [Float]?, seed: UInt64, on backend: any Backend,
    makeState: (ParameterSet) -> any StateModule
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.softmaxPolicy)
    state = makeState(parameters)
    let hidden = configuration.hidden
    layers = MLP("policy", [state.width, hidden, hidden, actionWidth], in: parameters)
    actions = Embedding(
      "policy.actions", rows: actionCount, width: actionWidth, .normal(deviation: 0.05),
      in: parameters)
    value = MLP("policy.value", [state.width, hidden, 1], in: parameters)
    if let vectors { actions.table.set(vectors) }
  }

  /// h(s) of states [B, S], [B, E].
  package func query(_ state: Tensor, _ tape: Tape? = nil) -> Tensor { layers(state, tape) }

  /// Logits of all actions, [B, A]; `penalty`, 0 or −∞, keeps actions out.
  func logits(_ query: Tensor, _ tape: Tape? = nil) -> Tensor { actions.scores(of: query, tape) }
}

/// β(a | s), the policy that a log was made by, as far as a softmax over the policy's own states
/// can tell; nothing of the policy learns from it (Chen et al. 2019).
package final class BehaviourPolicy {
  let parameters: ParameterSet
  let layers: MLP
  let actions: Embedding
  let optimizer: Adam

  init(
    _ configuration: PolicyGradientConfiguration, stateWidth: Int, actionCount: Int,
    actionWidth: Int, seed: UInt64, on backend: any Backend
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.behaviourPolicy)
    layers = MLP("behaviour", [stateWidth, configuration.hidden, actionWidth], in: parameters)
    actions = Embedding(
      "behaviour.actions", rows: actionCount, width: actionWidth, .normal(deviation: 0.05),
      in: parameters)
    optimizer = Adam(parameters, learningRate: configuration.learningRate)
  }

  /// One step towards the logged actions of the states that `part` makes of some rows of a batch.
  ///
  /// - Returns: log β before it, of each part.
  func learn(
    _ sharing: SharedUpdates, rows count: Int,
    of part: (Range<Int>) -> (states: Tensor, actions: IndexTensor)
  ) -> [Tensor] {
    var logBetas: [Tensor] = []
    _ = sharing.update(parameters, rows: count) { rows in
      let (states, actions) = part(rows)
      let tape = Tape(training: parameters)
      let logits = self.actions.scores(of: layers(states, tape), tape)
      logBetas.append(logits.detached.logProbabilities(of: actions))
      let loss = logits.softmaxCrossEntropy(actions)
      tape.backward(from: loss)
      return .init(loss.detached)
    }
    optimizer.step()
    return logBetas
  }
}
