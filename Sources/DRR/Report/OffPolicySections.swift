import Charts
import DRRCore
import OffPolicy

/// What `drr ope` kept of an evaluation: of decisions, or of sessions.
struct ReportedEvaluation {
  var name: String
  let path: String
  let result: Result

  enum Result {
    case decisions(OffPolicyReport)
    case sessions(SessionsReport)
  }

  /// Of a file, or of a folder with a `report.json`; nil where the path holds a run or nothing.
  ///
  /// - Throws: `RunError` for a file that is no result of `drr ope`.
  init?(_ folder: RunFolder, name: String) throws {
    let isFolder = folder.exists(folder.path + "/.")
    let file = isFolder ? folder.report : folder.path
    guard folder.exists(file), !folder.exists(folder.configuration), !folder.exists(folder.group)
    else { return nil }
    (self.name, path) = (name, folder.path)
    if let found = folder.read(OffPolicyReport.self, from: file) {
      result = .decisions(found)
    } else if let found = folder.read(SessionsReport.self, from: file) {
      result = .sessions(found)
    } else {
      throw RunError(
        "\(file) is no result that a report draws; name a folder that `drr ope --data LOG --out FOLDER` or "
          + "`drr ope sessions LOG --out FOLDER` wrote")
    }
  }

  var subtitle: String {
    switch result {
    case .decisions: "off-policy evaluation"
    case .sessions: "off-policy evaluation of sessions"
    }
  }

  private var parts: OffPolicyParts {
    switch result {
    case .decisions(let report): OffPolicyParts(report)
    case .sessions(let report): OffPolicyParts(report)
    }
  }

  var verdict: String { parts.verdict }
  var facts: [(name: String, value: String)] { parts.facts }
  var sections: [Section] { parts.sections }
}

/// What evaluations of decisions and of sessions have in common.
private struct OffPolicyParts {
  struct Policy {
    var name: String
    var rank: Int?
    var refusal: String?
    var warnings: [String]
    var diagnostics: WeightDiagnostics
    /// Estimators in their order.
    var estimates: [(estimator: String, value: Interval)]
    var onPolicy: Interval?
  }

  var policies: [Policy]
  var behavior: Interval
  /// The estimator that ranks; nil: none does.
  var ranking: String?
  /// The one that the verdict names.
  var leading: String
  /// What is weighed: decisions or sessions.
  var unit: String
  var clip: Double?
  var model: RewardModelReport?
  /// What the log is, and what intervals resample.
  var log: String
  var intervals: String

  init(_ report: OffPolicyReport) {
    policies = report.policies.map { policy in
      Policy(
        name: policy.name, rank: policy.rank, refusal: policy.refusal, warnings: policy.warnings,
        diagnostics: policy.diagnostics,
        estimates: report.configuration.estimators.compactMap { estimator in
          policy[estimator].map { (estimator.rawValue, $0) }
        }, onPolicy: policy.onPolicy)
    }
    (behavior, ranking) = (report.behaviour, report.configuration.ranking.rawValue)
    leading = report.configuration.ranking.rawValue
    (unit, clip, model) = ("decisions", report.clip, report.model)
    let said =
      ["\(report.log.name), \(grouped(report.log.decisions)) decisions, \(report.log.choices)"]
      + (report.log.notes ?? [])
    log = said.joined(separator: "; ")
    let units =
      report.log.clustering == "row"
      ? "decisions" : "\(grouped(report.log.clusters)) clusters by \(report.log.clustering)"
    intervals = "95 %, \(grouped(report.configuration.resamples)) resamples of \(units)"
  }

  init(_ report: SessionsReport) {
    policies = [
      Policy(
        name: report.policy, rank: nil, refusal: report.refusal, warnings: report.warnings,
        diagnostics: report.diagnostics,
        estimates: SessionEstimator.allCases.compactMap { estimator in
          report[estimator].map { (estimator.rawValue, $0) }
        }, onPolicy: nil)
    ]
    (behavior, ranking, unit) = (report.behaviour, nil, "sessions")
    // Without fitted values there is no doubly robust form.
    let best: SessionEstimator =
      report[.doublyRobust] == nil ? .weightedPerDecisionIS : .doublyRobust
    leading = best.rawValue
    log =
      "\(report.name), \(grouped(report.sessions)) sessions, \(grouped(report.steps)) steps, "
      + "γ \(report.discount)"
    intervals = "95 %, resamples of sessions"
  }

