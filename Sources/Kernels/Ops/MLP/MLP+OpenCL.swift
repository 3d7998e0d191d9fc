extension OpenCLBackend {
  /// Rows of x that a work-group takes through all layers.
  private var networkRows: Int { form.isCPU ? 8 : 4 }

  public func mlp(
    _ layout: MLPLayout, _ x: Floats, side: Floats?, parameters: Floats, m: Int, into y: Floats,
    hidden: Floats
  ) {
    expect("mlp", layout, x, side, y, hidden, m)
    launch(
      .mlpForward, groups: (m + networkRows - 1) / networkRows,
      [
        argument(y), argument(hidden), argument(x), argument(side, or: x), argument(parameters),
        .count(m),
      ] + arguments(layout))
  }

  public func mlpBackward(
    _ layout: MLPLayout, _ dy: Floats, _ x: Floats, side: Floats?, parameters: Floats,
    y: Floats, hidden: Floats, m: Int, dx: Floats?, dSide: Floats?, gradients: Floats?
  ) {
    expect("mlpBackward", layout, x, side, y, hidden, m)
    expect("mlpBackward", "dy", dy, m, layout.outputs)
    if let dx { expect("mlpBackward", "dx", dx, m, layout.inputs) }
    if let dSide { expect("mlpBackward", "dSide", dSide, m, layout.side?.width ?? 0) }
    let slopes = Floats(allocate(m * (layout.hiddenWidth + layout.outputs)))
    // Gradients of outputs are wanted down to the first layer, or to that of the side input.
    let last = dx == nil && gradients == nil ? layout.side?.layer ?? 0 : 0
    launch(
      .mlpBackwardInputs, groups: (m + networkRows - 1) / networkRows,
      [
        argument(slopes), argument(dx, or: dy), argument(dSide, or: dy), argument(dy),
        argument(y), argument(hidden), argument(parameters), .count(m), .count(last),
      ] + arguments(layout))
    guard let gradients else { return }
    let tiles = layout.layers.reduce(0) { $0 + ($1.inputs + 31) / 32 * (($1.outputs + 31) / 32) }
    launch(
      .mlpBackwardWeights, groups: tiles,
      [
        argument(gradients), argument(slopes), argument(x), argument(side, or: x),
        argument(hidden), .count(m),
      ] + arguments(layout))
  }

  private func expect(
    _ op: StaticString, _ layout: MLPLayout, _ x: Floats, _ side: Floats?, _ y: Floats,
    _ hidden: Floats, _ m: Int
  ) {
    expect(op, "x", x, m, layout.inputs)
    require((side == nil) == (layout.side == nil), "\(op): the side input is not as laid out")
    if let side { expect(op, "side", side, m, layout.side!.width) }
    expect(op, "y", y, m, layout.outputs)
    expect(op, "hidden", hidden, m, layout.hiddenWidth)
  }

  private func arguments(_ layout: MLPLayout) -> [KernelArgument] {
    let layers = layers(layout)
    let unused = Array(
      repeating: KernelArgument.vector(.zero), count: MLPLayout.layerLimit - layers.count)
    return layers + unused + [.count(layers.count)]
  }

  /// Each layer as network.cl takes it.
  func layers(_ layout: MLPLayout) -> [KernelArgument] {
    layout.layers.indices.map { index in
      let layer = layout.layers[index]
      let numbers = [
        layer.weight, layer.bias, layer.inputs, layer.outputs, Int(layer.activation.rawValue),
        layout.sideWidth(of: index), layout.firstColumn(of: index), 0,
      ]
      return .vector(SIMD8(numbers.map { Int32(clamping: $0) }))
    }
  }
}
