import DRRCore
import TestSupport
import Testing

@Suite("Intervals")
struct BootstrapTests {
  private static func estimate(_ values: [Double], seed: UInt64 = 1) -> Estimate? {
    Bootstrap(clusters: (0..<Int32(values.count)).map { $0 }, seed: seed).estimate(values)
  }

  @Test("an interval holds its mean, and narrows as values are added")
  func normal() throws {
    let values = (0..<400).map { $0 % 2 == 0 ? 0.0 : 1.0 }
    // Normal theory: 0.5 ± 1.96 · 0.5 / √400 = 0.451 ... 0.549.
    let all = try #require(Self.estimate(values))
    #expect(all.mean == 0.5 && abs(all.low - 0.451) < 0.01 && abs(all.high - 0.549) < 0.01)
    #expect(all.count == 400)
    let few = try #require(Self.estimate(Array(values.prefix(40))))
    #expect(few.mean == 0.5 && abs(few.low - 0.345) < 0.03 && abs(few.high - 0.655) < 0.03)
    #expect(Self.estimate(values) == all)
    let same = try #require(Self.estimate([0.25, 0.25, 0.25], seed: 4))
    #expect(same.mean == 0.25 && same.low == 0.25 && same.high == 0.25)
    #expect(Self.estimate([]) == nil)
  }

  @Test("the interval of many values is the normal limit, and meets that of resampling")
  func manyValues() throws {
    func interval(_ count: Int) throws -> Estimate {
      try #require(Self.estimate((0..<count).map { $0 % 4 == 0 ? 1.0 : 0.0 }))
    }
    let (resampled, normal) = (try interval(2_000), try interval(2_004))
    // p (1 − p) = 3/16: 1.96 standard errors are 0.01896.
    #expect(normal.mean == 0.25 && abs(normal.high - 0.26896) < 1e-4)
    #expect(abs(normal.low - 0.23104) < 1e-4)
    #expect(abs(resampled.low - normal.low) < 2e-3 && abs(resampled.high - normal.high) < 2e-3)
  }

  @Test("values repeated in their cluster change nothing", arguments: [50, 2_500])
  func repeated(users: Int) throws {
    var random = SeededGenerator(3)
    let values = (0..<users).map { _ in Double.random(in: 0..<1, using: &random) }
    let names = (0..<Int32(users)).map { $0 }
    let once = try #require(Bootstrap(clusters: names, seed: 2).estimate(values))
    let seeds = [[Double]](repeating: values, count: 5).flatMap { $0 }
    let clusters = [[Int32]](repeating: names, count: 5).flatMap { $0 }
    let clustered = try #require(Bootstrap(clusters: clusters, seed: 2).estimate(seeds))
    for (a, b) in [
      (clustered.mean, once.mean), (clustered.low, once.low), (clustered.high, once.high),
    ] { #expect(abs(a - b) < 1e-12) }
    // As if they were so many users, the interval would be √5 times narrower.
    let naive = try #require(Self.estimate(seeds))
    let ratio = (once.high - once.low) / (naive.high - naive.low)
    #expect(abs(ratio - 5.0.squareRoot()) < 0.35)
  }

  @Test("clusters of unlike size: as resampling them by hand")
  func byHand() throws {
    var random = SeededGenerator(8)
    var (names, values) = ([Int32](), [Double?]())
    for user in 0..<30 as Range<Int32> {
      let level = Double.random(in: 0..<1, using: &random)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        names.append(user)
        values.append(level + Double.random(in: -0.1..<0.1, using: &random))
      }
    }
    values[3] = nil
    let found = try #require(Bootstrap(clusters: names, seed: 9).estimate(values))
    let present = values.compactMap { $0 }
    #expect(abs(found.mean - present.reduce(0, +) / Double(present.count)) < 1e-12)
    #expect(found.count == present.count)
    let means = (0..<20_000).map { _ in
      var drawn: [Double] = []
      for _ in 0..<30 {
        let user = Int32.random(in: 0..<30, using: &random)
        drawn += names.indices.filter { names[$0] == user }.compactMap { values[$0] }
      }
      return drawn.reduce(0, +) / Double(drawn.count)
    }.sorted()
    #expect(abs(found.low - means[500]) < 0.02 && abs(found.high - means[19_499]) < 0.02)
  }

  /// The 95 % interval of the mean of 60 uniform numbers holds ½ about 95 times in a hundred.
  @Test("the interval covers the truth as often as it says")
  func coverage() throws {
    var random = SeededGenerator(12)
    let covered = try (0..<300).count { trial in
      let sample = (0..<60).map { _ in Double.random(in: 0..<1, using: &random) }
      let estimate = try #require(Self.estimate(sample, seed: UInt64(trial)))
      return estimate.low <= 0.5 && 0.5 <= estimate.high
    }
    #expect((265...297).contains(covered), "\(covered) of 300")
  }
}
