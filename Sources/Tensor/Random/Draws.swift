import Platform

extension Philox {
  /// A standard normal draw on the host, by Box-Muller.
  public mutating func normal() -> Float {
    let radius = (-2 * log(Double(1 - uniform()))).squareRoot()
    return Float(radius * cos(2 * .pi * Double(uniform())))
  }

  /// Passes over words, as if they had been drawn.
  mutating func skip(words: Int) {
    self = Philox(key: key, stream: stream, counter: counter &+ UInt64(words))
  }

  /// An index in 0 ..< bound, without bias.
  public mutating func index(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

extension RandomKey {
  /// Draw number `counter` of the stream that a seed and a stream number name: its key is the
  /// first number of that stream.
  public init(seed: UInt64, stream: UInt64, counter: UInt64) {
    var generator = Philox(seed: seed, stream: stream)
    self.init(key: generator.next(), counter: counter)
  }
}

extension Tensor {
  /// Uniform draws in [low, high): the same bits on every device.
  public static func uniform(
    _ shape: Shape, low: Float = 0, high: Float = 1, _ random: RandomKey, on backend: any Backend
  ) -> Tensor {
    let y = Tensor(uninitialized: shape, on: backend)
    backend.uniform(y.view, low: low, high: high, random)
    return y
  }

  /// Normal draws.
  public static func normal(
    _ shape: Shape, mean: Float = 0, deviation: Float = 1, _ random: RandomKey,
    on backend: any Backend
  ) -> Tensor {
    let y = Tensor(uninitialized: shape, on: backend)
    backend.normal(y.view, mean: mean, deviation: deviation, random)
    return y
  }

  /// Overwrites each row by uniform draws in [low, high) with the given probability.
  public func replaceRows(
    probability: Float, low: Float, high: Float, coin: RandomKey, values: RandomKey
  ) {
    backend.replaceRows(
      view, m: matrix.rows, n: matrix.columns, probability: probability, low: low, high: high,
      coin: coin, values: values)
  }

  /// self / (1 − rate) for each element with probability 1 − rate, else 0: dropout (Srivastava et
  /// al. 2014) inverted, scaled here so that what is tested needs no scale; rate in [0, 1). Nothing
  /// is kept for the way back, which draws again.
  public func dropout(_ rate: Float, _ random: RandomKey) -> Tensor {
    require(0..<1 ~= rate, "dropout: rate \(rate), expected one in [0, 1)")
    guard rate > 0 else { return self }
    let x = self
    let y = Tensor(uninitialized: shape, on: backend)
    backend.dropout(view, rate: rate, random, into: y.view)
    return Tensor.tape(x)?.record(y) { dy in
      Tape.contribute(to: x) { x.backend.dropout(dy, rate: rate, random, into: $0) }
    } ?? y
  }

  /// 1 with probability σ(self), else 0, for each element. No gradient flows through it.
  public func bernoulli(_ random: RandomKey) -> Tensor {
    let y = Tensor(uninitialized: shape, on: backend)
    backend.bernoulli(view, random, into: y.view)
    return y
  }

  /// Adds noise kept within ±noiseBound, and keeps the sum within ±bound. In place.
  public func perturb(by noise: Tensor, noiseBound: Float = .infinity, bound: Float) {
    require(shape == noise.shape, "perturb: \(shape) by noise of \(noise.shape)")
    backend.perturb(view, noise: noise.view, noiseBound: noiseBound, bound: bound, into: view)
  }

  /// A step of an Ornstein–Uhlenbeck process about 0 (Uhlenbeck & Ornstein 1930), a unit of time:
  /// self ← (1 − reversion) · self + N(0, deviation). In place.
  public func stepOrnsteinUhlenbeck(reversion: Float, deviation: Float, _ random: RandomKey) {
    let noise = Tensor.normal(shape, deviation: deviation, random, on: backend)
    backend.affine(view, scale: 1 - reversion, shift: 0, into: view)
    backend.accumulate(noise.view, scale: 1, into: view)
  }
}
