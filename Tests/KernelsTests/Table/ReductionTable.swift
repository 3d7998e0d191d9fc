import Kernels
import TestSupport

extension OpTable {
  private static let reducedShapes =
    matrixShapes + [(m: 1, n: 5003), (m: 5003, n: 1), (m: 257, n: 129)]
  private static let sumCounts = [1, 7, 33, 257, 1025, 70_001]

  static let reduceRows: [OpCase] = Reduction.allCases.flatMap { op in
    reducedShapes.map { shape in
      let (m, n) = shape
      var generator = SeededGenerator(UInt64(m * 211 + n))
      var x = generator.floats(m * n)
      // Masked elements, and in one shape a row of nothing else.
      if op == .maximum { for i in stride(from: 0, to: x.count, by: 3) { x[i] = -.infinity } }
      if op == .maximum && n == 65 { for j in 0..<n { x[n + j] = -.infinity } }
      // The terms of a mean are x / n.
      let scale = op == .mean ? 1 / Double(n) : 1
      return OpCase(
        op: .reduceRows, shape: "\(op) m \(m) n \(n)",
        operands: [.input("x", x), .output("y", m)],
        bound: op == .maximum ? .exact : Bound(terms: n, scale: scale),
        gradient: .notDifferentiable,
        call: { backend, a in backend.reduceRows(op, a["x"], m: m, n: n, into: a["y"]) })
    }
  }

  static let sumColumns: [OpCase] = reducedShapes.map { shape in
    let (m, n) = shape
    var generator = SeededGenerator(UInt64(m * 223 + n))
    return OpCase(
      op: .sumColumns, shape: "m \(m) n \(n)",
      operands: [.input("x", generator.floats(m * n)), .output("y", n)],
      bound: Bound(terms: m, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in backend.sumColumns(a["x"], m: m, n: n, into: a["y"]) })
  }

  static let rowDot: [OpCase] = reducedShapes.map { shape in
    let (m, n) = shape
    var generator = SeededGenerator(UInt64(m * 227 + n))
    return OpCase(
      op: .rowDot, shape: "m \(m) n \(n)",
      operands: [
        .input("a", generator.floats(m * n)), .input("b", generator.floats(m * n)),
        .output("y", m),
      ],
      bound: Bound(terms: n, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in backend.rowDot(a["a"], a["b"], m: m, n: n, into: a["y"]) })
  }

  static let sum: [OpCase] = sumCounts.map { count in
    var generator = SeededGenerator(UInt64(count) + 11)
    return OpCase(
      op: .sum, shape: "\(count)",
      operands: [.input("x", generator.floats(count)), .output("y", 1)],
      bound: Bound(terms: count, scale: 0.125), gradient: .notDifferentiable,
      call: { backend, a in backend.sum(a["x"], scale: -0.125, into: a["y"]) })
  }

  static let squaredNorm: [OpCase] = sumCounts.map { count in
    var generator = SeededGenerator(UInt64(count) + 12)
    return OpCase(
      op: .squaredNorm, shape: "\(count)",
      operands: [.input("x", generator.floats(count)), .output("y", 1)],
      bound: Bound(terms: count), gradient: .notDifferentiable,
      call: { backend, a in backend.squaredNorm(a["x"], into: a["y"]) })
  }

  private static let sequences: [(b: Int, t: Int, h: Int)] = [
    (1, 1, 1), (7, 5, 3), (33, 4, 65), (2, 131, 16), (3, 2, 1030), (257, 3, 2),
  ]

  /// Lengths from below 0 to past the steps, none and all among them.
  private static func lengths(_ b: Int, _ t: Int) -> Operand {
    .input("lengths", (0..<b).map { Int32([t, 0, 1, t / 2 + 1, -3, t + 2][$0 % 6]) })
  }

  static let stepMean: [OpCase] = sequences.flatMap { shape in
    [true, false].map { hasLengths in
      let (b, t, h) = shape
      var generator = SeededGenerator(UInt64(b * 229 + t))
      return OpCase(
        op: .stepMean, shape: "b \(b) t \(t) h \(h)" + (hasLengths ? " lengths" : ""),
        operands: [
          .input("x", generator.floats(b * t * h)), lengths(b, t), .output("y", b * h),
        ],
        bound: Bound(terms: t, scale: 1),
        gradient: .backward(output: "y", wrt: [.overwritten("x")]) { backend, a in
          backend.stepMeanBackward(
            a["dy"], lengths: hasLengths ? a[indices: "lengths"] : nil, b: b, t: t, h: h,
            into: a["dx"])
        },
        call: { backend, a in
          backend.stepMean(
            a["x"], lengths: hasLengths ? a[indices: "lengths"] : nil, b: b, t: t, h: h,
            into: a["y"])
        })
    }
  }

  static let stepMeanBackward: [OpCase] = sequences.flatMap { shape in
    [true, false].map { hasLengths in
      let (b, t, h) = shape
      var generator = SeededGenerator(UInt64(b * 233 + t))
      return OpCase(
        op: .stepMeanBackward, shape: "b \(b) t \(t) h \(h)" + (hasLengths ? " lengths" : ""),
        operands: [
          .input("dy", generator.floats(b * h)), lengths(b, t), .output("dx", b * t * h),
        ],
        bound: Bound(), gradient: .notDifferentiable,
        call: { backend, a in
          backend.stepMeanBackward(
            a["dy"], lengths: hasLengths ? a[indices: "lengths"] : nil, b: b, t: t, h: h,
            into: a["dx"])
        })
    }
  }
}
