import Kernels
import TestSupport

extension OpTable {
  private static let candidates: [(b: Int, w: Int, first: Int, e: Int)] = [
    (1, 1, 0, 1), (7, 5, 2, 3), (33, 12, 11, 65), (5, 131, 1, 16), (2, 34, 3, 100), (3, 1030, 4, 2),
    (257, 3, 0, 7), (4, 9, 2, 1030),
  ]
  private static let itemCount = 41

  /// Rows of an items table of 41: every fifth is missing, others repeat, and what lies before the
  /// candidates is no row of the table.
  private static func candidateOperands(
    _ shape: (b: Int, w: Int, first: Int, e: Int), _ generator: inout SeededGenerator
  ) -> [Operand] {
    let (b, w, first, e) = shape
    var rows: [Int32] = []
    for i in 0..<b {
      rows += [Int32](repeating: 1 << 20, count: first)
      var candidates = generator.indices(w - first, in: 0..<Int32(itemCount))
      for c in candidates.indices where (i + c) % 5 == 3 { candidates[c] = c % 2 == 0 ? -1 : -7 }
      if let last = candidates.indices.last, last > 1 { candidates[last] = candidates[0] }
      rows += candidates
    }
    return [.input("rows", rows), .input("items", generator.floats(itemCount * e))]
  }

  static let candidateScores: [OpCase] = candidates.flatMap { shape in
    [0, -.infinity].map { (absent: Float) in
      let (b, w, first, e) = shape
      var generator = SeededGenerator(UInt64(b * 337 + w))
      let gradient = Gradient.backward(
        output: "scores", wrt: [.overwritten("action"), .accumulated("items")]
      ) { backend, a in
        let rows = a[indices: "rows"]
        backend.candidateScoresBackward(
          a["dscores"], rows, a["items"], b: b, w: w, first: first, e: e, into: a["daction"])
        backend.candidateScoresItemGradient(
          a["dscores"], a["action"], rows, b: b, w: w, first: first, e: e, into: a["ditems"])
      }
      return OpCase(
        op: .candidateScores, shape: "b \(b) w \(w) first \(first) e \(e) absent \(absent)",
        operands: candidateOperands(shape, &generator) + [
          .input("action", generator.floats(b * e)), .output("scores", b * (w - first)),
        ],
        bound: Bound(terms: e, scale: 1),
        // There are no differences of −∞.
        gradient: absent.isFinite ? gradient : .notDifferentiable,
        call: { backend, a in
          backend.candidateScores(
            a["action"], a[indices: "rows"], a["items"], b: b, w: w, first: first, e: e,
            absent: absent, into: a["scores"])
        })
    }
  }

  static let candidateScoresItemGradient: [OpCase] = candidates.map { shape in
    let (b, w, first, e) = shape
    var generator = SeededGenerator(UInt64(b * 367 + w))
    return OpCase(
      op: .candidateScoresItemGradient, shape: "b \(b) w \(w) first \(first) e \(e)",
      operands: [
        candidateOperands(shape, &generator)[0],
        .input("dScores", generator.floats(b * (w - first))),
        .input("action", generator.floats(b * e)),
        .update("dItems", generator.floats(itemCount * e)),
      ],
      bound: Bound(terms: b * (w - first) + 1, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in
        backend.candidateScoresItemGradient(
          a["dScores"], a["action"], a[indices: "rows"], b: b, w: w, first: first, e: e,
          into: a["dItems"])
      })
  }

  static let candidateScoresBackward: [OpCase] = candidates.map { shape in
    let (b, w, first, e) = shape
    var generator = SeededGenerator(UInt64(b * 347 + w))
    return OpCase(
      op: .candidateScoresBackward, shape: "b \(b) w \(w) first \(first) e \(e)",
      operands: candidateOperands(shape, &generator) + [
        .input("dScores", generator.floats(b * (w - first))), .output("dAction", b * e),
      ],
      bound: Bound(terms: w - first, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in
        backend.candidateScoresBackward(
          a["dScores"], a[indices: "rows"], a["items"], b: b, w: w, first: first, e: e,
          into: a["dAction"])
      })
  }

  private static let choices: [(b: Int, n: Int, temperature: Float, peak: Float)] = [
    (1, 1, 1, 5), (7, 5, 0.5, 3), (33, 65, 2, 5), (3, 1030, 0.7, 2), (257, 3, 1, 5),
    (5, 129, 1, 1e4), (2, 16, 30, 100),
  ]

