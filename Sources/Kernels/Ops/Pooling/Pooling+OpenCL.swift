extension OpenCLBackend {
  public func averagePooling(
    _ index: Indices, users: Floats, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    expect("averagePooling", "index", index, b, 1 + n)
    expect("averagePooling", "weights", weights, n)
    expect("averagePooling", "state", state, b, 3, e)
    launch(
      .averagePooling, elements: e, rows: b, argument(state), argument(index), argument(users),
      argument(items), argument(weights), .count(b), .count(n), .count(e))
  }

  public func averagePoolingBackward(
    _ dState: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into dWeights: Floats
  ) {
    expect("averagePoolingBackward", "dState", dState, b, 3, e)
    expect("averagePoolingBackward", "index", index, b, 1 + n)
    expect("averagePoolingBackward", "dWeights", dWeights, n)
    launch(
      .averagePoolingBackward, groups: n, argument(dWeights), argument(dState), argument(index),
      argument(users), argument(items), .count(b), .count(n), .count(e))
  }
}
