import Tensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

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

  /// Mean reward of the first K.
  public static func averageReward(_ rewards: [Float], at k: Int) -> Double {
    rewards.prefix(k).reduce(0) { $0 + Double($1) } / Double(k)
  }
}

/// A mean over users and the 95 % interval that resampling the users gives it.
public struct Estimate: Codable, Hashable, Sendable {
  public var mean: Double
  public var low: Double
  public var high: Double

  /// Percentile bootstrap with 1,000 resamples (Efron & Tibshirani 1993, chapter 13); above 2,000
  /// values its normal limit, mean ± 1.96 standard errors, which it then cannot be told from.
  public init(_ values: [Double], seed: UInt64) {
    guard !values.isEmpty else {
      (mean, low, high) = (.nan, .nan, .nan)
      return
    }
    let count = values.count
    mean = values.reduce(0, +) / Double(count)
    if count > 2_000 {
      let center = mean
      let variance = values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(count - 1)
      let reach = 1.96 * (variance / Double(count)).squareRoot()
      (low, high) = (mean - reach, mean + reach)
      return
    }
    var random = Philox(seed: seed, stream: Streams.bootstrap)
    let resampled = (0..<1_000).map { _ in
      (0..<count).reduce(0.0) { sum, _ in sum + values[random.index(below: count)] }
        / Double(count)
    }.sorted()
    (low, high) = (resampled[25], resampled[974])
  }
}
