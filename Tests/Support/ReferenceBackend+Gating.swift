import Kernels

extension ReferenceBackend {
  public func gatedParts(
    _ layout: GateLayout, _ batch: GatedStates, into y: Floats, hidden: Floats, gates t: Floats
  ) {
    let call = Gates(layout, batch, launch("gatedParts"))
    let (network, k) = (layout.network, layout.network.outputs)
    let y = call.cells(y, batch.b * layout.width)
    let (hidden, t) = (
      call.cells(hidden, batch.b * network.hiddenWidth), call.cells(t, batch.b * k)
    )
    func apply(
      _ layer: MLPLayout.Layer, to x: (Int) -> Double, into output: UnsafeMutablePointer<Double>
    ) {
      for j in 0..<layer.outputs {
        var z = call.parameters[layer.bias + j]
        for p in 0..<layer.inputs {
          z += x(p) * call.parameters[layer.weight + p * layer.outputs + j]
        }
        output[j] = Self.activate(z, layer.activation)
      }
    }
    for i in 0..<batch.b {
      let (h, gates) = (hidden + i * network.hiddenWidth, t + i * k)
      apply(network.layers[0], to: { call.context(i, $0) }, into: h)
      apply(network.layers[1], to: { h[$0] }, into: gates)
      for d in 0..<layout.width {
        y[i * layout.width + d] = (0..<layout.spans).reduce(0) { sum, s in
          let span = call.span(s)
          let moved =
            s < k ? Double(layout.reach) * gates[s] + call.parameters[layout.offset + s] : 0
          return sum + span.weight * (span.start + moved) * call.part(i, s, d)
        }
      }
    }
  }

  public func gatedPartsBackward(
    _ layout: GateLayout, _ dy: Floats, _ batch: GatedStates, hidden: Floats, gates t: Floats,
    gradients: Floats
  ) {
    let call = Gates(layout, batch, launch("gatedPartsBackward"))
    let (first, last) = (layout.network.layers[0], layout.network.layers[1])
    let (a, h, k) = (layout.width, first.outputs, last.outputs)
    let dy = call.cells(dy, batch.b * a)
    let (hidden, t) = (call.cells(hidden, batch.b * h), call.cells(t, batch.b * k))
    let gradients = call.cells(gradients, batch.parameters.count)
    for i in 0..<batch.b {
      var below = [Double](repeating: 0, count: h)
      for s in 0..<k {
        let slope =
          call.span(s).weight * (0..<a).reduce(0) { $0 + dy[i * a + $1] * call.part(i, s, $1) }
        gradients[layout.offset + s] += slope
        let dz =
          Double(layout.reach) * slope * Self.activationSlope(t[i * k + s], last.activation)
        gradients[last.bias + s] += dz
        for j in 0..<h {
          gradients[last.weight + j * k + s] += hidden[i * h + j] * dz
          below[j] += dz * call.parameters[last.weight + j * k + s]
        }
      }
      for j in 0..<h {
        let dz = below[j] * Self.activationSlope(hidden[i * h + j], first.activation)
        gradients[first.bias + j] += dz
        for p in 0..<first.inputs {
          gradients[first.weight + p * h + j] += call.context(i, p) * dz
        }
      }
    }
  }

  private struct Gates {
    let layout: GateLayout
    let batch: GatedStates
    let cells: Operands
    let states: UnsafeMutablePointer<Double>
    let rows: UnsafeMutablePointer<Double>?
    let spans: UnsafeMutablePointer<Double>
    let weights: UnsafeMutablePointer<Double>
    let parameters: UnsafeMutablePointer<Double>

    init(_ layout: GateLayout, _ batch: GatedStates, _ cells: Operands) {
      (self.layout, self.batch, self.cells) = (layout, batch, cells)
      states = cells(batch.states, batch.states.count)
      rows = batch.rows.map { cells($0, batch.b * batch.w) }
      spans = cells(batch.spans, 3 * layout.spans)
      weights = cells(batch.weights, 2 * layout.spans)
      parameters = cells(batch.parameters, batch.parameters.count)
    }

    /// Column c of the state of row i.
    private func state(_ i: Int, _ c: Int) -> Double {
      let row = rows.map { $0[i * batch.w] } ?? Double(i)
      return cells.row(row, of: batch.states.count / layout.stateWidth).map {
        states[$0 * layout.stateWidth + c]
      } ?? 0
    }

    func context(_ i: Int, _ p: Int) -> Double { state(i, 2 * layout.width + p) }

    func span(_ s: Int) -> (weight: Double, start: Double) { (weights[2 * s], weights[2 * s + 1]) }

    /// Column d of what span s is of, 0 where the span has it not.
    func part(_ i: Int, _ s: Int, _ d: Int) -> Double {
      let (part, first, count) = (Int(spans[3 * s]), Int(spans[3 * s + 1]), Int(spans[3 * s + 2]))
      guard first..<first + count ~= d else { return 0 }
      return part == 2 ? 1 : state(i, part * layout.width + d)
    }
  }
}
