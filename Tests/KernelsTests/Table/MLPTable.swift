import Kernels
import TestSupport

extension OpTable {
  private struct Network {
    var m: Int
    /// From the columns of x to those of the last output.
    var widths: [Int]
    var activations: [Activation]
    var side: MLPLayout.Side?

    var name: String {
      "m \(m) widths \(widths)" + (side.map { " side \($0.width) at \($0.layer)" } ?? "")
    }

    /// Biases ahead of weights and gaps between, so that every offset matters.
    var layout: MLPLayout {
      var at = 3
      let layers = (1..<widths.count).map { index in
        let side = side?.layer == index - 1 ? side!.width : 0
        let (inputs, outputs) = (widths[index - 1] + side, widths[index])
        defer { at += outputs + inputs * outputs + 5 }
        return MLPLayout.Layer(
          weight: at + outputs + 2, bias: at, inputs: inputs, outputs: outputs,
          activation: activations[index - 1])
      }
      return MLPLayout(layers, side: side)
    }

    var parameterCount: Int {
      layout.layers.map { max($0.weight + $0.inputs * $0.outputs, $0.bias + $0.outputs) }.max()!
        + 4
    }

    func operands(_ generator: inout SeededGenerator) -> [Operand] {
      var parameters = generator.floats(parameterCount)
      for layer in layout.layers {
        let reach = 2 / Float(layer.inputs).squareRoot()
        for i in layer.weight..<layer.weight + layer.inputs * layer.outputs {
          parameters[i] *= reach
        }
      }
      return [
        .input("x", generator.floats(m * layout.inputs)),
        .input("side", generator.floats(m * (side?.width ?? 0))),
        .input("parameters", parameters),
      ]
    }

    /// Roundings pile up layer by layer.
    var bound: Bound {
      Bound(
        8 * Double(layout.layers.count), terms: layout.layers.map(\.inputs).max()! + 1, scale: 1)
    }
  }

  private static let networks = [
    Network(m: 1, widths: [1, 1], activations: [.identity]),
    Network(m: 7, widths: [5, 3], activations: [.tanh]),
    Network(m: 9, widths: [33, 17, 5], activations: [.relu, .sigmoid]),
    Network(
      m: 65, widths: [30, 20, 36, 7, 1], activations: [.relu, .tanh, .sigmoid, .identity],
      side: .init(layer: 1, width: 10)),
    Network(
      m: 3, widths: [70, 65, 129], activations: [.tanh, .relu], side: .init(layer: 0, width: 4)),
    Network(m: 2, widths: [300, 16, 15, 1], activations: [.relu, .identity, .tanh]),
    Network(
      m: 5, widths: [4, 5, 6, 7, 8, 7, 6, 5, 4],
      activations: [.tanh, .sigmoid, .identity, .tanh, .tanh, .sigmoid, .identity, .tanh],
      side: .init(layer: 7, width: 33)),
  ]

  static let mlp: [OpCase] = networks.map { network in
    let (m, layout, hasSide) = (network.m, network.layout, network.side != nil)
    var generator = SeededGenerator(UInt64(m) + 601)
    var wrt: [Gradient.WithRespectTo] = [.overwritten("x"), .accumulated("parameters")]
    if hasSide { wrt.append(.overwritten("side")) }
    return OpCase(
      op: .mlp, shape: network.name,
      operands: network.operands(&generator) + [
        .output("y", m * layout.outputs), .output("hidden", m * layout.hiddenWidth),
      ],
      bound: network.bound,
      gradient: .backward(output: "y", wrt: wrt) { backend, a in
        backend.mlpBackward(
          layout, a["dy"], a["x"], side: hasSide ? a["side"] : nil, parameters: a["parameters"],
          y: a["y"], hidden: a["hidden"], m: m, dx: a["dx"],
          dSide: hasSide ? a["dside"] : nil, gradients: a["dparameters"])
      },
      call: { backend, a in
        backend.mlp(
          layout, a["x"], side: hasSide ? a["side"] : nil, parameters: a["parameters"], m: m,
          into: a["y"], hidden: a["hidden"])
      })
  }

  static let mlpBackward: [OpCase] = networks.flatMap { network in
    [["dx", "dSide", "gradients"], ["dx"], ["dSide"], ["gradients"]].compactMap { wanted in
      network.side == nil && wanted == ["dSide"] ? nil : mlpBackward(network, wanted)
    }
  }

  private static func mlpBackward(_ network: Network, _ wanted: [String]) -> OpCase {
    let (m, layout, hasSide) = (network.m, network.layout, network.side != nil)
    var generator = SeededGenerator(UInt64(m) + 607)
    let outputs = layout.layers.map { layer in
      let reach: ClosedRange<Float> =
        layer.activation == .relu || layer.activation == .sigmoid ? 0...1 : -1...1
      return generator.floats(m * layer.outputs, in: reach)
    }
    let sideCount = wanted.contains("dSide") && hasSide ? m * network.side!.width : 0
    return OpCase(
      op: .mlpBackward, shape: "\(network.name) \(wanted.joined(separator: "+"))",
      operands: [.input("dy", generator.floats(m * layout.outputs))]
        + network.operands(&generator) + [
          .input("y", outputs.last!), .input("hidden", outputs.dropLast().flatMap { $0 }),
          .output("dx", wanted.contains("dx") ? m * layout.inputs : 0),
          .output("dSide", sideCount),
          .update("gradients", generator.floats(network.parameterCount)),
        ],
      bound: network.bound,
      bounds: ["gradients": Bound(16, terms: m * layout.layers.count, scale: 1)],
      gradient: .notDifferentiable,
      call: { backend, a in
        backend.mlpBackward(
          layout, a["dy"], a["x"], side: hasSide ? a["side"] : nil, parameters: a["parameters"],
          y: a["y"], hidden: a["hidden"], m: m, dx: wanted.contains("dx") ? a["dx"] : nil,
          dSide: sideCount > 0 ? a["dSide"] : nil,
          gradients: wanted.contains("gradients") ? a["gradients"] : nil)
      })
  }
}
