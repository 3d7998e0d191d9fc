import Tensor

/// DRR-ave (Liu et al. 2018, figure 6): [u ; u ∘ m ; m], m the weighted pool of the history.
public struct AverageState: StateModule {
  let pooling: AveragePooling
  let users: Tensor
  let items: Tensor

  /// `users` [U, k] and `items` [N, k] are the frozen PMF vectors. Weights start at 1/n, a mean.
  public init(users: Tensor, items: Tensor, window: Int, in parameters: ParameterSet) {
    pooling = AveragePooling(
      "pooling", window: window, .constant(1 / Float(window)), in: parameters)
    self.users = users
    self.items = items
  }

  public var rowWidth: Int { 1 + pooling.weights.shape[0] }
  public var width: Int { 3 * items.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    pooling(rows, users: users, items: items, tape)
  }
}

/// The ablation without a user: m alone, the weighted pool of the history of DRR-ave.
public struct ItemState: StateModule {
  let average: AverageState

  /// `users` [U, k] and `items` [N, k] as for DRR-ave; no user reaches the state.
  public init(users: Tensor, items: Tensor, window: Int, in parameters: ParameterSet) {
    average = AverageState(users: users, items: items, window: window, in: parameters)
  }

  public var rowWidth: Int { average.rowWidth }
  public var width: Int { average.items.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    average(rows, tape).columns(2 * width..<3 * width)
  }
}
