import DRRCore
import Tensor

/// Item vectors and the recurrent network that reads a session's clicks.
package struct SequenceEncoder {
  /// [N + 1, E], the last row that of leaving.
  let embedding: Embedding
  let network: any RecurrentNetwork
  let dropout: Float

  init(
    _ configuration: IRecGANConfiguration.Encoder, _ name: String, itemCount: Int,
    inputs: Int? = nil, in set: ParameterSet
  ) {
    embedding = Embedding(
      "\(name).items", rows: itemCount + 1, width: configuration.embedding,
      .normal(deviation: 1), in: set)
    let (inputs, units) = (inputs ?? configuration.embedding, configuration.units)
    let layers = configuration.layers
    network =
      switch configuration.cell {
      case .lstm: LSTM("\(name).lstm", inputs: inputs, units: units, layers: layers, in: set)
      case .gru: GRU("\(name).gru", inputs: inputs, units: units, layers: layers, in: set)
      }
    dropout = configuration.dropout
  }

  /// The vectors of [B, T] items, [B · T, E]; zeros of a negative one. With a key some of their
  /// numbers are dropped.
  func vectors(
    _ items: IndexTensor, _ key: RandomKey?, of part: BatchPart? = nil, _ tape: Tape?
  ) -> Tensor {
    let vectors = embedding(items, tape)
    return key.map { vectors.dropout(dropout, $0, of: part) } ?? vectors
  }

  /// States behind each of the clicks [B, T], [B · T, H], and behind all of them.
  package func callAsFunction(
    _ clicks: IndexTensor, lengths: IndexTensor, dropping key: RandomKey? = nil,
    of part: BatchPart? = nil, _ tape: Tape? = nil
  ) -> (states: Tensor, last: RecurrentState) {
    let (b, t) = (clicks.shape[0], clicks.shape[1])
    let x = vectors(clicks, key, of: part, tape).reshaped([b, t, embedding.table.shape[1]])
    let (states, last) = network(x, lengths: lengths, tape)
    return (states.reshaped([b * t, network.units]), last)
  }

  /// The state one click [B] later.
  func step(_ clicks: IndexTensor, from state: RecurrentState) -> RecurrentState {
    network.step(embedding(clicks), from: state).state
  }
}
