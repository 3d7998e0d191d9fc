import DRRCore
import Tensor

/// A value, and the 95 % interval that resampling gives it; no bounds where resampling would leave
/// out the error of what was fitted, which is the estimate itself.
public struct Interval: Codable, Hashable, Sendable {
  public var value: Double
  public var low: Double?
  public var high: Double?

  public init(value: Double, low: Double? = nil, high: Double? = nil) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// nil where there are no bounds.
  public func contains(_ truth: Double) -> Bool? {
    guard let low, let high else { return nil }
    return low <= truth && truth <= high
  }

  /// Decimals that a report shows values of this size with.
  package var digits: Int { abs(value) < 0.1 ? 5 : 4 }
}

/// The percentile bootstrap of functions of sums (Efron & Tibshirani 1993, chapter 13), in which
/// whole clusters are drawn. The same seed draws the same clusters, so that policies are compared
/// on the same resamples.
public struct ClusterBootstrap: Sendable {
  public let resamples: Int
  public let seed: UInt64

  public init(resamples: Int = 1_000, seed: UInt64 = 0) {
    self.resamples = resamples
    self.seed = seed
  }

  /// The sums of each resample, on all cores: a draw is at one place of the random numbers.
  ///
  /// - Parameter sums: [clusters, width].
  /// - Returns: [resamples, width].
  public func totals(_ sums: [Double], width: Int) -> [Double] {
    let clusters = sums.count / width
    guard clusters > 0 else { return Array(repeating: 0, count: resamples * width) }
    let parts = min(resamples, 32)
    return concurrentMap(parts) { part in
      let drawn = part * resamples / parts..<(part + 1) * resamples / parts
      var random = Philox(
        key: seed, stream: Streams.offPolicyBootstrap,
        counter: UInt64(drawn.lowerBound) * UInt64(clusters))
      var totals = [Double](repeating: 0, count: drawn.count * width)
      var counts = [UInt32](repeating: 0, count: clusters)
      for resample in 0..<drawn.count {
        for at in counts.indices { counts[at] = 0 }
        for _ in 0..<clusters {
          // The high half of a 32 × 64 bit product: even to 2⁻³² of a cluster's share.
          counts[Int((UInt64(random.nextWord()) * UInt64(clusters)) >> 32)] += 1
        }
        totals.withUnsafeMutableBufferPointer { totals in
          sums.withUnsafeBufferPointer { sums in
            let to = totals.baseAddress! + resample * width
            for cluster in 0..<clusters where counts[cluster] > 0 {
              let (times, from) = (Double(counts[cluster]), sums.baseAddress! + cluster * width)
              for column in 0..<width { to[column] += times * from[column] }
            }
          }
        }
      }
      return totals
    }.flatMap { $0 }
  }

  /// The interval of a value, from its value in each resample.
  ///
  /// - Parameter confidence: the share of the resamples that is in it, in (0, 1).
  public func interval(
    _ value: Double, of resampled: [Double], confidence: Double = 0.95
  ) -> Interval {
    let sorted = resampled.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return Interval(value: value, low: value, high: value) }
    // A share that no fraction of two spells must not lose a resample.
    let cut = Int(Double(sorted.count) * (1 - confidence) / 2 + 1e-9)
    return Interval(value: value, low: sorted[cut], high: sorted[sorted.count - 1 - cut])
  }

  /// The intervals of estimators of one policy, from the sums of each decision.
  public func intervals(
    clusters: [Int32], clusterCount: Int, _ estimators: [OffPolicyEstimator],
    of decision: (Int) -> DecisionSums
  ) -> [Interval] {
    let width = DecisionSums.width
    var sums = [Double](repeating: 0, count: clusterCount * width)
    var all = DecisionSums()
    for (row, cluster) in clusters.enumerated() {
      let decision = decision(row)
      all += decision
      for column in 0..<width { sums[Int(cluster) * width + column] += decision.fields[column] }
    }
    let totals = totals(sums, width: width)
    let resampled = (0..<resamples).map { resample in
      DecisionSums(totals[resample * width..<(resample + 1) * width])
    }
    return estimators.map { estimator in
      guard estimator.hasInterval else { return Interval(value: estimator.value(of: all)) }
      return interval(estimator.value(of: all), of: resampled.map { estimator.value(of: $0) })
    }
  }

  /// The mean of a column, by cluster.
  ///
  /// - Parameter times: how often each value counts; empty: once.
  public func mean(
    _ values: [Double], times: [Double] = [], clusters: [Int32], clusterCount: Int
  ) -> Interval {
    var sums = [Double](repeating: 0, count: 2 * clusterCount)
    var (sum, count) = (0.0, 0.0)
    for (row, cluster) in clusters.enumerated() {
      let times = times.isEmpty ? 1 : times[row]
      sums[2 * Int(cluster)] += times * values[row]
      sums[2 * Int(cluster) + 1] += times
      sum += times * values[row]
      count += times
    }
    let totals = totals(sums, width: 2)
    return interval(
      sum / count, of: (0..<resamples).map { totals[2 * $0] / totals[2 * $0 + 1] })
  }
}
