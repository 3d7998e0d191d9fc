import Foundation
import Kernels
import TestSupport

extension OpTable {
  static let counts = [1, 7, 33, 65, 1025, 4099]
  static let matrixShapes: [(m: Int, n: Int)] = [
    (1, 1), (1, 7), (7, 1), (7, 5), (33, 65), (129, 3), (3, 1025), (1025, 2),
  ]

  static let map: [OpCase] = UnaryOp.allCases.flatMap { op in
    counts.map { count in
      var generator = SeededGenerator(UInt64(count))
      let range: ClosedRange<Float> = op == .log ? 0.05...20 : -5...5
      return map(op, "\(count)", generator.floats(count, in: range), isSmooth: true)
    } + [map(op, "extremes", extremes(op), isSmooth: false)]
  }

  /// NaN, infinities, zeros, and where exp ends in float32.
  private static func extremes(_ op: UnaryOp) -> [Float] {
    [0, -0, .infinity, -.infinity, .nan, 1e-7, -1e-7, 1e-20, 1e18, -1e18]
      + [20, -20, 50, -50, 80, -80, 88.5, 89, -87, -104, 1e4, -1e4]
  }

  private static func map(
    _ op: UnaryOp, _ shape: String, _ x: [Float], isSmooth: Bool
  ) -> OpCase {
    let backward = Gradient.backward(output: "y", wrt: [.overwritten("x")]) { backend, a in
      backend.mapBackward(op, a["dy"], a["x"], a["y"], into: a["dx"])
    }
    return OpCase(
      op: .map, shape: "\(op) \(shape)", operands: [.input("x", x), .output("y", x.count)],
      bound: op == .log ? Bound(8, scale: 0.25) : Bound(8),
      gradient: isSmooth ? backward : .notDifferentiable,
      call: { backend, a in backend.map(op, a["x"], into: a["y"]) })
  }

  static let mapBackward: [OpCase] = UnaryOp.allCases.flatMap { op in
    counts.map { count in
      var generator = SeededGenerator(UInt64(count) + 77)
      var x = generator.floats(count, in: op == .log ? 0.05...20 : -5...5)
      if op != .log { x[0] = 0 }
      return OpCase(
        op: .mapBackward, shape: "\(op) \(count)",
        operands: [
          .input("dy", generator.floats(count)), .input("x", x),
          .input("y", x.map { Float(ReferenceBackend.value(op, Double($0))) }),
          .output("dx", count),
        ],
        // tanh′ and sigmoid′ are differences of terms up to 1, times |dy| up to 1.
        bound: op == .tanh || op == .sigmoid ? Bound(8, scale: 1) : Bound(8),
        gradient: .notDifferentiable,
        call: { backend, a in
          backend.mapBackward(op, a["dy"], a["x"], a["y"], into: a["dx"])
        })
    }
  }

  static let affine: [OpCase] = counts.map { count in
    var generator = SeededGenerator(UInt64(count) + 5)
    return OpCase(
      op: .affine, shape: "\(count)",
      operands: [.input("x", generator.floats(count)), .output("y", count)],
      bound: Bound(terms: 2, scale: 2.75), gradient: .notDifferentiable,
      call: { backend, a in backend.affine(a["x"], scale: -2.75, shift: 0.3, into: a["y"]) })
  }

  static let combine: [OpCase] = BinaryOp.allCases.flatMap { op in
    Broadcast.allCases.flatMap { broadcast in
      matrixShapes.map { shape in
        let (m, n) = shape
        var generator = SeededGenerator(UInt64(m * 613 + n))
        let bCount = broadcast == .none ? m * n : broadcast == .row ? n : m
        var b = generator.floats(bCount, in: 0.25...2)
        // A zero divisor gives infinities, in the same places.
        if n == 65 { b[bCount / 2] = 0 }
        return OpCase(
          op: .combine, shape: "\(op) m \(m) n \(n) \(broadcast)",
          operands: [
            .input("a", generator.floats(m * n)), .input("b", b), .output("y", m * n),
          ],
          bound: op == .divide ? Bound(4) : Bound(4, scale: 1), gradient: .notDifferentiable,
          call: { backend, a in
            backend.combine(op, a["a"], a["b"], broadcast, m: m, n: n, into: a["y"])
          })
      }
    }
  }

