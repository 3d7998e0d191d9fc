import Charts
import DRRCore
import Evaluation
import Runs

/// What an evaluation of held-out items has to show.
struct EvaluationSections {
  let report: EvaluationReport
  private let k: Int

  init(_ report: EvaluationReport) {
    self.report = report
    k = report.middle
  }

  var all: [Section] {
    [forest, differences, byLength].compactMap { $0 } + groups + [lists].compactMap { $0 }
  }

  private func label(_ ranker: String) -> String { Labels.evaluation[ranker] }

  private func hue(_ ranker: RankerResult) -> Int {
    if ranker.policy != nil { return 0 }
    return [RandomOrder.title, Oracle.title].contains(ranker.name) ? 1 : 8
  }

  private func row(_ ranker: RankerResult) -> RankerResult.Row? {
    ranker.rows.first { $0.k == k }
  }

  private var ordered: [(ranker: RankerResult, ndcg: Estimate)] {
    report.rankers.compactMap { ranker in row(ranker)?.ndcg.map { (ranker, $0) } }
      .sorted { $0.1.mean > $1.1.mean }
  }

  private var forest: Section? {
    let rows = ordered.map { ranker, ndcg in
      ForestChart.Row(
        label(ranker.name), ndcg, hue: hue(ranker), isMarked: ranker.name == report.agent)
    }
    guard !rows.isEmpty else { return nil }
    return Section(
      "NDCG@\(k) beside every baseline",
      "Held-out items of test users, ranked; 95 % intervals, users resampled.",
      ForestChart("NDCG@\(k) beside every baseline", rows: rows).picture)
  }

  private var differences: Section? {
    let rows = ordered.filter { $0.ranker.name != Oracle.title }.compactMap { ranker, _ in
      report.difference(from: ranker.name, .ndcg, at: k).map {
        ForestChart.Row(
          label(ranker.name), $0, hue: $0.low > 0 ? 2 : $0.high < 0 ? 1 : 8)
      }
    }
    guard !rows.isEmpty else { return nil }
    return Section(
      "\(report.agent) minus each, NDCG@\(k)",
      "Paired differences of the same users: where the interval crosses 0, both are level.",
      ForestChart(
        "\(report.agent) minus each, NDCG@\(k)", rows: rows, reference: 0
      ).picture)
  }

  /// By the length of the list, of the agent, the best baseline and the ends of the scale.
  private var byLength: Section? {
    let agent = report.rankers.first { $0.name == report.agent }
    let best = ordered.first {
      $0.ranker.policy == nil && $0.ranker.name != Oracle.title
    }?.ranker
    let ends = [RandomOrder.title, Oracle.title].compactMap { name in
      report.rankers.first { $0.name == name }
    }
    let shown = [agent, best].compactMap { $0 } + ends
    func chart(_ title: String, _ measure: Measure) -> String {
      LineChart(
        title, x: "K", y: "", width: 420,
        lines: shown.enumerated().map { hue, ranker in
          let rows = ranker.rows.filter { $0[measure] != nil }
          return LineChart.Line(
            label(ranker.name), rows.map { (Double($0.k), $0[measure]!.mean) },
            band: rows.map { ($0[measure]!.low, $0[measure]!.high) },
            isDashed: ends.contains { $0.name == ranker.name }, hue: hue)
        }
      ).picture.inline
    }
    guard (agent?.rows.count ?? 0) > 1 else { return nil }
    return Section(
      "By the length of the list",
      "P@K: of the first K items the share that was liked. NDCG@K: how near their order is to the best.",
      isWide: true,
      "<div class=\"columns\"><div><h3>P@K</h3>\(chart("P@K", .precision))</div>"
        + "<div><h3>NDCG@K</h3>\(chart("NDCG@K", .ndcg))</div></div>")
  }

  private var lists: Section? {
    var table = HTMLTable(
      ["", "unique items", "coverage", "Gini", "novelty", "diversity"])
    for (ranker, _) in ordered {
      guard let lists = row(ranker)?.lists else { continue }
      table.add(
        [
          label(ranker.name), decimal(lists.distinct, 0), decimal(lists.coverage, 3),
          decimal(lists.gini, 3), lists.novelty.map { decimal($0, 2) } ?? "–",
          lists.diversity.map { decimal($0, 3) } ?? "–",
        ], isMarked: ranker.name == report.agent)
    }
    guard !table.rows.isEmpty else { return nil }
    return Section(
      "Beyond accuracy, lists of \(k)",
      "Coverage: the share of candidates that is recommended to anybody. Gini: 0 even, 1 concentrated. "
        + "Novelty: bits, −log₂ of the share of users who rated an item. Diversity: 1 − cosine of PMF "
        + "vectors.",
      table.html)
  }

  /// By the activity of users, and predicted against given ratings.
  private var groups: [Section] {
    var sections: [Section] = []
    if let found = report.activity, found.count > 1 {
      let best = ordered.first { $0.ranker.policy == nil && $0.ranker.name != Oracle.title }
      let names = [
        report.agent, "\(report.agent) untrained", best?.ranker.name, Popularity.title,
        RandomOrder.title,
      ].compactMap { $0 }.filter { found[0].ndcg[$0] != nil }
      var table = HTMLTable(["ratings before", "users"] + names.map(label))
      for group in found {
        table.add(
          ["\(group.low) to \(group.high)", "\(group.users)"]
            + names.map { group.ndcg[$0].map { decimal($0, 3) } ?? "–" })
      }
      sections.append(
        Section(
          "By the activity of users, NDCG@\(k)",
          "Thirds of the test users, by how many ratings of theirs are known before.", table.html))
    }
    if let found = report.calibration, found.count > 1 {
      sections.append(
        Section(
          "Predicted and given ratings",
          "Tenths of the held-out ratings by what PMF predicts, in \(report.ratingUnit).",
          .calibration(
            "Predicted and given ratings", "PMF", found.map { ($0.predicted, $0.given) },
            x: "predicted", y: "given")))
    }
    return sections
  }
}
