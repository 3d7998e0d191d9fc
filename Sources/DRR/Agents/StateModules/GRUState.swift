import Environments
import Tensor

/// The history read by a GRU (Cho et al. 2014), oldest item first, and the user beside what it
/// comes to: [u ; h]. With rewards it reads [e_i ; r] of each item of which a reward is known, so
/// that what was disliked, and by how much, reaches the state.
public struct GRUState: StateModule {
  let network: GRU
  let users: Tensor
  let items: Tensor
  let layout: StateRows

  /// `users` [U, k] and `items` [N, k] are the frozen PMF vectors.
  ///
  /// - Parameter readsRewards: whether the items are the latest rated ones, with their rewards, and
  ///   not the latest liked ones (``StateRows``).
  public init(
    users: Tensor, items: Tensor, window: Int, readsRewards: Bool = false,
    in parameters: ParameterSet
  ) {
    let k = items.shape[1]
    network = GRU("history", inputs: readsRewards ? k + 1 : k, units: k, in: parameters)
    self.users = users
    self.items = items
    layout = StateRows(window: window, readsRewards: readsRewards)
  }

  public var rowWidth: Int { layout.width }
  public var width: Int { 2 * items.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    let (b, n) = (rows.shape[0], layout.window)
    let named = rows.columns(layout.firstItem..<layout.width).reshaped([b * n])
    var history = items.detachedRows(at: named)
    if layout.readsRewards {
      let rewards = rows.columns(1..<layout.firstItem).numbers
      history = .concatenating(history, rewards.reshaped([b * n, 1]))
    }
    let last = network(history.reshaped([b, n, history.shape[1]]), tape).last.hidden
    return Tensor.concatenating(users.detachedRows(at: rows.column(0)), last)
  }
}
