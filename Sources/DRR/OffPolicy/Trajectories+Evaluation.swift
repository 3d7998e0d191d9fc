import DRRCore
import Tensor

/// Ways to tell a policy's mean discounted return of a session from sessions of another.
///
/// With the ratios ρ of target probability and propensity, multiplied up to each step:
public enum SessionEstimator: String, Codable, CaseIterable, Sendable {
  /// The return of a session times the product of all its ratios.
  case trajectoryIS = "is"
  /// The same over the sum of the products.
  case weightedIS = "wis"
  /// Each reward times the product up to it (Precup, Sutton & Singh 2000).
  case perDecisionIS = "pdis"
  /// The same over the sum of the products of that step; a session that has ended keeps its last.
  case weightedPerDecisionIS = "wpdis"
  /// Fitted Q evaluation: the mean value of the first states.
  case fittedQ = "fqe"
  /// Doubly robust, from the last step to the first: V(s) + ρ (r + γ DR' − Q(s, a)) (Jiang & Li
  /// 2016).
  case doublyRobust = "dr"

  /// Fitted Q evaluation has none: a resample of sessions that does not fit anew shows only how
  /// first states differ.
  public var hasInterval: Bool { self != .fittedQ }

  /// Whether it needs the target policy in every state.
  var needsValues: Bool { self == .fittedQ || self == .doublyRobust }
}

/// What sessions say about a policy that did not act in them.
public struct SessionsReport: Codable, Hashable, Sendable {
  public var name: String
  public var policy: String
  public var sessions: Int
  public var steps: Int
  public var longest: Int
  public var states: Int
  public var actions: Int
  public var discount: Double
  public var seed: UInt64
  /// The mean return of the log itself.
  public var behaviour: Interval
  /// By the estimator's name.
  public var estimates: [String: Interval]
  public var diagnostics: WeightDiagnostics
  public var warnings: [String]
  public var refusal: String?

  public subscript(estimator: SessionEstimator) -> Interval? { estimates[estimator.rawValue] }
}

extension Trajectories {
  /// Evaluates a policy. Fitted Q evaluation has no interval; that of the doubly robust form takes
  /// the fitted values as given.
  ///
  /// - Parameters:
  ///   - policy: nil: the one whose probabilities the log tells. Then no value is fitted.
  ///   - discount: γ.
  ///   - values: the policy's values; nil fits them, cross-fitted over `folds` parts of the
  ///     sessions.
  public func evaluate(
    _ policy: StatePolicy?, discount: Double = 1, values: SessionValues? = nil, folds: Int = 5,
    minimumESS: Double = 100, bootstrap: ClusterBootstrap = ClusterBootstrap()
  ) throws(ConfigurationError) -> SessionsReport {
    try ConfigurationError.require("discount", discount, "in 0 ... 1") { $0 >= 0 && $0 <= 1 }
    try ConfigurationError.require("minimum-ess", minimumESS, .notNegative)
    let most = max(40, min(100_000, Trajectories.cellLimit / (longest + 1)))
    try ConfigurationError.require(
      "bootstrap", bootstrap.resamples, "in 40 ... \(most), for sessions of up to \(longest) steps"
    ) { 40...most ~= $0 }
    if policy != nil, values == nil {
      try ConfigurationError.require("folds", folds, "2 ... \(count), the sessions of \(name)") {
        $0 >= 2 && $0 <= count
      }
    }
    if policy == nil && targets.count != stepCount {
      throw ConfigurationError(
        "\(name) has no column target; it must have the target policy's probabilities, or a policy "
          + "must be named")
    }
    let target = (0..<stepCount).map { policy?[states[$0], actions[$0]] ?? targets[$0] }
    let horizon = longest
    let fitted = policy.map { policy in
      values.map { [$0] } ?? fittedValues(policy, discount, folds, bootstrap.seed, horizon)
    }
    let fold = values == nil ? foldOfSession(folds, bootstrap.seed) : []
    var columns = SessionColumns(sessions: count, horizon: horizon)
    var products: [Double] = []
    for session in 0..<count {
      let values = fitted.map { $0[fold.isEmpty ? 0 : fold[session]] }
      products.append(
        columns.add(
          self, session, target: target, values: values, discount: discount, horizon: horizon))
    }
    let totals = bootstrap.totals(columns.sums, width: columns.width)
    let all = columns.total
    func interval(_ value: (ArraySlice<Double>) -> Double) -> Interval {
      bootstrap.interval(
        value(all[...]),
        of: (0..<bootstrap.resamples).map {
          value(totals[$0 * columns.width..<($0 + 1) * columns.width])
        })
    }
    var estimates: [String: Interval] = [:]
    for estimator in SessionEstimator.allCases where policy != nil || !estimator.needsValues {
      estimates[estimator.rawValue] =
        estimator.hasInterval
        ? interval { columns.value(of: estimator, $0) }
        : Interval(value: columns.value(of: estimator, all[...]))
    }
    var diagnostics = WeightDiagnostics(
      weights: products, propensities: propensities, clusters: count, clip: .infinity)
    diagnostics.matchRate = target.reduce(0, +) / Double(stepCount)
    return SessionsReport(
      name: name, policy: policy?.name ?? "target", sessions: count, steps: stepCount,
      longest: horizon, states: stateCount, actions: actionCount, discount: discount,
      seed: bootstrap.seed, behaviour: interval { $0[$0.startIndex + 1] / $0[$0.startIndex] },
      estimates: estimates, diagnostics: diagnostics, warnings: diagnostics.warnings,
      refusal: diagnostics.refusal(minimumESS: minimumESS))
  }

