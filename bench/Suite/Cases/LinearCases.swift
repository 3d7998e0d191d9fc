extension KernelCase {
  static let linear: [KernelCase] =
    [
      forward(Size.batch, Size.state, Size.hidden, .drr),
      forward(Size.batch, Size.hidden, Size.hidden, .drr),
      forward(Size.batch, Size.hidden, Size.k, .drr),
      forward(Size.batch, Size.joint, Size.joint, .drr),
      forward(Size.batch, Size.joint, 1, .drr),
      forward(1, Size.state, Size.hidden, .drr),
      forward(4_096, Size.state, Size.hidden, .drr),
      // The gates of a recurrent step, and the scores of its catalogue.
      forward(Size.sequences, 2 * Size.recurrent, 4 * Size.recurrent, .irecgan),
      forward(Size.sequences, Size.recurrent, Size.items, .irecgan),
      forward(1_024, 1_024, 1_024, .catalogue),
      backward(Size.batch, Size.state, Size.hidden, .drr),
      backward(Size.batch, Size.joint, Size.joint, .drr),
      backward(4_096, Size.joint, Size.joint, .drr),
      backward(Size.sequences, 2 * Size.recurrent, 4 * Size.recurrent, .irecgan),
    ]

  private static func forward(_ m: Int, _ k: Int, _ n: Int, _ use: Use) -> KernelCase {
    KernelCase(
      "linear", "\(m)×\(k)×\(n) relu", use, flops: 2 * m * k * n,
      words: m * k + k * n + n + m * n
    ) { i in
      let (x, w, b, y) = (i.floats(m * k), i.floats(k * n), i.floats(n), i.empty(m * n))
      return { i.backend.linear(x, w, b, .relu, m: m, k: k, n: n, into: y) }
    }
  }

  private static func backward(_ m: Int, _ k: Int, _ n: Int, _ use: Use) -> KernelCase {
    KernelCase(
      "linearBackward", "\(m)×\(k)×\(n) relu", use, flops: 4 * m * k * n,
      words: 2 * m * n + 2 * m * k + 3 * k * n + 2 * n
    ) { i in
      let (dy, x, w, y) = (
        i.floats(m * n), i.floats(m * k), i.floats(k * n), i.floats(m * n)
      )
      let (dx, dw, db) = (i.empty(m * k), i.floats(k * n), i.floats(n))
      return {
        i.backend.linearBackward(
          dy, x, w, y, .relu, m: m, k: k, n: n, dx: dx, dw: dw, db: db)
      }
    }
  }
}
