import Foundation
import Kernels
import TestSupport

extension OpTable {
  private static let kinds: [PointLoss] = [.squared, .huber(delta: 0.5), .binaryCrossEntropy]

  /// Predictions and targets: logits and labels for a cross-entropy.
  private static func pairs(_ kind: PointLoss, _ n: Int) -> [Operand] {
    var generator = SeededGenerator(UInt64(n) + 401)
    var prediction = generator.floats(n, in: -3...3)
    let isCrossEntropy = kind == .binaryCrossEntropy
    if isCrossEntropy && n > 5 { prediction[1...3] = [200, -200, 0] }
    return [
      .input("prediction", prediction),
      .input("target", generator.floats(n, in: isCrossEntropy ? 0...1 : -3...3)),
      .input("weights", generator.floats(n, in: 0.1...1)),
    ]
  }

  static let pointLoss: [OpCase] = kinds.flatMap { kind in
    counts.flatMap { n in
      [true, false].map { isWeighted in
        // The largest term: (6)² / n, or 200 / n.
        let scale = (kind == .binaryCrossEntropy ? 200 : 36) / Double(n)
        return OpCase(
          op: .pointLoss, shape: "\(kind) \(n)\(isWeighted ? " weighted" : "")",
          operands: pairs(kind, n) + [.output("loss", 1), .output("slope", isWeighted ? n : 0)],
          bound: Bound(8, terms: n, scale: scale),
          bounds: ["slope": slopeBound(kind, n)],
          gradient: .backward(output: "loss", wrt: [.overwritten("prediction")]) { backend, a in
            backend.pointLossBackward(
              kind, a["dloss"], a["prediction"], a["target"],
              weights: isWeighted ? a["weights"] : nil, n: n, into: a["dprediction"])
          },
          call: { backend, a in
            backend.pointLoss(
              kind, a["prediction"], a["target"], weights: isWeighted ? a["weights"] : nil, n: n,
              into: a["loss"], slope: isWeighted ? a["slope"] : nil)
          })
      }
    }
  }

  /// Differences of terms up to 2 · 3, or to 1.
  private static func slopeBound(_ kind: PointLoss, _ n: Int) -> Bound {
    Bound(8, scale: 0.7 * (kind == .binaryCrossEntropy ? 1 : 6) / Double(n))
  }

  static let pointLossBackward: [OpCase] = kinds.flatMap { kind in
    counts.flatMap { n in
      [true, false].map { isWeighted in
        OpCase(
          op: .pointLossBackward, shape: "\(kind) \(n)\(isWeighted ? " weighted" : "")",
          operands: pairs(kind, n) + [.input("dLoss", [0.7]), .output("dPrediction", n)],
          bound: slopeBound(kind, n),
          gradient: .notDifferentiable,
          call: { backend, a in
            backend.pointLossBackward(
              kind, a["dLoss"], a["prediction"], a["target"],
              weights: isWeighted ? a["weights"] : nil, n: n, into: a["dPrediction"])
          })
      }
    }
  }

  private static let catalogs: [(b: Int, n: Int, peak: Float)] = [
    (1, 1, 5), (7, 5, 5), (33, 65, 5), (1, 1025, 5), (3, 1683, 5), (2, 5003, 5), (257, 3, 5),
    (5, 129, 1e4),
  ]

  /// Logits up to ±peak, every fourth masked, and targets that are not.
  private static func logits(
    _ shape: (b: Int, n: Int, peak: Float)
  ) -> (
    logits: [Float], target: [Int32]
  ) {
    let (b, n, peak) = shape
    var generator = SeededGenerator(UInt64(b * 409 + n))
    var logits = generator.floats(b * n, in: -peak...peak)
    var target: [Int32] = []
    for i in 0..<b {
      target += generator.indices(1, in: 0..<Int32(n))
      for j in 0..<n where j % 4 == 1 && j != target[i] { logits[i * n + j] = -.infinity }
    }
    return (logits, target)
  }

