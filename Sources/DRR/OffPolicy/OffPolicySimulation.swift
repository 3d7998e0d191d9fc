import DRRCore
import Environments
import Tensor

/// How estimators do where the truth is known: bias, error and coverage by log size and overlap,
/// and whether they put policies in their true order.
public struct OffPolicySimulation: Codable, Hashable, Sendable {
  public var sizes = [500, 2_000, 8_000]
  /// Sharpness of the policies that log, from one near the target to one far from it.
  public var behaviours: [Double] = [1, 0, -1]
  /// Sharpness of the evaluation policy.
  public var target = 1.5
  /// Policies that are ranked.
  public var policies = 12
  /// Logs of each kind.
  public var replications = 100
  public var resamples = 200
  public var model = RewardModelConfiguration()
  public var clip: Double?
  public var minimumESS = 100.0
  /// Steps of a session at most.
  public var horizon = 8
  public var seed: UInt64 = 0

  public init() { model.isCrossed = true }

  /// One kind of log and one estimator.
  public struct Row: Codable, Hashable, Sendable {
    public var size: Int
    public var estimator: String
    /// The share of the log that counts under the target: 1 / E[w²].
    public var overlap: Double
    public var truth: Double
    public var bias: Double
    public var rootMeanSquaredError: Double
    /// The share of the 95 % intervals that hold the truth; nil of an estimator without one.
    public var coverage: Double?
    /// Spearman's, of the policies' estimated and true values; the mean over logs.
    public var rankCorrelation: Double?
    /// True value lost by taking the policy that the estimates put first; the mean over logs.
    public var regret: Double?
    /// The mean effective sample size of the target's weights, and the share of the logs below the
    /// least allowed.
    public var effectiveSampleSize: Double
    public var refused: Double
  }

  public struct Report: Codable, Hashable, Sendable {
    public var simulation: OffPolicySimulation
    public var decisions: [Row]
    public var sessions: [Row]
  }

  public func validate() throws(ConfigurationError) {
    for size in sizes {
      try ConfigurationError.require("sizes", size, in: 40...100_000)
    }
    try ConfigurationError.require("replications", replications, in: 2...100_000)
    try ConfigurationError.require("policies", policies, in: 2...100)
    try ConfigurationError.require("horizon", horizon, in: 1...1_000)
    try ConfigurationError.require("bootstrap", resamples, in: 40...100_000)
    try ConfigurationError.require("clip", clip ?? 1, "above 0") { $0 > 0 && $0.isFinite }
    try ConfigurationError.require("folds", model.folds, in: 2...10)
  }

  public var bandit: SyntheticBandit { SyntheticBandit(seed: seed) }
  public var process: FiniteProcess { .synthetic(seed: seed) }

  /// The policies that are ranked, by context: from those against the means to those with them.
  public func candidates(_ bandit: SyntheticBandit) -> [[Double]] {
    (0..<policies).map { number in
      bandit.policy(
        sharpness: -1 + 3 * Double(number) / Double(max(policies - 1, 1)), noise: 0.7,
        seed: seed &+ 1 &+ UInt64(number))
    }
  }

  /// What one log said.
  struct Outcome: Sendable {
    var intervals: [Interval]
    var effectiveSampleSize: Double
    /// By estimator: the rank correlation and the regret of the policies.
    var order: [(correlation: Double, regret: Double)] = []
  }

  /// Runs all of it; nil where `isStopped` asks to end.
  public func run(
    progress: (Int, Int, String) -> Void = { _, _, _ in }, isStopped: () -> Bool = { false }
  ) throws(ConfigurationError) -> Report? {
    try validate()
    let total = (behaviours.count + 1) * sizes.count * replications
    var done = 0
    var report = Report(simulation: self, decisions: [], sessions: [])
    /// Some logs at a time, on all cores.
    func outcomes(
      _ note: String, _ body: @Sendable (UInt64) throws(ConfigurationError) -> Outcome
    ) throws(ConfigurationError) -> [Outcome]? {
      var outcomes: [Outcome] = []
      while outcomes.count < replications {
        if isStopped() { return nil }
        let first = outcomes.count
        let part = concurrentMap(min(8, replications - first)) { at in
          Result { () throws(ConfigurationError) in try body(seed &+ 1 &+ UInt64(first + at)) }
        }
        for result in part { outcomes.append(try result.get()) }
        done += part.count
        progress(done, total, note)
      }
      return outcomes
    }
    let bandit = bandit
    let target = bandit.policy(sharpness: target, noise: 0, seed: seed)
    let candidates = candidates(bandit)
    for sharpness in behaviours {
      let behaviour = bandit.policy(sharpness: sharpness, noise: 0.3, seed: seed &+ 1_000)
      for size in sizes {
        let outcomes = try outcomes("logs of \(size) decisions") {
          (seed) throws(ConfigurationError) in
          try decisions(
            size, bandit: bandit, behaviour: behaviour, target: target, candidates: candidates,
            seed: seed)
        }
        guard let outcomes else { return nil }
        report.decisions += rows(
          outcomes, OffPolicyEstimator.allCases.map(\.rawValue), size: size,
          overlap: bandit.overlap(of: target, with: behaviour), truth: bandit.value(of: target))
      }
    }
    let process = process
    let (behaviour, judged) = sessionPolicies(process)
    let truth = process.values(of: judged, horizon: horizon, discount: 1)
      .v(Int32(process.start), toGo: horizon)
    for size in sizes {
      let outcomes = try outcomes("logs of \(size) sessions") { (seed) throws(ConfigurationError) in
        let log = process.sessions(size, of: behaviour, horizon: horizon, seed: seed)
        let report = try log.evaluate(
          judged, folds: model.folds,
          bootstrap: ClusterBootstrap(resamples: resamples, seed: seed))
        return Outcome(
          intervals: SessionEstimator.allCases.map { report[$0]! },
          effectiveSampleSize: report.diagnostics.effectiveSampleSize)
      }
      guard let outcomes else { return nil }
      let mean = outcomes.reduce(0) { $0 + $1.effectiveSampleSize } / Double(outcomes.count)
      report.sessions += rows(
        outcomes, SessionEstimator.allCases.map(\.rawValue), size: size,
        overlap: mean / Double(size), truth: truth)
    }
    return report
  }

