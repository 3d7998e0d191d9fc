import Tensor

extension KernelCase {
  static let reduction: [KernelCase] =
    Reduction.allCases.map { op in
      KernelCase(
        "reduceRows", "\(op) 64×3706", .irecgan, flops: 64 * Size.items,
        words: 64 * Size.items + 64
      ) { i in
        let (x, y) = (i.floats(64 * Size.items), i.empty(64))
        return { i.backend.reduceRows(op, x, m: 64, n: Size.items, into: y) }
      }
    }
    + [
      KernelCase("sumColumns", "64×228", .drr, flops: 64 * 228, words: 65 * 228) { i in
        let (x, y) = (i.floats(64 * 228), i.empty(228))
        return { i.backend.sumColumns(x, m: 64, n: 228, into: y) }
      },
      KernelCase(
        "rowDot", "1024×100", .pmf, flops: 2 * 1_024 * 100, words: 2 * 1_024 * 100 + 1_024
      ) { i in
        let (a, b, y) = (i.floats(102_400), i.floats(102_400), i.empty(1_024))
        return { i.backend.rowDot(a, b, m: 1_024, n: 100, into: y) }
      },
      KernelCase("stepMean", steps, .irecgan, flops: b * t * h, words: b * (t + 1) * h + b) { i in
        let (x, lengths, y) = (i.floats(b * t * h), i.indices(b, below: t + 1), i.empty(b * h))
        return { i.backend.stepMean(x, lengths: lengths, b: b, t: t, h: h, into: y) }
      },
      KernelCase(
        "stepMeanBackward", steps, .irecgan, flops: b * h, words: b * (t + 1) * h + b
      ) { i in
        let (dy, lengths, dx) = (i.floats(b * h), i.indices(b, below: t + 1), i.empty(b * t * h))
        return { i.backend.stepMeanBackward(dy, lengths: lengths, b: b, t: t, h: h, into: dx) }
      },
      KernelCase("sum", "64", .drr, flops: 64, words: 65) { i in
        let (x, y) = (i.floats(64), i.empty(1))
        return { i.backend.sum(x, scale: 1, into: y) }
      },
      KernelCase(
        "squaredNorm", "240 000 weights", .drr, flops: 2 * Size.weights, words: Size.weights
      ) { i in
        let (x, y) = (i.floats(Size.weights), i.empty(1))
        return { i.backend.squaredNorm(x, into: y) }
      },
    ]

  private static let (b, t, h) = (Size.sequences, Size.steps, Size.recurrent)
  private static let steps = "\(b)×\(t)×\(h)"
}
