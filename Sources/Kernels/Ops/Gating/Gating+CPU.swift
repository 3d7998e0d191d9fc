internal import CLoops

extension CPUBackend {
  public func gatedParts(
    _ layout: GateLayout, _ batch: GatedStates, into y: Floats, hidden: Floats, gates t: Floats
  ) {
    guard begin() else { return }
    let call = Gates(layout, batch, hidden, t, "gatedParts", self)
    let (b, a, k) = (batch.b, layout.width, call.gates.stride)
    let y = pointer(y, b * a, "gatedParts", "y")
    withScratch(b * layout.network.inputs) { scratch in
      let context = call.contexts(scratch)
      let (first, last) = (layout.network.layers[0], layout.network.layers[1])
      denseForward(
        context, call.weights(first), call.parameters + first.bias, first.activation, m: b,
        k: first.inputs, n: first.outputs, into: call.hidden)
      denseForward(
        call.hidden, call.weights(last), call.parameters + last.bias, last.activation, m: b,
        k: last.inputs, n: last.outputs, into: call.gates)
    }
    for i in 0..<b {
      let (state, row) = (call.state(i), y + i * a)
      row.update(repeating: 0, count: a)
      for s in 0..<layout.spans {
        let span = call.span(s)
        let moved = s < k ? layout.reach * call.gates[i][s] + call.parameters[layout.offset + s] : 0
        let gain = span.weight * (moved + span.start)
        let target = row + span.first
        if span.part == 2 {
          host_affine(target, 1, gain, target, Int64(span.count))
        } else if let state {
          host_axpy(gain, state + span.part * a + span.first, target, Int64(span.count))
        }
      }
    }
  }

  public func gatedPartsBackward(
    _ layout: GateLayout, _ dy: Floats, _ batch: GatedStates, hidden: Floats, gates t: Floats,
    gradients: Floats
  ) {
    guard begin() else { return }
    let call = Gates(layout, batch, hidden, t, "gatedPartsBackward", self)
    let (b, a, k) = (batch.b, layout.width, call.gates.stride)
    let (first, last) = (layout.network.layers[0], layout.network.layers[1])
    let dy = pointer(dy, b * a, "gatedPartsBackward", "dy")
    let gradients = pointer(gradients, batch.parameters.count, "gatedPartsBackward", "gradients")
    withScratch(b * (2 * k + first.outputs + first.inputs)) { scratch in
      let slopes = Rows(scratch, k)
      let dz = Rows(slopes[b], k)
      let below = Rows(dz[b], first.outputs)
      let context = call.contexts(below[b])
      for i in 0..<b {
        let state = call.state(i)
        for s in 0..<k {
          let span = call.span(s)
          let slope = dy + i * a + span.first
          let total =
            span.part == 2
            ? host_sum(slope, Int64(span.count))
            : state.map {
              host_dot(slope, $0 + span.part * a + span.first, Int64(span.count))
            } ?? 0
          slopes[i][s] = span.weight * total
        }
      }
      host_column_sums(
        slopes.start, Int64(k), nil, 0, true, gradients + layout.offset, Int64(b), Int64(k))
      host_affine(slopes.start, layout.reach, 0, dz.start, Int64(b * k))
      Self.backward(last.activation, dz, call.gates, m: b, n: k, into: dz)
      denseWeightGradient(
        call.hidden, dz, m: b, k: last.inputs, n: k, dw: Rows(gradients + last.weight, k),
        db: gradients + last.bias)
      denseInputGradient(
        dz, call.weights(last), m: b, k: last.inputs, n: k, through: first.activation, call.hidden,
        into: below)
      denseWeightGradient(
        context, below, m: b, k: first.inputs, n: first.outputs,
        dw: Rows(gradients + first.weight, first.outputs), db: gradients + first.bias)
    }
  }

  /// The operands of one call.
  private struct Gates {
    let layout: GateLayout
    let batch: GatedStates
    let op: StaticString
    let states: (start: UnsafeMutablePointer<Float>, rows: Int)
    let rows: UnsafeMutablePointer<Int32>?
    let spans: UnsafeMutablePointer<Int32>
    let spanWeights: UnsafeMutablePointer<Float>
    let parameters: UnsafeMutablePointer<Float>
    let hidden: Rows
    let gates: Rows

    init(
      _ layout: GateLayout, _ batch: GatedStates, _ hidden: Floats, _ gates: Floats,
      _ op: StaticString, _ backend: CPUBackend
    ) {
      let (b, network) = (batch.b, layout.network)
      (self.layout, self.batch, self.op) = (layout, batch, op)
      states = backend.table(batch.states, width: layout.stateWidth, op, "states")
      rows = batch.rows.map { backend.pointer($0, b * batch.w, op, "rows") }
      spans = backend.pointer(batch.spans, 3 * layout.spans, op, "spans")
      spanWeights = backend.pointer(batch.weights, 2 * layout.spans, op, "weights")
      parameters = backend.pointer(batch.parameters, batch.parameters.count, op, "parameters")
      self.hidden = Rows(
        backend.pointer(hidden, b * network.hiddenWidth, op, "hidden"), network.hiddenWidth)
      self.gates = Rows(
        backend.pointer(gates, b * network.outputs, op, "gates"), network.outputs)
    }

    /// The state of row i; nil for zeros.
    func state(_ i: Int) -> UnsafeMutablePointer<Float>? {
      let state = rows.map { Int($0[i * batch.w]) } ?? i
      require(state < states.rows, "\(op): state \(state) of a table of \(states.rows)")
      return state < 0 ? nil : states.start + state * layout.stateWidth
    }

    /// Every row's context, in memory of their size.
    func contexts(_ memory: UnsafeMutablePointer<Float>) -> Rows {
      let contexts = Rows(memory, layout.network.inputs)
      for i in 0..<batch.b {
        if let state = state(i) {
          contexts[i].update(from: state + 2 * layout.width, count: contexts.stride)
        } else {
          contexts[i].update(repeating: 0, count: contexts.stride)
        }
      }
      return contexts
    }

    func span(_ s: Int) -> (part: Int, first: Int, count: Int, weight: Float, start: Float) {
      let (part, first, count) = (
        Int(spans[3 * s]), Int(spans[3 * s + 1]), Int(spans[3 * s + 2])
      )
      require(
        0...2 ~= part && first >= 0 && count >= 0 && first + count <= layout.width,
        "\(op): span \(s) has \(count) columns from \(first) of part \(part), of \(layout.width)")
      return (part, first, count, spanWeights[2 * s], spanWeights[2 * s + 1])
    }

    func weights(_ layer: MLPLayout.Layer) -> Rows {
      Rows(parameters + layer.weight, layer.outputs)
    }
  }
}
