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

  /// Rows name no item, the same one twice, the last and one beyond.
  static let excludeItems: [OpCase] = [
    (1, 1, 0, 1), (7, 5, 1, 33), (129, 3, 0, 32), (3, 11, 1, 1682), (2, 2, 2, 65), (65, 4, 0, 31),
  ].map { b, w, first, n in
    var generator = SeededGenerator(UInt64(b * 383 + n))
    return OpCase(
      op: .excludeItems, shape: "b \(b) w \(w) from \(first) n \(n)",
      operands: [
        .input("rows", generator.indices(b * w, in: -2..<Int32(n))),
        .bitOutput("allowed", b * ((n + 31) / 32)),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.excludeItems(
          a[indices: "rows"], b: b, w: w, first: first, n: n, into: a[bits: "allowed"])
      })
  }

  /// The first word and the last among them, in no order.
  static let replaceWords: [OpCase] = [
    (1, 1), (2, 33), (33, 65), (129, 129), (257, 5003),
  ].map { c, size in
    var generator = SeededGenerator(UInt64(c * 389 + size))
    func words(_ count: Int) -> [UInt32] {
      (0..<count).map { _ in UInt32.random(in: 0...UInt32.max, using: &generator) }
    }
    let inner = (1..<max(size - 1, 1)).shuffled(using: &generator)
    let places = Set([0, size - 1]).union(inner.prefix(max(c - 2, 0))).map { Int32($0) }
    return OpCase(
      op: .replaceWords, shape: "c \(c) of \(size)",
      operands: [
        .input("places", places.sorted().shuffled(using: &generator)), .input("words", words(c)),
        .update("target", words(size)),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.replaceWords(
          places: a[indices: "places"], words: a[bits: "words"], c: c, into: a[bits: "target"])
      })
  }

  /// As they are, whole numbers, many of them equal; or perturbed. Where there is choice some are −∞
  /// and NaN, in the last row all but two.
  static let topKRows: [OpCase] = [
    (1, 1, 1, 1), (7, 5, 2, 3), (33, 65, 20, 21), (129, 21, 1, 1), (3, 129, 129, 131),
    (2, 5, 9, 9), (257, 3, 2, 2), (5, 1025, 7, 8), (1, 9001, 10, 10), (3, 128, 64, 64),
    (1, 0, 2, 3), (65, 16, 4, 4), (67, 2049, 5, 6),
  ].flatMap { b, n, k, width in
    [false, true].map { isPerturbed in
      var generator = SeededGenerator(UInt64(n * 617 + k))
      var scores =
        isPerturbed
        ? generator.floats(b * n, in: -2...2) : generator.wholeFloats(b * n, in: -9...9)
      if n > 4 {
        for j in scores.indices where j % 7 == 2 { scores[j] = j % 3 == 0 ? .nan : -.infinity }
        for j in (b - 1) * n..<b * n - 2 { scores[j] = -.infinity }
        scores[0] = .infinity
      }
      let random = RandomKey(key: 0xFEED_FACE_CAFE_BEEF, counter: 0x1_0000_0007)
      return OpCase(
        op: .topKRows, shape: "b \(b) n \(n) k \(k) of \(width)\(isPerturbed ? " perturbed" : "")",
        operands: [
          .input("scores", scores), .update("index", generator.indices(b * width, in: -9..<9)),
        ],
        gradient: .notDifferentiable,
        call: { backend, a in
          backend.topKRows(
            a["scores"], gumbel: isPerturbed ? random : nil, b: b, n: n, k: k, width: width,
            into: a[indices: "index"])
        })
    }
  }
}
