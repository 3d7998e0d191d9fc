/// The states of DRR-p and DRR-u (Liu et al. 2018, section 3.3): the n latest liked items h, the
/// products w_a h_a ∘ w_c h_c of every two of them and, with users, u ∘ w_j h_j. Its n weights are
/// learned.
public struct PairwiseProducts {
  /// w, [n].
  public let weights: Parameter

  /// n = `window` weights that are the parameter `name` of a set.
  public init(_ name: String, window: Int, _ initializer: Initializer, in set: ParameterSet) {
    weights = set.add(name, [window], initializer)
  }

  /// Blocks of E columns that a state has.
  public static func blocks(window n: Int, hasUsers: Bool) -> Int {
    n + n * (n - 1) / 2 + (hasUsers ? n : 0)
  }

  /// [B, 1 + n] rows, a user and n items, to [B, blocks · E]: items, products of items by their
  /// first and then their second, products with the user. `users` and `items` are constant tables.
  public func callAsFunction(
    _ rows: IndexTensor, users: Tensor?, items: Tensor, _ tape: Tape? = nil
  ) -> Tensor {
    let (b, n, e) = (rows.shape[0], weights.shape[0], items.shape[1])
    require(
      rows.shape == [b, 1 + n] && users?.shape[1] ?? e == e,
      "\(weights.name): rows \(rows.shape), items \(items.shape), window \(n)")
    let backend = rows.backend
    let values = weights.values
    let y = Tensor(
      uninitialized: [b, Self.blocks(window: n, hasUsers: users != nil) * e], on: backend)
    backend.pairwiseProducts(
      rows.view, users: users?.view, items: items.view, weights: values, b: b, n: n, e: e,
      into: y.view)
    guard let tape, tape.trains(weights.owner) else { return y }
    let gradients = weights.gradients
    return tape.record(y) { dy in
      backend.pairwiseProductsBackward(
        dy, rows.view, users: users?.view, items: items.view, weights: values, b: b, n: n, e: e,
        into: gradients)
    }
  }
}
