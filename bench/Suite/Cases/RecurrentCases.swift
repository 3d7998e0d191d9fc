import Tensor

extension KernelCase {
  static let recurrent: [KernelCase] = [RecurrentCell.lstm, .gru].flatMap { cell in
    let layout = RecurrentLayout(
      cell, batch: Size.sequences, steps: Size.steps, inputs: 50, units: Size.recurrent)
    return [forward(layout), both(layout)]
  }

  private static func name(_ layout: RecurrentLayout) -> String {
    "\(layout.cell) \(layout.batch)×\(layout.steps), \(layout.inputs) to \(layout.units)"
  }

  /// Multiplications and additions of the products of all steps.
  private static func flops(_ layout: RecurrentLayout) -> Int {
    2 * layout.rows * (layout.inputs + layout.units) * layout.gateWidth
  }

  private static func words(_ layout: RecurrentLayout) -> Int {
    layout.rows * (layout.inputs + layout.units) + layout.traceCount
      + (layout.inputs + layout.units + 2) * layout.gateWidth
  }

  private static func forward(_ layout: RecurrentLayout) -> KernelCase {
    KernelCase(
      "recurrent", name(layout), .irecgan, flops: flops(layout), words: words(layout)
    ) { i in
      let network = Operands(layout, i)
      return { network.forward(i.backend) }
    }
  }

  /// Forward and back, since the way back uses up what the way there left.
  private static func both(_ layout: RecurrentLayout) -> KernelCase {
    KernelCase(
      "recurrentBackward", "\(name(layout)) and forward", .irecgan,
      flops: 3 * flops(layout), words: 3 * words(layout)
    ) { i in
      let network = Operands(layout, i)
      let (dy, dx) = (
        i.floats(layout.rows * layout.units, -1e-3, 1e-3), i.empty(layout.rows * layout.inputs)
      )
      let gradients = Operands.weights(layout) { i.floats($0, -1e-3, 1e-3) }
      return {
        network.forward(i.backend)
        i.backend.recurrentBackward(
          layout, dy: dy, dLast: nil, network.x, lengths: nil, initial: nil, network.weights,
          y: network.y, trace: network.trace, dx: dx, dInitial: nil, gradients: gradients)
      }
    }
  }

  private struct Operands {
    let layout: RecurrentLayout
    let (x, y, last, trace): (Floats, Floats, Floats, Floats)
    let weights: RecurrentWeights

    init(_ layout: RecurrentLayout, _ i: Inputs) {
      self.layout = layout
      x = i.floats(layout.rows * layout.inputs)
      y = i.empty(layout.rows * layout.units)
      last = i.empty(layout.batch * layout.stateWidth)
      trace = i.empty(layout.traceCount)
      weights = Self.weights(layout) { i.floats($0, -0.1, 0.1) }
    }

    static func weights(_ layout: RecurrentLayout, _ make: (Int) -> Floats) -> RecurrentWeights {
      RecurrentWeights(
        input: make(layout.inputs * layout.gateWidth),
        hidden: make(layout.units * layout.gateWidth), inputBias: make(layout.gateWidth),
        hiddenBias: make(layout.gateWidth))
    }

    func forward(_ backend: any Backend) {
      backend.recurrent(
        layout, x, lengths: nil, initial: nil, weights, into: y, last: last, trace: trace)
    }
  }
}
