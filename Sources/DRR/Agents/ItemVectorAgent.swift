import Environments
import Tensor

/// An agent whose network turns a state into a vector, and scores items by vectors that it learned
/// with it: deep Q-learning and softmax policies.
public final class ItemVectorAgent: SessionAgent {
  /// The device that the network is on.
  public let backend: any Backend
  /// What states are gathered from.
  public let rows: StateRows
  public let discount: Float
  /// [N, A], what the network learned.
  public var items: Tensor { table.tensor }
  public let policy: [(name: String, weights: ParameterSet)]
  private let table: Parameter
  /// The vector of each state's row [B, W], [B, A].
  private let query: (IndexTensor) -> Tensor
  /// What is expected of the items [B] that were picked in those states, [B].
  private let expectation: (IndexTensor, IndexTensor) -> Tensor

  package init(
    _ weights: ParameterSet, table: Parameter, rows: StateRows, discount: Float,
    query: @escaping (IndexTensor) -> Tensor,
    expectation: @escaping (IndexTensor, IndexTensor) -> Tensor
  ) {
    backend = weights.backend
    policy = [("network", weights)]
    self.table = table
    self.rows = rows
    self.discount = discount
    self.query = query
    self.expectation = expectation
  }

  public func act(_ states: [SessionState]) -> Tensor {
    query(rows.indices(of: states, on: backend))
  }

  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    let picks = IndexTensor(picks, shape: [picks.count], on: backend)
    return try expectation(rows.indices(of: states, on: backend), picks).host()
  }
}
