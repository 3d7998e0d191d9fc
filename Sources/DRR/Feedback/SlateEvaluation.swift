import DRRCore
import OffPolicy
import Tensor

/// Ways to tell the value of a policy, its mean reward of a list, from lists that another one drew.
///
/// With the ratio ρ of the target's and the logged probability of an item given those above it, and
/// W the product of the ρ from the first position on:
public enum SlateEstimator: String, Codable, CaseIterable, Sendable {
  /// The list's reward times W of its last position.
  case ips
  /// The same with W clipped.
  case clippedIPS = "clipped-ips"
  /// The sum of those over the sum of W.
  case snips
  /// Reward-interaction IPS: the reward of each position times W up to it, since no item changes
  /// what those above it earn (McInerney, Brost, Chandar, Mehrotra & Carterette 2020).
  case rips
  /// The same over the sum of W of each position.
  case snrips
  /// The pseudo-inverse: unbiased where a list's reward is a sum over its positions (Swaminathan et
  /// al. 2017).
  case pi
  /// The same over the sum of its weights.
  case wpi

  /// Whether it needs all candidates of the logged and the target policy.
  public var needsCandidates: Bool { self == .pi || self == .wpi }

  /// Whether lists that the log never shows earn 0 by it.
  var countsUnseenAsZero: Bool { self == .ips || self == .clippedIPS || self == .rips }

  /// Those that the log and a policy's probabilities are enough for.
  public static let usual: [SlateEstimator] = [.ips, .clippedIPS, .snips, .rips, .snrips]
}

/// How policies are evaluated on lists.
public struct SlateConfiguration: Codable, Hashable, Sendable {
  /// What is told.
  public var estimators = SlateEstimator.usual
  /// The estimator whose values rank the policies.
  public var ranking = SlateEstimator.snrips
  /// The weight above which weights are clipped; nil: √n.
  public var clip: Double?
  /// Below this effective sample size a policy is not ranked.
  public var minimumESS = 100.0
  /// Resamples of users that intervals are told from.
  public var resamples = 1_000
  /// The share of resamples in an interval.
  public var confidence = 0.95
  /// Of the resamples.
  public var seed: UInt64 = 0

  /// The usual configuration.
  public init() {}

  /// - Throws: where a part is out of its range.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("clip", clip ?? 1, "above 0") { $0 > 0 && $0.isFinite }
    try ConfigurationError.require("minimum-ess", minimumESS, .notNegative)
    try ConfigurationError.require("bootstrap", resamples, in: 40...100_000)
    try ConfigurationError.require("confidence", confidence, "0.5 ... 0.999") {
      (0.5...0.999).contains($0)
    }
  }
}

/// Lists that were drawn by chance: the probability of each item given those above it, and what it
/// earned.
public struct LoggedSlates: Sendable {
  /// What reports call them.
  public var name: String
  /// List i has the items offsets[i] ..< offsets[i + 1], at least one.
  public private(set) var offsets = [0]
  /// In (0, 1].
  public private(set) var propensities: [Double] = []
  /// What each item earned.
  public private(set) var rewards: [Double] = []
  /// Lists of one cluster may depend on each other; those of two do not.
  public private(set) var clusters: [Int32] = []
  private var numbers: [String: Int32] = [:]

  /// No lists.
  public init(name: String) { self.name = name }

  /// The number of lists.
  public var count: Int { clusters.count }
  /// The number of users, or of whatever lists depend by.
  public var clusterCount: Int { numbers.count }
  /// The positions of the longest list.
  public var positions: Int { (0..<count).reduce(0) { max($0, items(of: $1).count) } }

  /// The places of a list's items.
  public func items(of list: Int) -> Range<Int> { offsets[list]..<offsets[list + 1] }

  /// Adds a list.
  ///
  /// - Parameter cluster: whom it was for.
  /// - Throws: `FeedbackError` where a propensity is not in (0, 1] or a reward is no number.
  public mutating func append(
    propensities: [Double], rewards: [Double], cluster: String
  ) throws(FeedbackError) {
    for (position, propensity) in propensities.enumerated()
    where !(propensity > 0 && propensity <= 1) {
      throw FeedbackError(
        "\(name): the propensity at position \(position + 1) of a list is \(propensity); it must be "
          + "above 0 and at most 1")
    }
    guard rewards.allSatisfy(\.isFinite), rewards.count == propensities.count, !rewards.isEmpty
    else { throw FeedbackError("\(name): a list has no items, or a reward that is no number") }
    self.propensities += propensities
    self.rewards += rewards
    offsets.append(self.rewards.count)
    let next = Int32(numbers.count)
    let number = numbers[cluster] ?? next
    if number == next { numbers[cluster] = next }
    clusters.append(number)
  }
}

/// What a target policy makes of logged lists.
public struct SlateTarget: Sendable {
  /// What reports call it.
  public var name: String
  /// The target's probability of each item given those above it, of all lists in order.
  public var probabilities: [Double]
  /// Of each list the weight of the pseudo-inverse; nil where it was not computed.
  public var pseudoInverse: [Double]?
  /// What else speaks against the numbers.
  public var warnings: [String]

  /// A target by its parts.
  public init(
    name: String, probabilities: [Double], pseudoInverse: [Double]? = nil, warnings: [String] = []
  ) {
    (self.name, self.probabilities) = (name, probabilities)
    (self.pseudoInverse, self.warnings) = (pseudoInverse, warnings)
  }
}

