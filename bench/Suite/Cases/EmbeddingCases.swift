extension KernelCase {
  static let embedding: [KernelCase] = [
    gather(1_024, 100, rows: Size.users, .pmf, .cache),
    gather(Size.million / 16, 100, rows: Size.million, .catalogue, .memory),
    scatter(1_024, 100, rows: Size.users, .pmf, .cache),
    scatter(2_000, Size.recurrent, rows: Size.sequences * Size.steps, .irecgan, .cache),
    scatter(Size.million / 16, 100, rows: Size.million, .catalogue, .memory),
    KernelCase(
      "gather", "480×400 of 24 rows of numbers", .irecgan, words: 480 + 2 * 480 * 400
    ) { i in
      let (rows, index, y) = (
        i.indices(24 * 400, below: Size.items), i.indices(480, below: 24), i.emptyIndices(480 * 400)
      )
      return { i.backend.gather(rows, index, b: 480, e: 400, into: y) }
    },
    KernelCase(
      "meanScores", means, .drr, flops: n * Size.k + 2 * Size.batch * Size.k,
      words: (n + Size.batch + 1) * Size.k + Size.batch
    ) { i in
      let (q, table) = (i.floats(Size.batch * Size.k), i.floats(n * Size.k))
      let (y, sums) = (i.empty(Size.batch), i.empty(Size.k))
      return {
        i.backend.meanScores(q, table, b: Size.batch, n: n, e: Size.k, into: y, sums: sums)
      }
    },
    KernelCase(
      "meanScoresBackward", means, .drr, flops: (n + 3 * Size.batch) * Size.k,
      words: (2 * n + 2 * Size.batch + 1) * Size.k + Size.batch
    ) { i in
      let (dy, q, sums) = (
        i.floats(Size.batch, -1e-3, 1e-3), i.floats(Size.batch * Size.k), i.floats(Size.k)
      )
      let (dq, table) = (i.empty(Size.batch * Size.k), i.floats(n * Size.k))
      return {
        i.backend.meanScoresBackward(
          dy, q, sums: sums, b: Size.batch, n: n, e: Size.k, into: dq, dTable: table)
      }
    },
  ]

  private static let n = Size.items
  private static let means = "\(Size.batch)×\(Size.k) with \(Size.items) rows"

  private static func name(_ b: Int, _ e: Int, _ rows: Int) -> String {
    "\(b)×\(e) of \(rows) rows"
  }

  private static func gather(
    _ b: Int, _ e: Int, rows: Int, _ use: Use, _ residence: Residence
  ) -> KernelCase {
    KernelCase("gather", name(b, e, rows), use, words: b + 2 * b * e, table: rows * e, residence) {
      i in
      let (table, index, y) = (
        i.table(rows * e), i.indices(b, below: rows), i.empty(b * e)
      )
      return { i.backend.gather(table, index, b: b, e: e, into: y) }
    }
  }

  private static func scatter(
    _ b: Int, _ e: Int, rows: Int, _ use: Use, _ residence: Residence
  ) -> KernelCase {
    KernelCase(
      "scatterAdd", name(b, e, rows), use, flops: b * e, words: b + 3 * b * e, table: rows * e,
      residence
    ) { i in
      let (dy, index, table) = (
        i.floats(b * e, -1e-3, 1e-3), i.indices(b, below: rows), i.table(rows * e)
      )
      return { i.backend.scatterAdd(dy, index, b: b, e: e, into: table) }
    }
  }
}
