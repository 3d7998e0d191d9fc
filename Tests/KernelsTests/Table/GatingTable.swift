import Kernels
import TestSupport

extension OpTable {
  /// A batch under gates: a parts' columns, the sizes of the network, spans that no gate moves.
  private struct Gating {
    var b: Int
    var a: Int
    var context: Int
    var hidden: Int
    var gates: Int
    var fixed: Int
    var activation: Activation
    /// Columns of the rows that name the states; nil: every state a row.
    var w: Int?

    var name: String {
      "b \(b) a \(a) network \(context)-\(hidden)-\(gates) fixed \(fixed)"
        + (w.map { " rows of \($0)" } ?? "")
    }

    private static let states = 23
    var stateCount: Int { w == nil ? b : Self.states }

    /// The gates' constants behind the layers, and gaps between, so that every offset matters.
    var layout: GateLayout {
      let first = MLPLayout.Layer(
        weight: hidden + 5, bias: 3, inputs: context, outputs: hidden, activation: activation)
      let end = first.weight + context * hidden + 2
      let last = MLPLayout.Layer(
        weight: end, bias: end + hidden * gates + 1, inputs: hidden, outputs: gates,
        activation: .tanh)
      return GateLayout(
        MLPLayout([first, last]), offset: last.bias + gates + 4, reach: 0.75, width: a,
        spans: gates + fixed)
    }
    var parameterCount: Int { layout.offset + gates + 3 }

    /// Spans of all parts that overlap and that may be empty.
    func operands(_ generator: inout SeededGenerator) -> [Operand] {
      var spans: [Int32] = []
      for s in 0..<gates + fixed {
        let first = generator.indices(1, in: 0..<Int32(a))[0]
        spans += [Int32(s % 3), first]
        spans += generator.indices(1, in: 0..<Int32(a) - first + 1)
      }
      var rows = generator.indices(b * (w ?? 0), in: 0..<Int32(Self.states))
      // Some have no state, and what stands behind the first column is no state at all.
      for i in rows.indices {
        if i % w! != 0 { rows[i] = 1 << 20 } else if i / w! % 5 == 3 { rows[i] = -1 }
      }
      return [
        .input("states", generator.floats(stateCount * layout.stateWidth)), .input("rows", rows),
        .input("spans", spans), .input("weights", generator.floats(2 * (gates + fixed))),
        .input("parameters", generator.floats(parameterCount, in: -0.5...0.5)),
      ]
    }

    func batch(_ a: Arguments) -> GatedStates {
      GatedStates(
        states: a["states"], rows: w == nil ? nil : a[indices: "rows"], w: w ?? 0,
        spans: a[indices: "spans"], weights: a["weights"], parameters: a["parameters"], b: b)
    }

    var bound: Bound { Bound(16, terms: max(context, hidden, gates + fixed), scale: 1) }
  }

  private static let gatings = [
    Gating(b: 1, a: 1, context: 1, hidden: 1, gates: 1, fixed: 0, activation: .relu, w: nil),
    Gating(b: 7, a: 5, context: 3, hidden: 8, gates: 4, fixed: 1, activation: .relu, w: 3),
    Gating(b: 33, a: 65, context: 7, hidden: 17, gates: 9, fixed: 0, activation: .relu, w: 1),
    Gating(b: 65, a: 16, context: 16, hidden: 33, gates: 17, fixed: 2, activation: .tanh, w: nil),
    Gating(b: 3, a: 300, context: 2, hidden: 300, gates: 3, fixed: 3, activation: .relu, w: 2),
    Gating(b: 257, a: 2, context: 1, hidden: 5, gates: 2, fixed: 1, activation: .sigmoid, w: nil),
    Gating(b: 64, a: 130, context: 7, hidden: 64, gates: 9, fixed: 1, activation: .relu, w: 21),
  ]

  static let gatedParts: [OpCase] = gatings.map { gating in
    let layout = gating.layout
    var generator = SeededGenerator(UInt64(gating.b) + 701)
    return OpCase(
      op: .gatedParts, shape: gating.name,
      operands: gating.operands(&generator) + [
        .output("y", gating.b * gating.a), .output("hidden", gating.b * gating.hidden),
        .output("gates", gating.b * gating.gates),
      ],
      bound: gating.bound,
      gradient: .backward(output: "y", wrt: [.accumulated("parameters")]) { backend, a in
        backend.gatedPartsBackward(
          layout, a["dy"], gating.batch(a), hidden: a["hidden"], gates: a["gates"],
          gradients: a["dparameters"])
      },
      call: { backend, a in
        backend.gatedParts(
          layout, gating.batch(a), into: a["y"], hidden: a["hidden"], gates: a["gates"])
      })
  }

  static let gatedPartsBackward: [OpCase] = gatings.map { gating in
    let layout = gating.layout
    var generator = SeededGenerator(UInt64(gating.b) + 709)
    return OpCase(
      op: .gatedPartsBackward, shape: gating.name,
      operands: gating.operands(&generator) + [
        .input("dy", generator.floats(gating.b * gating.a)),
        .input("hidden", generator.floats(gating.b * gating.hidden, in: 0...1)),
        .input("gates", generator.floats(gating.b * gating.gates)),
        .update("gradients", generator.floats(gating.parameterCount)),
      ],
      bound: Bound(16, terms: gating.b * gating.a, scale: 1), gradient: .notDifferentiable,
      call: { backend, a in
        backend.gatedPartsBackward(
          layout, a["dy"], gating.batch(a), hidden: a["hidden"], gates: a["gates"],
          gradients: a["gradients"])
      })
  }
}
