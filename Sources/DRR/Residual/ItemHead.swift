import Tensor

/// A vector that scores items by ⟨vector, e_i⟩, from a state [base ; last ; context]: what the
/// belief says by itself, each coordinate scaled, plus a constant, plus a share of the item shown
/// last, plus what a small network adds.
///
/// With the scales at 1 and all else at 0 it is the belief's own ranking.
struct ItemHead {
  let width: Int
  private let scale: Parameter
  private let shift: Parameter
  private let recall: Parameter
  private let layers: MLP
  private let reach: Float

  /// - Parameters:
  ///   - width: A, the length of an item's vector; a state begins with two such vectors.
  ///   - scale: of the base, at first.
  ///   - reach: what the network's tanh output is multiplied by.
  init(
    _ name: String, width: Int, stateWidth: Int, hidden: Int, scale: Float, reach: Float,
    in set: ParameterSet
  ) {
    self.width = width
    self.reach = reach
    self.scale = set.add("\(name).scale", [width], .constant(scale))
    shift = set.add("\(name).shift", [width], .zeros)
    recall = set.add("\(name).recall", [width], .zeros)
    layers = MLP(
      name, [stateWidth, hidden, width], output: .tanh, in: set, lastWeight: .zeros)
  }

  /// [B, S] to [B, A].
  func callAsFunction(_ state: Tensor, _ tape: Tape? = nil) -> Tensor {
    let base = state.columns(0..<width)
    let last = state.columns(width..<2 * width)
    let linear = base * scale.tensor(tape) + last * recall.tensor(tape) + shift.tensor(tape)
    return linear + reach * layers(state, tape)
  }
}
