/// x, max(x, 0), tanh x, 1 / (1 + e⁻ˣ).
public enum Activation: Int32, Sendable, CaseIterable { case identity, relu, tanh, sigmoid }

/// Dense layers. Everything row-major; weights are `[in, out]`.
public protocol LinearKernels: AnyObject {
  /// y[m, n] = act(x[m, k] · w[k, n] + b[n]).
  func linear(
    _ x: Floats, _ w: Floats, _ b: Floats?, _ activation: Activation, m: Int, k: Int, n: Int,
    into y: Floats)

  /// With dz = dy ∘ act′, act′ taken from the output y:
  /// dx[m, k] = dz · wᵀ (overwritten), dw[k, n] += xᵀ · dz, db[n] += Σ_m dz.
  /// Pass nil for what is not wanted.
  func linearBackward(
    _ dy: Floats, _ x: Floats, _ w: Floats, _ y: Floats, _ activation: Activation,
    m: Int, k: Int, n: Int, dx: Floats?, dw: Floats?, db: Floats?)
}
