import DRRCore
import OffPolicy
import Serving

/// Whether a model is to take the place of the one that is served, by what a log says.
public struct Promotion: Codable, Hashable, Sendable {
  /// What a model must do to be promoted.
  public struct Rule: Codable, Hashable, Sendable {
    /// What tells a model's value.
    public var estimator = SlateEstimator.snrips
    /// What the lower bound of the difference must be above, in reward a list.
    public var margin = 0.0
    /// The least effective sample size.
    public var minimumESS = 100.0
    /// The share of resamples of users in the interval of the difference.
    public var confidence = 0.95
    /// Resamples of users.
    public var resamples = 1_000
    /// Of the resamples.
    public var seed: UInt64 = 0
    /// The share of lists at most for which the model that is served finds other candidates than
    /// were logged.
    public static let mostMismatched = 0.01
    /// What the mean weight may be: below it the model would show much that the log never shows, and
    /// of which it cannot speak.
    public static let meanWeights = 0.8...1.25

    /// The usual rule.
    public init() {}

    /// As policies are evaluated by it.
    public var configuration: SlateConfiguration {
      var configuration = SlateConfiguration()
      (configuration.estimators, configuration.ranking) = ([estimator], estimator)
      (configuration.minimumESS, configuration.confidence) = (minimumESS, confidence)
      (configuration.resamples, configuration.seed) = (resamples, seed)
      return configuration
    }

    /// - Throws: where a part is out of its range.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("margin", margin, "0 or more") { $0 >= 0 && $0.isFinite }
      try configuration.validate()
    }
  }

  /// Of the model that is to be promoted.
  public var version: String
  /// Of the model that is served.
  public var over: String
  public var rule: Rule
  /// Lists of the served model that the log has, and the users that they were for.
  public var lists: Int
  public var users: Int
  /// Lists that other models served, which are left out.
  public var otherLists: Int
  /// Lists that a model may have learned from, which are left out; absent where there are none.
  public var learnedLists: Int?
  /// Lists for which the served model finds other candidates than were logged.
  public var mismatched: Int
  /// The mean reward of a list of the log.
  public var logged: Interval
  /// What a list of the model would have earned; nil where no list of the log could be its own.
  public var value: Interval?
  /// That less what was earned, on the same resamples of users.
  public var difference: Interval?
  public var effectiveSampleSize: Double
  /// About 1 where the log has all that the model would show.
  public var meanWeight: Double
  /// Why the model is not promoted, in sentences; none where it is.
  public var reasons: [String] = []

  /// Whether the model is to be promoted.
  public var holds: Bool { reasons.isEmpty }

  /// Judges a model by the lists that another one served.
  ///
  /// - Parameter served: the lists of the model that is served, and no others.
  /// - Throws: `FeedbackError` where a model cannot answer.
  public init(
    of model: ReplayedModel, over current: ReplayedModel, on served: ServedEvaluation,
    _ rule: Rule = Rule(),
    progress: (Int, Int, String) -> Void = { _, _, _ in }
  ) throws {
    try rule.validate()
    // Of the model that is served the pseudo-inverse needs the candidates too.
    let lowest = try served.slates().rewards.min() ?? 0
    let report = try served.evaluate([model, current], rule.configuration, progress: progress)
    let found = report.policies[0]
    (version, over, self.rule) = (model.version, current.version, rule)
    (lists, users) = (report.log.lists, report.log.clusters)
    otherLists = served.others
    learnedLists = report.log.learned
    mismatched = report.policies[1].mismatched ?? 0
    logged = report.behaviour
    value = found[rule.estimator]
    difference = found.differences[rule.estimator.rawValue]
    effectiveSampleSize =
      (rule.estimator.needsCandidates ? found.pseudoInverseSampleSize : nil)
      ?? found.diagnostics.effectiveSampleSize
    meanWeight = found.diagnostics.meanWeight
    if Double(mismatched) > Rule.mostMismatched * Double(lists) {
      reasons.append(
        "\(current.name) finds other candidates than were logged in \(mismatched) of its \(lists) "
          + "lists, so the log's states are not those that it had")
    }
    if let refusal = found.refusal { reasons.append(refusal) }
    // What the log never shows counts as 0 where weights are not normalized: too little, where no
    // reward is below that.
    let isCautious = rule.estimator.countsUnseenAsZero && lowest >= 0
    if meanWeight > Rule.meanWeights.upperBound {
      reasons.append("the mean weight is \(decimal(meanWeight, 2)), expected about 1")
    } else if meanWeight < Rule.meanWeights.lowerBound, !isCautious {
      reasons.append(
        "the mean weight is \(decimal(meanWeight, 2)), expected about 1: the log never shows much of "
          + "what the model would show; serve with more candidates"
          + (lowest >= 0 ? ", or count that as 0 by --estimator rips" : ""))
    }
    guard let low = difference?.low else {
      reasons.append("no list of the log could be the model's")
      return
    }
    if !(low > rule.margin) {
      reasons.append(
        "the lower bound of what it earns above the log is \(decimal(low, 4)), which is not above "
          + "the margin of \(decimal(rule.margin, 4))")
    }
  }
}
