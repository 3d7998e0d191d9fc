/// Names a run of random numbers: same key and counter, same bits, on every device.
///
/// Block i of a draw is Philox4x32-10 (Salmon et al. 2011) of the 128-bit counter
/// [low32(counter), high32(counter), i, 0] under the 64-bit key; element j is word j % 4 of block
/// j / 4. A caller moves `counter` by one from draw to draw.
public struct RandomKey: Hashable, Sendable {
  public var key: UInt64
  public var counter: UInt64
  public init(key: UInt64, counter: UInt64) {
    self.key = key
    self.counter = counter
  }
}

/// Random numbers that a key names.
public protocol RandomKernels: AnyObject {
  /// y_j = low + (high − low) · (word_j >> 8) · 2⁻²⁴, in [low, high).
  func uniform(_ y: Floats, low: Float, high: Float, _ random: RandomKey)
  /// Box-Muller over words (2i, 2i+1): r = √(−2 log(((a >> 8) + 1) · 2⁻²⁴)), θ = 2π (b >> 8) 2⁻²⁴;
  /// y_2i = mean + deviation · r cos θ, y_2i+1 = mean + deviation · r sin θ.
  func normal(_ y: Floats, mean: Float, deviation: Float, _ random: RandomKey)
  /// Overwrites row i of x[m, n] by uniform draws in [low, high) where the i-th uniform of `coin`
  /// is below `probability`. Element (i, j) takes draw i·n + j of `values`.
  func replaceRows(
    _ x: Floats, m: Int, n: Int, probability: Float, low: Float, high: Float, coin: RandomKey,
    values: RandomKey)
  /// y_j = x_j / (1 − rate) where uniform_j ≥ rate, else 0: dropout (Srivastava et al. 2014)
  /// inverted, which is to say scaled while training and not while testing. Its own derivative: dx
  /// from dy with the same draw.
  func dropout(_ x: Floats, rate: Float, _ random: RandomKey, into y: Floats)
  /// y_j = 1 where uniform_j < σ(logits_j), else 0.
  func bernoulli(_ logits: Floats, _ random: RandomKey, into y: Floats)
}
