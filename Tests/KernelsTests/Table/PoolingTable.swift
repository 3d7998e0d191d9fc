import Kernels
import TestSupport

extension OpTable {
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

  /// Without and with users.
  private static let products: [(b: Int, n: Int, e: Int)] = [
    (1, 1, 1), (7, 5, 3), (33, 4, 65), (129, 1, 16), (2, 9, 100), (65, 3, 129), (257, 6, 2),
  ]

  private static func productCount(_ shape: (b: Int, n: Int, e: Int), hasUsers: Bool) -> Int {
    let (b, n, e) = shape
    return b * (n + n * (n - 1) / 2 + (hasUsers ? n : 0)) * e
  }

  static let pairwiseProducts: [OpCase] = products.flatMap { shape in
    [false, true].map { hasUsers in
      let (b, n, e) = shape
      var generator = SeededGenerator(UInt64(b * 337 + n))
      return OpCase(
        op: .pairwiseProducts, shape: "b \(b) n \(n) e \(e)" + (hasUsers ? " users" : ""),
        operands: poolOperands(shape) + [
          .input("weights", generator.floats(n)),
          .output("state", productCount(shape, hasUsers: hasUsers)),
        ],
        bound: Bound(scale: 1),
        gradient: .backward(output: "state", wrt: [.accumulated("weights")]) { backend, a in
          backend.pairwiseProductsBackward(
            a["dstate"], a[indices: "index"], users: hasUsers ? a["users"] : nil,
            items: a["items"], weights: a["weights"], b: b, n: n, e: e, into: a["dweights"])
        },
        call: { backend, a in
          backend.pairwiseProducts(
            a[indices: "index"], users: hasUsers ? a["users"] : nil, items: a["items"],
            weights: a["weights"], b: b, n: n, e: e, into: a["state"])
        })
    }
  }

  static let pairwiseProductsBackward: [OpCase] = products.flatMap { shape in
    [false, true].map { hasUsers in
      let (b, n, e) = shape
      var generator = SeededGenerator(UInt64(b * 347 + n))
      return OpCase(
        op: .pairwiseProductsBackward,
        shape: "b \(b) n \(n) e \(e)" + (hasUsers ? " users" : ""),
        operands: poolOperands(shape) + [
          .input("dState", generator.floats(productCount(shape, hasUsers: hasUsers))),
          .input("weights", generator.floats(n)), .update("dWeights", generator.floats(n)),
        ],
        bound: Bound(terms: b * e * n, scale: 2), gradient: .notDifferentiable,
        call: { backend, a in
          backend.pairwiseProductsBackward(
            a["dState"], a[indices: "index"], users: hasUsers ? a["users"] : nil,
            items: a["items"], weights: a["weights"], b: b, n: n, e: e, into: a["dWeights"])
        })
    }
  }

  static let historyRows: [OpCase] = pools.map { shape in
    let (b, n, e) = shape
    return OpCase(
      op: .historyRows, shape: "b \(b) n \(n) e \(e)",
      operands: poolOperands(shape) + [.output("y", b * n * 2 * e)], bound: .exact,
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.historyRows(
          a[indices: "index"], users: a["users"], items: a["items"], b: b, n: n, e: e,
          into: a["y"])
      })
  }

  static let attentionPooling: [OpCase] = pools.map { shape in
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 349 + n))
    return OpCase(
      op: .attentionPooling, shape: "b \(b) n \(n) e \(e)",
      operands: poolOperands(shape) + [
        .input("logits", generator.floats(b * n, in: -4...4)), .output("state", b * 3 * e),
        .output("attention", b * n),
      ],
      bound: Bound(8, terms: n, scale: 1),
      gradient: .backward(output: "state", wrt: [.overwritten("logits")]) { backend, a in
        backend.attentionPoolingBackward(
          a["dstate"], a["state"], a[indices: "index"], items: a["items"],
          attention: a["attention"], b: b, n: n, e: e, into: a["dlogits"])
      },
      call: { backend, a in
        backend.attentionPooling(
          a["logits"], a[indices: "index"], users: a["users"], items: a["items"], b: b, n: n,
          e: e, into: a["state"], attention: a["attention"])
      })
  }

  static let attentionPoolingBackward: [OpCase] = pools.map { shape in
    let (b, n, e) = shape
    var generator = SeededGenerator(UInt64(b * 353 + n))
    return OpCase(
      op: .attentionPoolingBackward, shape: "b \(b) n \(n) e \(e)",
      operands: poolOperands(shape) + [
        .input("dState", generator.floats(b * 3 * e)),
        .input("state", generator.floats(b * 3 * e)),
        .input("attention", generator.floats(b * n, in: 0...1)), .output("dLogits", b * n),
      ],
      bound: Bound(terms: e * 2 * n, scale: 2), gradient: .notDifferentiable,
      call: { backend, a in
        backend.attentionPoolingBackward(
          a["dState"], a["state"], a[indices: "index"], items: a["items"],
          attention: a["attention"], b: b, n: n, e: e, into: a["dLogits"])
      })
  }
}
