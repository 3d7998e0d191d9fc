import Tensor

/// The history read by a GRU (Cho et al. 2014), oldest item first, and the user beside what it
/// comes to: [u ; h].
public struct GRUState: StateModule {
  let network: GRU
  let users: Tensor
  let items: Tensor
  let window: Int

  /// `users` [U, k] and `items` [N, k] are the frozen PMF vectors.
  public init(users: Tensor, items: Tensor, window: Int, in parameters: ParameterSet) {
    let k = items.shape[1]
    network = GRU("history", inputs: k, units: k, in: parameters)
    self.users = users
    self.items = items
    self.window = window
  }

  public var rowWidth: Int { 1 + window }
  public var width: Int { 2 * items.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    let (b, k) = (rows.shape[0], items.shape[1])
    let history = items.detachedRows(at: rows.columns(1..<1 + window).reshaped([b * window]))
    let last = network(history.reshaped([b, window, k]), tape).last.hidden
    return Tensor.concatenating(users.detachedRows(at: rows.column(0)), last)
  }
}