  static let perturb: [OpCase] = counts.flatMap { count in
    [(0.25, 1), (Float.infinity, 0.5)].map { (noiseBound: Float, bound: Float) in
      var generator = SeededGenerator(UInt64(count) + 9)
      var noise = generator.floats(count, in: -0.75...0.75)
      if count > 4 { noise[3] = .nan }
      return OpCase(
        op: .perturb, shape: "\(count) by \(noiseBound) within \(bound)",
        operands: [
          .input("x", generator.floats(count)), .input("noise", noise), .output("y", count),
        ],
        bound: Bound(scale: 1), gradient: .notDifferentiable,
        call: { backend, a in
          backend.perturb(
            a["x"], noise: a["noise"], noiseBound: noiseBound, bound: bound, into: a["y"])
        })
    }
  }

  static let accumulate: [OpCase] = counts.map { count in
    var generator = SeededGenerator(UInt64(count) + 6)
    return OpCase(
      op: .accumulate, shape: "\(count)",
      operands: [.input("x", generator.floats(count)), .update("y", generator.floats(count))],
      bound: Bound(terms: 2, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in backend.accumulate(a["x"], scale: -0.7, into: a["y"]) })
  }

  static let fill: [OpCase] = counts.flatMap { count in
    [0, -0.75, -Float.infinity].map { value in
      OpCase(
        op: .fill, shape: "\(count) \(value)", operands: [.output("y", count)], bound: .exact,
        gradient: .notDifferentiable, call: { backend, a in backend.fill(value, into: a["y"]) })
    }
  }

  static let copy: [OpCase] = counts.map { count in
    var generator = SeededGenerator(UInt64(count) + 8)
    var x = generator.floats(count, in: -1e9...1e9)
    x[count / 2] = .nan
    x[count - 1] = -.infinity
    return OpCase(
      op: .copy, shape: "\(count)", operands: [.input("x", x), .output("y", count)],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in backend.copy(a["x"], into: a["y"]) })
  }

  static let concatenate: [OpCase] = [
    (1, 1, 1), (7, 5, 3), (33, 65, 1), (33, 1, 129), (129, 33, 65), (1, 1025, 7), (1025, 1, 2),
  ].map { m, p, q in
    var generator = SeededGenerator(UInt64(m * 100 + p))
    return OpCase(
      op: .concatenate, shape: "m \(m) p \(p) q \(q)",
      operands: [
        .input("a", generator.floats(m * p)), .input("b", generator.floats(m * q)),
        .output("y", m * (p + q)),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.concatenate(a["a"], a["b"], m: m, p: p, q: q, into: a["y"])
      })
  }

  static let slice = floatSlices + indexSlices

  private static let floatSlices: [OpCase] = [
    (1, 1, 0..<1), (7, 5, 0..<5), (7, 5, 4..<5), (33, 65, 1..<64), (129, 33, 0..<32),
    (3, 1025, 513..<1025), (1025, 3, 1..<2),
  ].map { m, n, columns in
    var generator = SeededGenerator(UInt64(m * 100 + n))
    return OpCase(
      op: .slice, shape: "m \(m) n \(n) columns \(columns)",
      operands: [.input("x", generator.floats(m * n)), .output("y", m * columns.count)],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in backend.slice(a["x"], m: m, n: n, columns: columns, into: a["y"]) })
  }

  private static let indexSlices: [OpCase] = [
    (1, 1, 0..<1), (7, 5, 2..<3), (1025, 3, 0..<2), (129, 33, 32..<33), (3, 7, 0..<7),
    (65, 9, 4..<9),
  ].map { shape in
    let (m, n, columns) = shape
    var generator = SeededGenerator(UInt64(m * 359 + n))
    return OpCase(
      op: .slice, shape: "row numbers: m \(m) n \(n) columns \(columns)",
      operands: [
        .input("x", generator.indices(m * n, in: -9..<1 << 20)),
        .indexOutput("y", m * columns.count),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.slice(a[indices: "x"], m: m, n: n, columns: columns, into: a[indices: "y"])
      })
  }
}
