/// One step of Adam (Kingma & Ba 2015, algorithm 1). `step` counts from 1.
/// `weightDecay` is added to the gradient as weightDecay · p, as in the paper's L2 form.
public struct AdamStep: Hashable, Sendable {
  /// α.
  public var learningRate: Float
  /// β₁.
  public var beta1: Float = 0.9
  /// β₂.
  public var beta2: Float = 0.999
  /// ε.
  public var epsilon: Float = 1e-8
  /// λ of L2.
  public var weightDecay: Float = 0
  /// t, from 1 on.
  public var step: Int
  /// Where the squared norm of the gradient is given, it is scaled to at most this norm.
  public var maximumNorm: Float = .infinity
  /// τ of the target network, where one is given.
  public var targetRate: Float = 0

  /// A step by its parts.
  public init(
    learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
    weightDecay: Float = 0, step: Int, maximumNorm: Float = .infinity, targetRate: Float = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.step = step
    self.maximumNorm = maximumNorm
    self.targetRate = targetRate
  }
}

/// One call a flat parameter set, whatever the number of its layers. What a step leaves below 2⁻¹⁰⁰
/// in magnitude is 0: decay leads dead weights to subnormal numbers, which slow a processor
/// tenfold.
public protocol OptimizerKernels: AnyObject {
  /// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − lr · m̂ / (√v̂ + ε). Clears g. In the same pass
  /// over memory, where they are given: first g ← g · min(1, maximumNorm / (√squaredNorm[0] +
  /// 1e-6)), and last target ← τ · p + (1−τ) · target (see `softUpdate`).
  func adam(
    _ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep, squaredNorm: Floats?,
    target: Floats?)
  /// target ← τ · source + (1−τ) · target. Lillicrap et al. 2016, algorithm 1.
  func softUpdate(_ target: Floats, _ source: Floats, tau: Float)
}

extension OptimizerKernels {
  /// Adam by itself.
  public func adam(_ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep) {
    adam(p, g, m, v, step, squaredNorm: nil, target: nil)
  }
}
