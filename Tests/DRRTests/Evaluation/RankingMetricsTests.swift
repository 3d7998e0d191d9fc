import DRR
import TestSupport
import Testing

/// Against tables by hand: 1 / log₂(rank + 1) is 1, 0.63093, 0.5, 0.43068, 0.38685, 0.35621 ...
@Suite struct RankingMetricsTests {
  private static let picks: [Float] = [1, -1, 0.5, 0, 1, -0.5]

  @Test("precision counts the liked among the first K")
  func precision() {
    let expected = [1: 1, 2: 0.5, 3: 2.0 / 3, 4: 0.5, 5: 0.6, 6: 0.5]
    for (k, value) in expected {
      #expect(RankingMetrics.precision(Self.picks, at: k) == value, "at \(k)")
    }
    // A rating in the middle is not liked.
    #expect(RankingMetrics.precision([0, 0, 0], at: 3) == 0)
    // Fewer picks than K are misses.
    #expect(RankingMetrics.precision([1, 1], at: 4) == 0.5)
    #expect(RankingMetrics.precision([], at: 4) == 0)
  }

  @Test("discounted gain")
  func discountedGain() {
    let expected = [1: 1, 2: 1, 3: 1.5, 4: 1.5, 5: 1.88685, 6: 1.88685]
    for (k, value) in expected {
      #expect(abs(RankingMetrics.discountedGain(Self.picks, at: k) - value) < 1e-5, "at \(k)")
    }
    #expect(abs(RankingMetrics.discountedGain([0, 1, 1, 1], at: 10) - 1.56161) < 1e-5)
  }

  @Test("the ideal has the candidates' liked items, not K of them")
  func normalizedGain() {
    func ndcg(_ k: Int, _ liked: Int) -> Double? {
      RankingMetrics.normalizedGain(Self.picks, at: k, likedCandidates: liked)
    }
    #expect(abs(ndcg(5, 3)! - 1.88685 / 2.13093) < 1e-5)
    #expect(abs(ndcg(5, 4)! - 1.88685 / 2.56161) < 1e-5)
    #expect(abs(ndcg(5, 50)! - 1.88685 / 2.94846) < 1e-5)
    #expect(abs(ndcg(3, 3)! - 1.5 / 2.13093) < 1e-5)
    #expect(ndcg(5, 0) == nil)
    // Two liked among twenty, both at the top: nothing could be better.
    #expect(RankingMetrics.normalizedGain([1, 1, -1, -1, -1], at: 5, likedCandidates: 2) == 1)
    #expect(RankingMetrics.normalizedGain([-1, -1], at: 2, likedCandidates: 2) == 0)
  }

  @Test("average reward")
  func averageReward() {
    #expect(RankingMetrics.averageReward(Self.picks, at: 2) == 0)
    #expect(RankingMetrics.averageReward(Self.picks, at: 5) == 0.3)
    #expect(abs(RankingMetrics.averageReward(Self.picks, at: 6) - 1.0 / 6) < 1e-12)
  }

  @Test("an interval holds its mean, and narrows as values are added")
  func estimate() {
    let values = (0..<400).map { $0 % 2 == 0 ? 0.0 : 1.0 }
    let all = Estimate(values, seed: 1)
    // Normal theory: 0.5 ± 1.96 · 0.5 / √400 = 0.451 ... 0.549.
    #expect(all.mean == 0.5 && abs(all.low - 0.451) < 0.01 && abs(all.high - 0.549) < 0.01)
    let few = Estimate(Array(values.prefix(40)), seed: 1)
    #expect(few.mean == 0.5 && abs(few.low - 0.345) < 0.03 && abs(few.high - 0.655) < 0.03)
    #expect(Estimate(values, seed: 1) == all)
    let same = Estimate([0.25, 0.25, 0.25], seed: 4)
    #expect(same.mean == 0.25 && same.low == 0.25 && same.high == 0.25)
    #expect(Estimate([], seed: 1).mean.isNaN)
  }

  @Test("the interval of many values is the normal limit, and meets that of resampling")
  func manyValues() {
    func interval(_ count: Int) -> Estimate {
      Estimate((0..<count).map { $0 % 4 == 0 ? 1.0 : 0.0 }, seed: 1)
    }
    let (resampled, normal) = (interval(2_000), interval(2_004))
    // p (1 − p) = 3/16: 1.96 standard errors are 0.01896.
    #expect(normal.mean == 0.25 && abs(normal.high - 0.26896) < 1e-4)
    #expect(abs(normal.low - 0.23104) < 1e-4)
    #expect(abs(resampled.low - normal.low) < 2e-3 && abs(resampled.high - normal.high) < 2e-3)
  }

  /// The 95 % interval of the mean of 60 uniform numbers holds ½ about 95 times in a hundred.
  @Test("the interval covers the truth as often as it says")
  func coverage() {
    var random = Draws(12)
    let covered = (0..<300).count { trial in
      let sample = (0..<60).map { _ in Double.random(in: 0..<1, using: &random) }
      let estimate = Estimate(sample, seed: UInt64(trial))
      return estimate.low <= 0.5 && 0.5 <= estimate.high
    }
    #expect((265...297).contains(covered), "\(covered) of 300")
  }
}
