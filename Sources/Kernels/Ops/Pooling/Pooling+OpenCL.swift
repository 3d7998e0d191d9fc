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
      argument(items), argument(weights), .count(b), .count(n), .count(e), rows(users, e),
      rows(items, e))
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
      argument(users), argument(items), .count(b), .count(n), .count(e), rows(users, e),
      rows(items, e))
  }
}

extension OpenCLBackend {
  public func pairwiseProducts(
    _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int, n: Int, e: Int,
    into state: Floats
  ) {
    let blocks = n + n * (n - 1) / 2 + (users == nil ? 0 : n)
    expect("pairwiseProducts", "index", index, b, 1 + n)
    expect("pairwiseProducts", "weights", weights, n)
    expect("pairwiseProducts", "state", state, b, blocks, e)
    launch(
      .pairwiseProducts, elements: e, rows: b, argument(state), argument(index),
      argument(users, or: items),
      argument(items), argument(weights), .count(b), .count(n), .count(e), rows(users ?? items, e),
      rows(items, e))
  }

  public func pairwiseProductsBackward(
    _ dState: Floats, _ index: Indices, users: Floats?, items: Floats, weights: Floats, b: Int,
    n: Int, e: Int, into dWeights: Floats
  ) {
    let blocks = n + n * (n - 1) / 2 + (users == nil ? 0 : n)
    expect("pairwiseProductsBackward", "dState", dState, b, blocks, e)
    expect("pairwiseProductsBackward", "index", index, b, 1 + n)
    expect("pairwiseProductsBackward", "weights", weights, n)
    expect("pairwiseProductsBackward", "dWeights", dWeights, n)
    launch(
      .pairwiseProductsBackward, groups: n, argument(dWeights), argument(dState), argument(index),
      argument(users, or: items), argument(items), argument(weights), .count(b), .count(n),
      .count(e), rows(users ?? items, e), rows(items, e))
  }

  public func historyRows(
    _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int, into y: Floats
  ) {
    expect("historyRows", "index", index, b, 1 + n)
    expect("historyRows", "y", y, b, n, 2 * e)
    launch(
      .historyRows, elements: e, rows: b * n, argument(y), argument(index), argument(users),
      argument(items), .count(b), .count(n), .count(e), rows(users, e), rows(items, e))
  }

  public func attentionPooling(
    _ logits: Floats, _ index: Indices, users: Floats, items: Floats, b: Int, n: Int, e: Int,
    into state: Floats, attention: Floats
  ) {
    expect("attentionPooling", "logits", logits, b, n)
    expect("attentionPooling", "index", index, b, 1 + n)
    expect("attentionPooling", "state", state, b, 3, e)
    expect("attentionPooling", "attention", attention, b, n)
    launch(
      .attentionPooling, elements: e, rows: b, argument(state), argument(attention),
      argument(logits), argument(index), argument(users), argument(items), .count(b), .count(n),
      .count(e), rows(users, e), rows(items, e))
  }

  public func attentionPoolingBackward(
    _ dState: Floats, _ state: Floats, _ index: Indices, items: Floats, attention: Floats, b: Int,
    n: Int, e: Int, into dLogits: Floats
  ) {
    expect("attentionPoolingBackward", "dState", dState, b, 3, e)
    expect("attentionPoolingBackward", "state", state, b, 3, e)
    expect("attentionPoolingBackward", "index", index, b, 1 + n)
    expect("attentionPoolingBackward", "attention", attention, b, n)
    expect("attentionPoolingBackward", "dLogits", dLogits, b, n)
    launch(
      .attentionPoolingBackward, groups: b * n, argument(dLogits), argument(dState),
      argument(state), argument(index), argument(items), argument(attention), .count(b),
      .count(n), .count(e), rows(items, e))
  }

  /// How many rows a table has.
  private func rows(_ table: Floats, _ e: Int) -> KernelArgument {
    .count(e > 0 ? table.count / e : 0)
  }
}
