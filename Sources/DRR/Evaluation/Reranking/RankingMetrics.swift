import Platform
import Tensor

/// What a user's list is worth.
public enum Measure: String, Codable, CaseIterable, Sendable {
  /// P@K, NDCG@K with binary gain, DCG@K, recall@K, and mean reward of the first K; see
  /// ``RankingMetrics``.
  case precision, ndcg, dcg, recall, reward
}

/// Measures of one ranked list. `rewards` are those of the picks, best rank first; liked is > 0.
public enum RankingMetrics {
  /// Liked among the first K, over K.
  public static func precision(_ rewards: [Float], at k: Int) -> Double {
    Double(rewards.prefix(k).count { $0 > 0 }) / Double(k)
  }

  /// Discounted gain of the liked, 1 / log₂(rank + 1) each (Järvelin & Kekäläinen 2002).
  public static func discountedGain(_ rewards: [Float], at k: Int) -> Double {
    rewards.prefix(k).enumerated().reduce(0) { sum, pick in
      pick.element > 0 ? sum + 1 / log2(Double(pick.offset + 2)) : sum
    }
  }

  /// Discounted gain over that of the best order of the candidates, of which `likedCandidates`
  /// are liked. Nil where none is: no order is better than another.
  public static func normalizedGain(
    _ rewards: [Float], at k: Int, likedCandidates: Int
  ) -> Double? {
    guard likedCandidates > 0 else { return nil }
    let best = discountedGain(Array(repeating: 1, count: min(k, likedCandidates)), at: k)
    return discountedGain(rewards, at: k) / best
  }

  /// Share of the liked candidates that is among the first K; nil where none is liked.
  public static func recall(_ rewards: [Float], at k: Int, likedCandidates: Int) -> Double? {
    guard likedCandidates > 0 else { return nil }
    return Double(rewards.prefix(k).count { $0 > 0 }) / Double(likedCandidates)
  }

  /// Mean reward of the first K.
  public static func averageReward(_ rewards: [Float], at k: Int) -> Double {
    rewards.prefix(k).reduce(0) { $0 + Double($1) } / Double(k)
  }
}
