import Platform
import Tensor

extension KernelCase {
  static let elementwise: [KernelCase] = maps + joins

  private static let million = Size.million

  private static let maps: [KernelCase] =
    UnaryOp.allCases.map { op in
      KernelCase(
        "map", "\(op) 1M", .catalogue, flops: million, words: 2 * million,
        torch: op == .tanh ? "tanh \(million)" : nil, plain: op == .tanh ? plainTanh : nil
      ) { i in
        let (x, y) = (i.floats(million, 0.1, 2), i.empty(million))
        return { i.backend.map(op, x, into: y) }
      }
    }
    + [
      KernelCase(
        "mapBackward", "tanh 1M", .catalogue, flops: 3 * million, words: 3 * million
      ) { i in
        let (dy, x, y, dx) = (
          i.floats(million), i.floats(million), i.floats(million), i.empty(million)
        )
        return { i.backend.mapBackward(.tanh, dy, x, y, into: dx) }
      },
      KernelCase("affine", "64×100", .drr, flops: 2 * 6_400, words: 2 * 6_400) { i in
        let (x, y) = (i.floats(6_400), i.empty(6_400))
        return { i.backend.affine(x, scale: 2, shift: 1, into: y) }
      },
      KernelCase("perturb", "64×100", .drr, flops: 6_400, words: 3 * 6_400) { i in
        let (x, noise, y) = (i.floats(6_400), i.floats(6_400), i.empty(6_400))
        return { i.backend.perturb(x, noise: noise, noiseBound: 0.5, bound: 1, into: y) }
      },
      KernelCase(
        "accumulate", "1M, streaming", .catalogue, flops: 2 * million, words: 3 * million, .memory
      ) { i in
        let (x, y) = (i.floats(million), i.floats(million))
        return { i.backend.accumulate(x, scale: 1e-3, into: y) }
      },
      KernelCase("fill", "1M, streaming", .catalogue, words: million, .memory) { i in
        let y = i.empty(million)
        return { i.backend.fill(1, into: y) }
      },
      KernelCase("copy", "1M, streaming", .catalogue, words: 2 * million, .memory) { i in
        let (x, y) = (i.floats(million), i.empty(million))
        return { i.backend.copy(x, into: y) }
      },
    ]

  private static let joins: [KernelCase] =
    [
      combine("64×128, a row", 64, 128, .row, .drr),
      combine("1024, same shape", 1, 1_024, .none, .pmf),
      combine("1M, same shape, streaming", 1, Size.million, .none, .catalogue),
      KernelCase("concatenate", "64×(100 + 128)", .drr, words: 2 * 64 * 228) { i in
        let (a, b, y) = (i.floats(6_400), i.floats(64 * 128), i.empty(64 * 228))
        return { i.backend.concatenate(a, b, m: 64, p: 100, q: 128, into: y) }
      },
      KernelCase("slice", "64×228 to 64×128", .drr, words: 2 * 64 * 128) { i in
        let (x, y) = (i.floats(64 * 228), i.empty(64 * 128))
        return { i.backend.slice(x, m: 64, n: 228, columns: 100..<228, into: y) }
      },
    ]

  private static func combine(
    _ shape: String, _ m: Int, _ n: Int, _ broadcast: Broadcast, _ use: Use
  ) -> KernelCase {
    let b = broadcast == .none ? m * n : broadcast == .row ? n : m
    return KernelCase(
      "combine", "add \(shape)", use, flops: m * n, words: 2 * m * n + b,
      m * n >= Size.million ? .memory : .cache
    ) { i in
      let (x, y, z) = (i.floats(m * n), i.floats(b), i.empty(m * n))
      return { i.backend.combine(.add, x, y, broadcast, m: m, n: n, into: z) }
    }
  }

  /// What a loop over C's tanhf takes.
  private static let plainTanh: @Sendable (Inputs) -> () -> Void = { i in
    let x = i.host(million)
    var y = x
    return {
      y.withUnsafeMutableBufferPointer { y in for j in 0..<million { y[j] = tanhf(x[j]) } }
    }
  }
}
