import Foundation
import Kernels
import TestSupport
import Testing

/// That what is drawn has the distribution it should have.
@Suite struct SamplingTests {
  /// softmax of these: 0.087, 0.237, 0.032, 0.644.
  private static let scores: [Float] = [0, 1, -1, 2]
  private static var chances: [Double] {
    let weights = scores.map { exp(Double($0)) }
    return weights.map { $0 / weights.reduce(0, +) }
  }

  /// The columns of `rows` equal rows of scores, k of each.
  private func drawn(
    _ backend: any Backend, rows: Int, k: Int, scores: [Float] = scores, _ random: RandomKey
  ) throws -> [[Int32]] {
    let n = scores.count
    let x = Floats(backend.allocate(rows * n), count: rows * n)
    let index = Indices(backend.allocate(rows * k), count: rows * k)
    backend.write([[Float]](repeating: scores, count: rows).flatMap(\.self), to: x)
    backend.topKRows(x, gumbel: random, b: rows, n: n, k: k, width: k, into: index)
    let columns = try backend.read(index)
    return (0..<rows).map { Array(columns[$0 * k..<($0 + 1) * k]) }
  }

  @Test(arguments: TestDevices.all)
  func oneColumnIsADrawFromTheSoftmax(_ device: TestDevice) throws {
    let backend = try device.make()
    var counts = [Int](repeating: 0, count: 4)
    let rows = 20_000
    for row in try drawn(backend, rows: rows, k: 1, RandomKey(key: 11, counter: 1)) {
      counts[Int(row[0])] += 1
    }
    let expected = Self.chances.map { $0 * Double(rows) }
    #expect(ChiSquare.pValue(observed: counts, expected: expected) > 1e-6, "\(counts)")
  }

  /// Every place of a long row is as likely as any other where all scores are equal.
  @Test(arguments: TestDevices.all)
  func longRowsAreDrawnFromWhole(_ device: TestDevice) throws {
    let backend = try device.make()
    let n = 2500
    var counts = [Int](repeating: 0, count: 10)
    let scores = [Float](repeating: 0.5, count: n)
    for row in try drawn(backend, rows: 200, k: 4, scores: scores, RandomKey(key: 12, counter: 1)) {
      #expect(Set(row).count == 4)
      for column in row { counts[Int(column) * 10 / n] += 1 }
    }
    let expected = [Double](repeating: 80, count: 10)
    #expect(ChiSquare.pValue(observed: counts, expected: expected) > 1e-6, "\(counts)")
  }

  /// Pairs against p_i · p_j / (1 − p_i), and so on to the whole order.
  @Test(arguments: TestDevices.all)
  func manyColumnsAreDrawnWithoutReplacement(_ device: TestDevice) throws {
    let backend = try device.make()
    let rows = 20_000
    let orders = try drawn(backend, rows: rows, k: 3, RandomKey(key: 13, counter: 1))
    #expect(orders.allSatisfy { Set($0).count == 3 && $0.allSatisfy { 0..<4 ~= $0 } })
    var firsts = [Int](repeating: 0, count: 4)
    var pairs = [Int](repeating: 0, count: 16)
    for order in orders {
      firsts[Int(order[0])] += 1
      pairs[Int(order[0]) * 4 + Int(order[1])] += 1
    }
    let p = Self.chances
    let expected = (0..<16).map { pair in
      let (i, j) = (pair / 4, pair % 4)
      return i == j ? 0 : Double(rows) * p[i] * p[j] / (1 - p[i])
    }
    #expect(
      ChiSquare.pValue(observed: firsts, expected: p.map { $0 * Double(rows) }) > 1e-6)
    #expect(ChiSquare.pValue(observed: pairs, expected: expected) > 1e-6, "\(pairs)")
  }

  /// Word 2 of this draw has 24 bits set: u rounded to a float would be 1, and its noise infinite.
  @Test(arguments: TestDevices.all)
  func theLargestNoiseIsFinite(_ device: TestDevice) throws {
    let backend = try device.make()
    let random = RandomKey(key: 0, counter: 2_330_056)
    #expect(ReferencePhilox.draws(random, 3)[2] == 0xFF_FFFF)
    let noise = log(0x1p25)
    for (score, best) in [(Float(noise + 0.01), Int32(3)), (Float(noise - 0.01), 2)] {
      // Column 3's own noise is known, too.
      let own = -log(-log((ReferencePhilox.draws(random, 4)[3] + 0.5) / 0x1p24))
      let scores = [-100, -100, 0, score - Float(own)]
      #expect(try drawn(backend, rows: 1, k: 1, scores: scores, random) == [[best]])
    }
    let impossible = [Float](repeating: -.infinity, count: 3) + [0]
    #expect(try drawn(backend, rows: 1, k: 3, scores: impossible, random) == [[3, -1, -1]])
  }

  @Test(arguments: TestDevices.all)
  func equalKeysDrawAlikeAndOthersDoNot(_ device: TestDevice) throws {
    let backend = try device.make()
    let draws = try [1, 1, 2].map { (counter: UInt64) in
      try drawn(backend, rows: 200, k: 2, RandomKey(key: 14, counter: counter))
    }
    #expect(draws[0] == draws[1])
    #expect(draws[0] != draws[2])
    let x = Floats(backend.allocate(1000))
    let outcomes = try [1, 1, 2].map { (counter: UInt64) in
      let random = RandomKey(key: 15, counter: counter)
      backend.fill(0.2, into: x)
      backend.bernoulli(x, random, into: x)
      let coins = try backend.read(x)
      backend.fill(1, into: x)
      backend.dropout(x, rate: 0.5, random, into: x)
      return try [coins, backend.read(x)]
    }
    #expect(outcomes[0] == outcomes[1])
    for op in 0..<2 { #expect(outcomes[0][op] != outcomes[2][op]) }
  }

  /// The mean, within five standard errors, and the two values that there are.
  @Test(arguments: TestDevices.all)
  func dropoutKeepsTheMean(_ device: TestDevice) throws {
    let backend = try device.make()
    let count = 100_000
    let x = Floats(backend.allocate(count), count: count)
    for rate: Float in [0.1, 0.5, 0.75] {
      backend.fill(2, into: x)
      backend.dropout(x, rate: rate, RandomKey(key: 16, counter: 1), into: x)
      let values = try backend.read(x)
      let kept = 2 / (1 - rate)
      #expect(values.allSatisfy { $0 == 0 || abs($0 - kept) < 1e-6 * kept })
      let mean = values.reduce(0) { $0 + Double($1) } / Double(count)
      let deviation = 2 * (Double(rate) / Double(1 - rate)).squareRoot()
      #expect(abs(mean - 2) < 5 * deviation / Double(count).squareRoot(), "rate \(rate)")
    }
  }

  @Test(arguments: TestDevices.all)
  func bernoulliIsAsFrequentAsItsChance(_ device: TestDevice) throws {
    let backend = try device.make()
    let count = 50_000
    let x = Floats(backend.allocate(count), count: count)
    for logit: Float in [-2, 0, 0.7] {
      backend.fill(logit, into: x)
      backend.bernoulli(x, RandomKey(key: 17, counter: 1), into: x)
      let values = try backend.read(x)
      let ones = values.count { $0 == 1 }
      #expect(values.count { $0 == 0 } == count - ones)
      let mean = Double(count) / (1 + exp(-Double(logit)))
      let p = ChiSquare.pValue(
        observed: [ones, count - ones], expected: [mean, Double(count) - mean])
      #expect(p > 1e-6, "logit \(logit)")
    }
  }
}
