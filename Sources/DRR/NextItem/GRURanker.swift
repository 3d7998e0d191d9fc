import DRRCore
import Tensor

extension Tensor {
  /// Each row of a matrix over its length; a row of zeros stays.
  fileprivate func unitRows() -> Tensor {
    self * (rowDot(self) + 1e-12).log().affine(scale: -0.5).exp().reshaped([shape[0], 1])
  }
}

/// Scores every item of a catalogue as the next one of a sequence (Hidasi et al. 2016, GRU4Rec; the
/// loss is the cross-entropy over all items, none is sampled):
///
///     h_t = GRU(e(x_1), …, e(x_t)),   score(i) = ⟨W h_t + b, e(i)⟩
///
/// What goes in and what comes out have one table of vectors e (Press & Wolf 2017). In training
/// parts of e(x) and of h are dropped out. With a cosine scale σ the score is σ cos(W h + b, e(i)), and
/// what goes in is e(x) / |e(x)|: no item is ahead for the length of its vector (Gupta et al. 2019,
/// NISER).
public final class GRURanker {
  /// All weights.
  public let parameters: ParameterSet
  let items: Embedding
  let gru: GRU
  let output: Dense
  /// Two of Q, or one of counts, where there is a head.
  let heads: [Dense]
  private let cosineScale: Float?
  private let every: IndexTensor?

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
    cosineScale = settings.cosineScale
    every = cosineScale.map { _ in
      IndexTensor((0..<Int32(itemCount)).map { $0 }, shape: [itemCount], on: backend)
    }
    switch settings.head?.kind {
    case nil: heads = []
    case .count: heads = [Dense("count", settings.hidden, 1, in: parameters)]
    case .values, .actorCritic:
      let parameters = parameters
      heads = ["values.0", "values.1"].map {
        Dense($0, settings.hidden, itemCount, in: parameters)
      }
    }
  }

  /// What draws a batch's dropout: the rate, and keys for inputs and for states.
  public typealias Dropout = (rate: Float, inputs: RandomKey, states: RandomKey)

  /// Scores [Q, N] at the places of a batch.
  ///
  /// - Parameters:
  ///   - dropout: nil drops nothing.
  ///   - vectors: what `itemVectors` gave, where several batches share it.
  public func scores(
    _ batch: SequenceBatch, dropout: Dropout? = nil, vectors: Tensor? = nil, _ tape: Tape? = nil
  ) -> Tensor {
    scores(of: states(batch, dropout, tape).h, vectors: vectors, tape)
  }

  /// All states [B · T, units], and those at the places of a batch [Q, units], parts of which are
  /// dropped out.
  ///
  /// - Parameter part: which sequences and places they are of a larger batch, as many steps long.
  package func states(
    _ batch: SequenceBatch, _ dropout: Dropout?,
    of part: (sequences: BatchPart, places: BatchPart)? = nil, _ tape: Tape?
  ) -> (all: Tensor, h: Tensor) {
    let (b, t) = (batch.lengths.shape[0], batch.steps)
    var x = items(batch.items, tape)
    if cosineScale != nil { x = x.unitRows() }
    if let dropout { x = x.dropout(dropout.rate, dropout.inputs, of: part?.sequences) }
    let (states, _) = gru(
      x.reshaped([b, t, x.shape[1]]), lengths: batch.lengths, tape)
    let all = states.reshaped([b * t, gru.units])
    var h = all.rows(at: batch.places)
    if let dropout { h = h.dropout(dropout.rate, dropout.states, of: part?.places) }
    return (all, h)
  }

  /// Unit vectors of some items [C], or of all, [C, E]; nil where scores are dot products with all of
  /// the table.
  package func itemVectors(of index: IndexTensor? = nil, _ tape: Tape? = nil) -> Tensor? {
    guard cosineScale != nil else { return index.map { items($0, tape) } }
    return items((index ?? every)!, tape).unitRows()
  }

  /// Scores [Q, N] of states [Q, units], or [Q, C] of some items by their vectors.
  package func scores(of h: Tensor, vectors: Tensor? = nil, _ tape: Tape?) -> Tensor {
    var y = output(h, tape)
    if let cosineScale { y = y.unitRows().affine(scale: cosineScale) }
    guard let vectors = vectors ?? itemVectors(of: nil, tape) else {
      return items.scores(of: y, tape)
    }
    return y.products(withRowsOf: vectors)
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
  ///   - steps: T, as long as the longest sequence or longer; nil: as it.
  public init(
    _ sequences: [[Int32]], at places: [(sequence: Int, item: Int)], steps: Int? = nil,
    on backend: any Backend
  ) {
    let steps = steps ?? sequences.reduce(1) { max($0, $1.count) }
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
