internal import CLoops
import Platform

extension CPUBackend {
  public func uniform(_ y: Floats, low: Float, high: Float, _ random: RandomKey) {
    guard begin() else { return }
    let n = y.count
    let y = pointer(y, n, "uniform", "y")
    host_uniform(
      random.key, random.counter, low, high, Self.last(low, high), y, Int64(n))
  }

  public func normal(_ y: Floats, mean: Float, deviation: Float, _ random: RandomKey) {
    guard begin() else { return }
    let n = y.count
    let y = pointer(y, n, "normal", "y")
    for i in 0..<(n + 3) / 4 {
      let block = random.block(i)
      for pair in 0..<2 where 4 * i + 2 * pair < n {
        let j = 4 * i + 2 * pair
        let radius = (-2 * logf((Float(block[2 * pair] >> 8) + 1) * 0x1p-24)).squareRoot()
        let angle = 2 * Float.pi * Philox.uniform(block[2 * pair + 1])
        y[j] = mean + deviation * (radius * cosf(angle))
        if j + 1 < n { y[j + 1] = mean + deviation * (radius * sinf(angle)) }
      }
    }
  }

  public func replaceRows(
    _ x: Floats, m: Int, n: Int, probability: Float, low: Float, high: Float, coin: RandomKey,
    values: RandomKey
  ) {
    guard begin() else { return }
    let x = pointer(x, m * n, "replaceRows", "x")
    for i in 0..<m where Philox.uniform(coin.word(i)) < probability {
      for j in i * n..<(i + 1) * n {
        x[j] = Self.uniform(values.word(j), low: low, high: high)
      }
    }
  }

  public func dropout(_ x: Floats, rate: Float, _ random: RandomKey, into y: Floats) {
    guard begin() else { return }
    require(0..<1 ~= rate, "dropout: rate \(rate), expected one in [0, 1)")
    let n = y.count
    host_dropout(
      random.key, random.counter, pointer(x, n, "dropout", "x"), rate, 1 / (1 - rate),
      pointer(y, n, "dropout", "y"), Int64(n))
  }

  public func bernoulli(_ logits: Floats, _ random: RandomKey, into y: Floats) {
    guard begin() else { return }
    let n = y.count
    host_bernoulli(
      random.key, random.counter, pointer(logits, n, "bernoulli", "logits"),
      pointer(y, n, "bernoulli", "y"), Int64(n))
  }

  private static func uniform(_ word: UInt32, low: Float, high: Float) -> Float {
    min(low + (high - low) * Philox.uniform(word), last(low, high))
  }

  /// The largest draw: the sum may round up to `high`, which is outside.
  private static func last(_ low: Float, _ high: Float) -> Float {
    low < high ? high.nextDown : low
  }
}
