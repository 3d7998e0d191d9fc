import DRRCore
import Tensor

/// How policies are evaluated on a log.
public struct OffPolicyConfiguration: Codable, Hashable, Sendable {
  public var estimators = OffPolicyEstimator.allCases
  public var model = RewardModelConfiguration()
  /// The weight above which weights are clipped or left to the model; nil: √n.
  public var clip: Double?
  /// Below this effective sample size a policy is not ranked.
  public var minimumESS = 100.0
  public var resamples = 1_000
  /// The estimator whose values rank the policies.
  public var ranking = OffPolicyEstimator.doublyRobust
  public var seed: UInt64 = 0

  public init() {}

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("clip", clip ?? 1, "above 0") { $0 > 0 && $0.isFinite }
    try ConfigurationError.require("minimum-ess", minimumESS, .notNegative)
    try ConfigurationError.require("bootstrap", resamples, in: 40...100_000)
  }

  /// Whether an estimator asks for the reward model.
  public var needsModel: Bool { estimators.contains(where: \.needsModel) }

  /// The clip for a log of so many decisions.
  func clip(_ count: Int) -> Double { clip ?? Double(count).squareRoot() }
}

/// What a log says about policies that did not write it.
public struct OffPolicyReport: Codable, Hashable, Sendable {
  public struct Policy: Codable, Hashable, Sendable {
    public var name: String
    /// By the estimator's name.
    public var estimates: [String: Interval]
    public var diagnostics: WeightDiagnostics
    public var warnings: [String]
    /// Why it is not ranked; absent where it is.
    public var refusal: String?
    /// From 1, by the ranking estimator; absent where it is refused.
    public var rank: Int?
    /// The policy's own mean reward, where a log of its own is at hand.
    public var onPolicy: Interval?

    public subscript(estimator: OffPolicyEstimator) -> Interval? { estimates[estimator.rawValue] }
  }

  public var log: FeedbackSummary
  public var configuration: OffPolicyConfiguration
  public var clip: Double
  /// The mean reward of the log itself, which is the value of the policy that wrote it.
  public var behaviour: Interval
  /// Absent where neither an estimator nor a policy asks for a reward model.
  public var model: RewardModelReport?
  public var policies: [Policy]
}

extension LoggedFeedback {
  /// The value of the policy that wrote the log: its mean reward.
  public func onPolicyValue(_ bootstrap: ClusterBootstrap) -> Interval {
    bootstrap.mean(
      rewards, times: multiplicities, clusters: clusters, clusterCount: clusterCount)
  }

  /// Evaluates policies. The reward model, fitted only where an estimator or a policy needs one, is
  /// cross-fitted; intervals take it as given, and the direct method, which is nothing else, has
  /// none.
  ///
  /// - Parameter onPolicy: the mean reward of a policy's own log, by the policy's name.
  public func evaluate(
    _ policies: [any TargetPolicy], _ configuration: OffPolicyConfiguration = .init(),
    onPolicy: [String: Interval] = [:], progress: (Int, Int, String) -> Void = { _, _, _ in }
  ) throws(ConfigurationError) -> OffPolicyReport {
    try configuration.validate()
    let steps = count * (policies.count + 2)
    progress(0, steps, "decisions, reward model")
    var model: CrossFittedRewards?
    if configuration.needsModel || policies.contains(where: \.basis.needsModel) {
      var fitting = configuration.model
      fitting.seed = configuration.seed
      model = try CrossFittedRewards(self, fitting)
    }
    progress(count, steps, "decisions, weights")
    let prediction: any RewardPrediction = model ?? NoRewards()
    let (weights, predicted) = try PolicyWeights.compute(policies, on: self, rewards: prediction) {
      progress(count + $0, steps, "decisions, weights")
    }
    let clip = configuration.clip(count)
    let bootstrap = ClusterBootstrap(resamples: configuration.resamples, seed: configuration.seed)
    var rows: [OffPolicyReport.Policy] = []
    for (at, policy) in weights.enumerated() {
      let intervals = bootstrap.intervals(
        clusters: clusters, clusterCount: clusterCount, configuration.estimators
      ) { row in
        DecisionSums(
          weight: policy.weights[row], reward: rewards[row], predicted: predicted[row],
          modelled: policy.modelled[row], clip: clip, times: multiplicity(row))
      }
      let diagnostics = WeightDiagnostics(policy, on: self, clip: clip)
      rows.append(
        OffPolicyReport.Policy(
          name: policy.name,
          estimates: Dictionary(
            uniqueKeysWithValues: zip(configuration.estimators.map(\.rawValue), intervals)),
          diagnostics: diagnostics, warnings: diagnostics.warnings,
          refusal: diagnostics.refusal(minimumESS: configuration.minimumESS),
          onPolicy: onPolicy[policy.name]))
      progress(count * (3 + at), steps, "decisions, intervals")
    }
    rows.rank(by: configuration.ranking)
    return OffPolicyReport(
      log: summary, configuration: configuration, clip: clip,
      behaviour: onPolicyValue(bootstrap),
      model: model.map { RewardModelReport(self, $0, predicted: predicted) }, policies: rows)
  }
}

/// A policy of a report that ranks its policies.
package protocol RankedPolicy {
  associatedtype Estimator
  var refusal: String? { get }
  var rank: Int? { get set }
  subscript(estimator: Estimator) -> Interval? { get }
}

extension OffPolicyReport.Policy: RankedPolicy {}

extension Array where Element: RankedPolicy {
  /// Numbers the policies that are not refused, the best first.
  package mutating func rank(by estimator: Element.Estimator) {
    func value(_ at: Int) -> Double { self[at][estimator]?.value ?? -.infinity }
    let order = indices.filter { self[$0].refusal == nil && self[$0][estimator] != nil }
      .sorted { (-value($0), $0) < (-value($1), $1) }
    for (rank, at) in order.enumerated() { self[at].rank = rank + 1 }
  }
}
