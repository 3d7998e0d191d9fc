import DRRCore
import Environments
import Tensor

/// SlateQ (Ie et al. 2019): the value of a slate by those of its documents and by how users choose
/// among them. Two networks over a document before a user: q, what follows if it is chosen, and c, the
/// logit with which it is, both learned from what was shown and chosen. Choosing none is one more
/// document.
///
/// Confined to the task that holds the backend.
package final class SlateQ {
  package let parameters: ParameterSet
  let values: MLP
  let choices: MLP

  package init(
    _ configuration: SlateQConfiguration, inputs width: Int, seed: UInt64, on backend: any Backend
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.slateQ)
    let hidden = configuration.hidden
    values = Self.network("value", [width, hidden, hidden, 1], in: parameters)
    choices = Self.network("choice", [width, hidden, hidden, 1], in: parameters)
  }

  /// Layers of small weights, U(±½ / √inputs), a 24th of He's variance. What is seldom shown is
  /// valued by what is like it: a rough function to begin with tells documents apart at random, and
  /// those that it puts down are not shown again.
  private static func network(_ name: String, _ sizes: [Int], in set: ParameterSet) -> MLP {
    MLP(
      zip(sizes, sizes.dropFirst()).enumerated().map { place, layer in
        let bound = 0.5 / Float(layer.0).squareRoot()
        return Dense(
          "\(name).\(place)", layer.0, layer.1, place < sizes.count - 2 ? .relu : .identity,
          in: set, weight: .uniform(low: -bound, high: bound))
      })
  }

  /// q and c of inputs [rows, M], [rows] each.
  func scores(_ inputs: Tensor) -> (values: Tensor, logits: Tensor) {
    let rows = inputs.shape[0]
    return (values(inputs, nil).reshaped([rows]), choices(inputs, nil).reshaped([rows]))
  }

  /// Mean (q − G)² of what was chosen, and −log of the probability that it was chosen: the gradients
  /// of both.
  ///
  /// - Parameters:
  ///   - records: [steps, (K + 1) M], the inputs of each slate and of choosing none, first what was
  ///     chosen.
  ///   - returns: [steps], G in the networks' unit.
  ///   - first: [steps], zeros.
  package func losses(
    _ records: Tensor, _ returns: Tensor, first: IndexTensor
  ) -> (value: Tensor, choice: Tensor) {
    let steps = records.shape[0]
    let width = values.layers[0].weight.shape[0]
    let places = records.shape[1] / width
    let tape = Tape(training: parameters)
    let value = values(records.columns(0..<width), tape).reshaped([steps]).squaredError(returns)
    let choice = choices(records.reshaped([steps * places, width]), tape)
      .reshaped([steps, places]).softmaxCrossEntropy(first)
    tape.backward(from: value + choice)
    return (value.detached, choice.detached)
  }
}
