internal import COpenBLAS

extension CPUBackend {
  public func mlp(
    _ layout: MLPLayout, _ x: Floats, side: Floats?, parameters: Floats, m: Int, into y: Floats,
    hidden: Floats
  ) {
    guard begin() else { return }
    let network = Network(layout, x, side, parameters, y, hidden, m, "mlp", self)
    for (index, layer) in layout.layers.enumerated() {
      let (n, y) = (layer.outputs, network.output(index))
      let bias = network.parameters + layer.bias
      for i in 0..<m { (y + i * n).update(from: bias, count: n) }
      for part in network.inputs(index) {
        addProduct(part.x, network.parameters + part.weight, m: m, k: part.width, n: n, to: y)
      }
      activate(y, layer.activation, m * n)
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
      var (slopes, below) = (scratch, scratch + widest)
      slopes.update(from: dy, count: m * layout.outputs)
      for index in layout.layers.indices.reversed() where index >= last {
        let layer = layout.layers[index]
        let n = layer.outputs
        activationBackward(slopes, network.output(index), layer.activation, m * n)
        if let gradients {
          host_weighted_rows(slopes, nil, true, gradients + layer.bias, Int64(m), Int64(n))
          for part in network.inputs(index) {
            addWeightGradient(
              part.x, slopes, m: m, k: part.width, n: n, to: gradients + part.weight)
          }
        }
        for part in network.inputs(index) {
          let target = part.isSide ? dSide : index > last ? below : dx
          guard let target else { continue }
          let w = network.parameters + part.weight
          inputGradient(slopes, w, m: m, k: part.width, n: n, into: target)
        }
        swap(&slopes, &below)
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

    func output(_ layer: Int) -> UnsafeMutablePointer<Float> {
      layer == layout.layers.count - 1 ? y : hidden + m * layout.firstColumn(of: layer)
    }

    /// A layer's inputs, and where the weights of each begin.
    func inputs(_ layer: Int) -> [Part] {
      let (beside, weight) = (layout.sideWidth(of: layer), layout.layers[layer].weight)
      let own = Part(
        x: layer == 0 ? x : output(layer - 1), width: layout.ownInputs(of: layer),
        weight: weight + beside * layout.layers[layer].outputs, isSide: false)
      guard beside > 0, let side else { return [own] }
      return [Part(x: side, width: beside, weight: weight, isSide: true), own]
    }
  }

  private struct Part {
    var x: UnsafeMutablePointer<Float>
    var width: Int
    var weight: Int
    var isSide: Bool
  }
}
