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
  private let offset: Parameter
  private let layers: MLP
  private let reach: Float
  private let width: Int
  private let contextWidth: Int
  /// [controls, 3 A]: what a control adds to the weights of base and last, and to the vector.
  package let expansion: Tensor

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
    let width = blocks.reduce(statistics + kinds, +) + anchor.width
    let controls = 2 * blocks.count + 1 + statistics
    self.width = width
    self.reach = reach
    self.contextWidth = contextWidth
    offset = set.add("\(name).offset", [controls], .zeros)
    layers = MLP(
      name, [contextWidth, hidden, controls], output: .tanh, in: set, lastWeight: .zeros)
    var matrix = [Float](repeating: 0, count: controls * 3 * width)
    func weigh(_ control: Int, _ part: Int, _ columns: Range<Int>, by weight: Float) {
      for column in columns { matrix[(control * 3 + part) * width + column] = weight }
    }
    var first = 0
    for (block, length) in blocks.enumerated() {
      weigh(block, 0, first..<first + length, by: scale)
      // Of the item shown last the vector alone, not its bias.
      weigh(blocks.count + block, 1, first..<first + length - 2, by: scale)
      first += length
    }
    weigh(2 * blocks.count, 1, first + statistics..<first + statistics + kinds, by: scale)
    for statistic in 0..<statistics {
      weigh(2 * blocks.count + 1 + statistic, 2, first + statistic..<first + statistic + 1, by: 1)
    }
    let backend = set.backend
    expansion = Tensor(matrix, shape: [controls, 3 * width], on: backend)
    var constant = [Float](repeating: 0, count: 3 * width)
    for column in width - anchor.width..<width { constant[column] = anchor.weight }
    fixed = Tensor(constant, shape: [3 * width], on: backend)
    start = Tensor(
      [Float](repeating: 1, count: blocks.count)
        + [Float](repeating: 0, count: controls - blocks.count), shape: [controls], on: backend)
  }

  /// [3 A]: weights that no control moves.
  package let fixed: Tensor
  /// The controls that leave the beliefs as they are.
  package let start: Tensor

  /// [B, S] to [B, A].
  package func callAsFunction(_ state: Tensor, _ tape: Tape? = nil) -> Tensor {
    let context = state.columns(2 * width..<2 * width + contextWidth)
    let controls = reach * layers(context, tape) + offset.tensor(tape) + start
    let weights = controls.multiplied(by: expansion) + fixed
    let base = weights.columns(0..<width) * state.columns(0..<width)
    let last = weights.columns(width..<2 * width) * state.columns(width..<2 * width)
    return base + last + weights.columns(2 * width..<3 * width)
  }
}
