import Tensor

/// A vector that scores items by ⟨vector, e_i⟩, from a state [base ; last ; context]. What is
/// learned is a few controls u(s), so that little can be lost:
///
/// - of each factorisation, how much its belief counts, 1 at first;
/// - of each factorisation, how much likeness to the item shown last counts, and whether it is of
///   that item's kind, 0 at first;
/// - how much each statistic of an item counts, 0 at first, and a constant.
///
/// u(s) = offset + reach · tanh(network(context)).
package struct ItemHead {
  package let parts: GatedParts

  /// - Parameters:
  ///   - blocks: widths of the factorisations' parts of an item's vector, which the statistics
  ///     follow.
  ///   - kinds: coordinates after the statistics that say of which kind an item is.
  ///   - anchor: width of the part after those, and its weight, which is not learned.
  ///   - scale: of the beliefs, at first.
  init(
    _ name: String, blocks: [Int], statistics: Int, kinds: Int, anchor: (width: Int, weight: Float),
    contextWidth: Int, hidden: Int, scale: Float, reach: Float, in set: ParameterSet
  ) {
    let firsts = blocks.indices.map { blocks[..<$0].reduce(0, +) }
    let first = blocks.reduce(0, +)
    let width = first + statistics + kinds + anchor.width
    var spans = zip(firsts, blocks).map {
      GatedParts.Span(.first, $0..<$0 + $1, weight: scale, start: 1)
    }
    // Of the item shown last the vector alone, not its bias.
    spans += zip(firsts, blocks).map {
      GatedParts.Span(.second, $0..<$0 + $1 - 2, weight: scale, start: 0)
    }
    let ofKind = first + statistics..<first + statistics + kinds
    spans.append(GatedParts.Span(.second, ofKind, weight: scale, start: 0))
    spans += (first..<first + statistics).map {
      GatedParts.Span(.ones, $0..<$0 + 1, weight: 1, start: 0)
    }
    let offset = set.add("\(name).offset", [spans.count], .zeros)
    let layers = MLP(
      name, [contextWidth, hidden, spans.count], output: .tanh, in: set, lastWeight: .zeros)
    spans.append(
      GatedParts.Span(.first, width - anchor.width..<width, weight: anchor.weight, start: 1))
    parts = GatedParts(offset, layers, spans, width: width, reach: reach)
  }

  /// [M, S] to [M, A], or [B, A] of the states that the first column of `rows` [B, W] names.
  package func callAsFunction(
    _ states: Tensor, at rows: IndexTensor? = nil, _ tape: Tape? = nil
  ) -> Tensor {
    parts(states, at: rows, tape)
  }
}
