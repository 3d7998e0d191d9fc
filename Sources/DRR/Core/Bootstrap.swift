import Platform
import Tensor

/// A mean over users and the 95 % interval that resampling the users gives it.
public struct Estimate: Codable, Hashable, Sendable, BitwiseCopyable {
  /// The mean over users, in the unit of the measure.
  public var mean: Double
  /// The lower end of the interval.
  public var low: Double
  /// The upper end of the interval.
  public var high: Double
  /// Standard deviation of the means of the runs, where there are several.
  public var deviation: Double?
  /// Values that the mean is of.
  public var count: Int

  /// An estimate by its parts; `low` ≤ `mean` ≤ `high`.
  public init(mean: Double, low: Double, high: Double, deviation: Double? = nil, count: Int) {
    self.mean = mean
    self.low = low
    self.high = high
    self.deviation = deviation
    self.count = count
  }
}

/// The percentile bootstrap of means (Efron & Tibshirani 1993, chapter 13), in which whole
/// clusters are drawn: values of one user stay together, however many seeds they come from
/// (Davison & Hinkley 1997, section 3.8).
///
/// The resamples are drawn once, so that all estimates stand on the same ones.
public struct Bootstrap: Sendable {
  static let resamples = 1_000
  /// Above so many clusters the interval is the normal limit, mean ± 1.96 standard errors, from
  /// which resampling can then not be told.
  static let limit = 2_000

  /// Dense cluster of each value.
  private let clusters: [Int]
  private let clusterCount: Int
  /// [clusters, resamples]: how often each was drawn; empty above the limit.
  private let draws: [UInt16]

  /// `clusters` names the cluster of each value to come.
  public init(clusters names: [Int32], seed: UInt64) {
    var numbers: [Int32: Int] = [:]
    clusters = names.map { name in
      let number = numbers[name] ?? numbers.count
      numbers[name] = number
      return number
    }
    clusterCount = numbers.count
    var draws: [UInt16] = []
    if (1...Self.limit).contains(clusterCount) {
      draws = Array(repeating: 0, count: Self.resamples * clusterCount)
      var random = Philox(seed: seed, stream: Streams.bootstrap)
      for resample in 0..<Self.resamples {
        for _ in 0..<clusterCount {
          draws[random.index(below: clusterCount) * Self.resamples + resample] += 1
        }
      }
    }
    self.draws = draws
  }

  /// The mean of the values that are there; nil where none is.
  public func estimate(_ values: [Double?]) -> Estimate? {
    require(values.count == clusters.count, "\(values.count) values of \(clusters.count) clusters")
    var sums = [Double](repeating: 0, count: clusterCount)
    var counts = sums
    for (cluster, value) in zip(clusters, values) {
      guard let value else { continue }
      sums[cluster] += value
      counts[cluster] += 1
    }
    return estimate(sums: sums, counts: counts)
  }

  /// The mean of values of which the sum and the number in each cluster are known.
  package func estimate(sums: [Double], counts: [Double]) -> Estimate? {
    require(
      sums.count == clusterCount && counts.count == clusterCount,
      "\(sums.count) sums and \(counts.count) counts of \(clusterCount) clusters")
    let count = counts.reduce(0, +)
    guard count > 0 else { return nil }
    let mean = sums.reduce(0, +) / count
    let (low, high) =
      draws.isEmpty ? normal(sums, counts, mean, count) : percentiles(sums, counts)
    return Estimate(mean: mean, low: low, high: high, deviation: nil, count: Int(count))
  }

  private func percentiles(_ sums: [Double], _ counts: [Double]) -> (Double, Double) {
    var totals = [Double](repeating: 0, count: Self.resamples)
    var numbers = totals
    draws.withUnsafeBufferPointer { draws in
      // All resamples at once, cluster by cluster: a loop of vectors.
      for cluster in 0..<clusterCount {
        let first = cluster * Self.resamples
        let times = UnsafeBufferPointer(rebasing: draws[first..<first + Self.resamples])
        add(times, times: sums[cluster], to: &totals)
        add(times, times: counts[cluster], to: &numbers)
      }
    }
    var means = zip(totals, numbers).filter { $1 > 0 }.map { $0 / $1 }
    means.sort()
    return (means[means.count / 40], means[means.count - 1 - means.count / 40])
  }

