extension OpenCLBackend {
  private func expect(_ op: StaticString, _ rings: ReplayRings) {
    expect(op, "rings.states", rings.states, rings.capacity, rings.s)
    expect(op, "rings.nextStates", rings.nextStates, rings.capacity, rings.s)
    expect(op, "rings.actions", rings.actions, rings.capacity, rings.a)
    expect(op, "rings.outcomes", rings.outcomes, rings.capacity, 2)
  }

  public func replayAppend(
    _ rings: ReplayRings, transition: Indices, actions: Floats, outcomes: Floats, b: Int
  ) {
    expect("replayAppend", rings)
    expect("replayAppend", "transition", transition, b, 1 + 2 * rings.s)
    expect("replayAppend", "actions", actions, b, rings.a)
    expect("replayAppend", "outcomes", outcomes, b, 2)
    launch(
      .replayAppend, elements: 2 * rings.s + rings.a + 2, rows: b, argument(rings.states),
      argument(rings.nextStates), argument(rings.actions), argument(rings.outcomes),
      argument(transition), argument(actions), argument(outcomes), .count(rings.capacity),
      .count(rings.s), .count(rings.a), .count(b))
  }

  public func replayGather(
    _ rings: ReplayRings, index: Indices, b: Int, states: Indices, nextStates: Indices,
    actions: Floats, outcomes: Floats
  ) {
    expect("replayGather", rings)
    expect("replayGather", "index", index, b)
    expect("replayGather", "states", states, b, rings.s)
    expect("replayGather", "nextStates", nextStates, b, rings.s)
    expect("replayGather", "actions", actions, b, rings.a)
    expect("replayGather", "outcomes", outcomes, b, 2)
    launch(
      .replayGather, elements: 2 * rings.s + rings.a + 2, rows: b, argument(states),
      argument(nextStates), argument(actions), argument(outcomes), argument(rings.states),
      argument(rings.nextStates), argument(rings.actions), argument(rings.outcomes),
      argument(index), .count(rings.capacity), .count(rings.s), .count(rings.a), .count(b))
  }

  public func sumTreeSet(
    _ tree: Floats, capacity: Int, leaves: Indices, stride: Int, values: Floats, b: Int
  ) {
    expect("sumTreeSet", tree, capacity)
    require(
      b == 0 || leaves.count > (b - 1) * stride,
      "sumTreeSet: leaves has \(leaves.count) elements, needs \(b) at a stride of \(stride)")
    if values.count != 1 { expect("sumTreeSet", "values", values, b) }
    launch(
      .sumTreeSet, groups: b == 0 ? 0 : 1, argument(tree), argument(leaves), argument(values),
      .count(capacity), .count(stride), .count(b), .int(values.count == 1 ? 1 : 0))
  }

  public func sumTreeSample(
    _ tree: Floats, capacity: Int, filled: Int, b: Int, exponent: Float, _ random: RandomKey,
    into index: Indices, weights: Floats
  ) {
    expect("sumTreeSample", tree, capacity)
    require(
      filled > 0 && filled <= capacity, "sumTreeSample: \(filled) filled of \(capacity)")
    expect("sumTreeSample", "index", index, b)
    expect("sumTreeSample", "weights", weights, b)
    launch(
      .sumTreeSample, groups: b == 0 ? 0 : 1, argument(index), argument(weights), argument(tree),
      .count(capacity), .count(filled), .count(b), .float(exponent), .words(random.key),
      .words(random.counter))
  }

  public func prioritize(
    _ prediction: Floats, _ target: Floats, b: Int, exponent: Float, offset: Float,
    into priorities: Floats, maximum: Floats
  ) {
    expect("prioritize", "prediction", prediction, b)
    expect("prioritize", "target", target, b)
    expect("prioritize", "priorities", priorities, b)
    expect("prioritize", "maximum", maximum, 1)
    launch(
      .prioritize, groups: b == 0 ? 0 : 1, argument(priorities), argument(maximum),
      argument(prediction), argument(target), .count(b), .float(exponent), .float(offset))
  }

  private func expect(_ op: StaticString, _ tree: Floats, _ capacity: Int) {
    require(
      capacity > 0 && capacity & (capacity - 1) == 0,
      "\(op): capacity \(capacity) is no power of two")
    expect(op, "tree", tree, 2, capacity)
  }
}