  private func decisions(
    _ size: Int, bandit: SyntheticBandit, behaviour: [Double], target: [Double],
    candidates: [[Double]], seed: UInt64
  ) throws(ConfigurationError) -> Outcome {
    let (log, contexts) = bandit.log(size, behaviour: behaviour, seed: seed)
    var fitting = model
    fitting.seed = seed
    let rewards = try CrossFittedRewards(log, fitting)
    let policies = ([target] + candidates).enumerated().map {
      bandit.tabled($0.element, contexts, name: "\($0.offset)")
    }
    let (weights, predicted) = try PolicyWeights.compute(policies, on: log, rewards: rewards)
    let clip = clip ?? Double(size).squareRoot()
    let estimators = OffPolicyEstimator.allCases
    func decision(_ policy: PolicyWeights, _ row: Int) -> DecisionSums {
      DecisionSums(
        weight: policy.weights[row], reward: log.rewards[row], predicted: predicted[row],
        modelled: policy.modelled[row], clip: clip)
    }
    let intervals = ClusterBootstrap(resamples: resamples, seed: seed).intervals(
      clusters: log.clusters, clusterCount: log.clusterCount, estimators
    ) { decision(weights[0], $0) }
    let values = weights.dropFirst().map { policy in
      var sums = DecisionSums()
      for row in 0..<log.count { sums += decision(policy, row) }
      return estimators.map { $0.value(of: sums) }
    }
    let truths = candidates.map { bandit.value(of: $0) }
    let order = estimators.indices.map { at in
      let estimates = values.map { $0[at].isFinite ? $0[at] : -.infinity }
      let chosen = estimates.indices.max { (estimates[$0], -$0) < (estimates[$1], -$1) }!
      return (rankCorrelation(estimates, truths), truths.max()! - truths[chosen])
    }
    let diagnostics = WeightDiagnostics(weights[0], on: log, clip: clip)
    return Outcome(
      intervals: intervals, effectiveSampleSize: diagnostics.effectiveSampleSize, order: order)
  }

  private func rows(
    _ outcomes: [Outcome], _ names: [String], size: Int, overlap: Double, truth: Double
  ) -> [Row] {
    let n = Double(outcomes.count)
    func mean(_ value: (Outcome) -> Double) -> Double {
      outcomes.reduce(0) { $0 + value($1) } / n
    }
    return names.enumerated().map { at, name in
      Row(
        size: size, estimator: name, overlap: overlap, truth: truth,
        bias: mean { $0.intervals[at].value } - truth,
        rootMeanSquaredError: mean {
          ($0.intervals[at].value - truth) * ($0.intervals[at].value - truth)
        }.squareRoot(),
        coverage: outcomes[0].intervals[at].contains(truth) == nil
          ? nil : mean { $0.intervals[at].contains(truth)! ? 1 : 0 },
        rankCorrelation: outcomes[0].order.isEmpty ? nil : mean { $0.order[at].correlation },
        regret: outcomes[0].order.isEmpty ? nil : mean { $0.order[at].regret },
        effectiveSampleSize: mean(\.effectiveSampleSize),
        refused: mean { $0.effectiveSampleSize < minimumESS ? 1 : 0 })
    }
  }
}

/// Spearman's correlation of two lists; equal values share their mean rank.
public func rankCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var ranks = [Double](repeating: 0, count: values.count)
    var at = 0
    while at < order.count {
      var end = at
      while end + 1 < order.count, values[order[end + 1]] == values[order[at]] { end += 1 }
      for place in at...end { ranks[order[place]] = Double(at + end) / 2 }
      at = end + 1
    }
    return ranks
  }
  let (x, y) = (ranks(a), ranks(b))
  let mean = Double(a.count - 1) / 2
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for (one, other) in zip(x, y) {
    xy += (one - mean) * (other - mean)
    xx += (one - mean) * (one - mean)
    yy += (other - mean) * (other - mean)
  }
  return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
}
