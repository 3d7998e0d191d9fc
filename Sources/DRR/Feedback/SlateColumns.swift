import DRRCore
import OffPolicy
import Tensor

/// What all estimators are sums of, by cluster: those of single decisions, with W of the last
/// position and the list's reward; that reward; the weight of the pseudo-inverse, and times the
/// reward; and for every position whether the list has it, the reward there, W, and W times the
/// reward.
struct SlateColumns {
  static let shared = DecisionSums.width + 3
  static let each = 4
  let width: Int
  let positions: Int
  private(set) var sums: [Double]
  /// W of the last position of each list.
  private(set) var weights: [Double] = []
  /// (Σ W)² / Σ W² by position.
  private(set) var sampleSizes: [Double]
  /// The mean of the target's probability of the whole list.
  private(set) var matchRate = 0.0

  init(_ log: LoggedSlates, _ target: SlateTarget, clip: Double, positions: Int) {
    self.positions = positions
    width = Self.shared + Self.each * positions
    sums = Array(repeating: 0, count: width * log.clusterCount)
    weights.reserveCapacity(log.count)
    var squares = [Double](repeating: 0, count: positions)
    for list in 0..<log.count {
      let first = Int(log.clusters[list]) * width
      var (weight, probability, reward) = (1.0, 1.0, 0.0)
      for (position, at) in log.items(of: list).enumerated() {
        weight *= target.probabilities[at] / log.propensities[at]
        probability *= target.probabilities[at]
        reward += log.rewards[at]
        squares[position] += weight * weight
        let place = first + Self.shared + Self.each * position
        sums[place] += 1
        sums[place + 1] += log.rewards[at]
        sums[place + 2] += weight
        sums[place + 3] += weight * log.rewards[at]
      }
      let decision = DecisionSums(
        weight: weight, reward: reward, predicted: 0, modelled: 0, clip: clip)
      for column in 0..<DecisionSums.width { sums[first + column] += decision.fields[column] }
      sums[first + DecisionSums.width] += reward
      let inverse = target.pseudoInverse?[list] ?? 0
      sums[first + DecisionSums.width + 1] += inverse
      sums[first + DecisionSums.width + 2] += inverse * reward
      weights.append(weight)
      matchRate += probability / Double(log.count)
    }
    sampleSizes = squares
    let all = total
    for position in 0..<positions where squares[position] > 0 {
      let sum = all[Self.shared + Self.each * position + 2]
      sampleSizes[position] = sum / squares[position] * sum
    }
  }

  var total: [Double] {
    var total = [Double](repeating: 0, count: width)
    for first in stride(from: 0, to: sums.count, by: width) {
      for column in 0..<width { total[column] += sums[first + column] }
    }
    return total
  }

  private func field(_ sums: ArraySlice<Double>, _ position: Int, _ field: Int) -> Double {
    sums[sums.startIndex + Self.shared + Self.each * position + field]
  }

  func lists(_ sums: ArraySlice<Double>, _ position: Int) -> Double { field(sums, position, 0) }

  func logged(_ sums: ArraySlice<Double>, _ position: Int) -> Double {
    field(sums, position, 1) / field(sums, position, 0)
  }

  /// 0 where the target never comes as far.
  func value(_ sums: ArraySlice<Double>, _ position: Int) -> Double {
    let weight = field(sums, position, 2)
    return weight > 0 ? field(sums, position, 3) / weight : 0
  }

  func logged(_ sums: ArraySlice<Double>) -> Double {
    sums[sums.startIndex + DecisionSums.width] / sums[sums.startIndex]
  }

  func value(of estimator: SlateEstimator, _ sums: ArraySlice<Double>) -> Double {
    let first = sums.startIndex
    let decisions = DecisionSums(sums[first..<first + DecisionSums.width])
    switch estimator {
    case .ips: return OffPolicyEstimator.ips.value(of: decisions)
    case .clippedIPS: return OffPolicyEstimator.clippedIPS.value(of: decisions)
    case .snips: return OffPolicyEstimator.snips.value(of: decisions)
    case .rips:
      return (0..<positions).reduce(0) { $0 + field(sums, $1, 3) } / decisions.count
    case .snrips:
      return (0..<positions).reduce(0) {
        let lists = lists(sums, $1)
        // A resample may have no list of that length.
        return lists > 0 ? $0 + lists / decisions.count * value(sums, $1) : $0
      }
    case .pi: return sums[first + DecisionSums.width + 2] / decisions.count
    case .wpi:
      return sums[first + DecisionSums.width + 2] / sums[first + DecisionSums.width + 1]
    }
  }
}

/// The sums of a policy over all clusters, and over those of each resample.
struct ResampledColumns {
  let columns: SlateColumns
  /// Of all clusters.
  let all: ArraySlice<Double>
  private let resamples: [ArraySlice<Double>]
  private let bootstrap: ClusterBootstrap
  private let confidence: Double

  init(_ columns: SlateColumns, _ bootstrap: ClusterBootstrap, confidence: Double) {
    (self.columns, self.bootstrap, self.confidence) = (columns, bootstrap, confidence)
    let totals = bootstrap.totals(columns.sums, width: columns.width)
    all = columns.total[...]
    resamples = (0..<bootstrap.resamples).map {
      totals[$0 * columns.width..<($0 + 1) * columns.width]
    }
  }

  /// Lists that have a position.
  func lists(_ position: Int) -> Int { Int(columns.lists(all, position)) }

  /// Of what the sums come to.
  func interval(_ value: (SlateColumns, ArraySlice<Double>) -> Double) -> Interval {
    bootstrap.interval(
      value(columns, all), of: resamples.map { value(columns, $0) }, confidence: confidence)
  }
}
