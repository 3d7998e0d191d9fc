import Evaluation
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

  @Test("recall is of the liked candidates")
  func recall() {
    #expect(RankingMetrics.recall(Self.picks, at: 3, likedCandidates: 4) == 0.5)
    #expect(RankingMetrics.recall(Self.picks, at: 6, likedCandidates: 3) == 1)
    #expect(RankingMetrics.recall(Self.picks, at: 3, likedCandidates: 0) == nil)
  }
}