  /// totals += factor · times
  private func add(
    _ times: UnsafeBufferPointer<UInt16>, times factor: Double, to totals: inout [Double]
  ) {
    totals.withUnsafeMutableBufferPointer { totals in
      guard let times = times.baseAddress, let start = totals.baseAddress else { return }
      for resample in 0..<totals.count { start[resample] += Double(times[resample]) * factor }
    }
  }

  /// Of a mean as the ratio of two sums over clusters, by linearisation.
  private func normal(
    _ sums: [Double], _ counts: [Double], _ mean: Double, _ count: Double
  ) -> (Double, Double) {
    let squares = zip(sums, counts).reduce(0) { total, cluster in
      let deviation = cluster.0 - mean * cluster.1
      return total + deviation * deviation
    }
    let clusters = Double(counts.count { $0 > 0 })
    let error = (squares * clusters / max(clusters - 1, 1)).squareRoot() / count
    return (mean - 1.96 * error, mean + 1.96 * error)
  }
}

extension Estimate {
  /// The mean over independent runs, as seeds are, and its 95 % interval: Student's, with the skew of
  /// the runs taken off by Hall's transformation (Hall 1992, On the removal of skewness by
  /// transformation)
  ///
  ///     g(w) = w + γ w² / 3 + γ² w³ / 27 + γ / (6 n),  w = (mean − μ) / s,
  ///
  /// whose inverse is 3 / γ (∛(1 + γ (y − γ / (6 n))) − 1). Where a few runs go wrong, figures are
  /// skewed, and the percentiles of resampled means, which know neither the skew nor how unsure s is,
  /// hold the truth in 86 % of cases or fewer. Of one run, or of equal ones, there is no interval but
  /// the value.
  ///
  /// - Parameter range: what the mean can be; an interval does not leave it.
  package init(
    runs values: [Double], within range: ClosedRange<Double> = -.infinity ... .infinity
  ) {
    require(!values.isEmpty, "there are no runs to estimate from")
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    func moment(_ power: Int) -> Double {
      values.reduce(0) { sum, value in
        sum + (0..<power).reduce(1) { product, _ in product * (value - mean) }
      } / n
    }
    let variance = moment(2)
    // Of equal values rounding leaves a variance.
    guard variance > 1e-24 * mean * mean else {
      self.init(mean: mean, low: mean, high: mean, count: values.count)
      return
    }
    let deviation = (variance * n / (n - 1)).squareRoot()
    let skew = moment(3) / (variance * variance.squareRoot())
    let reach = Self.student(values.count - 1) / n.squareRoot()
    func inverse(_ y: Double) -> Double {
      skew.magnitude < 1e-6
        ? y : 3 / skew * (cbrt(1 + skew * (y - skew / (6 * n))) - 1)
    }
    self.init(
      mean: mean, low: max(range.lowerBound, min(mean, mean - deviation * inverse(reach))),
      high: min(range.upperBound, max(mean, mean - deviation * inverse(-reach))),
      count: values.count)
  }

  /// The 97.5 % quantile of Student's t: by a table, and from five degrees of freedom on by the
  /// series of Abramowitz & Stegun (1964, 26.7.5).
  private static func student(_ freedom: Int) -> Double {
    let table = [12.706_205, 4.302_653, 3.182_446, 2.776_445]
    if freedom <= table.count { return table[freedom - 1] }
    let (z, v) = (1.959_963_985, Double(freedom))
    let powers = (0...9).map { power in (0..<power).reduce(1.0) { product, _ in product * z } }
    let terms = [
      (powers[3] + z) / 4, (5 * powers[5] + 16 * powers[3] + 3 * z) / 96,
      (3 * powers[7] + 19 * powers[5] + 17 * powers[3] - 15 * z) / 384,
      (79 * powers[9] + 776 * powers[7] + 1_482 * powers[5] - 1_920 * powers[3] - 945 * z) / 92_160,
    ]
    return terms.reversed().reduce(0) { ($0 + $1) / v } + z
  }
}

/// Standard deviation of a sample; nil of fewer than two.
package func standardDeviation(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(values.count - 1)).squareRoot()
}
