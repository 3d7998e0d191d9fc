import DRRCore
import Foundation
import TestSupport
import Testing

extension SeededGenerator {
  fileprivate var uniform: Double {
    mutating get { Double.random(in: 0..<1, using: &self) }
  }
}

extension Double {
  fileprivate var exponential: Double { exp(self) }
}

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

  /// Of exp(N(0, 1)), whose mean is √e, and of runs of which one in ten goes wrong.
  @Test("the interval of skewed runs covers the truth, where percentiles do not")
  func runs() {
    var random = SeededGenerator(5)
    func normal() -> Double {
      let (u, v) = (random.uniform, random.uniform)
      return (-2 * log(1 - u)).squareRoot() * cos(2 * .pi * v)
    }
    /// How many in a hundred hold the truth: of the interval of runs, and of percentiles.
    func coverage(
      _ count: Int, _ truth: Double, _ draw: () -> Double
    ) -> (runs: Double, percentiles: Double) {
      var (runs, percentiles) = (0.0, 0.0)
      let trials = 600
      for trial in 0..<trials {
        let sample = (0..<count).map { _ in draw() }
        let found = Estimate(runs: sample)
        if found.low <= truth && truth <= found.high { runs += 100 / Double(trials) }
        let plain = Self.estimate(sample, seed: UInt64(trial))!
        if plain.low <= truth && truth <= plain.high { percentiles += 100 / Double(trials) }
      }
      return (runs, percentiles)
    }
    // One standard error of 600 trials is 1 in a hundred.
    let lognormal = coverage(20, 0.5.exponential) { normal().exponential }
    #expect(lognormal.runs > 88 && lognormal.runs > lognormal.percentiles + 3, "\(lognormal)")
    let more = coverage(100, 0.5.exponential) { normal().exponential }
    #expect(more.runs > 92 && more.runs < 98, "\(more)")
    let wrong = coverage(100, 0.9 + 0.1 * 10) {
      random.uniform < 0.1 ? 10 + normal() : 1 + 0.3 * normal()
    }
    #expect(wrong.runs > 92, "\(wrong)")
    let few = coverage(5, 0) { normal() }
    #expect(few.runs > 92 && few.runs < 98 && few.percentiles < 88, "\(few)")
  }

  @Test("the interval of runs by hand: Student's where nothing is skewed, the value of equal ones")
  func runsByHand() {
    // Mean 2, s 1, three runs, no skew: 2 ± 4.3027 / √3.
    let few = Estimate(runs: [1, 2, 3])
    #expect(few.mean == 2 && few.count == 3)
    #expect(abs(few.low - (2 - 4.302_653 / 3.0.squareRoot())) < 1e-6)
    #expect(abs(few.high - (2 + 4.302_653 / 3.0.squareRoot())) < 1e-6)
    // −4 ... 4: s² is 60/8. The 97.5 % quantile with 8 degrees of freedom is 2.306004.
    let nine = Estimate(runs: (-4...4).map(Double.init))
    #expect(abs(nine.high - 2.306_004 * (7.5 / 9).squareRoot()) < 1e-3)
    #expect(abs(nine.low + nine.high) < 1e-12)
    // What cannot be less than 0 has an interval that ends there.
    let regrets = Estimate(runs: [1, 2, 3], within: 0...4)
    #expect(regrets.low == 0 && regrets.mean == 2 && regrets.high == 4)
    for count in [1, 2, 12, 40] {
      let same = Estimate(runs: Array(repeating: 0.3, count: count))
      #expect(same.low == same.mean && same.high == same.mean)
    }
    // One run of twenty at 9, the others at 1; Hall's transformation, inverted by
    // bisection in numpy at t = 2.093024: mean 1.4, s 1.788854, γ 4.129483.
    let skewed = Estimate(runs: (0..<20).map { $0 == 0 ? 9 : 1 })
    #expect(abs(skewed.low - 0.869940) < 1e-4 && abs(skewed.high - 4.030757) < 1e-4, "\(skewed)")
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
