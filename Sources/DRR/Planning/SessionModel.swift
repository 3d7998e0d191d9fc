import DRRCore
import Tensor

/// A learned model of a session, from items shown and rewards earned alone: what item i earns next is
///
///     ê = α a_i + β + g(h),   g(h) = ⟨w, tanh(V h + b)⟩ + c
///
/// with a_i the user's affinity to the item and g what the session so far adds to any item, whatever
/// it is. Once i has earned e, the state moves on:
///
///     h' = GRU(h, [x_i ; 4 (e − g) ; tanh(10 (e − g))])
///
/// x_i is a vector of the item that is learned with the rest; e − g is the user's answer with the
/// session's part taken off. Nothing else is assumed: neither that items have clusters, nor that
/// runs count.
package struct SessionModel {
  package let parameters: ParameterSet
  private let items: Embedding
  private let gru: GRU
  private let effect: MLP
  private let response: Dense

  /// - Parameter member: of the ensemble, from 0; each begins with other weights.
  package init(
    itemCount: Int, width: Int, units: Int, member: Int, seed: UInt64, on backend: any Backend
  ) {
    parameters = ParameterSet(
      on: backend, seed: seed, stream: Streams.sessionModel &+ UInt64(member) << 8)
    items = Embedding(
      "items", rows: itemCount, width: width, .normal(deviation: 0.3), in: parameters)
    gru = GRU("gru", inputs: width + 2, units: units, in: parameters)
    effect = MLP(
      "effect", [units, units, 1], hidden: .tanh, in: parameters, lastWeight: .zeros)
    response = Dense("response", 1, 1, in: parameters, weight: .constant(1))
  }

  /// h before anything is shown, [B, H].
  package func start(_ count: Int) -> RecurrentState {
    RecurrentState(
      layers: [Tensor(repeating: 0, shape: [count, gru.units], on: parameters.backend)],
      units: gru.units)
  }

  /// g, [B, 1].
  package func effect(_ state: RecurrentState, _ tape: Tape? = nil) -> Tensor {
    effect(state.hidden, tape)
  }

  /// α a + β of affinities [B, 1].
  package func response(_ affinities: Tensor, _ tape: Tape? = nil) -> Tensor {
    response(affinities, tape)
  }

  /// α and β. Waits for the device.
  package func responseWeights() throws(BackendError) -> (scale: Float, offset: Float) {
    (try response.weight.tensor.host()[0], try response.bias.tensor.host()[0])
  }

  /// The states once items [B] have been answered by e − g, [B, 1].
  package func step(
    _ state: RecurrentState, showing shown: IndexTensor, answered answer: Tensor,
    _ tape: Tape? = nil
  ) -> RecurrentState {
    let seen = Tensor.concatenating(4 * answer, (10 * answer).tanh())
    return gru.step(.concatenating(items(shown, tape), seen), from: state, tape).state
  }

  /// What the model is trained by: the mean squared error of all rewards of sessions of one length.
  ///
  /// - Parameters:
  ///   - shown: [B, T], the items in their order.
  ///   - affinities: [B, T].
  ///   - earned: [B, T].
  package func loss(
    _ shown: IndexTensor, affinities: Tensor, earned: Tensor, _ tape: Tape? = nil
  ) -> Tensor {
    let (count, length) = (shown.shape[0], shown.shape[1])
    var state = start(count)
    var sum: Tensor?
    for step in 0..<length {
      let reward = earned.columns(step..<step + 1)
      let added = effect(state, tape)
      let loss = (response(affinities.columns(step..<step + 1), tape) + added)
        .squaredError(reward)
      sum = sum.map { $0 + loss } ?? loss
      guard step < length - 1 else { break }
      state = self.step(
        state, showing: shown.column(step), answered: reward - added, tape)
    }
    return sum!.affine(scale: 1 / Float(length))
  }
}
