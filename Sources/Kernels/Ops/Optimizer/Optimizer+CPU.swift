internal import COpenBLAS
import Glibc

extension CPUBackend {
  public func adam(_ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep) {
    guard begin() else { return }
    require(step.step >= 1, "adam: step \(step.step), expected 1 or more")
    let n = p.count
    let first = 1 - pow(Double(step.beta1), Double(step.step))
    let second = 1 - pow(Double(step.beta2), Double(step.step))
    let (p, g) = (pointer(p, n, "adam", "p"), pointer(g, n, "adam", "g"))
    let (m, v) = (pointer(m, n, "adam", "m"), pointer(v, n, "adam", "v"))
    flushingSubnormals {
      host_adam(
        p, g, m, v, Int64(n), Float(Double(step.learningRate) / first), step.beta1, step.beta2,
        Float(1 / second.squareRoot()), step.epsilon, step.weightDecay)
    }
  }

  public func sgd(
    _ p: Floats, _ g: Floats, _ velocity: Floats, learningRate: Float, momentum: Float,
    weightDecay: Float
  ) {
    guard begin() else { return }
    let n = p.count
    let (p, g) = (pointer(p, n, "sgd", "p"), pointer(g, n, "sgd", "g"))
    let velocity = pointer(velocity, n, "sgd", "velocity")
    flushingSubnormals {
      host_sgd(p, g, velocity, Int64(n), learningRate, momentum, weightDecay)
    }
  }

  public func clip(_ g: Floats, squaredNorm: Floats, maximum: Float) {
    guard begin() else { return }
    let norm = pointer(squaredNorm, 1, "clip", "squaredNorm")[0].squareRoot()
    let ratio = maximum / (norm + 1e-6)
    let elements = pointer(g, g.count, "clip", "g")
    host_affine(elements, ratio < 1 ? ratio : 1, 0, elements, Int64(g.count))
  }

  public func softUpdate(_ target: Floats, _ source: Floats, tau: Float) {
    guard begin() else { return }
    let n = target.count
    let target = pointer(target, n, "softUpdate", "target")
    let source = pointer(source, n, "softUpdate", "source")
    flushingSubnormals { host_soft_update(target, source, tau, Int64(n)) }
  }
}
