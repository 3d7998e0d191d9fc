import Tensor

extension KernelCase {
  static let optimizer: [KernelCase] = [
    adam(Size.weights, "240 000 weights", .drr, .cache, torch: nil, plain: nil),
    adam(
      Size.million, "1M, in cache", .catalogue, .cache, torch: "adam \(Size.million)",
      plain: plainAdam),
    adam(Size.million, "1M, streaming", .catalogue, .memory, torch: nil, plain: nil),
    KernelCase(
      "adam", "240 000 weights, clipped, target followed", .drr, flops: 18 * Size.weights,
      words: 10 * Size.weights + 1
    ) { i in
      let n = Size.weights
      let (p, g, m, v) = (i.floats(n), i.floats(n), i.floats(n), i.floats(n, 0, 1))
      let (norm, target) = (i.floats(1, 1.1, 1.2), i.floats(n))
      let step = AdamStep(learningRate: 1e-3, step: 10, maximumNorm: 1, targetRate: 1e-3)
      return { i.backend.adam(p, g, m, v, step, squaredNorm: norm, target: target) }
    },
    KernelCase(
      "softUpdate", "240 000 weights", .drr, flops: 3 * Size.weights, words: 3 * Size.weights
    ) { i in
      let (target, source) = (i.floats(Size.weights), i.floats(Size.weights))
      return { i.backend.softUpdate(target, source, tau: 0.001) }
    },
  ]

  private static func adam(
    _ n: Int, _ name: String, _ use: Use, _ residence: Residence, torch: String?,
    plain: (@Sendable (Inputs) -> () -> Void)?
  ) -> KernelCase {
    // Reads p, g, m, v and writes p, m, v and the cleared g.
    KernelCase(
      "adam", name, use, flops: 14 * n, words: 8 * n, residence, torch: torch, plain: plain
    ) { i in
      let (p, g, m, v) = (i.floats(n), i.floats(n), i.floats(n), i.floats(n, 0, 1))
      return { i.backend.adam(p, g, m, v, AdamStep(learningRate: 1e-3, step: 10)) }
    }
  }

  /// The loop as anybody would write it.
  private static let plainAdam: @Sendable (Inputs) -> () -> Void = { i in
    let g = i.host(Size.million)
    var (p, m, v) = (g, g, g.map { $0 * $0 })
    let (beta1, beta2, rate, epsilon) = (Float(0.9), Float(0.999), Float(1e-3), Float(1e-8))
    // 1 − β₁^10 and 1 − β₂^10.
    let (first, second) = (Float(0.651322), Float(0.009955))
    return {
      p.withUnsafeMutableBufferPointer { p in
        m.withUnsafeMutableBufferPointer { m in
          v.withUnsafeMutableBufferPointer { v in
            for j in p.indices {
              m[j] = beta1 * m[j] + (1 - beta1) * g[j]
              v[j] = beta2 * v[j] + (1 - beta2) * g[j] * g[j]
              p[j] -= rate * (m[j] / first) / ((v[j] / second).squareRoot() + epsilon)
            }
          }
        }
      }
    }
  }
}
