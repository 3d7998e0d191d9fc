import Environments
import Tensor

/// An agent whose network turns a state into a vector, and scores items by vectors that it learned
/// with it: deep Q-learning and softmax policies.
public final class ItemVectorAgent: SessionAgent {
  /// The device that the network is on.
  public let backend: any Backend
  /// n, the liked items of a state.
  public let window: Int
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
    _ weights: ParameterSet, table: Parameter, window: Int, discount: Float,
    query: @escaping (IndexTensor) -> Tensor,
    expectation: @escaping (IndexTensor, IndexTensor) -> Tensor
  ) {
    backend = weights.backend
    policy = [("network", weights)]
    self.table = table
    self.window = window
    self.discount = discount
    self.query = query
    self.expectation = expectation
  }

  public func act(_ states: [SessionState]) -> Tensor { query(rows(states)) }

  public func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws -> [Float] {
    try expectation(rows(states), IndexTensor(picks, shape: [picks.count], on: backend)).host()
  }

  private func rows(_ states: [SessionState]) -> IndexTensor {
    IndexTensor(states.flatMap(\.rows), shape: [states.count, 1 + window], on: backend)
  }
}
