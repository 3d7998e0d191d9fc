extension OpenCLBackend {
  public func scoreTopK(
    _ query: Floats, items: Floats, bias: Floats?, allowed: Bits?, b: Int, n: Int, e: Int, k: Int,
    into index: Indices, scores: Floats
  ) {
    expect("scoreTopK", "query", query, b, e)
    expect("scoreTopK", "items", items, n, e)
    if let bias { expect("scoreTopK", "bias", bias, n) }
    if let allowed { expect("scoreTopK", "allowed", allowed, b, (n + 31) / 32) }
    expect("scoreTopK", "index", index, b, k)
    expect("scoreTopK", "scores", scores, b, k)
    guard b > 0, k > 0 else { return }
    // query · transpose(items) is the way back through a layer of n inputs and e outputs.
    let all = Floats(allocate(b * n))
    launch(
      .linearBackwardInput, rows: b, columns: n, argument(all), argument(query),
      argument(query), argument(items), .count(b), .count(n), .count(e),
      .int(Activation.identity.rawValue))
    launch(
      .topK, groups: b, argument(index), argument(scores), argument(all),
      argument(bias, or: all), argument(allowed, or: all), .count(b), .count(n), .count(k))
  }
}
