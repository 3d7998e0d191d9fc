import Tensor

/// Turns the rows that a replay keeps into the state that actor and critic see. Kept as rows, so
/// that its weights get their true gradient however old the transition is.
public protocol StateModule {
  /// Integers a state is rebuilt from.
  var rowWidth: Int { get }
  /// S, the length of the state.
  var width: Int { get }
  /// [B, rowWidth] to [B, width].
  func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor
}

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

/// One constant row a state: for worlds whose states can be counted.
public struct TableState: StateModule {
  let table: Tensor

  /// `table`: [states, width].
  public init(_ table: Tensor) { self.table = table }

  public var rowWidth: Int { 1 }
  public var width: Int { table.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    table.gathered(rows)
  }
}
