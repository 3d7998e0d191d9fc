import Tensor

/// DRR-p and, with users, DRR-u (Liu et al. 2018, section 3.3): the n items of the history, the
/// weighted products of every two of them and, with users, of the user and each.
///
/// One weight an item serves both kinds of product.
public struct PairwiseState: StateModule {
  let products: PairwiseProducts
  let users: Tensor?
  let items: Tensor

  /// `users` [U, k] and `items` [N, k] are the frozen PMF vectors. Weights start at 1.
  public init(users: Tensor?, items: Tensor, window: Int, in parameters: ParameterSet) {
    products = PairwiseProducts("products", window: window, .constant(1), in: parameters)
    self.users = users
    self.items = items
  }

  private var window: Int { products.weights.shape[0] }
  public var rowWidth: Int { 1 + window }
  public var width: Int {
    PairwiseProducts.blocks(window: window, hasUsers: users != nil) * items.shape[1]
  }

  public func callAsFunction(_ rows: IndexTensor, _ tape: Tape?) -> Tensor {
    products(rows, users: users, items: items, tape)
  }
}
