import Kernels
import TestSupport
import Testing

@Suite struct RandomTests {
  private func uniform(_ backend: any Backend, _ count: Int, _ key: RandomKey) throws -> [Float] {
    let view = Floats(backend.allocate(count))
    backend.uniform(view, low: 0, high: 1, key)
    return try backend.read(view)
  }

  /// 24 bits of each word, in order, whatever the number of draws.
  @Test(arguments: TestDevices.all)
  func uniformHasTheBitsOfPhilox(_ device: TestDevice) throws {
    let backend = try device.make()
    for key in [RandomKey(key: 1, counter: 2), RandomKey(key: .max, counter: .max)] {
      let expected = ReferencePhilox.draws(key, 10_007).map { Float($0 / 0x1p24) }
      #expect(try uniform(backend, 10_007, key) == expected)
      #expect(try uniform(backend, 3, key) == Array(expected[..<3]))
    }
  }

  /// Draw 2 of this counter is the largest there is, 1 − 2⁻²⁴: 1 + it would round to 2.
  @Test(arguments: TestDevices.all)
  func uniformStaysBelowTheEnd(_ device: TestDevice) throws {
    let backend = try device.make()
    let random = RandomKey(key: 0, counter: 2_330_056)
    #expect(ReferencePhilox.draws(random, 3)[2] == 0xFF_FFFF)
    let view = Floats(backend.allocate(5))
    backend.uniform(view, low: 1, high: 2, random)
    #expect(try backend.read(view)[2] == Float(2).nextDown)
    backend.fill(0, into: view)
    backend.replaceRows(
      view, m: 1, n: 5, probability: 1, low: 1, high: 2, coin: random, values: random)
    #expect(try backend.read(view)[2] == Float(2).nextDown)
  }

  @Test(arguments: TestDevices.all)
  func uniformStaysInRange(_ device: TestDevice) throws {
    let backend = try device.make()
    let view = Floats(backend.allocate(100_000))
    backend.uniform(view, low: -0.1, high: 0.7, RandomKey(key: 3, counter: 4))
    let draws = try backend.read(view)
    #expect(draws.allSatisfy { $0 >= -0.1 && $0 < 0.7 })
  }

  @Test(arguments: TestDevices.all)
  func uniformIsUniform(_ device: TestDevice) throws {
    let backend = try device.make()
    var counts = [Int](repeating: 0, count: 64)
    var pairCounts = [Int](repeating: 0, count: 64)
    let draws = try (0..<10).flatMap {
      try uniform(backend, 20_000, RandomKey(key: 5, counter: UInt64($0)))
    }
    for draw in draws { counts[Int(draw * 64)] += 1 }
    for i in stride(from: 0, to: draws.count, by: 2) {
      pairCounts[Int(draws[i] * 8) * 8 + Int(draws[i + 1] * 8)] += 1
    }
    let mean = Double(draws.count) / 64
    let expected = [Double](repeating: mean, count: 64)
    #expect(ChiSquare.pValue(observed: counts, expected: expected) > 1e-6)
    #expect(ChiSquare.pValue(observed: pairCounts, expected: expected.map { $0 / 2 }) > 1e-6)
  }

  /// Mean, variance and the share beyond two deviations, each within five standard errors.
  @Test(arguments: TestDevices.all)
  func normalIsNormal(_ device: TestDevice) throws {
    let backend = try device.make()
    let count = 100_000
    let view = Floats(backend.allocate(count))
    backend.normal(view, mean: 0, deviation: 1, RandomKey(key: 6, counter: 7))
    let draws = try backend.read(view).map(Double.init)
    let mean = draws.reduce(0, +) / Double(count)
    let variance = draws.reduce(0) { $0 + $1 * $1 } / Double(count)
    let beyond = Double(draws.count { abs($0) > 2 }) / Double(count)
    let root = Double(count).squareRoot()
    #expect(abs(mean) < 5 / root)
    #expect(abs(variance - 1) < 5 * 2.0.squareRoot() / root)
    #expect(abs(beyond - 0.045500) < 5 * 0.2084 / root)
  }

  /// Rows go whole or stay whole, as often as asked, and what they get is inside the range.
  @Test(arguments: TestDevices.all)
  func replaceRowsReplacesWholeRows(_ device: TestDevice) throws {
    let backend = try device.make()
    let (m, n) = (5000, 3)
    let view = Floats(backend.allocate(m * n))
    backend.fill(9, into: view)
    let coin = RandomKey(key: 8, counter: 9)
    backend.replaceRows(
      view, m: m, n: n, probability: 0.25, low: -1, high: 1, coin: coin,
      values: RandomKey(key: 8, counter: 10))
    let rows = try backend.read(view)
    let coins = ReferencePhilox.draws(coin, m).map { $0 / 0x1p24 }
    for i in 0..<m {
      let row = rows[i * n..<(i + 1) * n]
      if coins[i] < 0.25 {
        #expect(row.allSatisfy { $0 >= -1 && $0 < 1 }, "row \(i)")
      } else {
        #expect(row.allSatisfy { $0 == 9 }, "row \(i)")
      }
    }
    let replaced = coins.count { $0 < 0.25 }
    let mean = 0.25 * Double(m)
    #expect(
      ChiSquare.pValue(
        observed: [replaced, m - replaced], expected: [mean, Double(m) - mean]) > 1e-6)
  }
}
