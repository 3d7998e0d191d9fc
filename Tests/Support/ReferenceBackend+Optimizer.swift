import Foundation
import Kernels

extension ReferenceBackend {
  public func adam(
    _ p: Floats, _ g: Floats, _ m: Floats, _ v: Floats, _ step: AdamStep, squaredNorm: Floats?,
    target: Floats?
  ) {
    let cells = launch("adam")
    require(step.step >= 1, "adam: steps count from 1, not \(step.step)")
    let count = p.count
    let (p, g, m, v) = (cells(p, count), cells(g, count), cells(m, count), cells(v, count))
    let (beta1, beta2) = (Double(step.beta1), Double(step.beta2))
    let target = target.map { cells($0, count) }
    let scale = squaredNorm.map { cells($0, 1)[0] }.map {
      min(1, Double(step.maximumNorm) / ($0.squareRoot() + 1e-6))
    }
    for i in 0..<count {
      let gradient = (scale ?? 1) * g[i] + Double(step.weightDecay) * p[i]
      m[i] = beta1 * m[i] + (1 - beta1) * gradient
      v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient
      let mHat = m[i] / (1 - pow(beta1, Double(step.step)))
      let vHat = v[i] / (1 - pow(beta2, Double(step.step)))
      p[i] -= Double(step.learningRate) * mHat / (vHat.squareRoot() + Double(step.epsilon))
      for array in [p, m, v] { array[i] = Self.settled(array[i]) }
      g[i] = 0
      guard let target else { continue }
      let tau = Double(step.targetRate)
      target[i] = Self.settled(tau * p[i] + (1 - tau) * target[i])
    }
  }

  public func softUpdate(_ target: Floats, _ source: Floats, tau: Float) {
    let cells = launch("softUpdate")
    let count = target.count
    let (target, source) = (cells(target, count), cells(source, count))
    for i in 0..<count {
      target[i] = Self.settled(Double(tau) * source[i] + (1 - Double(tau)) * target[i])
    }
  }

  private static func settled(_ x: Double) -> Double { abs(x) < 0x1p-100 ? 0 : x }
}
