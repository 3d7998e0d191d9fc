extension CPUBackend {
  public func mlp(
    _ layout: MLPLayout, _ x: Floats, side: Floats?, parameters: Floats, m: Int, into y: Floats,
    hidden: Floats
  ) {
    guard begin() else { return }
    let network = Network(layout, x, side, parameters, y, hidden, m, "mlp", self)
    for (index, layer) in layout.layers.enumerated() {
      let (n, bias) = (layer.outputs, network.parameters + layer.bias)
      let (own, y, w) = (network.input(index), network.output(index), network.weights(index))
      if let side = network.side(index) {
        let beside = layout.sideWidth(of: index)
        product(side, network.sideWeights(index), m: m, n: n, k: beside, bias: bias, into: y)
        product(
          own, w, m: m, n: n, k: own.stride, isAccumulated: true,
          isRectified: layer.activation == .relu, into: y)
        if layer.activation != .relu { Self.forward(layer.activation, y, m: m, n: n) }
      } else {
        denseForward(own, w, bias, layer.activation, m: m, k: own.stride, n: n, into: y)
      }
    }
  }

  public func mlpBackward(
    _ layout: MLPLayout, _ dy: Floats, _ x: Floats, side: Floats?, parameters: Floats,
    y: Floats, hidden: Floats, m: Int, dx: Floats?, dSide: Floats?, gradients: Floats?
  ) {
    guard begin() else { return }
    let network = Network(layout, x, side, parameters, y, hidden, m, "mlpBackward", self)
    let dy = pointer(dy, m * layout.outputs, "mlpBackward", "dy")
    let dx = dx.map { pointer($0, m * layout.inputs, "mlpBackward", "dx") }
    let dSide = dSide.map { pointer($0, m * (layout.side?.width ?? 0), "mlpBackward", "dSide") }
    let gradients = gradients.map { pointer($0, $0.count, "mlpBackward", "gradients") }
    // Gradients of outputs are wanted down to the first layer, or to that of the side input.
    let last = dx == nil && gradients == nil ? layout.side?.layer ?? 0 : 0
    let widest = m * layout.layers.map(\.outputs).max()!
    withScratch(2 * widest) { scratch in
      var (dz, below) = (Rows(scratch, layout.outputs), scratch + widest)
      let top = layout.layers.count - 1
      Self.backward(
        layout.layers[top].activation, Rows(dy, layout.outputs), network.output(top), m: m,
        n: layout.outputs, into: dz)
      for index in layout.layers.indices.reversed() where index >= last {
        let layer = layout.layers[index]
        let (n, beside) = (layer.outputs, layout.sideWidth(of: index))
        let (own, w) = (network.input(index), network.weights(index))
        if let gradients {
          let dw = gradients + layer.weight
          if let side = network.side(index) {
            denseWeightGradient(side, dz, m: m, k: beside, n: n, dw: Rows(dw, n), db: nil)
          }
          denseWeightGradient(
            own, dz, m: m, k: own.stride, n: n, dw: Rows(dw + beside * n, n),
            db: gradients + layer.bias)
        }
        if let dSide, beside > 0 {
          denseInputGradient(
            dz, network.sideWeights(index), m: m, k: beside, n: n, into: Rows(dSide, beside))
        }
        if index > last {
          let next = Rows(below, own.stride)
          denseInputGradient(
            dz, w, m: m, k: own.stride, n: n, through: layout.layers[index - 1].activation, own,
            into: next)
          (dz, below) = (next, dz.start)
        } else if index == 0, let dx {
          denseInputGradient(dz, w, m: m, k: own.stride, n: n, into: Rows(dx, own.stride))
        }
      }
    }
  }

  /// The operands of one call.
  private struct Network {
    let layout: MLPLayout
    let x: UnsafeMutablePointer<Float>
    let side: UnsafeMutablePointer<Float>?
    let parameters: UnsafeMutablePointer<Float>
    let y: UnsafeMutablePointer<Float>
    let hidden: UnsafeMutablePointer<Float>
    let m: Int

    init(
      _ layout: MLPLayout, _ x: Floats, _ side: Floats?, _ parameters: Floats, _ y: Floats,
      _ hidden: Floats, _ m: Int, _ op: StaticString, _ backend: CPUBackend
    ) {
      require((side == nil) == (layout.side == nil), "\(op): the side input is not as laid out")
      self.layout = layout
      self.m = m
      self.x = backend.pointer(x, m * layout.inputs, op, "x")
      self.side = side.map { backend.pointer($0, m * layout.side!.width, op, "side") }
      self.parameters = backend.pointer(parameters, parameters.count, op, "parameters")
      self.y = backend.pointer(y, m * layout.outputs, op, "y")
      self.hidden = backend.pointer(hidden, m * layout.hiddenWidth, op, "hidden")
    }

    func output(_ layer: Int) -> Rows {
      Rows(
        layer == layout.layers.count - 1 ? y : hidden + m * layout.firstColumn(of: layer),
        layout.layers[layer].outputs)
    }

    /// What comes from the layer before, or x.
    func input(_ layer: Int) -> Rows { layer == 0 ? Rows(x, layout.inputs) : output(layer - 1) }

    func side(_ layer: Int) -> Rows? {
      layout.side?.layer == layer ? side.map { Rows($0, layout.side!.width) } : nil
    }

    func sideWeights(_ layer: Int) -> Rows {
      Rows(parameters + layout.layers[layer].weight, layout.layers[layer].outputs)
    }

    func weights(_ layer: Int) -> Rows {
      let first = sideWeights(layer)
      return Rows(first[layout.sideWidth(of: layer)], first.stride)
    }
  }
}
