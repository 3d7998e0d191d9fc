/// The state of DRR-ave (Liu et al. 2018, section 3.3): s = [u ; u ∘ m ; m], m = Σ_j w_j h_j.
public protocol PoolingKernels: AnyObject {
  /// state[b, 3e] from index[b, 1 + n], a user row followed by n item rows. A negative row is zero.
  func averagePooling(
    _ index: Indices, users: Floats, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats)
  /// dWeights[n] += Σ_b ⟨dState_b,1 ∘ u_b + dState_b,2 , h_b,j⟩, where dState = [0 ; 1 ; 2].
  func averagePoolingBackward(
    _ dState: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into dWeights: Floats)
}
