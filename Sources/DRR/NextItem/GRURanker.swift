import DRRCore
import Tensor

/// Scores every item of a catalogue as the next one of a sequence (Hidasi et al. 2016, GRU4Rec; the
/// loss is the cross-entropy over all items, none is sampled):
///
///     h_t = GRU(e(x_1), …, e(x_t)),   score(i) = ⟨W h_t + b, e(i)⟩
///
/// What goes in and what comes out have one table of vectors e (Press & Wolf 2017). In training
/// parts of e(x) and of h are dropped out.
public final class GRURanker {
  /// All weights.
  public let parameters: ParameterSet
  let items: Embedding
  let gru: GRU
  let output: Dense

  /// A network whose weights are drawn from the stream that `seed` and `network` name.
  public init(
    _ settings: GRUConfiguration, itemCount: Int, seed: UInt64, network: Int = 0,
    on backend: any Backend
  ) {
    parameters = ParameterSet(
      on: backend, seed: seed, stream: Streams.sequenceNetwork &+ UInt64(network) << 8)
    items = Embedding(
      "items", rows: itemCount, width: settings.dimension, .normal(deviation: 0.05), in: parameters)
    gru = GRU("gru", inputs: settings.dimension, units: settings.hidden, in: parameters)
    output = Dense("output", settings.hidden, settings.dimension, in: parameters)
  }

  /// Scores [Q, N] at the places of a batch.
  ///
  /// - Parameter dropout: the rate, and what draws for inputs and for states; nil drops nothing.
  public func scores(
    _ batch: SequenceBatch, dropout: (rate: Float, inputs: RandomKey, states: RandomKey)? = nil,
    _ tape: Tape? = nil
  ) -> Tensor {
    let (b, t) = (batch.lengths.shape[0], batch.steps)
    var x = items(batch.items, tape)
    if let dropout { x = x.dropout(dropout.rate, dropout.inputs) }
    let (states, _) = gru(
      x.reshaped([b, t, x.shape[1]]), lengths: batch.lengths, tape)
    var h = states.reshaped([b * t, gru.units]).rows(at: batch.places)
    if let dropout { h = h.dropout(dropout.rate, dropout.states) }
    return items.scores(of: output(h, tape), tape)
  }
}

/// Sequences of items side by side, and the places in them after which an item is to be scored.
public struct SequenceBatch {
  /// [B · T]; −1 past the end of a sequence.
  let items: IndexTensor
  /// T.
  let steps: Int
  /// [B]
  let lengths: IndexTensor
  /// [Q], as rows of B · T.
  let places: IndexTensor

  /// - Parameters:
  ///   - sequences: oldest item first.
  ///   - places: numbers of a sequence and of an item in it; a negative item stands before the first.
  public init(
    _ sequences: [[Int32]], at places: [(sequence: Int, item: Int)], on backend: any Backend
  ) {
    let steps = sequences.reduce(1) { max($0, $1.count) }
    var items: [Int32] = []
    items.reserveCapacity(sequences.count * steps)
    for sequence in sequences {
      items += sequence
      items += repeatElement(-1, count: steps - sequence.count)
    }
    self.steps = steps
    self.items = IndexTensor(items, shape: [items.count], on: backend)
    lengths = IndexTensor(
      sequences.map { Int32($0.count) }, shape: [sequences.count], on: backend)
    self.places = IndexTensor(
      places.map { $0.item < 0 ? -1 : Int32($0.sequence * steps + $0.item) },
      shape: [places.count], on: backend)
  }
}
