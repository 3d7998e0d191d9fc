import Kernels
import TestSupport

extension OpTable {
  private static let grids: [(users: Int, items: Int, side: Int, k: Int, width: Int, rounds: Int)] =
    [
      (1, 1, 1, 1, 16, 1), (5, 7, 2, 3, 16, 2), (9, 4, 3, 14, 16, 3), (13, 17, 4, 30, 32, 4),
      (8, 33, 3, 33, 64, 3), (40, 23, 5, 100, 112, 5), (40, 23, 5, 12, 16, 2),
      (6, 11, 2, 130, 144, 2), (4, 5, 2, 300, 304, 2),
    ]

  /// Rows [vector (k) ; bias ; 1 ; 0 …] of users, or [vector ; 1 ; bias ; 0 …] of items.
  private static func factors(
    _ rows: Int, _ k: Int, _ width: Int, one: Int, _ generator: inout SeededGenerator
  ) -> [Float] {
    (0..<rows).flatMap { _ -> [Float] in
      var row = generator.floats(k + 2, in: -0.5...0.5)
      row[one] = 1
      return row + [Float](repeating: 0, count: width - k - 2)
    }
  }

  /// User u in row u mod side, item i in column i mod side, three in five of the pairs rated.
  static let factorize: [OpCase] = grids.map { shape in
    let (userCount, itemCount, side, k, width, rounds) = shape
    var generator = SeededGenerator(UInt64(k * 811 + userCount))
    var (users, starts, items, blocks) = ([Int32](), [Int32](), [Int32](), [Int32(0)])
    for row in 0..<side {
      for column in 0..<side {
        for user in stride(from: row, to: userCount, by: side) {
          let rated = stride(from: column, to: itemCount, by: side).filter { _ in
            Int.random(in: 0..<5, using: &generator) < 3 || userCount == 1
          }
          if rated.isEmpty { continue }
          users.append(Int32(user))
          starts.append(Int32(items.count))
          items += rated.shuffled(using: &generator).map { Int32($0) }
        }
        blocks.append(Int32(users.count))
      }
    }
    starts.append(Int32(items.count))
    let shifts = Array((0..<Int32(side)).shuffled(using: &generator).prefix(rounds))
    return OpCase(
      op: .factorize,
      shape: "\(userCount) users, \(itemCount) items, side \(side), k \(k), rounds \(rounds)",
      operands: [
        .input("run users", users), .input("starts", starts), .input("rated", items),
        .input("values", generator.floats(items.count)), .input("blocks", blocks),
        .input("shifts", shifts),
        .update("users", factors(userCount, k, width, one: k + 1, &generator)),
        .update("items", factors(itemCount, k, width, one: k, &generator)),
      ],
      bound: Bound(4, terms: k + items.count, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in
        backend.factorize(
          RatingBlocks(
            users: a[indices: "run users"], starts: a[indices: "starts"],
            items: a[indices: "rated"], values: a["values"], blocks: a[indices: "blocks"],
            side: side),
          users: a["users"], items: a["items"], k: k, width: width, shifts: shifts,
          FactorizationStep(rate: 0.1, decay: 0.05, biasDecay: 0.02))
      })
  }
}
