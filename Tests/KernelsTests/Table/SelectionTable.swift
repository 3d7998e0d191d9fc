import Kernels
import TestSupport

extension OpTable {
  private enum Mask: CaseIterable { case none, some, all }

  /// Whole numbers, so that scores are exact and many are equal.
  static let scoreTopK: [OpCase] = [
    (1, 1, 1, 1), (7, 33, 5, 3), (3, 129, 16, 10), (2, 1683, 33, 20), (33, 65, 3, 5),
    (1, 5, 3, 9), (2, 129, 2, 129), (1, 5003, 7, 100), (129, 31, 1, 1), (2, 32, 65, 7),
  ].flatMap { b, n, e, k in
    Mask.allCases.enumerated().map { i, mask in
      scoreTopK(b: b, n: n, e: e, k: k, mask, hasBias: (b + i) % 2 == 0)
    }
  }

  private static func scoreTopK(
    b: Int, n: Int, e: Int, k: Int, _ mask: Mask, hasBias: Bool
  ) -> OpCase {
    var generator = SeededGenerator(UInt64(n * 613 + e))
    var items = generator.wholeFloats(n * e, in: -3...3)
    if n > 4 {
      items[2 * e] = .nan
      items[3 * e] = -.infinity
    }
    let words = (n + 31) / 32
    // Queries are positive, so that −∞ · query stays −∞. Bits past n are set: they name no item.
    let allowed = (0..<b * words).map { _ in
      mask == .all ? 0 : UInt32.random(in: 0...UInt32.max, using: &generator)
    }.enumerated().map { mask == .some && $0 % words == words - 1 ? $1 | 1 << 31 : $1 }
    return OpCase(
      op: .scoreTopK,
      shape: "b \(b) n \(n) e \(e) k \(k) mask \(mask)\(hasBias ? " bias" : "")",
      operands: [
        .input("query", generator.wholeFloats(b * e, in: 1...3)), .input("items", items),
        .input("bias", generator.wholeFloats(n, in: -3...3)), .input("allowed", allowed),
        .indexOutput("index", b * k), .output("scores", b * k),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.scoreTopK(
          a["query"], items: a["items"], bias: hasBias ? a["bias"] : nil,
          allowed: mask == .none ? nil : a[bits: "allowed"], b: b, n: n, e: e, k: k,
          into: a[indices: "index"], scores: a["scores"])
      })
  }
}