  /// Of either sign, every third 0.
  private static func rowWeights(_ b: Int) -> Operand {
    var generator = SeededGenerator(UInt64(b) + 421)
    return .input("weights", generator.floats(b).enumerated().map { $0 % 3 == 1 ? 0 : $1 })
  }

  static let softmaxCrossEntropy: [OpCase] = catalogs.flatMap { shape in
    [false, true].map { isWeighted in
      let (b, n, peak) = shape
      let (logits, target) = Self.logits(shape)
      return OpCase(
        op: .softmaxCrossEntropy, shape: "b \(b) n \(n) to \(peak)\(isWeighted ? " weighted" : "")",
        operands: [
          .input("logits", logits), .input("target", target), rowWeights(b), .output("loss", 1),
          .output("logNormalizer", b),
        ],
        bounds: [
          "loss": Bound(8, terms: b, scale: Double(peak)),
          "logNormalizer": Bound(8, scale: Double(peak)),
        ],
        gradient: .backward(output: "loss", wrt: [.overwritten("logits")]) { backend, a in
          backend.softmaxCrossEntropyBackward(
            a["dloss"], a["logits"], a[indices: "target"],
            weights: isWeighted ? a["weights"] : nil, logNormalizer: a["logNormalizer"], b: b,
            n: n, into: a["dlogits"])
        },
        call: { backend, a in
          backend.softmaxCrossEntropy(
            a["logits"], a[indices: "target"], weights: isWeighted ? a["weights"] : nil, b: b,
            n: n, into: a["loss"], logNormalizer: a["logNormalizer"])
        })
    }
  }

  static let softmaxCrossEntropyBackward: [OpCase] = catalogs.flatMap { shape in
    [false, true].map { isWeighted in
      let (b, n, peak) = shape
      let (logits, target) = Self.logits(shape)
      let logNormalizer = (0..<b).map { i in
        let row = (0..<n).map { Double(logits[i * n + $0]) }
        return Float(row.max()! + log(row.reduce(0) { $0 + exp($1 - row.max()!) }))
      }
      return OpCase(
        op: .softmaxCrossEntropyBackward,
        shape: "b \(b) n \(n) to \(peak)\(isWeighted ? " weighted" : "")",
        operands: [
          .input("dLoss", [-1.5]), .input("logits", logits), .input("target", target),
          rowWeights(b), .input("logNormalizer", logNormalizer), .output("dLogits", b * n),
        ],
        // exp's argument is as wrong as a logit is large.
        bound: Bound(8, scale: 1.5 * max(1, Double(peak) / 8) / Double(b)),
        gradient: .notDifferentiable,
        call: { backend, a in
          backend.softmaxCrossEntropyBackward(
            a["dLoss"], a["logits"], a[indices: "target"],
            weights: isWeighted ? a["weights"] : nil, logNormalizer: a["logNormalizer"], b: b,
            n: n, into: a["dLogits"])
        })
    }
  }

  static let temporalDifferenceTarget: [OpCase] = counts.flatMap { b in
    [false, true].map { hasTwin in
      var generator = SeededGenerator(UInt64(b) + 419)
      // Continuations of ended, one-step and longer transitions.
      let outcome: [Float] = (0..<b).flatMap { i in generator.floats(1) + [[0, 1, 0.81][i % 3]] }
      var (value, twin) = (
        generator.floats(b, in: -10...10), generator.floats(b, in: -10...10)
      )
      if hasTwin && b > 4 { (value[1], twin[2]) = (.nan, .nan) }
      return OpCase(
        op: .temporalDifferenceTarget, shape: "\(b)" + (hasTwin ? " twin" : ""),
        operands: [
          .input("outcome", outcome), .input("nextValue", value), .input("twin", twin),
          .output("target", b),
        ],
        bound: Bound(terms: 2, scale: 10), gradient: .notDifferentiable,
        call: { backend, a in
          backend.temporalDifferenceTarget(
            a["outcome"], a["nextValue"], twin: hasTwin ? a["twin"] : nil, discount: 0.9, b: b,
            into: a["target"])
        })
    }
  }
}
