import Foundation
import Kernels

/// Philox4x32-10 in the form of the paper: ten rounds, the key bumped between them.
public enum ReferencePhilox {
  /// The four words of block `block`.
  public static func words(_ random: RandomKey, block: Int) -> [UInt32] {
    words(
      counter: [
        UInt32(truncatingIfNeeded: random.counter),
        UInt32(truncatingIfNeeded: random.counter >> 32),
        UInt32(truncatingIfNeeded: block), 0,
      ],
      key: [
        UInt32(truncatingIfNeeded: random.key), UInt32(truncatingIfNeeded: random.key >> 32),
      ])
  }

  public static func words(counter: [UInt32], key: [UInt32]) -> [UInt32] {
    var (c, key) = (counter, key)
    for round in 0..<10 {
      if round > 0 { key = [key[0] &+ 0x9E37_79B9, key[1] &+ 0xBB67_AE85] }
      let first = UInt64(0xD251_1F53) * UInt64(c[0])
      let second = UInt64(0xCD9E_8D57) * UInt64(c[2])
      c = [
        UInt32(second >> 32) ^ c[1] ^ key[0], UInt32(truncatingIfNeeded: second),
        UInt32(first >> 32) ^ c[3] ^ key[1], UInt32(truncatingIfNeeded: first),
      ]
    }
    return c
  }

  /// The upper 24 bits of the first `count` words, as the integers that the draws are made of.
  public static func draws(_ random: RandomKey, _ count: Int) -> [Double] {
    (0..<(count + 3) / 4).flatMap { words(random, block: $0) }.prefix(count).map {
      Double($0 >> 8)
    }
  }
}

extension ReferenceBackend {
  static func uniforms(_ random: RandomKey, _ count: Int) -> [Double] {
    ReferencePhilox.draws(random, count).map { $0 / 0x1p24 }
  }

  public func uniform(_ y: Floats, low: Float, high: Float, _ random: RandomKey) {
    let cells = launch("uniform")
    let count = y.count
    let y = cells(y, count)
    let span = Double(high) - Double(low)
    for (i, draw) in Self.uniforms(random, count).enumerated() {
      y[i] = Double(low) + span * draw
    }
  }

  public func normal(_ y: Floats, mean: Float, deviation: Float, _ random: RandomKey) {
    let cells = launch("normal")
    let count = y.count
    let y = cells(y, count)
    let draws = ReferencePhilox.draws(random, count + count % 2)
    for i in 0..<count {
      let radius = (-2 * log((draws[i & ~1] + 1) / 0x1p24)).squareRoot()
      let angle = 2 * Double.pi * draws[i | 1] / 0x1p24
      let unit = radius * (i % 2 == 0 ? cos(angle) : sin(angle))
      y[i] = Double(mean) + Double(deviation) * unit
    }
  }

  public func replaceRows(
    _ x: Floats, m: Int, n: Int, probability: Float, low: Float, high: Float, coin: RandomKey,
    values: RandomKey
  ) {
    let cells = launch("replaceRows")
    let x = cells(x, m * n)
    let coins = Self.uniforms(coin, m)
    let draws = Self.uniforms(values, m * n)
    let span = Double(high) - Double(low)
    for i in 0..<m where coins[i] < Double(probability) {
      for j in 0..<n { x[i * n + j] = Double(low) + span * draws[i * n + j] }
    }
  }

  public func dropout(_ x: Floats, rate: Float, _ random: RandomKey, into y: Floats) {
    let cells = launch("dropout")
    let count = y.count
    let (x, y) = (cells(x, count), cells(y, count))
    for (i, draw) in Self.uniforms(random, count).enumerated() {
      y[i] = draw >= Double(rate) ? x[i] / (1 - Double(rate)) : 0
    }
  }

  public func bernoulli(_ logits: Floats, _ random: RandomKey, into y: Floats) {
    let cells = launch("bernoulli")
    let count = y.count
    let (logits, y) = (cells(logits, count), cells(y, count))
    for (i, draw) in Self.uniforms(random, count).enumerated() {
      y[i] = draw < 1 / (1 + exp(-logits[i])) ? 1 : 0
    }
  }
}
