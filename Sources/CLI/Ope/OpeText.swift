import DRR
import Terminal

extension Interval {
  func text(_ digits: Int) -> String {
    guard let low, let high else { return "\(decimal(value, digits)) (no interval)" }
    return "\(decimal(value, digits)) \(interval(low, high, digits))"
  }

  /// Why an estimator that is a fitted model has no interval.
  static func absence(_ estimator: String, _ units: String, _ model: String) -> String {
    "\(estimator) has no interval: resampled \(units) would take the \(model) as given and leave "
      + "out the error of the fit, which is all of its error"
  }
}

extension WeightDiagnostics {
  /// A name and a value a row.
  var rows: [(name: String, value: String)] {
    [
      ("effective sample size", decimal(effectiveSampleSize, effectiveSampleSize < 100 ? 1 : 0)),
      ("largest weight", decimal(largestWeight, largestWeight < 100 ? 1 : 0)),
      ("mean weight", decimal(meanWeight, 3)),
      ("weight in top 1%", "\(decimal(100 * topShare, 1))%"),
      ("match rate", "\(decimal(100 * matchRate, 1))%"),
      ("unsupported actions", "\(unsupportedActions)"),
    ]
  }
}

/// A table with a column a policy.
struct PolicyTable<Policy> {
  private let policies: [Policy]
  private var rows: [[String]]

  init(_ policies: [Policy], names: (Policy) -> String) {
    (self.policies, rows) = (policies, [[""] + policies.map(names)])
  }

  mutating func add(_ name: String, _ value: (Policy) -> String) {
    rows.append([name] + policies.map(value))
  }

  /// The weights below all else.
  mutating func add(_ weights: (Policy) -> ArraySlice<(name: String, value: String)>) {
    rows.append([])
    let columns = policies.map(weights)
    for at in columns.first?.indices ?? 0..<0 {
      rows.append([columns[0][at].name] + columns.map { $0[at].value })
    }
  }

  var text: String { Table(rows: rows).text }
}

extension [String] {
  /// Lines below a table; nothing where there are none.
  var footnotes: String { isEmpty ? "" : "\n\n" + joined(separator: "\n") }
}

extension OffPolicyReport {
  var text: String {
    let digits = behaviour.digits
    var table = PolicyTable(policies) { $0.name }
    if policies.contains(where: { $0.onPolicy != nil }) {
      table.add("on-policy value") { $0.onPolicy?.text(digits) ?? "" }
    }
    for estimator in configuration.estimators {
      table.add(estimator.rawValue) { $0[estimator]?.text(digits) ?? "" }
    }
    table.add("rank by \(configuration.ranking.rawValue)") {
      $0.rank.map(String.init) ?? "not ranked"
    }
    table.add { $0.diagnostics.rows[...] }
    table.add("clipped at \(decimal(clip, 1))") {
      "\(decimal(100 * $0.diagnostics.clipRate, 2))%"
    }
    let units = log.clustering == "row" ? "decisions" : "clusters"
    var notes = log.notes ?? []
    notes += configuration.estimators.filter { !$0.hasInterval }.map {
      Interval.absence($0.rawValue, units, "reward model")
    }
    for policy in policies {
      if let refusal = policy.refusal { notes.append("\(policy.name): not ranked: \(refusal)") }
      notes += policy.warnings.map { "\(policy.name): \($0)" }
    }
    return """
      log       \(log.name): \(grouped(log.decisions)) decisions, \(log.choices), \
      \(log.positions.count) \(log.positions.count == 1 ? "position" : "positions"), \
      \(grouped(log.clusters)) clusters by \(log.clustering)
      behavior  \(behaviour.text(digits)), the behavior policy's value (on-policy mean)
      \(model?.text(digits) ?? "model     none: no estimator and no policy asks for one")

      \(table.text)\(notes.footnotes)
      """
  }
}

extension RewardModelReport {
  func text(_ digits: Int) -> String {
    let calibration = calibration.map {
      "\(decimal($0.predicted, digits))/\(decimal($0.observed, digits))"
    }
    return """
      model     \(form.rawValue)\(isCrossed ? ", crossed" : ""), \(columns) columns, \(folds) folds: \
      RMSE \(decimal(rootMeanSquaredError, 5)), baseline RMSE \(decimal(rootMeanSquaredErrorOfMean, 5))
      calibration by decile, predicted/observed  \(calibration.joined(separator: " "))
      """
  }
}

extension SessionsReport {
  var text: String {
    let digits = behaviour.digits
    var table = PolicyTable([self]) { $0.policy }
    for estimator in SessionEstimator.allCases {
      if let found = self[estimator] { table.add(estimator.rawValue) { _ in found.text(digits) } }
    }
    table.add { $0.diagnostics.rows.dropLast() }
    let notes =
      SessionEstimator.allCases.filter { !$0.hasInterval && self[$0] != nil }.map {
        Interval.absence($0.rawValue, "sessions", "fitted values")
      }
      + (refusal.map { ["\(policy): not to be ranked: \($0)"] } ?? [])
      + warnings.map { "\(policy): \($0)" }
    return """
      log       \(name): \(grouped(sessions)) sessions, \(grouped(steps)) steps, \(longest) at most; \
      \(grouped(states)) \(states == 1 ? "state" : "states"), \(grouped(actions)) actions
      behavior  \(behaviour.text(digits)), the behavior policy's value: mean return with γ \(discount)

      \(table.text)\(notes.footnotes)
      """
  }
}

extension OffPolicySimulation.Report {
  var text: String {
    func table(_ rows: [OffPolicySimulation.Row], _ unit: String, ranks: Bool) -> String {
      var lines = [
        [unit, "overlap", "ESS", "not ranked", "estimator", "bias", "RMSE", "CI coverage"]
          + (ranks ? ["rank corr.", "selection regret"] : [])
      ]
      for row in rows {
        lines.append(
          [
            grouped(row.size), decimal(row.overlap, 3), decimal(row.effectiveSampleSize, 0),
            "\(decimal(100 * row.refused, 0))%", row.estimator, decimal(row.bias, 4),
            decimal(row.rootMeanSquaredError, 4),
            row.coverage.map { "\(decimal(100 * $0, 0))%" } ?? "none",
          ]
            + (ranks
              ? [decimal(row.rankCorrelation ?? 0, 3), decimal(row.regret ?? 0, 4)] : []))
      }
      return Table(rows: lines).text
    }
    return """
      \(simulation.replications) logs of each kind; \(simulation.policies) policies ranked; the truth is \
      \(decimal(decisions.first?.truth ?? 0, 4)) a decision, \
      \(decimal(sessions.first?.truth ?? 0, 4)) a session

      \(table(decisions, "decisions", ranks: true))

      \(table(sessions, "sessions", ranks: false))
      """
  }
}
