import DRRCore
import OffPolicy
import Tensor

/// Policies played over a log of another policy's decisions: they learn from a decision, and are
/// evaluated on it, where they would have taken the same action.
///
/// Where all actions were logged with one probability, the decisions that match are a fair sample
/// of those that the policy would have met, and their mean reward estimates its own without bias
/// (Li, Chu, Langford & Wang 2011, theorem 1). Where probabilities differ, a match is kept with
/// probability p_min / p, which makes that so again.
public struct BanditReplay: Sendable {
  public enum Method: String, Codable, Sendable, CaseIterable {
    /// As above.
    case rejection
    /// Every match is kept and weighs 1/p: more data, but the policy then learns from a sample that
    /// favours what was logged often.
    case weighted
  }

  /// One policy over the log in one order.
  public struct Outcome: Codable, Equatable, Sendable {
    /// Decisions where the policy's action was the logged one, and those of them that were kept.
    public var matches = 0
    public var kept = 0
    /// Σ w r / Σ w over what was kept, w = 1 or 1/p; nil of nothing.
    public var value: Double?
    /// Of that mean: √Σ w² (r − value)² / Σ w; where rewards are 0 and 1 that of a proportion with
    /// two more of each (Agresti & Coull 1998) and the effective sample, which is not 0 without a
    /// click.
    public var standardError: Double?
    /// (Σ w)² / Σ w².
    public var effectiveSample = 0.0
    /// Σ w over the number of decisions: about 1 with weights 1/p.
    public var meanWeight = 0.0
  }

  public struct Row: Codable, Equatable, Sendable {
    public var policy: String
    /// Means over the orders in which something was kept; nil where that was none.
    public var value: Double?
    /// Of one order.
    public var standardError: Double?
    public var kept: Double
    public var effectiveSample: Double
    public var meanWeight: Double
    /// Standard deviation of the value over the orders; nil of fewer than two.
    public var deviation: Double?
  }

  public static let policies =
    BernoulliArms.policies + [
      "linucb-arms[:ALPHA]", "epsilon-arms[:RATE]", "thompson-arms[:SCALE]",
    ]
  public static let usualPolicies = [
    "random", "epsilon", "softmax-decay", "ucb1", "kl-ucb", "thompson",
  ]

  public let log: LoggedFeedback
  public let method: Method
  /// Rows that are played; those of one position, or all.
  private let rows: [Int]
  private let least: Double

  /// `position`: from 1; nil: all.
  public init(
    _ log: LoggedFeedback, method: Method, position: Int? = nil
  ) throws(ConfigurationError) {
    (self.log, self.method) = (log, method)
    if let position {
      try ConfigurationError.require(
        "the position", position, "1 ... \(log.positionCount), those of \(log.name)"
      ) { (1...max(log.positionCount, 1)).contains($0) }
    }
    rows = (0..<log.count).filter { position == nil || Int(log.positions[$0]) == position! - 1 }
    if rows.isEmpty { throw ConfigurationError("\(log.name) has no decisions to replay") }
    least = rows.reduce(1) { min($0, log.propensities[$1]) }
  }

  public var count: Int { rows.count }
  /// The mean reward of what was logged.
  public var loggedValue: Double {
    rows.reduce(0) { $0 + log.rewards[$1] } / Double(rows.count)
  }

  public func policy(
    _ name: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditPolicy {
    let parsed = try PolicyName(name, known: Self.policies)
    guard parsed.word.hasSuffix("-arms") else {
      return try BernoulliArms(drawn: log.actionCount).policy(name, seed: seed)
    }
    guard log.context.width > 0 else {
      throw ConfigurationError("policy \(name) needs features, and \(log.name) has none")
    }
    return try LinearProblem.policy(
      parsed, arms: log.actionCount, width: log.context.width + 1, noise: 0, seed: seed)
  }

  /// Plays a policy over the log: in its own order with the first seed, in an order drawn with
  /// another.
  public func play(
    _ name: String, seed: UInt64, shuffled: Bool, shouldStop: () -> Bool = { false }
  ) throws(ConfigurationError) -> Outcome {
    var random = Philox(seed: seed, stream: Streams.banditReplay)
    let order = shuffled ? rows.shuffled(using: &random) : rows
    let linear = name.prefix { $0 != ":" }.hasSuffix("-arms")
    return play(try policy(name, seed: seed), order, linear, &random, shouldStop)
  }

  private func play(
    _ policy: some BanditPolicy, _ order: [Int], _ linear: Bool, _ random: inout Philox,
    _ shouldStop: () -> Bool
  ) -> Outcome {
    var policy = policy
    var outcome = Outcome()
    var (weights, squares, sum) = (0.0, 0.0, 0.0)
    var kept: [(weight: Double, reward: Double)] = []
    for row in order {
      if shouldStop() { break }
      var round = BanditRound()
      if linear {
        let x = [1] + log.context.vector(row)
        round.features = (0..<log.actionCount).flatMap { _ in x }
      }
      let arm = Int(log.actions[row])
      guard policy.choose(round).arm == arm else { continue }
      outcome.matches += 1
      let propensity = log.propensities[row]
      if method == .rejection, propensity > least * (1 + 1e-9), !random.coin(least / propensity) {
        continue
      }
      let weight = method == .rejection ? 1 : 1 / propensity
      let reward = log.rewards[row]
      kept.append((weight, reward))
      weights += weight
      squares += weight * weight
      sum += weight * reward
      policy.observe(arm, reward: reward, in: round)
    }
    outcome.kept = kept.count
    guard weights > 0 else { return outcome }
    let value = sum / weights
    outcome.value = value
    let effective = weights * weights / squares
    outcome.effectiveSample = effective
    if log.rewardsAreBinary {
      let share = (effective * value + 2) / (effective + 4)
      outcome.standardError = (share * (1 - share) / (effective + 4)).squareRoot()
    } else {
      outcome.standardError =
        kept.reduce(0) {
          $0 + $1.weight * $1.weight * ($1.reward - value) * ($1.reward - value)
        }.squareRoot() / weights
    }
    outcome.meanWeight = weights / Double(order.count)
    return outcome
  }

  public static func row(_ policy: String, _ outcomes: [Outcome]) -> Row {
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    let values = outcomes.compactMap(\.value)
    return Row(
      policy: policy, value: mean(values),
      standardError: mean(outcomes.compactMap(\.standardError)),
      kept: mean(outcomes.map { Double($0.kept) }) ?? 0,
      effectiveSample: mean(outcomes.map(\.effectiveSample)) ?? 0,
      meanWeight: mean(outcomes.map(\.meanWeight)) ?? 0, deviation: standardDeviation(values))
  }
}
