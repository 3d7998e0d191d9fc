import Tensor

/// DRR's whole networks.
extension KernelCase {
  static let mlp: [KernelCase] = [
    forward("actor", actor, Size.batch), forward("critic", critic, Size.batch),
    forward("actor", actor, 1), forward("critic", critic, 4_096),
    backward("actor", actor, Size.batch), backward("critic", critic, Size.batch),
    backward("critic", critic, 4_096),
  ]

  /// Widths of the layers, and the layer that a second input joins.
  private typealias Network = (widths: [Int], side: MLPLayout.Side?)

  private static let actor: Network = (
    [Size.state, Size.hidden, Size.hidden, Size.k], nil
  )
  private static let critic: Network = (
    [Size.state, Size.hidden, Size.joint, Size.joint, 1], MLPLayout.Side(layer: 1, width: Size.k)
  )

  private static func layout(_ network: Network) -> (MLPLayout, weights: Int) {
    var offset = 0
    let layers = network.widths.indices.dropFirst().map { index in
      let side = network.side?.layer == index - 1 ? network.side!.width : 0
      let (inputs, outputs) = (network.widths[index - 1] + side, network.widths[index])
      defer { offset += (inputs + 1) * outputs }
      return MLPLayout.Layer(
        weight: offset, bias: offset + inputs * outputs, inputs: inputs, outputs: outputs,
        activation: .relu)
    }
    return (MLPLayout(layers, side: network.side), offset)
  }

  private static func products(_ layout: MLPLayout) -> Int {
    layout.layers.reduce(0) { $0 + $1.inputs * $1.outputs }
  }

  private static func forward(_ name: String, _ network: Network, _ m: Int) -> KernelCase {
    let (layout, weights) = layout(network)
    let side = layout.side?.width ?? 0
    return KernelCase(
      "mlp", "\(name), batch \(m)", .drr, flops: 2 * m * products(layout),
      words: weights + m * (layout.inputs + side + layout.hiddenWidth + layout.outputs)
    ) { i in
      let (x, parameters) = (i.floats(m * layout.inputs), i.floats(weights, -0.1, 0.1))
      let second = layout.side.map { i.floats(m * $0.width) }
      let (y, hidden) = (i.empty(m * layout.outputs), i.empty(m * layout.hiddenWidth))
      return {
        i.backend.mlp(
          layout, x, side: second, parameters: parameters, m: m, into: y, hidden: hidden)
      }
    }
  }

  private static func backward(_ name: String, _ network: Network, _ m: Int) -> KernelCase {
    let (layout, weights) = layout(network)
    let side = layout.side?.width ?? 0
    return KernelCase(
      "mlpBackward", "\(name), batch \(m)", .drr, flops: 4 * m * products(layout),
      words: 3 * weights
        + m * (2 * layout.inputs + 2 * side + layout.hiddenWidth + 2 * layout.outputs)
    ) { i in
      let (x, dy) = (i.floats(m * layout.inputs), i.floats(m * layout.outputs, -1e-3, 1e-3))
      let (parameters, gradients) = (i.floats(weights, -0.1, 0.1), i.floats(weights))
      let second = layout.side.map { i.floats(m * $0.width) }
      let dSecond = layout.side.map { i.empty(m * $0.width) }
      let (y, hidden) = (i.floats(m * layout.outputs), i.floats(m * layout.hiddenWidth))
      let dx = i.empty(m * layout.inputs)
      return {
        i.backend.mlpBackward(
          layout, dy, x, side: second, parameters: parameters, y: y, hidden: hidden, m: m, dx: dx,
          dSide: dSecond, gradients: gradients)
      }
    }
  }
}