  private func foldOfSession(_ folds: Int, _ seed: UInt64) -> [Int] {
    var order = Array(0..<count)
    var random = Philox(seed: seed, stream: Streams.offPolicyFolds)
    order.shuffle(using: &random)
    var fold = [Int](repeating: 0, count: count)
    for (place, session) in order.enumerated() { fold[session] = place % max(folds, 1) }
    return fold
  }

  /// For each fold the values that the sessions of the others tell.
  private func fittedValues(
    _ policy: StatePolicy, _ discount: Double, _ folds: Int, _ seed: UInt64, _ horizon: Int
  ) -> [SessionValues] {
    let fold = foldOfSession(folds, seed)
    return concurrentMap(folds) { part in
      SessionValues.fit(
        self, sessions: (0..<count).filter { fold[$0] != part }, policy: policy,
        discount: discount, horizon: horizon)
    }
  }
}

/// Of each session what all estimators are sums of: one; return; product × return; product;
/// per-decision return; first value; doubly robust return; and for every step the weighted reward
/// and the weight.
private struct SessionColumns {
  let width: Int
  let horizon: Int
  private(set) var sums: [Double] = []
  private static let shared = 7

  init(sessions: Int, horizon: Int) {
    self.horizon = horizon
    width = Self.shared + 2 * horizon
    sums.reserveCapacity(sessions * width)
  }

  var total: [Double] {
    var total = [Double](repeating: 0, count: width)
    for at in sums.indices { total[at % width] += sums[at] }
    return total
  }

  /// Adds a session and returns the product of its ratios.
  mutating func add(
    _ log: Trajectories, _ session: Int, target: [Double], values: SessionValues?,
    discount: Double, horizon: Int
  ) -> Double {
    let first = sums.count
    sums += Array(repeating: 0, count: width)
    let steps = log.steps(of: session)
    var (product, power, plain, perDecision) = (1.0, 1.0, 0.0, 0.0)
    for step in 0..<horizon {
      if steps.lowerBound + step < steps.upperBound {
        let at = steps.lowerBound + step
        product *= target[at] / log.propensities[at]
        plain += power * log.rewards[at]
        perDecision += power * product * log.rewards[at]
        sums[first + Self.shared + 2 * step] = power * product * log.rewards[at]
        power *= discount
      }
      sums[first + Self.shared + 2 * step + 1] = product
    }
    var robust = 0.0
    if let values {
      for at in steps.reversed() {
        let toGo = horizon - (at - steps.lowerBound)
        let (state, action) = (log.states[at], log.actions[at])
        let error = log.rewards[at] + discount * robust - values.q(state, action, toGo: toGo)
        robust = values.v(state, toGo: toGo) + target[at] / log.propensities[at] * error
      }
    }
    let start = values.map { $0.v(log.states[steps.lowerBound], toGo: horizon) } ?? 0
    for (column, value) in [1, plain, product * plain, product, perDecision, start, robust]
      .enumerated()
    {
      sums[first + column] = value
    }
    return product
  }

  func value(of estimator: SessionEstimator, _ sums: ArraySlice<Double>) -> Double {
    let first = sums.startIndex
    let n = sums[first]
    switch estimator {
    case .trajectoryIS: return sums[first + 2] / n
    case .weightedIS: return sums[first + 2] / sums[first + 3]
    case .perDecisionIS: return sums[first + 4] / n
    case .weightedPerDecisionIS:
      return (0..<horizon).reduce(0) { total, step in
        let (reward, weight) = (
          sums[first + Self.shared + 2 * step], sums[first + Self.shared + 2 * step + 1]
        )
        return total + (weight > 0 ? reward / weight : 0)
      }
    case .fittedQ: return sums[first + 5] / n
    case .doublyRobust: return sums[first + 6] / n
    }
  }
}
