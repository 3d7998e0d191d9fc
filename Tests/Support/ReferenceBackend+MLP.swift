import Kernels

extension ReferenceBackend {
  public func mlp(
    _ layout: MLPLayout, _ x: Floats, side: Floats?, parameters: Floats, m: Int, into y: Floats,
    hidden: Floats
  ) {
    let cells = launch("mlp")
    let x = cells(x, m * layout.inputs)
    let side = side.map { cells($0, m * layout.side!.width) }
    let parameters = cells(parameters, parameters.count)
    let (y, hidden) = (cells(y, m * layout.outputs), cells(hidden, m * layout.hiddenWidth))
    for (l, layer) in layout.layers.enumerated() {
      let to = l == layout.layers.count - 1 ? y : hidden + m * layout.firstColumn(of: l)
      for i in 0..<m {
        for j in 0..<layer.outputs {
          var z = parameters[layer.bias + j]
          for p in 0..<layer.inputs {
            let input = Self.input(layout, x, side, hidden, m, l, i, p)
            z += input * parameters[layer.weight + p * layer.outputs + j]
          }
          to[i * layer.outputs + j] = Self.activate(z, layer.activation)
        }
      }
    }
  }

  public func mlpBackward(
    _ layout: MLPLayout, _ dy: Floats, _ x: Floats, side: Floats?, parameters: Floats,
    y: Floats, hidden: Floats, m: Int, dx: Floats?, dSide: Floats?, gradients: Floats?
  ) {
    let cells = launch("mlpBackward")
    let x = cells(x, m * layout.inputs)
    let side = side.map { cells($0, m * layout.side!.width) }
    let (y, hidden) = (cells(y, m * layout.outputs), cells(hidden, m * layout.hiddenWidth))
    let dy = cells(dy, m * layout.outputs)
    let dx = dx.map { cells($0, m * layout.inputs) }
    let dSide = dSide.map { cells($0, m * layout.side!.width) }
    let gradients = gradients.map { cells($0, $0.count) }
    let parameters = cells(parameters, parameters.count)
    var slopes = (0..<m * layout.outputs).map { dy[$0] }
    for (l, layer) in layout.layers.enumerated().reversed() {
      let (n, beside) = (layer.outputs, layout.sideWidth(of: l))
      let y = l == layout.layers.count - 1 ? y : hidden + m * layout.firstColumn(of: l)
      let dz = slopes.enumerated().map { $1 * Self.activationSlope(y[$0], layer.activation) }
      slopes = Array(repeating: 0, count: m * (layer.inputs - beside))
      for i in 0..<m {
        for j in 0..<n { gradients?[layer.bias + j] += dz[i * n + j] }
        for p in 0..<layer.inputs {
          let input = Self.input(layout, x, side, hidden, m, l, i, p)
          var slope = 0.0
          for j in 0..<n {
            let at = layer.weight + p * n + j
            gradients?[at] += input * dz[i * n + j]
            slope += dz[i * n + j] * parameters[at]
          }
          if p < beside {
            dSide?[i * beside + p] = slope
          } else {
            slopes[i * (layer.inputs - beside) + p - beside] = slope
          }
        }
      }
    }
    if let dx { for i in slopes.indices { dx[i] = slopes[i] } }
  }

  /// Input p of layer l for row i.
  private static func input(
    _ layout: MLPLayout, _ x: UnsafeMutablePointer<Double>, _ side: UnsafeMutablePointer<Double>?,
    _ hidden: UnsafeMutablePointer<Double>, _ m: Int, _ l: Int, _ i: Int, _ p: Int
  ) -> Double {
    let (beside, own) = (layout.sideWidth(of: l), layout.ownInputs(of: l))
    if p < beside { return side![i * beside + p] }
    if l == 0 { return x[i * own + p - beside] }
    return hidden[m * layout.firstColumn(of: l - 1) + i * own + p - beside]
  }
}
