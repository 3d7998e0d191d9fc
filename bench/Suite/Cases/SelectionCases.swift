extension KernelCase {
  static let selection: [KernelCase] = [
    scoreTopK(1, Size.items, k: 1, .drr, .cache), scoreTopK(64, Size.items, k: 10, .drr, .cache),
    scoreTopK(1, Size.million, k: 10, .catalogue, .memory),
    scoreTopK(64, Size.million, k: 10, .catalogue, .memory),
    topKRows(480, 99, k: 20), topKRows(4096, 21, k: 1), topKRows(160, 40_000, k: 10, .memory),
    KernelCase("excludeItems", "64×11 of \(Size.items)", .drr, words: 64 * (Size.items / 32 + 12)) {
      i in
      let rows = i.indices(64 * 11, below: Size.items)
      let allowed = i.emptyBits(64 * ((Size.items + 31) / 32))
      return {
        i.backend.excludeItems(rows, b: 64, w: 11, first: 1, n: Size.items, into: allowed)
      }
    },
    KernelCase("replaceWords", "64 of 64×1M flags", .catalogue, words: 3 * 64) { i in
      let row = Size.million / 32
      let (places, words) = (i.emptyIndices(64), i.emptyBits(64))
      i.backend.write((0..<64).map { Int32($0 * row) }, to: places)
      i.backend.write([UInt32](repeating: 1, count: 64), to: words)
      let allowed = i.emptyBits(64 * row)
      return { i.backend.replaceWords(places: places, words: words, c: 64, into: allowed) }
    },
  ]

  /// A sample: lists of 20 of 99 actions, a click on one of 20 or none, lists of a large catalogue.
  private static func topKRows(
    _ b: Int, _ n: Int, k: Int, _ residence: Residence = .cache
  ) -> KernelCase {
    KernelCase(
      "topKRows", "b \(b) n \(n) k \(k) drawn", .irecgan, flops: 3 * b * n, words: b * n + b * k,
      residence
    ) { i in
      let (scores, index) = (i.floats(b * n), i.emptyIndices(b * k))
      return {
        i.backend.topKRows(scores, gumbel: i.key, b: b, n: n, k: k, width: k, into: index)
      }
    }
  }

  private static func scoreTopK(
    _ b: Int, _ n: Int, k: Int, _ use: Use, _ residence: Residence
  ) -> KernelCase {
    let e = Size.k
    return KernelCase(
      "scoreTopK", "b \(b) n \(n) e \(e) k \(k)", use, flops: 2 * b * n * e,
      words: n * e + b * e + 2 * b * k, table: n * e, residence
    ) { i in
      let (query, items) = (i.floats(b * e), i.table(n * e))
      let (index, scores) = (i.emptyIndices(b * k), i.empty(b * k))
      return {
        i.backend.scoreTopK(
          query, items: items, bias: nil, allowed: nil, b: b, n: n, e: e, k: k, into: index,
          scores: scores)
      }
    }
  }
}
