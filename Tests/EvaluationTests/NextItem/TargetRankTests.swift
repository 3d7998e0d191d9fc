import Evaluation
import Foundation
import Testing

@Suite("The rank of a next item")
struct TargetRankTests {
  /// Every order of the ties, one by one.
  private func expected(_ rank: TargetRank, _ value: (Int) -> Double) -> Double {
    let ranks = (0...rank.tied).map { rank.above + 1 + $0 }
    return ranks.map(value).reduce(0, +) / Double(ranks.count)
  }

  @Test("measures are the mean over the random orders of ties", arguments: [1, 2, 5, 10, 40])
  func ties(k: Int) {
    for above in 0..<14 {
      for tied in 0..<14 {
        let rank = TargetRank(above: above, tied: tied)
        #expect(abs(rank.hit(at: k) - expected(rank) { $0 <= k ? 1 : 0 }) < 1e-12)
        #expect(
          abs(rank.gain(at: k) - expected(rank) { $0 <= k ? 1 / log2(Double($0 + 1)) : 0 })
            < 1e-12)
        #expect(abs(rank.reciprocal() - expected(rank) { 1 / Double($0) }) < 1e-12)
        #expect(
          abs(rank.reciprocal(at: k) - expected(rank) { $0 <= k ? 1 / Double($0) : 0 }) < 1e-12)
      }
    }
  }

  @Test("without ties the measures are those of the rank")
  func noTies() {
    let second = TargetRank(above: 1, tied: 0)
    #expect(second.hit(at: 1) == 0 && second.hit(at: 2) == 1)
    #expect(second.gain(at: 1) == 0 && abs(second.gain(at: 5) - 1 / log2(3)) < 1e-12)
    #expect(second.reciprocal() == 0.5)
    let first = TargetRank(above: 0, tied: 0)
    #expect(first.hit(at: 1) == 1 && first.gain(at: 1) == 1 && first.reciprocal() == 1)
  }
}
