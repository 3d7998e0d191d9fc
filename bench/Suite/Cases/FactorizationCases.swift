import Tensor

extension KernelCase {
  static let factorization: [KernelCase] = [
    factorize(32, width: 48), factorize(100, width: 112),
  ]

  /// An epoch over a tenth of MovieLens 1M's ratings.
  private static func factorize(_ k: Int, width: Int) -> KernelCase {
    let (users, items, each) = (Size.users / 10, Size.items / 4, 150)
    let count = users * each
    return KernelCase(
      "factorize", "\(count) ratings, k \(k)", .pmf, flops: count * 6 * k,
      words: count * (2 + 2 * width), .cache
    ) { i in
      let ratings = (0..<count).map {
        (user: $0 / each, item: ($0 / each * 7 + $0 % each * 5) % items)
      }
      let grid = RatingGrid(
        users: ratings.map { Int32($0.user) }, items: ratings.map { Int32($0.item) },
        values: i.host(count), userCount: users, itemCount: items, on: i.backend)
      let (p, q) = (i.floats(users * width, -0.1, 0.1), i.floats(items * width, -0.1, 0.1))
      let shifts = (0..<grid.side).map { Int32($0) }
      let step = FactorizationStep(rate: 1e-5, decay: 0.02, biasDecay: 0.02)
      return {
        i.backend.factorize(
          grid.blocks, users: p, items: q, k: k, width: width, shifts: shifts, step)
      }
    }
  }
}
