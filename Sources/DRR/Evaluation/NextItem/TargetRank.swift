import DRRData
import Platform

/// Where a target stands among the candidates. Ties are in random order, so that its rank is
/// `above` + 1 … `above` + `tied` + 1, each as likely; measures are the expected value over it.
public struct TargetRank: Hashable, Sendable {
  /// Candidates with a higher score.
  public var above: Int
  /// Other candidates with the same score.
  public var tied: Int

  /// A rank by its parts, each 0 or more.
  public init(above: Int, tied: Int) {
    self.above = above
    self.tied = tied
  }

  /// The target's among all candidates; what the user had rated is none unless it may come again,
  /// and its scores become −∞. Nil where a score is not a number.
  package init?(of query: NextItemQuery, in scores: inout [Float]) {
    let found: TargetRank? = scores.withUnsafeMutableBufferPointer { scores in
      if !query.repeats { for item in query.items { scores[Int(item)] = -.infinity } }
      let own = scores[Int(query.target)]
      var (above, tied, numbers) = (0, 0, 0)
      for score in scores {
        above += score > own ? 1 : 0
        tied += score == own ? 1 : 0
        numbers += score == score ? 1 : 0
      }
      // What the user has seen ties with what is never recommended, and is no candidate.
      if own == -.infinity, !query.repeats { tied -= query.items.count }
      return numbers == scores.count ? TargetRank(above: above, tied: tied - 1) : nil
    }
    guard let found else { return nil }
    self = found
  }

  /// Whether the target is among the first K.
  public func hit(at k: Int) -> Double {
    min(max(Double(k - above) / Double(tied + 1), 0), 1)
  }

  /// 1 / log₂(rank + 1) where the rank is K at most: NDCG of one relevant item (Järvelin &
  /// Kekäläinen 2002).
  public func gain(at k: Int) -> Double {
    let last = min(k, above + tied + 1)
    guard last > above else { return 0 }
    return (above + 1...last).reduce(0) { $0 + 1 / log2(Double($1 + 1)) } / Double(tied + 1)
  }

  /// 1 / rank where the rank is K at most.
  public func reciprocal(at k: Int = .max) -> Double {
    let last = min(k, above + tied + 1)
    guard last > above else { return 0 }
    return (above + 1...last).reduce(0) { $0 + 1 / Double($1) } / Double(tied + 1)
  }
}
