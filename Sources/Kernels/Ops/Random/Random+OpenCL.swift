extension OpenCLBackend {
  /// The largest draw in [low, high), an empty range aside.
  private func last(_ low: Float, _ high: Float) -> Float {
    low < high ? high.nextDown : .infinity
  }

  public func uniform(_ y: Floats, low: Float, high: Float, _ random: RandomKey) {
    launch(
      .uniformDraw, elements: (y.count + 3) / 4, argument(y), .count(y.count), .float(low),
      .float(high), .float(last(low, high)), .words(random.key), .words(random.counter))
  }

  public func normal(_ y: Floats, mean: Float, deviation: Float, _ random: RandomKey) {
    launch(
      .normalDraw, elements: (y.count + 3) / 4, argument(y), .count(y.count), .float(mean),
      .float(deviation), .words(random.key), .words(random.counter))
  }

  public func replaceRows(
    _ x: Floats, m: Int, n: Int, probability: Float, low: Float, high: Float, coin: RandomKey,
    values: RandomKey
  ) {
    expect("replaceRows", "x", x, m, n)
    launch(
      .replaceRows, elements: n, rows: m, argument(x), .count(m), .count(n), .float(probability),
      .float(low), .float(high), .float(last(low, high)), .words(coin.key), .words(coin.counter),
      .words(values.key),
      .words(values.counter))
  }

  public func dropout(_ x: Floats, rate: Float, _ random: RandomKey, into y: Floats) {
    require(0..<1 ~= rate, "dropout: rate \(rate), expected one in [0, 1)")
    expect("dropout", "x", x, y.count)
    launch(
      .dropout, elements: (y.count + 3) / 4, argument(y), argument(x), .count(y.count),
      .float(rate), .float(1 / (1 - rate)), .words(random.key), .words(random.counter))
  }

  public func bernoulli(_ logits: Floats, _ random: RandomKey, into y: Floats) {
    expect("bernoulli", "logits", logits, y.count)
    launch(
      .bernoulli, elements: (y.count + 3) / 4, argument(y), argument(logits), .count(y.count),
      .words(random.key), .words(random.counter))
  }
}
