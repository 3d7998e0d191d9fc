import Kernels
import TestSupport

extension OpTable {
  private static let steps = [
    AdamStep(learningRate: 0.5, step: 1, targetRate: 0.25),
    AdamStep(learningRate: 0.5, step: 2, maximumNorm: 0.5),
    AdamStep(learningRate: 0.5, weightDecay: 0.1, step: 7, maximumNorm: 1.5, targetRate: 0.01),
    AdamStep(learningRate: 0.5, weightDecay: 0.1, step: 3),
    AdamStep(learningRate: 0.5, beta1: 0.5, beta2: 0.9, epsilon: 1e-3, step: 1000),
  ]

  static let adam: [OpCase] = counts.flatMap { count in
    steps.map { step in
      var generator = SeededGenerator(UInt64(count) + 503)
      var g = generator.floats(count)
      var m = generator.floats(count)
      var v = generator.floats(count, in: 0...1)
      // No gradient so far, and one so small that epsilon matters.
      if count > 2 { (g[0], m[0], v[0]) = (0, 0, 0) }
      if count > 2 { (g[1], m[1], v[1]) = (3e-8, 1e-8, 1e-15) }
      return OpCase(
        op: .adam, shape: "\(count) step \(step.step)",
        operands: [
          .update("p", generator.floats(count)), .update("g", g), .update("m", m),
          .update("v", v), .input("squaredNorm", [1.3]), .update("target", generator.floats(count)),
        ],
        bounds: [
          "target": Bound(8, terms: 3, scale: 1),
          "p": Bound(8, terms: 2, scale: 1), "g": .exact, "m": Bound(terms: 2, scale: 1),
          "v": Bound(terms: 2),
        ],
        gradient: .notDifferentiable,
        call: { backend, a in
          backend.adam(
            a["p"], a["g"], a["m"], a["v"], step,
            squaredNorm: step.maximumNorm.isFinite ? a["squaredNorm"] : nil,
            target: step.targetRate > 0 ? a["target"] : nil)
        })
    }
  }

  /// τ = 1 copies and τ = 0 keeps, to the bit.
  static let softUpdate: [OpCase] = counts.flatMap { count in
    [0, 0.001, 0.5, 1].map { (tau: Float) in
      var generator = SeededGenerator(UInt64(count) + 523)
      return OpCase(
        op: .softUpdate, shape: "\(count) τ \(tau)",
        operands: [
          .update("target", generator.floats(count)), .input("source", generator.floats(count)),
        ],
        bound: tau == 0 || tau == 1 ? .exact : Bound(terms: 2, scale: 1),
        gradient: .notDifferentiable,
        call: { backend, a in backend.softUpdate(a["target"], a["source"], tau: tau) })
    }
  }
}
