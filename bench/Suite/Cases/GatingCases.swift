import Tensor

/// The head of the residual agent.
extension KernelCase {
  static let gating: [KernelCase] = {
    let (b, a, context, hidden, gates) = (Size.batch, 228, 7, 64, 9)
    let first = MLPLayout.Layer(
      weight: 0, bias: context * hidden, inputs: context, outputs: hidden, activation: .relu)
    let last = MLPLayout.Layer(
      weight: first.bias + hidden, bias: first.bias + hidden + hidden * gates, inputs: hidden,
      outputs: gates, activation: .tanh)
    let weights = last.bias + 2 * gates
    let layout = GateLayout(
      MLPLayout([first, last]), offset: last.bias + gates, reach: 0.5, width: a, spans: gates)
    @Sendable func batch(_ i: Inputs) -> GatedStates {
      let spans = i.emptyIndices(3 * gates)
      i.backend.write((0..<gates).flatMap { [Int32($0 % 3), 0, Int32(a)] }, to: spans)
      return GatedStates(
        states: i.floats(b * layout.stateWidth), rows: nil, w: 0, spans: spans,
        weights: i.floats(2 * gates), parameters: i.floats(weights, -0.1, 0.1), b: b)
    }
    let products = 2 * b * (context * hidden + hidden * gates)
    let words = b * (layout.stateWidth + a + hidden + gates)
    return [
      KernelCase(
        "gatedParts", "\(gates) of \(b)×\(a)", .drr, flops: products + 2 * b * gates * a,
        words: words + weights
      ) { i in
        let (batch, y) = (batch(i), i.empty(b * a))
        let (hidden, t) = (i.empty(b * hidden), i.empty(b * gates))
        return { i.backend.gatedParts(layout, batch, into: y, hidden: hidden, gates: t) }
      },
      KernelCase(
        "gatedPartsBackward", "\(gates) of \(b)×\(a)", .drr,
        flops: 2 * products + 2 * b * gates * a, words: words + 3 * weights
      ) { i in
        let (batch, dy) = (batch(i), i.floats(b * a, -1e-3, 1e-3))
        let (hidden, t) = (i.floats(b * hidden, 0, 1), i.floats(b * gates))
        let gradients = i.floats(weights)
        return {
          i.backend.gatedPartsBackward(
            layout, dy, batch, hidden: hidden, gates: t, gradients: gradients)
        }
      },
    ]
  }()
}
