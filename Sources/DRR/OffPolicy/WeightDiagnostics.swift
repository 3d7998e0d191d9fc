import DRRCore

/// How far the weights of a policy can be trusted.
public struct WeightDiagnostics: Codable, Hashable, Sendable {
  /// Decisions, or sessions.
  public var count: Int
  public var clusters: Int
  /// The mean probability that the policy gives the logged action.
  public var matchRate: Double
  /// (Σ w)² / Σ w² (Kish): as many decisions of the policy itself would be worth as much.
  public var effectiveSampleSize: Double
  public var largestWeight: Double
  /// About 1 where the propensities are right and the log covers the policy.
  public var meanWeight: Double
  /// The share of Σ w that the largest 1 % of the weights hold.
  public var topShare: Double
  /// The share of the weights above the clip.
  public var clipRate: Double
  public var smallestPropensity: Double
  /// Logged actions, of all sessions where there are any.
  public var actions: Int
  /// Those with a propensity below 1 / actions, of which a log of this length has few.
  public var rareActions: Int
  /// Pairs of position and action that the policy takes and the log never has.
  public var unsupportedActions: Int
  /// The share of the policy's choices that they are.
  public var unsupportedShare: Double
  /// How the weights are spread; nil in reports of versions that did not count them.
  public var histogram: WeightHistogram?

  /// Of plain weights.
  ///
  /// - Parameter times: how many decisions each is the weight of; empty: of one.
  public init(
    weights: [Double], times: [Double] = [], propensities: [Double], clusters: Int, clip: Double
  ) {
    count = weights.count
    self.clusters = clusters
    let shares = times.isEmpty ? weights : zip(weights, times).map { $0 * $1 }
    let sum = shares.reduce(0, +)
    effectiveSampleSize = Self.sampleSize(of: shares)
    largestWeight = weights.max() ?? 0
    meanWeight = sum / (times.isEmpty ? Double(max(count, 1)) : times.reduce(0, +))
    let top = shares.sorted(by: >).prefix(max(1, (count + 99) / 100)).reduce(0, +)
    topShare = sum > 0 ? top / sum : 0
    clipRate = Double(weights.count { $0 > clip }) / Double(max(count, 1))
    smallestPropensity = propensities.min() ?? 1
    actions = propensities.count
    let floor = 1 / Double(max(actions, 1))
    rareActions = propensities.count { $0 < floor }
    matchRate = 0
    unsupportedActions = 0
    unsupportedShare = 0
    histogram = WeightHistogram(weights)
  }

  public init(_ policy: PolicyWeights, on log: LoggedFeedback, clip: Double) {
    self.init(
      weights: policy.weights, times: log.multiplicities, propensities: log.propensities,
      clusters: log.clusterCount, clip: clip)
    matchRate = policy.matchRate
    guard log.candidates.isEmpty else { return }
    var isLogged = [Bool](repeating: false, count: policy.mass.count)
    for row in 0..<log.count {
      isLogged[Int(log.positions[row]) * log.actionCount + Int(log.actions[row])] = true
    }
    let missing = policy.mass.indices.filter { !isLogged[$0] && policy.mass[$0] > 0 }
    unsupportedActions = missing.count
    unsupportedShare = missing.reduce(0) { $0 + policy.mass[$1] } / Double(log.count)
  }

  /// (Σ w)² / Σ w².
  package static func sampleSize(of weights: [Double]) -> Double {
    let sum = weights.reduce(0, +)
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    return squares > 0 ? sum / squares * sum : 0
  }

  /// Why the policy's value cannot be placed beside others'; nil where it can.
  public func refusal(minimumESS: Double) -> String? {
    Self.refusal(effectiveSampleSize, minimumESS: minimumESS)
  }

  package static func refusal(_ sampleSize: Double, minimumESS: Double) -> String? {
    sampleSize < minimumESS
      ? "the effective sample size is \(decimal(sampleSize, 1)), below \(spelled(minimumESS))"
      : nil
  }

  /// What else speaks against the numbers.
  public var warnings: [String] {
    var warnings: [String] = []
    if !(0.8...1.25).contains(meanWeight) {
      warnings.append("the mean weight is \(decimal(meanWeight, 2)), expected about 1")
    }
    if unsupportedActions > 0 {
      warnings.append(
        "\(decimal(100 * unsupportedShare, 1))% of its choices are \(unsupportedActions) "
          + "position-action pairs that the log never has")
    }
    if rareActions > 0 {
      warnings.append(
        "\(rareActions) logged actions had a propensity below 1/\(actions), the smallest "
          + "\(smallestPropensity)")
    }
    return warnings
  }
}
