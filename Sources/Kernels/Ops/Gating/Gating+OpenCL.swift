extension OpenCLBackend {
  public func gatedParts(
    _ layout: GateLayout, _ batch: GatedStates, into y: Floats, hidden: Floats, gates t: Floats
  ) {
    expect("gatedParts", layout, batch, hidden, t)
    expect("gatedParts", "y", y, batch.b, layout.width)
    launch(
      .gatedParts, groups: batch.b,
      [argument(y), argument(hidden), argument(t)] + arguments(layout, batch))
  }

  public func gatedPartsBackward(
    _ layout: GateLayout, _ dy: Floats, _ batch: GatedStates, hidden: Floats, gates t: Floats,
    gradients: Floats
  ) {
    expect("gatedPartsBackward", layout, batch, hidden, t)
    expect("gatedPartsBackward", "dy", dy, batch.b, layout.width)
    expect("gatedPartsBackward", "gradients", gradients, batch.parameters.count)
    let network = layout.network
    let slopes = Floats(allocate(batch.b * (2 * network.outputs + network.hiddenWidth)))
    launch(
      .gatedPartsBackward, groups: batch.b,
      [argument(slopes), argument(dy), argument(hidden), argument(t)] + arguments(layout, batch))
    // A group for each row of the layers' weights, of their biases, and of the gates' constants.
    launch(
      .gatedPartsWeights, groups: network.hiddenWidth + network.inputs + 3,
      [argument(gradients), argument(slopes), argument(hidden)] + arguments(layout, batch))
  }

  private func expect(
    _ op: StaticString, _ layout: GateLayout, _ batch: GatedStates, _ hidden: Floats, _ t: Floats
  ) {
    require(
      batch.states.count % layout.stateWidth == 0,
      "\(op): states has \(batch.states.count) elements, expected rows of \(layout.stateWidth)")
    if let rows = batch.rows { expect(op, "rows", rows, batch.b, batch.w) }
    expect(op, "spans", batch.spans, layout.spans, 3)
    expect(op, "weights", batch.weights, layout.spans, 2)
    expect(op, "hidden", hidden, batch.b, layout.network.hiddenWidth)
    expect(op, "gates", t, batch.b, layout.network.outputs)
  }

  private func arguments(_ layout: GateLayout, _ batch: GatedStates) -> [KernelArgument] {
    [
      argument(batch.states), argument(batch.rows, or: batch.spans), argument(batch.spans),
      argument(batch.weights), argument(batch.parameters), .count(batch.b), .count(batch.w),
      .count(batch.states.count / layout.stateWidth), .count(layout.width),
    ] + layers(layout.network) + [
      .count(layout.offset), .float(layout.reach), .count(layout.spans),
    ]
  }
}
