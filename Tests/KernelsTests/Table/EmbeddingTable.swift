import Kernels
import TestSupport

extension OpTable {
  private static let lookups: [(rows: Int, b: Int, e: Int)] = [
    (1, 1, 1), (5, 7, 3), (11, 33, 65), (129, 65, 16), (3, 257, 2), (1683, 2, 129), (600, 2300, 5),
    (5, 40, 300),
  ]

  /// Rows of a table, some repeated and every fifth missing.
  static func rows(
    _ count: Int, of table: Int, _ generator: inout SeededGenerator
  )
    -> [Int32]
  {
    var rows = generator.indices(count, in: 0..<Int32(table))
    for i in stride(from: 3, to: count, by: 5) { rows[i] = i % 2 == 0 ? -1 : -7 }
    return rows
  }

  static let gather = floatGathers + indexGathers

  private static let floatGathers: [OpCase] = lookups.map { shape in
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

  private static let indexGathers: [OpCase] = [
    (1, 1, 1), (7, 5, 3), (3, 129, 17), (257, 2, 33), (1, 40, 1030), (65, 16, 16),
  ].map { m, b, e in
    var generator = SeededGenerator(UInt64(m * 541 + e))
    return OpCase(
      op: .gather, shape: "row numbers: rows \(m) b \(b) e \(e)",
      operands: [
        .input("table", generator.indices(m * e, in: -9..<1 << 20)),
        .input("index", generator.indices(b, in: -2..<Int32(m))), .indexOutput("y", b * e),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.gather(
          a[indices: "table"], a[indices: "index"], b: b, e: e, into: a[indices: "y"])
      })
  }

  private static let means: [(b: Int, n: Int, e: Int)] = [
    (1, 1, 1), (7, 5, 3), (33, 11, 65), (65, 129, 16), (2, 1683, 129), (257, 600, 5), (40, 3, 300),
  ]

  static let meanScores: [OpCase] = means.map { shape in
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 383 + n))
    return OpCase(
      op: .meanScores, shape: "b \(b) n \(n) e \(e)",
      operands: [
        .input("q", generator.floats(b * e)), .input("table", generator.floats(n * e)),
        .output("y", b), .output("sums", e),
      ],
      bound: Bound(terms: e, scale: 1), bounds: ["sums": Bound(terms: n, scale: 1)],
      gradient: .backward(
        output: "y", wrt: [.overwritten("q"), .accumulated("table")]
      ) { backend, a in
        backend.meanScoresBackward(
          a["dy"], a["q"], sums: a["sums"], b: b, n: n, e: e, into: a["dq"], dTable: a["dtable"])
      },
      call: { backend, a in
        backend.meanScores(
          a["q"], a["table"], b: b, n: n, e: e, into: a["y"], sums: a["sums"])
      })
  }

  /// With either gradient and with both; the other's place stays as it was.
  static let meanScoresBackward: [OpCase] = means.enumerated().map { number, shape in
    let (b, n, e) = shape
    let (ofQuery, ofTable) = (number % 3 != 1, number % 3 != 2)
    var generator = SeededGenerator(UInt64(b * 389 + n))
    return OpCase(
      op: .meanScoresBackward, shape: "b \(b) n \(n) e \(e)",
      operands: [
        .input("dy", generator.floats(b)), .input("q", generator.floats(b * e)),
        .input("sums", generator.floats(e, in: -4...4)),
        .output("dq", b * e), .update("dTable", generator.floats(n * e)),
      ],
      bound: Bound(terms: b + 1, scale: 1), bounds: ["dq": Bound(scale: 4)],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.meanScoresBackward(
          a["dy"], a["q"], sums: a["sums"], b: b, n: n, e: e, into: ofQuery ? a["dq"] : nil,
          dTable: ofTable ? a["dTable"] : nil)
      })
  }
}
