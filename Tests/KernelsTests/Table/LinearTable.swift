import Kernels
import TestSupport

extension OpTable {
  private typealias Shape = (m: Int, k: Int, n: Int)

  /// 1, primes, one above the tiles, and a long side in each place.
  private static let shapes: [Shape] = [
    (1, 1, 1), (1, 7, 1), (7, 1, 5), (5, 3, 7), (33, 65, 129), (65, 33, 17), (129, 17, 33),
    (64, 128, 64), (65, 129, 1), (1, 300, 129), (2, 1025, 3), (1025, 3, 2), (3, 2, 1025),
  ]

  static let linear: [OpCase] = shapes.enumerated().flatMap { i, shape in
    let all = Activation.allCases
    // The middle shapes meet every activation, the others take turns.
    let activations = shape.m == 5 || shape.m == 33 ? all : [all[i % 4]]
    return activations.flatMap { activation in
      [true, false].map { linear(shape, activation, hasBias: $0) }
    }
  }

  private static func linear(_ shape: Shape, _ activation: Activation, hasBias: Bool) -> OpCase {
    let (m, k, n) = shape
    var generator = SeededGenerator(UInt64(m * 7919 + k * 31 + n))
    // Scaled as weights are at the start of a training, so that tanh is not flat.
    let reach = 2 / Float(k).squareRoot()
    let arrays: [Operand] = [
      .input("x", generator.floats(m * k)),
      .input("w", generator.floats(k * n, in: -reach...reach)),
      .input("b", generator.floats(n)),
      .output("y", m * n),
    ]
    var wrt: [Gradient.WithRespectTo] = [.overwritten("x"), .accumulated("w")]
    if hasBias { wrt.append(.accumulated("b")) }
    return OpCase(
      op: .linear, shape: "m \(m) k \(k) n \(n) \(activation)\(hasBias ? " bias" : "")",
      operands: arrays, bound: Bound(terms: k + 1, scale: 1),
      gradient: .backward(output: "y", wrt: wrt) { backend, a in
        backend.linearBackward(
          a["dy"], a["x"], a["w"], a["y"], activation, m: m, k: k, n: n, dx: a["dx"],
          dw: a["dw"], db: hasBias ? a["db"] : nil)
      },
      call: { backend, a in
        backend.linear(
          a["x"], a["w"], hasBias ? a["b"] : nil, activation, m: m, k: k, n: n, into: a["y"])
      })
  }

  static let linearBackward: [OpCase] =
    shapes.enumerated().flatMap { i, shape in
      let all = Activation.allCases
      let activations = shape.m == 5 || shape.m == 33 ? all : [all[i % 4]]
      return activations.map { linearBackward(shape, $0, wanted: ["dx", "dw", "db"]) }
    }
    + [["dx"], ["dw"], ["db"], ["dx", "dw"], ["dx", "db"], ["dw", "db"]].map {
      linearBackward((33, 65, 129), .tanh, wanted: $0)
    }

  private static func linearBackward(
    _ shape: Shape, _ activation: Activation, wanted: [String]
  ) -> OpCase {
    let (m, k, n) = shape
    var generator = SeededGenerator(UInt64(m * 104_729 + k * 31 + n))
    let reach = 2 / Float(k).squareRoot()
    let y =
      switch activation {
      case .identity: generator.floats(m * n)
      case .relu: generator.floats(m * n).map { max($0, 0) }
      case .tanh: generator.floats(m * n)
      case .sigmoid: generator.floats(m * n, in: 0...1)
      }
    return OpCase(
      op: .linearBackward,
      shape: "m \(m) k \(k) n \(n) \(activation) \(wanted.joined(separator: "+"))",
      operands: [
        .input("dy", generator.floats(m * n)), .input("x", generator.floats(m * k)),
        .input("w", generator.floats(k * n, in: -reach...reach)), .input("y", y),
        .output("dx", wanted.contains("dx") ? m * k : 0),
        .update("dw", generator.floats(k * n)), .update("db", generator.floats(n)),
      ],
      bounds: [
        "dx": Bound(terms: n, scale: Double(reach)), "dw": Bound(terms: m + 1, scale: 1),
        "db": Bound(terms: m + 1, scale: 1),
      ],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.linearBackward(
          a["dy"], a["x"], a["w"], a["y"], activation, m: m, k: k, n: n,
          dx: wanted.contains("dx") ? a["dx"] : nil, dw: wanted.contains("dw") ? a["dw"] : nil,
          db: wanted.contains("db") ? a["db"] : nil)
      })
  }
}