  private func text(_ interval: Interval) -> String {
    let digits = behavior.digits
    let value = decimal(interval.value, digits)
    guard let low = interval.low, let high = interval.high else { return value }
    return "\(value) (\(decimal(low, digits)) to \(decimal(high, digits)))"
  }

  // MARK: - Words

  /// Which policy comes first, and whether it is told apart from the one that wrote the log.
  var verdict: String {
    let refused = policies.filter { $0.refusal != nil }
    guard refused.count < policies.count,
      let first = policies.first(where: { $0.rank == 1 || ranking == nil }),
      let value = first.estimates.first(where: { $0.estimator == leading })?.value
    else {
      return "The behavior policy's value is \(text(behavior)). "
        + (policies.count == 1
          ? "\(policies[0].name) is not to be ranked: \(policies[0].refusal ?? "")."
          : "No policy can be ranked: the effective sample size of every one is too small.")
    }
    let relation =
      if let low = value.low, let high = value.high, let from = behavior.low,
        let to = behavior.high
      {
        (low > to
          ? ", above" : high < from ? ", below" : ", an interval that overlaps")
          + " the behavior policy's"
      } else { "; the behavior policy's is" }
    let ranked = policies.count { $0.rank != nil }
    return "\(first.name)\(ranked > 1 ? " comes first of \(ranked) policies" : "") by \(leading): "
      + "\(text(value))\(relation) \(text(behavior))"
      + (refused.isEmpty
        ? "." : "; not ranked: \(refused.map(\.name).joined(separator: ", ")).")
  }

  var facts: [(name: String, value: String)] {
    var facts = [("log", log), ("intervals", intervals)]
    if let model {
      facts.append(
        (
          "reward model",
          "\(model.form.rawValue)\(model.isCrossed ? ", crossed" : ""), \(model.folds) folds, RMSE "
            + "\(decimal(model.rootMeanSquaredError, 5)), baseline RMSE "
            + decimal(model.rootMeanSquaredErrorOfMean, 5)
        ))
    }
    return facts.map { (name: $0.0, value: Svg.escaped($0.1)) }
  }

  // MARK: - Sections

  var sections: [Section] {
    [forest, histograms, weights, calibration].compactMap { $0 }
  }

  private var forest: Section {
    func row(_ name: String, _ interval: Interval, hue: Int) -> ForestChart.Row {
      var row = ForestChart.Row(
        name,
        Estimate(
          mean: interval.value, low: interval.low ?? interval.value,
          high: interval.high ?? interval.value, count: 1), hue: hue)
      row.hasInterval = interval.low != nil
      return row
    }
    // Of none that is ranked, all have a say in the axis.
    let isAnyRanked = policies.contains { $0.refusal == nil }
    var rows = [row("on-policy mean", behavior, hue: 1)]
    rows[0].heading = "behavior policy"
    for policy in policies {
      let isRefused = policy.refusal != nil
      var own = policy.onPolicy.map { [row("on-policy value", $0, hue: 2)] } ?? []
      for (estimator, value) in policy.estimates {
        var next = row(estimator, value, hue: isRefused ? 8 : 0)
        next.isMarked = estimator == ranking && !isRefused
        next.isAside = isRefused && isAnyRanked
        own.append(next)
      }
      guard !own.isEmpty else { continue }
      own[0].heading =
        policy.name
        + (isRefused ? ": not ranked" : policy.rank.map { ", rank \($0)" } ?? "")
      rows += own
    }
    let marked = ranking.map { " The marked estimator, \($0), ranks the policies." } ?? ""
    let refused =
      policies.contains { $0.refusal != nil }
      ? " Gray: the effective sample size is too small"
        + (isAnyRanked ? "; an arrow leads beyond the others." : ".") : ""
    return Section(
      "Values of policies",
      "Mean \(unit == "decisions" ? "reward of a decision" : "return of a session"), with 95 % "
        + "intervals; a ring has none. Dashed: the behavior policy.\(marked)\(refused)",
      ForestChart(
        "Values of policies", rows: rows, reference: behavior.value, digits: behavior.digits
      ).picture)
  }

