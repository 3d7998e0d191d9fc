/// The states of DRR (Liu et al. 2018, section 3.3). index[b, 1 + n] is a user row followed by the
/// rows of n items h; a negative row is zero.
public protocol PoolingKernels: AnyObject {
  /// state[b, 3e] = [u ; u ∘ m ; m], m = Σ_j w_j h_j.
  func averagePooling(
    _ index: Indices, users: Floats, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats)
  /// dWeights[n] += Σ_b ⟨dState_b,1 ∘ u_b + dState_b,2 , h_b,j⟩, where dState = [0 ; 1 ; 2].
  func averagePoolingBackward(
    _ dState: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into dWeights: Floats)

  /// state[b, (n + n(n−1)/2)e] = [h_1 … h_n ; w_a h_a ∘ w_c h_c for a < c, by a and then by c],
  /// and with `users` another ne columns, u ∘ w_j h_j.
  func pairwiseProducts(
    _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats)
  /// dWeights[a] += Σ_b Σ_c≠a w_c ⟨dPair_ac, h_a ∘ h_c⟩ + ⟨dProduct_a, u ∘ h_a⟩, where dState is
  /// laid out as the state is.
  func pairwiseProductsBackward(
    _ dState: Floats, _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int,
    n: Int, e: Int, into dWeights: Floats)

  /// y[b·n, 2e]: row i·n + j is [u ; h_j], which an attention network scores.
  func historyRows(
    _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int, into y: Floats)
  /// state[b, 3e] = [u ; u ∘ m ; m], m = Σ_j α_j h_j, α the softmax of logits[b, n] over the items
  /// that there are; m is zero where there are none. Keeps α[b, n] for the way back.
  func attentionPooling(
    _ logits: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into state: Floats, attention: Floats)
  /// dLogits[b, n] = α_j ⟨dState_1 ∘ u + dState_2 , h_j − m⟩, overwritten. u and m are the state's.
  func attentionPoolingBackward(
    _ dState: Floats, _ state: Floats, _ index: Indices, items: Floats, attention: Floats, b: Int,
    n: Int, e: Int, into dLogits: Floats)
}
