/// [u ; u ∘ m ; m] with m = Σ_j α_j h_j over the n latest liked items. α is the softmax, over the
/// items that there are, of the scores that a network of one hidden ReLU layer gives to [u ; h_j].
public struct AttentionPooling {
  /// n, the items of a state.
  public let window: Int
  /// The network that scores [u ; h_j], 2E inputs and one output.
  public let scorer: MLP

  /// `width` is E, that of users and items.
  public init(_ name: String, window: Int, width: Int, hidden: Int, in set: ParameterSet) {
    self.window = window
    scorer = MLP(name, [2 * width, hidden, 1], in: set)
  }

  /// [B, 1 + n] rows, a user and n items, to [B, 3E]. `users` and `items` are constant tables.
  public func callAsFunction(
    _ rows: IndexTensor, users: Tensor, items: Tensor, _ tape: Tape? = nil
  ) -> Tensor {
    let (b, n, e) = (rows.shape[0], window, items.shape[1])
    require(
      rows.shape == [b, 1 + n] && users.shape[1] == e,
      "attention: rows \(rows.shape), users \(users.shape), items \(items.shape), window \(n)")
    let backend = rows.backend
    let history = Tensor(uninitialized: [b * n, 2 * e], on: backend)
    backend.historyRows(
      rows.view, users: users.view, items: items.view, b: b, n: n, e: e, into: history.view)
    let logits = scorer(history, tape)
    let y = Tensor(uninitialized: [b, 3 * e], on: backend)
    let attention = Tensor(uninitialized: [b, n], on: backend)
    backend.attentionPooling(
      logits.view, rows.view, users: users.view, items: items.view, b: b, n: n, e: e,
      into: y.view, attention: attention.view)
    return Tensor.tape(logits)?.record(y) { dy in
      Tape.contribute(to: logits) {
        backend.attentionPoolingBackward(
          dy, y.view, rows.view, items: items.view, attention: attention.view, b: b, n: n, e: e,
          into: $0)
      }
    } ?? y
  }
}
