import Tensor

/// DRR-att, the attentive scheme that the journal version adds (Liu et al. 2020, Knowledge-Based
/// Systems 205, 106170): DRR-ave with a history that attention pools.
///
/// Attention here is the softmax of the scores that a network with a hidden layer of k ReLUs gives
/// to [u ; h_j]. The article's own network is not reproduced.
public struct AttentionState: StateModule {
  let pooling: AttentionPooling
  let users: Tensor
  let items: Tensor

  /// `users` [U, k] and `items` [N, k] are the frozen PMF vectors.
  public init(users: Tensor, items: Tensor, window: Int, in parameters: ParameterSet) {
    let k = items.shape[1]
    pooling = AttentionPooling("attention", window: window, width: k, hidden: k, in: parameters)
    self.users = users
    self.items = items
  }

  public var rowWidth: Int { 1 + pooling.window }
  public var width: Int { 3 * items.shape[1] }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    pooling(rows, users: users, items: items, tape)
  }
}
