import Kernels
import TestSupport

extension OpTable {
  private struct Layer {
    var layout: RecurrentLayout
    /// Nil where all sequences have all steps.
    var lengths: [Int32]?
    var hasInitial = false

    init(
      _ cell: RecurrentCell, b: Int, t: Int, e: Int, h: Int, lengths: [Int32]? = nil,
      initial: Bool = false
    ) {
      layout = RecurrentLayout(cell, batch: b, steps: t, inputs: e, units: h)
      self.lengths = lengths
      hasInitial = initial
    }

    var name: String {
      "\(layout.cell) b \(layout.batch) t \(layout.steps) e \(layout.inputs) h \(layout.units)"
        + (lengths.map { " lengths \($0)" } ?? "") + (hasInitial ? " initial" : "")
    }

    var weightShapes: [(name: String, count: Int, inputs: Int)] {
      let (e, h, n) = (layout.inputs, layout.units, layout.gateWidth)
      return [
        ("input", e * n, e), ("hidden", h * n, h), ("inputBias", n, 1), ("hiddenBias", n, 1),
      ]
    }

    func operands(_ generator: inout SeededGenerator) -> [Operand] {
      var operands = [Operand.input("x", generator.floats(layout.rows * layout.inputs))]
      operands.append(.input("lengths", lengths ?? []))
      let count = hasInitial ? layout.batch * layout.stateWidth : 0
      operands.append(.input("initial", generator.floats(count)))
      for weight in weightShapes {
        let reach = 1.5 / Float(weight.inputs).squareRoot()
        operands.append(
          .input(weight.name, generator.floats(weight.count, in: -reach...reach)))
      }
      return operands
    }

    func length(_ b: Int) -> Int {
      lengths.map { min(max(Int($0[b]), 0), layout.steps) } ?? layout.steps
    }

    /// What a forward call may have left, 0 past each length.
    func activations(_ generator: inout SeededGenerator) -> (y: [Float], trace: [Float]) {
      let (h, n, rows) = (layout.units, layout.gateWidth, layout.rows)
      var y = generator.floats(rows * h)
      var trace = generator.floats(rows * n, in: 0...1) + generator.floats(rows * h)
      for b in 0..<layout.batch {
        for row in b * layout.steps + length(b)..<(b + 1) * layout.steps {
          for j in 0..<n { trace[row * n + j] = 0 }
          for j in 0..<h { (y[row * h + j], trace[rows * n + row * h + j]) = (0, 0) }
        }
      }
      return (y, trace)
    }

    func lengths(_ a: Arguments) -> Indices? { lengths == nil ? nil : a[indices: "lengths"] }
    func initial(_ a: Arguments) -> Floats? { hasInitial ? a["initial"] : nil }

    static func weights(_ a: Arguments, _ prefix: String = "") -> RecurrentWeights {
      RecurrentWeights(
        input: a[prefix + "input"], hidden: a[prefix + "hidden"],
        inputBias: a[prefix + "inputBias"], hiddenBias: a[prefix + "hiddenBias"])
    }

    /// Roundings pile up step by step.
    func bound(_ factor: Double) -> Bound {
      Bound(factor * Double(layout.steps), terms: layout.inputs + layout.units + 1, scale: 1)
    }
  }

  private static let layers = RecurrentCell.allCases.flatMap { cell in
    [
      Layer(cell, b: 1, t: 1, e: 1, h: 1),
      Layer(cell, b: 3, t: 4, e: 5, h: 7, lengths: [4, 2, 0], initial: true),
      Layer(cell, b: 10, t: 3, e: 7, h: 18, lengths: [3, 1, 9, 3, 2, 1, -1, 2, 3, 1]),
      Layer(cell, b: 5, t: 2, e: 30, h: 16, initial: true),
      Layer(cell, b: 2, t: 3, e: 3, h: 67, lengths: [1, 2]),
      Layer(cell, b: 35, t: 1, e: 2, h: 33, initial: true),
      // More than a block of the CPU's.
      Layer(cell, b: 34, t: 175, e: 2, h: 16, lengths: (0..<34).map { $0 * 5 % 7 }),
    ]
  }

  static let recurrent: [OpCase] = layers.flatMap { layer in
    ["y", "last"].map { output in
      let layout = layer.layout
      var generator = SeededGenerator(UInt64(layout.units) + 701)
      var wrt = ["input", "hidden", "inputBias", "hiddenBias"].map {
        Gradient.WithRespectTo.accumulated($0)
      }
      wrt.append(.overwritten("x"))
      if layer.hasInitial { wrt.append(.overwritten("initial")) }
      return OpCase(
        op: .recurrent, shape: "\(layer.name), \(output)",
        operands: layer.operands(&generator) + [
          .output("y", layout.rows * layout.units),
          .output("last", layout.batch * layout.stateWidth), .output("trace", layout.traceCount),
        ],
        bound: layer.bound(4),
        gradient: .backward(output: output, wrt: wrt) { backend, a in
          backend.recurrentBackward(
            layout, dy: output == "y" ? a["dy"] : nil, dLast: output == "last" ? a["dlast"] : nil,
            a["x"], lengths: layer.lengths(a), initial: layer.initial(a), Layer.weights(a),
            y: a["y"], trace: a["trace"], dx: a["dx"],
            dInitial: layer.hasInitial ? a["dinitial"] : nil, gradients: Layer.weights(a, "d"))
        },
        call: { backend, a in
          backend.recurrent(
            layout, a["x"], lengths: layer.lengths(a), initial: layer.initial(a),
            Layer.weights(a), into: a["y"], last: a["last"], trace: a["trace"])
        })
    }
  }

  static let recurrentBackward: [OpCase] = layers.flatMap { layer in
    [["dx", "dInitial", "gradients"], ["dx"], ["dInitial"], ["gradients"]].map {
      recurrentBackward(layer, $0)
    }
  }

  private static func recurrentBackward(_ layer: Layer, _ wanted: [String]) -> OpCase {
    let layout = layer.layout
    var generator = SeededGenerator(UInt64(layout.units) + 709)
    let (y, trace) = layer.activations(&generator)
    let stateCount = layout.batch * layout.stateWidth
    var operands = layer.operands(&generator)
    operands += [
      .input("dy", generator.floats(layout.rows * layout.units)),
      .input("dLast", generator.floats(stateCount)), .input("y", y), .update("trace", trace),
      .output("dx", wanted.contains("dx") ? layout.rows * layout.inputs : 0),
      .output("dInitial", wanted.contains("dInitial") ? stateCount : 0),
    ]
    for weight in layer.weightShapes {
      operands.append(.update("d" + weight.name, generator.floats(weight.count)))
    }
    return OpCase(
      op: .recurrentBackward, shape: "\(layer.name) \(wanted.joined(separator: "+"))",
      operands: operands, bound: layer.bound(16), gradient: .notDifferentiable,
      call: { backend, a in
        backend.recurrentBackward(
          layout, dy: a["dy"], dLast: a["dLast"], a["x"], lengths: layer.lengths(a),
          initial: layer.initial(a), Layer.weights(a), y: a["y"], trace: a["trace"],
          dx: wanted.contains("dx") ? a["dx"] : nil,
          dInitial: wanted.contains("dInitial") ? a["dInitial"] : nil,
          gradients: wanted.contains("gradients") ? Layer.weights(a, "d") : nil)
      })
  }
}
