import Agents
import DRRCore
import Tensor

/// Q(s, a) = ⟨h(s), e_a⟩, h a network over a state and e_a a learned vector an action, so that the
/// best of a whole catalogue is a search and a known action's value needs no other's. Duelling adds
/// V(s) and takes off the mean of all advantages.
package final class ActionValueNetwork {
  package let parameters: ParameterSet
  package let state: any StateModule
  package let layers: MLP
  package let actions: Embedding
  let value: MLP?

  /// - Parameter vectors: what the actions' vectors begin as; nil draws them.
  package init(
    _ configuration: DQNConfiguration, actionCount: Int, actionWidth: Int, vectors: [Float]?,
    seed: UInt64, on backend: any Backend, makeState: (ParameterSet) -> any StateModule
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.actionValue)
    state = makeState(parameters)
    let hidden = configuration.hidden
    layers = MLP("q", [state.width, hidden, hidden, actionWidth], in: parameters)
    actions = Embedding(
      "q.actions", rows: actionCount, width: actionWidth, .normal(deviation: 0.05),
      in: parameters)
    value =
      configuration.isDuelling
      ? MLP("q.value", [state.width, hidden, 1], in: parameters) : nil
    if let vectors { actions.table.set(vectors) }
  }

  /// What the values of a batch of states are made of.
  package struct States {
    /// h(s), [B, E].
    let query: Tensor
    /// V(s) less the mean advantage, [B]; nil without duelling.
    let offset: Tensor?
  }

  package func callAsFunction(_ rows: IndexTensor, _ tape: Tape? = nil) -> States {
    let state = state(rows, tape)
    let query = layers(state, tape)
    guard let value else { return States(query: query, offset: nil) }
    return States(
      query: query,
      offset: value(state, tape).reshaped([rows.shape[0]]) - actions.meanScores(of: query, tape))
  }

  /// Q(s, a) of one action [B] a state, [B].
  package func values(_ states: States, of actions: IndexTensor, _ tape: Tape? = nil) -> Tensor {
    let b = actions.shape[0]
    let scores = self.actions.scores(of: states.query, actions.reshaped([b, 1]), tape)
      .reshaped([b])
    return states.offset.map { scores + $0 } ?? scores
  }

  /// The best action a state and its Q, [B].
  func best(_ states: States, _ allowed: DeviceMask?) -> (actions: IndexTensor, values: Tensor) {
    let ranking = states.query.topK(1, items: actions.table.tensor, allowed: allowed)
    let b = states.query.shape[0]
    let values = ranking.scores.reshaped([b])
    return (ranking.items.reshaped([b]), states.offset.map { values + $0 } ?? values)
  }
}