  /// Which ranges are drawn: those of all policies, so that pictures compare.
  private var histograms: Section? {
    let found = policies.compactMap { policy in
      policy.diagnostics.histogram.map { (policy, $0) }
    }
    guard let edges = found.first?.1.edges else {
      return Section(
        "Importance weights", "",
        "<p>They were not counted when this evaluation was kept; evaluate again with "
          + "<code>--out</code>.</p>")
    }
    let filled = found.flatMap { _, histogram in
      histogram.counts.indices.filter { histogram.counts[$0] > 0 }
    }
    // A weight of 1, and the clip, are always seen.
    let shown = [1, clip ?? 1].map { value in
      (edges.firstIndex { $0 > value } ?? edges.count - 1) - 1
    }
    let places = (filled + shown).map { min(max($0, 0), edges.count - 2) }
    let range = places.min()!...places.max()!
    let pictures = found.map { policy, histogram -> String in
      var chart = HistogramChart(
        "Importance weights of \(policy.name)", x: "importance weight", unit: unit,
        edges: Array(edges[range.lowerBound...range.upperBound + 1]),
        counts: Array(histogram.counts[range]))
      chart.before = [
        ("0", histogram.zeros), ("< \(Axis.label(edges[0]))", histogram.below),
      ]
      chart.after = [("≥ \(Axis.label(edges[edges.count - 1]))", histogram.above)]
      if let clip, clip.isFinite { chart.mark = (clip, "clip \(Axis.label(clip))") }
      let size = policy.diagnostics.effectiveSampleSize
      return "<h3>\(Svg.escaped(policy.name))</h3><p class=\"note\">effective sample size "
        + "\(decimal(size, size < 100 ? 1 : 0)) of \(grouped(policy.diagnostics.count)) \(unit)"
        + (policy.refusal == nil ? "" : ": not ranked") + "</p>" + chart.picture.inline
    }
    return Section(
      "Importance weights",
      unit == "decisions"
        ? "π(a | x) over the propensity of each logged decision; both axes by powers of ten."
        : "The product of a session's ratios of π(a | s) and propensity; both axes by powers of ten.",
      pictures.joined(separator: "\n"))
  }

  private var weights: Section {
    let hasRank = ranking != nil
    var table = HTMLTable(
      [""] + (hasRank ? ["rank"] : [])
        + ["effective sample size", "largest weight", "mean weight", "weight in top 1%"]
        + (clip == nil ? [] : ["clipped"]) + ["match rate", "unsupported actions"])
    func percent(_ share: Double, _ digits: Int = 1) -> String {
      "\(decimal(100 * share, digits))%"
    }
    for policy in policies {
      let found = policy.diagnostics
      table.add(
        [policy.name] + (hasRank ? [policy.rank.map { "\($0)" } ?? "not ranked"] : [])
          + [
            decimal(found.effectiveSampleSize, found.effectiveSampleSize < 100 ? 1 : 0),
            decimal(found.largestWeight, found.largestWeight < 100 ? 1 : 0),
            decimal(found.meanWeight, 3), percent(found.topShare),
          ] + (clip == nil ? [] : [percent(found.clipRate, 2)])
          + [percent(found.matchRate), grouped(found.unsupportedActions)],
        isMarked: policy.rank == 1)
    }
    let notes = policies.flatMap { policy in
      (policy.refusal.map { ["not ranked: \($0)"] } ?? []).map { "\(policy.name): \($0)" }
        + policy.warnings.map { "\(policy.name): \($0)" }
    }
    return Section(
      "What the weights are worth",
      "Effective sample size: so many decisions of the policy itself would be worth as much. The mean "
        + "weight should be near 1.", isWide: true,
      table.html
        + notes.map { "<p class=\"note\">\(Svg.escaped($0))</p>" }.joined())
  }

  private var calibration: Section? {
    guard let found = model?.calibration, found.count > 1 else { return nil }
    return Section(
      "Calibration of the reward model",
      "Tenths of the decisions by the reward that the model predicts of their logged action.",
      .calibration(
        "Calibration of the reward model", "reward model",
        found.map { ($0.predicted, $0.observed) }, x: "predicted", y: "observed"))
  }
}

extension Picture {
  /// Observed against predicted values, beside the line on which they would be equal.
  static func calibration(
    _ title: String, _ name: String, _ points: [(x: Double, y: Double)], x: String, y: String
  ) -> Picture {
    let ends = [points.first!.x, points.last!.x]
    return LineChart(
      title, x: x, y: y, width: 420,
      lines: [
        LineChart.Line(name, points, hue: 0),
        LineChart.Line("as predicted", ends.map { ($0, $0) }, isDashed: true, hue: 8),
      ]
    ).picture
  }
}