/// What logged lists say about policies that did not draw them.
public struct SlateReport: Codable, Hashable, Sendable {
  /// What the lists are.
  public struct Log: Codable, Hashable, Sendable {
    /// What people call it.
    public var name: String
    public var lists: Int
    public var items: Int
    /// Of the longest list.
    public var positions: Int
    public var clusters: Int
    public var smallestPropensity: Double
    /// How its feedback was joined; absent where it did not come from a feedback log.
    public var joined: ServedDecisions.Counts?
    /// What became of items without feedback.
    public var missing: MissingFeedback?
    /// Lists that a model may have learned from, which are left out; absent where there are none.
    public var learned: Int?
  }

  /// The mean reward at a position of the lists that have it.
  public struct Position: Codable, Hashable, Sendable {
    public var lists: Int
    public var value: Interval
    /// Of W up to the position; absent of the log itself.
    public var effectiveSampleSize: Double?
  }

  /// A target policy.
  public struct Policy: Codable, Hashable, Sendable {
    public var name: String
    /// The mean reward of a list, by the estimator's name; without those that nothing has weight in.
    public var estimates: [String: Interval]
    /// Those less the mean reward of the log, on the same resamples.
    public var differences: [String: Interval]
    /// By self-normalized W.
    public var positions: [Position]
    /// Of W of whole lists.
    public var diagnostics: WeightDiagnostics
    /// Of the weights of the pseudo-inverse; absent where there are none.
    public var pseudoInverseSampleSize: Double?
    /// Lists of its own version for which it finds other candidates than were logged; absent where
    /// there are no such lists.
    public var mismatched: Int?
    public var warnings: [String]
    /// Why it is not ranked; absent where it is.
    public var refusal: String?
    /// From 1, by the ranking estimator; absent where it is refused.
    public var rank: Int?

    public subscript(estimator: SlateEstimator) -> Interval? { estimates[estimator.rawValue] }
  }

  public var log: Log
  public var configuration: SlateConfiguration
  public var clip: Double
  /// The mean reward of a list of the log, which is the value of the policy that drew it.
  public var behaviour: Interval
  public var positions: [Position]
  public var policies: [Policy]
}

extension LoggedSlates {
  /// Evaluates policies.
  ///
  /// - Throws: `ConfigurationError` where the configuration cannot be.
  public func evaluate(
    _ targets: [SlateTarget], _ configuration: SlateConfiguration = .init()
  ) throws(ConfigurationError) -> SlateReport {
    try configuration.validate()
    let clip = configuration.clip ?? Double(max(count, 1)).squareRoot()
    let bootstrap = ClusterBootstrap(resamples: configuration.resamples, seed: configuration.seed)
    let positions = positions
    var behaviour: Interval?
    var logged: [SlateReport.Position] = []
    var policies: [SlateReport.Policy] = []
    // What the log itself earned is the value of a policy that draws alike.
    for target in targets.isEmpty ? [SlateTarget(name: "", probabilities: propensities)] : targets {
      let sums = ResampledColumns(
        SlateColumns(self, target, clip: clip, positions: positions), bootstrap,
        confidence: configuration.confidence)
      behaviour = sums.interval { $0.logged($1) }
      logged = (0..<positions).map { position in
        SlateReport.Position(
          lists: sums.lists(position), value: sums.interval { $0.logged($1, position) })
      }
      if targets.isEmpty { break }
      policies.append(policy(target, sums, configuration, clip: clip))
    }
    policies.rank(by: configuration.ranking)
    return SlateReport(
      log: .init(
        name: name, lists: count, items: rewards.count, positions: positions,
        clusters: clusterCount, smallestPropensity: propensities.min() ?? 1),
      configuration: configuration, clip: clip, behaviour: behaviour ?? Interval(value: 0),
      positions: logged, policies: policies)
  }

  /// What a policy would have earned, not yet ranked.
  private func policy(
    _ target: SlateTarget, _ sums: ResampledColumns, _ configuration: SlateConfiguration,
    clip: Double
  ) -> SlateReport.Policy {
    let columns = sums.columns
    var weights = WeightDiagnostics(
      weights: columns.weights, propensities: propensities, clusters: clusterCount, clip: clip)
    weights.matchRate = columns.matchRate
    let estimators = configuration.estimators.filter {
      !$0.needsCandidates || target.pseudoInverse != nil
    }
    let inverse = target.pseudoInverse.map { WeightDiagnostics.sampleSize(of: $0) }
    let size =
      configuration.ranking.needsCandidates
      ? inverse ?? 0 : weights.effectiveSampleSize
    var policy = SlateReport.Policy(
      name: target.name, estimates: [:], differences: [:],
      positions: (0..<columns.positions).map { position in
        SlateReport.Position(
          lists: sums.lists(position), value: sums.interval { $0.value($1, position) },
          effectiveSampleSize: columns.sampleSizes[position])
      }, diagnostics: weights, pseudoInverseSampleSize: inverse,
      warnings: weights.warnings + target.warnings,
      refusal: WeightDiagnostics.refusal(size, minimumESS: configuration.minimumESS))
    for estimator in estimators where columns.value(of: estimator, sums.all).isFinite {
      policy.estimates[estimator.rawValue] = sums.interval { $0.value(of: estimator, $1) }
      policy.differences[estimator.rawValue] = sums.interval {
        $0.value(of: estimator, $1) - $0.logged($1)
      }
    }
    return policy
  }
}

extension SlateReport.Policy: RankedPolicy {}
