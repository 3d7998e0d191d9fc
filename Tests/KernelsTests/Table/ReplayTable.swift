import Kernels
import TestSupport

extension OpTable {
  private typealias RingShape = (capacity: Int, s: Int, a: Int, b: Int)
  private static let ringShapes: [RingShape] = [
    (1, 1, 1, 1), (7, 3, 2, 5), (64, 11, 33, 33), (129, 6, 1, 129), (512, 1, 129, 65),
    (5, 257, 3, 2),
  ]

  private static func ringOperands(_ shape: RingShape, _ role: Operand.Role) -> [Operand] {
    let (capacity, s, a, _) = shape
    var generator = SeededGenerator(UInt64(capacity * 701 + s))
    let operands: [Operand] = [
      .update("ringStates", generator.indices(capacity * s, in: -1..<1000)),
      .update("ringNextStates", generator.indices(capacity * s, in: -1..<1000)),
      .update("ringActions", generator.floats(capacity * a)),
      .update("ringOutcomes", generator.floats(capacity * 2)),
    ]
    return operands.map { Operand(name: $0.name, role: role, values: $0.values) }
  }

  private static func rings(_ shape: RingShape, _ a: Arguments) -> ReplayRings {
    ReplayRings(
      states: a[indices: "ringStates"], nextStates: a[indices: "ringNextStates"],
      actions: a["ringActions"], outcomes: a["ringOutcomes"], capacity: shape.capacity,
      s: shape.s, a: shape.a)
  }

  static let replayAppend: [OpCase] = ringShapes.map { shape in
    let (capacity, s, a, b) = shape
    var generator = SeededGenerator(UInt64(capacity * 709 + s))
    let slots = Array((0..<Int32(capacity)).shuffled(using: &generator).prefix(b))
    let transition = slots.flatMap { [$0] + generator.indices(2 * s, in: -1..<1000) }
    return OpCase(
      op: .replayAppend, shape: "capacity \(capacity) s \(s) a \(a) b \(b)",
      operands: ringOperands(shape, .update) + [
        .input("transition", transition), .input("actions", generator.floats(b * a)),
        .input("outcomes", generator.floats(b * 2)),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.replayAppend(
          rings(shape, a), transition: a[indices: "transition"], actions: a["actions"],
          outcomes: a["outcomes"], b: b)
      })
  }

  static let replayGather: [OpCase] = ringShapes.map { shape in
    let (capacity, s, a, b) = shape
    var generator = SeededGenerator(UInt64(capacity * 719 + s))
    return OpCase(
      op: .replayGather, shape: "capacity \(capacity) s \(s) a \(a) b \(b)",
      operands: ringOperands(shape, .input) + [
        .input("index", generator.indices(b, in: 0..<Int32(capacity))),
        .indexOutput("states", b * s), .indexOutput("nextStates", b * s),
        .output("actions", b * a), .output("outcomes", b * 2),
      ],
      bound: .exact, gradient: .notDifferentiable,
      call: { backend, a in
        backend.replayGather(
          rings(shape, a), index: a[indices: "index"], b: b, states: a[indices: "states"],
          nextStates: a[indices: "nextStates"], actions: a["actions"], outcomes: a["outcomes"])
      })
  }

  private static let trees: [(capacity: Int, filled: Int, b: Int)] = [
    (1, 1, 1), (2, 1, 3), (8, 8, 5), (8, 5, 33), (64, 33, 7), (1024, 1024, 129),
    (8192, 5003, 257),
  ]

  /// A tree over whole priorities, every seventh leaf 0, none past `filled`.
  static func tree(capacity: Int, filled: Int) -> [Float] {
    var generator = SeededGenerator(UInt64(capacity * 727 + filled))
    let leaves = generator.wholeFloats(capacity, in: 1...9).enumerated().map { i, value in
      i >= filled || i % 7 == 6 ? 0 : value
    }
    var tree = [Float](repeating: 0, count: capacity) + leaves
    for node in stride(from: capacity - 1, to: 0, by: -1) {
      tree[node] = tree[2 * node] + tree[2 * node + 1]
    }
    return tree
  }

  static let sumTreeSet: [OpCase] = trees.flatMap { capacity, filled, b in
    [(1, false), (5, false), (1, true)].map { stride, isShared in
      var generator = SeededGenerator(UInt64(capacity * 733 + b))
      var leaves = generator.indices((b - 1) * stride + 1, in: 0..<Int32(capacity))
      if b > 4 { leaves[3 * stride] = -1 }
      // A leaf drawn twice carries two values, of which the last stands.
      let values = isShared ? [1.75] : generator.floats(b, in: 0.1...3)
      return OpCase(
        op: .sumTreeSet,
        shape: "capacity \(capacity) b \(b) stride \(stride)\(isShared ? " one value" : "")",
        operands: [
          .update("tree", tree(capacity: capacity, filled: filled)), .input("leaves", leaves),
          .input("values", values),
        ],
        bound: Bound(4, terms: capacity), gradient: .notDifferentiable,
        call: { backend, a in
          backend.sumTreeSet(
            a["tree"], capacity: capacity, leaves: a[indices: "leaves"], stride: stride,
            values: a["values"], b: b)
        })
    }
  }

  static let sumTreeSample: [OpCase] = trees.flatMap { capacity, filled, b in
    [0, 0.4, 1].map { (exponent: Float) in
      OpCase(
        op: .sumTreeSample,
        shape: "capacity \(capacity) filled \(filled) b \(b) exponent \(exponent)",
        operands: [
          .input("tree", tree(capacity: capacity, filled: filled)), .indexOutput("index", b),
          .output("weights", b),
        ],
        // pow may be 16 ulp off.
        bound: Bound(16), gradient: .notDifferentiable,
        call: { backend, a in
          backend.sumTreeSample(
            a["tree"], capacity: capacity, filled: filled, b: b, exponent: exponent,
            RandomKey(key: 99, counter: UInt64(b)), into: a[indices: "index"],
            weights: a["weights"])
        })
    }
  }

  static let prioritize: [OpCase] = counts.flatMap { b in
    [(0.6, 0.01, 0), (0.6, 0.01, 50), (1, 0, 1)].map {
      (exponent: Float, offset: Float, maximum: Float) in
      var generator = SeededGenerator(UInt64(b) + 739)
      return OpCase(
        op: .prioritize, shape: "\(b) exponent \(exponent) maximum \(maximum)",
        operands: [
          .input("prediction", generator.floats(b, in: -3...3)),
          .input("target", generator.floats(b, in: -3...3)), .output("priorities", b),
          .update("maximum", [maximum]),
        ],
        // pow may be 16 ulp off; the difference that it raises is one of terms up to 3.
        bound: Bound(16, scale: 1), gradient: .notDifferentiable,
        call: { backend, a in
          backend.prioritize(
            a["prediction"], a["target"], b: b, exponent: exponent, offset: offset,
            into: a["priorities"], maximum: a["maximum"])
        })
    }
  }
}
