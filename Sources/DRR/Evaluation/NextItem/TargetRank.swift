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

  /// 1 / rank.
  public var reciprocal: Double {
    (above + 1...above + tied + 1).reduce(0) { $0 + 1 / Double($1) } / Double(tied + 1)
  }
}
