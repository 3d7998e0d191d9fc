import DRRCore
import Tensor

/// A, the agent: a state of the clicks so far, and a softmax over the whole catalogue (Bai, Guan &
/// Wang 2019). Its list is a sample without replacement in training, the best in use.
public final class ListAgent {
  public let weights: ParameterSet
  package let encoder: SequenceEncoder
  let output: Dense
  /// V(s), for a baseline.
  let value: Dense

  package init(
    _ configuration: IRecGANConfiguration, itemCount: Int, seed: UInt64, on backend: any Backend
  ) {
    weights = ParameterSet(on: backend, seed: seed, stream: Streams.listAgent)
    encoder = SequenceEncoder(configuration.agent, "agent", itemCount: itemCount, in: weights)
    output = Dense("agent.output", configuration.agent.units, itemCount, in: weights)
    value = Dense("agent.value", configuration.agent.units, 1, in: weights)
  }

  /// Logits of all items at the states [P, H], [P, N].
  package func logits(_ states: Tensor, _ tape: Tape? = nil) -> Tensor { output(states, tape) }

  /// REINFORCE on what was clicked: the mean of −G log π(c), G the batch's returns (Williams 1992).
  /// With a critic G loses V(s), which learns G beside it.
  ///
  /// - Parameter rows: of some sessions only.
  package func loss(
    _ whole: SessionBatch, rows: Range<Int>? = nil, usesValue: Bool = false,
    dropping key: RandomKey?, _ tape: Tape? = nil
  ) -> Tensor {
    let (batch, part) = whole.part(rows)
    let all = encoder(
      batch.clicks, lengths: batch.lengths, dropping: key, of: part, tape
    ).states
    let states = all.rows(at: batch.clickPositions)
    let logits = logits(states, tape)
    guard usesValue else {
      return logits.softmaxCrossEntropy(batch.items, weights: batch.agentWeights)
    }
    let expected = value(states, tape).reshaped([batch.clickCount])
    let advantages = batch.agentWeights - expected.detached
    return logits.softmaxCrossEntropy(batch.items, weights: advantages)
      + expected.squaredError(batch.agentWeights).affine(scale: 0.5)
  }
}
