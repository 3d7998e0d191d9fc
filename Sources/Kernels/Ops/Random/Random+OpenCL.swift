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
}
