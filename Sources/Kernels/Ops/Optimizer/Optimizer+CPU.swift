internal import CLoops
import Platform

extension CPUBackend {
  public func adam(
    _ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep, squaredNorm: Floats?,
    target: Floats?
  ) {
    guard begin() else { return }
    require(step.step >= 1, "adam: step \(step.step), expected 1 or more")
    let n = p.count
    let first = 1 - pow(Double(step.beta1), Double(step.step))
    let second = 1 - pow(Double(step.beta2), Double(step.step))
    let squaredNorm = squaredNorm.map { pointer($0, 1, "adam", "squaredNorm")[0] }
    let (p, g) = (pointer(p, n, "adam", "p"), pointer(g, n, "adam", "g"))
    let (m, v) = (pointer(m, n, "adam", "m"), pointer(v, n, "adam", "v"))
    let target = target.map { pointer($0, n, "adam", "target") }
    var settings = adam_settings(
      scale: squaredNorm.map { Self.clipScale($0, step.maximumNorm) } ?? 1,
      rate: Float(Double(step.learningRate) / first), beta1: step.beta1, beta2: step.beta2,
      root_scale: Float(1 / second.squareRoot()), epsilon: step.epsilon, decay: step.weightDecay,
      tau: step.targetRate)
    flushingSubnormals { host_adam(p, g, m, v, target, Int64(n), &settings) }
  }

  /// What brings a gradient to at most the norm `maximum`.
  private static func clipScale(_ squaredNorm: Float, _ maximum: Float) -> Float {
    let ratio = maximum / (squaredNorm.squareRoot() + 1e-6)
    return ratio < 1 ? ratio : 1
  }

  public func softUpdate(_ target: Floats, _ source: Floats, tau: Float) {
    guard begin() else { return }
    let n = target.count
    let target = pointer(target, n, "softUpdate", "target")
    let source = pointer(source, n, "softUpdate", "source")
    flushingSubnormals { host_soft_update(target, source, tau, Int64(n)) }
  }
}
