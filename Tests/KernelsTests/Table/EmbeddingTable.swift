import Kernels
import TestSupport

extension OpTable {
  private static let lookups: [(rows: Int, b: Int, e: Int)] = [
    (1, 1, 1), (5, 7, 3), (11, 33, 65), (129, 65, 16), (3, 257, 2), (1683, 2, 129),
  ]

  /// Rows of a table, some repeated and every fifth missing.
  private static func rows(
    _ count: Int, of table: Int, _ generator: inout SeededGenerator
  )
    -> [Int32]
  {
    var rows = generator.indices(count, in: 0..<Int32(table))
    for i in stride(from: 3, to: count, by: 5) { rows[i] = i % 2 == 0 ? -1 : -7 }
    return rows
  }

  static let gather: [OpCase] = lookups.map { shape in
    let (rows, b, e) = shape
    var generator = SeededGenerator(UInt64(rows * 307 + b))
    return OpCase(
      op: .gather, shape: "rows \(rows) b \(b) e \(e)",
      operands: [
        .input("table", generator.floats(rows * e)),
        .input("index", Self.rows(b, of: rows, &generator)), .output("y", b * e),
      ],
      bound: .exact,
      gradient: .backward(output: "y", wrt: [.accumulated("table")]) { backend, a in
        backend.scatterAdd(a["dy"], a[indices: "index"], b: b, e: e, into: a["dtable"])
      },
      call: { backend, a in
        backend.gather(a["table"], a[indices: "index"], b: b, e: e, into: a["y"])
      })
  }

  static let scatterAdd: [OpCase] = lookups.map { shape in
    let (rows, b, e) = shape
    var generator = SeededGenerator(UInt64(rows * 311 + b))
    return OpCase(
      op: .scatterAdd, shape: "rows \(rows) b \(b) e \(e)",
      operands: [
        .input("dy", generator.floats(b * e)),
        .input("index", Self.rows(b, of: rows, &generator)),
        .update("dTable", generator.floats(rows * e)),
      ],
      bound: Bound(terms: b + 1, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in
        backend.scatterAdd(a["dy"], a[indices: "index"], b: b, e: e, into: a["dTable"])
      })
  }

  private static let pools: [(b: Int, n: Int, e: Int)] = [
    (1, 1, 1), (7, 5, 3), (33, 10, 65), (129, 1, 16), (2, 33, 100), (65, 5, 129), (257, 10, 2),
  ]
  private static let (userCount, itemCount) = (13, 41)

  private static func poolOperands(_ shape: (b: Int, n: Int, e: Int)) -> [Operand] {
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 313 + n * 17 + e))
    var index: [Int32] = []
    for i in 0..<b {
      // Users without a row and histories that are not full.
      index += i % 4 == 2 ? [-1] : generator.indices(1, in: 0..<Int32(userCount))
      index += rows(n, of: itemCount, &generator)
    }
    return [
      .input("index", index), .input("users", generator.floats(userCount * e)),
      .input("items", generator.floats(itemCount * e)),
    ]
  }

  static let averagePooling: [OpCase] = pools.map { shape in
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 317 + n))
    return OpCase(
      op: .averagePooling, shape: "b \(b) n \(n) e \(e)",
      operands: poolOperands(shape) + [
        .input("weights", generator.floats(n)), .output("state", b * 3 * e),
      ],
      bound: Bound(terms: n, scale: 1),
      gradient: .backward(output: "state", wrt: [.accumulated("weights")]) { backend, a in
        backend.averagePoolingBackward(
          a["dstate"], a[indices: "index"], users: a["users"], items: a["items"], b: b, n: n,
          e: e, into: a["dweights"])
      },
      call: { backend, a in
        backend.averagePooling(
          a[indices: "index"], users: a["users"], items: a["items"], weights: a["weights"], b: b,
          n: n, e: e, into: a["state"])
      })
  }

  static let averagePoolingBackward: [OpCase] = pools.map { shape in
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 331 + n))
    return OpCase(
      op: .averagePoolingBackward, shape: "b \(b) n \(n) e \(e)",
      operands: poolOperands(shape) + [
        .input("dState", generator.floats(b * 3 * e)), .update("dWeights", generator.floats(n)),
      ],
      bound: Bound(terms: b * e * 2, scale: 2), gradient: .notDifferentiable,
      call: { backend, a in
        backend.averagePoolingBackward(
          a["dState"], a[indices: "index"], users: a["users"], items: a["items"], b: b, n: n,
          e: e, into: a["dWeights"])
      })
  }
}