  /// Scores up to ±peak, where there is choice every fourth of −∞, and values up to ±2.
  private static func choiceOperands(
    _ shape: (b: Int, n: Int, temperature: Float, peak: Float), _ generator: inout SeededGenerator
  ) -> [Operand] {
    let (b, n, _, peak) = shape
    var scores = generator.floats(b * n, in: -peak...peak)
    for i in 0..<b { for c in 0..<n where c % 4 == 1 { scores[i * n + c] = -.infinity } }
    return [.input("scores", scores), .input("values", generator.floats(b * n, in: -2...2))]
  }

  static let softmaxExpectation: [OpCase] = choices.map { shape in
    let (b, n, temperature, peak) = shape
    var generator = SeededGenerator(UInt64(b * 349 + n))
    return OpCase(
      op: .softmaxExpectation, shape: "b \(b) n \(n) temperature \(temperature) to \(peak)",
      operands: choiceOperands(shape, &generator) + [.output("y", b)],
      bound: Bound(8, scale: 2),
      gradient: .backward(
        output: "y", wrt: [.overwritten("scores"), .overwritten("values")]
      ) { backend, a in
        backend.softmaxExpectationBackward(
          a["dy"], a["scores"], a["values"], a["y"], temperature: temperature, b: b, n: n,
          into: a["dscores"], dValues: a["dvalues"])
      },
      call: { backend, a in
        backend.softmaxExpectation(
          a["scores"], a["values"], temperature: temperature, b: b, n: n, into: a["y"])
      })
  }

  /// With either gradient and with both; the other's place stays as it was.
  static let softmaxExpectationBackward: [OpCase] = choices.enumerated().map { number, shape in
    let (b, n, temperature, peak) = shape
    let (ofScores, ofValues) = (number % 3 != 1, number % 3 != 2)
    var generator = SeededGenerator(UInt64(b * 353 + n))
    return OpCase(
      op: .softmaxExpectationBackward,
      shape: "b \(b) n \(n) temperature \(temperature) to \(peak)",
      operands: choiceOperands(shape, &generator) + [
        .input("dy", generator.floats(b)), .input("y", generator.floats(b, in: -2...2)),
        .output("dScores", b * n), .output("dValues", b * n),
      ],
      // Differences of terms up to 2.
      bound: Bound(8, scale: 4 / Double(temperature)), bounds: ["dValues": Bound(8, scale: 1)],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.softmaxExpectationBackward(
          a["dy"], a["scores"], a["values"], a["y"], temperature: temperature, b: b, n: n,
          into: ofScores ? a["dScores"] : nil, dValues: ofValues ? a["dValues"] : nil)
      })
  }

  private static let picks = [(1, 1), (7, 5), (1025, 3), (129, 33), (2, 1), (3, 1682)]

  private static let floatPicks: [OpCase] = picks.map { b, n in
    var generator = SeededGenerator(UInt64(b * 373 + n))
    return OpCase(
      op: .pick, shape: "b \(b) n \(n)",
      operands: [
        .input("x", generator.floats(b * n)),
        .input("column", generator.indices(b, in: -1..<Int32(n + 1))), .output("y", b),
      ],
      bound: .exact,
      gradient: .backward(output: "y", wrt: [.overwritten("x")]) { backend, a in
        backend.pickBackward(a["dy"], a[indices: "column"], b: b, n: n, into: a["dx"])
      },
      call: { backend, a in
        backend.pick(a["x"], a[indices: "column"], b: b, n: n, into: a["y"])
      })
  }

  static let pickBackward: [OpCase] = picks.map { b, n in
    var generator = SeededGenerator(UInt64(b * 379 + n))
    return OpCase(
      op: .pickBackward, shape: "b \(b) n \(n)",
      operands: [
        .input("dy", generator.floats(b)),
        .input("column", generator.indices(b, in: -1..<Int32(n + 1))), .output("dx", b * n),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.pickBackward(a["dy"], a[indices: "column"], b: b, n: n, into: a["dx"])
      })
  }

  static let pick = floatPicks + indexPicks

  private static let indexPicks: [OpCase] = [
    (1, 1), (7, 5), (1025, 3), (129, 33), (2, 1),
  ].map { b, n in
    var generator = SeededGenerator(UInt64(b * 367 + n))
    return OpCase(
      op: .pick, shape: "row numbers: b \(b) n \(n)",
      operands: [
        .input("x", generator.indices(b * n, in: -9..<1 << 20)),
        .input("column", generator.indices(b, in: -2..<Int32(n + 2))), .indexOutput("y", b),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.pick(
          a[indices: "x"], a[indices: "column"], b: b, n: n, into: a[indices: "y"])
      })
  }
}
