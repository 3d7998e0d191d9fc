extension OpenCLBackend {
  /// Work-groups that take their sequences through all steps.
  private func groups(_ layout: RecurrentLayout) -> Int {
    let rows = form.isCPU ? 8 : 4
    return (layout.batch + rows - 1) / rows
  }

  public func recurrent(
    _ layout: RecurrentLayout, _ x: Floats, lengths: Indices?, initial: Floats?,
    _ weights: RecurrentWeights, into y: Floats, last: Floats, trace: Floats
  ) {
    expect("recurrent", layout, x, lengths, initial, weights, y, trace)
    expect("recurrent", "last", last, layout.batch, layout.stateWidth)
    linear(
      x, weights.input, weights.inputBias, .identity, m: layout.rows, k: layout.inputs,
      n: layout.gateWidth, into: trace[0..<layout.rows * layout.gateWidth])
    launch(
      .recurrentForward, groups: groups(layout),
      [
        argument(y), argument(last), argument(trace), argument(initial, or: x),
        argument(lengths, or: x), argument(weights.hidden), argument(weights.hiddenBias),
      ] + sizes(layout))
  }

  public func recurrentBackward(
    _ layout: RecurrentLayout, dy: Floats?, dLast: Floats?, _ x: Floats, lengths: Indices?,
    initial: Floats?, _ weights: RecurrentWeights, y: Floats, trace: Floats, dx: Floats?,
    dInitial: Floats?, gradients: RecurrentWeights?
  ) {
    expect("recurrentBackward", layout, x, lengths, initial, weights, y, trace)
    if let dy { expect("recurrentBackward", "dy", dy, layout.rows, layout.units) }
    if let dLast { expect("recurrentBackward", "dLast", dLast, layout.batch, layout.stateWidth) }
    if let dInitial {
      expect("recurrentBackward", "dInitial", dInitial, layout.batch, layout.stateWidth)
    }
    let (rows, units, n) = (layout.rows, layout.units, layout.gateWidth)
    let transposed = Floats(allocate(units * n))
    launch(
      .recurrentTranspose, groups: (n + 15) / 16, argument(transposed), argument(weights.hidden),
      .count(units), .count(n))
    let carry = dInitial ?? Floats(allocate(layout.batch * layout.stateWidth))
    let dz = trace[0..<rows * n]
    let dzHidden = layout.cell == .lstm ? dz : Floats(allocate(rows * n))
    let before = gradients.map { _ in Floats(allocate(rows * units)) }
    launch(
      .recurrentBackward, groups: groups(layout),
      [
        argument(trace), argument(layout.cell == .lstm ? nil : dzHidden, or: carry),
        argument(before, or: carry), argument(carry), argument(dy, or: y),
        argument(dLast, or: y), argument(y), argument(initial, or: y),
        argument(lengths, or: y), argument(transposed),
      ] + sizes(layout))
    if dx != nil || gradients != nil {
      linearBackward(
        dz, x, weights.input, dz, .identity, m: rows, k: layout.inputs, n: n, dx: dx,
        dw: gradients?.input, db: gradients?.inputBias)
    }
    guard let gradients, let before else { return }
    linearBackward(
      dzHidden, before, weights.hidden, dzHidden, .identity, m: rows, k: units, n: n, dx: nil,
      dw: gradients.hidden, db: gradients.hiddenBias)
  }

  private func expect(
    _ op: StaticString, _ layout: RecurrentLayout, _ x: Floats, _ lengths: Indices?,
    _ initial: Floats?, _ weights: RecurrentWeights, _ y: Floats, _ trace: Floats
  ) {
    expect(op, "x", x, layout.rows, layout.inputs)
    if let lengths { expect(op, "lengths", lengths, layout.batch) }
    if let initial { expect(op, "initial", initial, layout.batch, layout.stateWidth) }
    expect(op, "the hidden weights", weights.hidden, layout.units, layout.gateWidth)
    expect(op, "the hidden bias", weights.hiddenBias, layout.gateWidth)
    expect(op, "y", y, layout.rows, layout.units)
    expect(op, "trace", trace, layout.traceCount)
  }

  private func sizes(_ layout: RecurrentLayout) -> [KernelArgument] {
    [
      .count(layout.batch), .count(layout.steps), .count(layout.units),
      .count(layout.cell.gates),
    ]
  }
}
