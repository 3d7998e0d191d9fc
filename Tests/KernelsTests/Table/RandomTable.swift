import Kernels
import TestSupport

extension OpTable {
  private static let drawCounts = [1, 2, 3, 5, 7, 33, 129, 1025, 4099]
  private static let keys = [
    RandomKey(key: 0, counter: 0),
    RandomKey(key: 0xFEED_FACE_CAFE_BEEF, counter: 0x1_0000_0007),
  ]

  /// The ranges of the first two have exact floats only, so these must be equal everywhere.
  static let uniform: [OpCase] = drawCounts.flatMap { count in
    keys.flatMap { key in
      [(0, 1), (-1, 1), (-0.3, 2.7)].map { (low: Float, high: Float) in
        OpCase(
          op: .uniform, shape: "\(count) in \(low) ..< \(high) counter \(key.counter)",
          operands: [.output("y", count)],
          bound: low == -0.3 ? Bound(4, scale: 3) : .exact, gradient: .notDifferentiable,
          call: { backend, a in backend.uniform(a["y"], low: low, high: high, key) })
      }
    }
  }

  static let normal: [OpCase] = drawCounts.flatMap { count in
    keys.flatMap { key in
      [(0, 1), (0.5, 0.1)].map { (mean: Float, deviation: Float) in
        OpCase(
          op: .normal, shape: "\(count) mean \(mean) ± \(deviation) counter \(key.counter)",
          operands: [.output("y", count)],
          // The radius reaches 5.8; its angle is as wrong as 2π is large.
          bound: Bound(8, scale: Double(8 * deviation)), gradient: .notDifferentiable,
          call: { backend, a in
            backend.normal(a["y"], mean: mean, deviation: deviation, key)
          })
      }
    }
  }

  static let replaceRows: [OpCase] = [(1, 1), (1, 7), (7, 5), (33, 65), (129, 3), (257, 1)]
    .flatMap { m, n in
      [0, 0.3, 1].map { (probability: Float) in
        var generator = SeededGenerator(UInt64(m * 601 + n))
        return OpCase(
          op: .replaceRows, shape: "m \(m) n \(n) probability \(probability)",
          operands: [.update("x", generator.floats(m * n, in: 2...3))], bound: .exact,
          gradient: .notDifferentiable,
          call: { backend, a in
            backend.replaceRows(
              a["x"], m: m, n: n, probability: probability, low: -1, high: 1, coin: keys[0],
              values: keys[1])
          })
      }
    }

  static let dropout: [OpCase] = drawCounts.flatMap { count in
    [0, 0.3, 0.9].map { (rate: Float) in
      var generator = SeededGenerator(UInt64(count * 607))
      return OpCase(
        op: .dropout, shape: "\(count) rate \(rate)",
        operands: [.input("x", generator.floats(count)), .output("y", count)],
        bound: Bound(4, scale: Double(1 / (1 - rate))),
        gradient: .backward(output: "y", wrt: [.overwritten("x")]) { backend, a in
          backend.dropout(a["dy"], rate: rate, keys[1], into: a["dx"])
        },
        call: { backend, a in backend.dropout(a["x"], rate: rate, keys[1], into: a["y"]) })
    } + [dropoutInPlace(count)]
  }

  private static func dropoutInPlace(_ count: Int) -> OpCase {
    var generator = SeededGenerator(UInt64(count * 611))
    return OpCase(
      op: .dropout, shape: "\(count) in place",
      operands: [.update("x", generator.floats(count))], bound: Bound(4, scale: 2),
      gradient: .notDifferentiable,
      call: { backend, a in backend.dropout(a["x"], rate: 0.5, keys[0], into: a["x"]) })
  }

  static let bernoulli: [OpCase] = drawCounts.flatMap { count in
    keys.map { key in
      var generator = SeededGenerator(UInt64(count * 619))
      var logits = generator.floats(count, in: -4...4)
      for (i, extreme) in [Float.infinity, -.infinity, .nan, 200, -200].enumerated()
      where i + 2 < count { logits[i + 2] = extreme }
      return OpCase(
        op: .bernoulli, shape: "\(count) counter \(key.counter)",
        operands: [.input("logits", logits), .output("y", count)], bound: .exact,
        gradient: .notDifferentiable,
        call: { backend, a in backend.bernoulli(a["logits"], key, into: a["y"]) })
    }
  }
}
