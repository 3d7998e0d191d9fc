import DRRCore
import Evaluation

extension EvaluationReport {
  /// What the evaluation says, in a sentence: with which baselines the agent is level, which it is
  /// above and below, by the paired differences of NDCG@K; the strongest first.
  package var verdict: String {
    guard
      let own = rankers.first(where: { $0.name == agent })?.rows.first(where: { $0.k == middle })?
        .ndcg
    else { return "\(agent): no user has a list of \(middle) items" }
    let baselines = rankers.filter { ranker in
      ranker.policy == nil && ![RandomOrder.title, Oracle.title].contains(ranker.name)
    }.compactMap { ranker -> (name: String, mean: Double, difference: Estimate)? in
      guard let mean = ranker.rows.first(where: { $0.k == middle })?.ndcg?.mean,
        let difference = difference(from: ranker.name, .ndcg, at: middle)
      else { return nil }
      return (Labels.evaluation[ranker.name].replacing(", ", with: " "), mean, difference)
    }.sorted { $0.mean > $1.mean }
    let parts = [
      named("below", baselines.filter { $0.difference.high < 0 }.map(\.name)),
      named("level with", baselines.filter { $0.difference.isLevel }.map(\.name)),
      named("above", baselines.filter { $0.difference.low > 0 }.map(\.name)),
    ].compactMap { $0 }
    let untrained = difference(from: "\(agent) untrained", .ndcg, at: middle).map { found in
      found.low > 0
        ? "training helped"
        : found.high < 0 ? "training harmed" : "training changed nothing certain"
    }
    return "\(agent): NDCG@\(middle) \(decimal(own.mean, 3)); "
      + (parts + [untrained].compactMap { $0 }).joined(separator: "; ")
      + (users.map { " (95% paired intervals, \($0) users)" } ?? "")
  }
}

extension ComparisonReport {
  /// What the comparison says, in a sentence for each measurement: which methods are above the
  /// baseline, level with it and below it, by their paired differences of NDCG.
  package var verdicts: [String] {
    let counts = grouped(targets.reduce(0, +))
    let most = rows[0].reranking.last?.k ?? 0
    let own = rows.first { $0.name == settings.baseline }
    func sentence(
      _ title: String, _ value: Double?, _ sample: String, _ difference: (Row) -> Estimate?
    ) -> String? {
      guard let value else { return nil }
      let others = rows.filter { ![RandomOrder.title, Oracle.title].contains($0.name) }
        .compactMap { row in
          difference(row).map { (name: Labels.comparison[row.name], difference: $0) }
        }.sorted { $0.difference.mean > $1.difference.mean }
      let parts = [
        named("above it:", others.filter { $0.difference.low > 0 }.map(\.name)),
        named("level with it:", others.filter { $0.difference.isLevel }.map(\.name)),
        named("below it:", others.filter { $0.difference.high < 0 }.map(\.name)),
      ].compactMap { $0 }
      return "\(title): \(Labels.comparison[settings.baseline]) has \(decimal(value, 4)); "
        + parts.joined(separator: "; ") + " (95% paired intervals, \(sample))"
    }
    return [
      sentence(
        "next item, NDCG@\(cutoff)", own?.cutoffs.first { $0.k == cutoff }?.ndcg.mean,
        "\(counts) targets", \.ndcgDifference),
      sentence(
        "ranking held-out items, NDCG@\(most)", own?.reranking.last?.ndcg?.mean,
        "\(grouped(own?.reranking.last?.ndcg?.count ?? 0)) users", \.rerankingDifference),
    ].compactMap { $0 }
  }
}

extension Estimate {
  /// Whether its interval holds 0.
  fileprivate var isLevel: Bool { low <= 0 && high >= 0 }
}

/// "above A, B and 2 more"; nil where there is none.
private func named(_ words: String, _ names: [String]) -> String? {
  guard !names.isEmpty else { return nil }
  let shown = names.prefix(3)
  let list =
    names.count > 3
    ? shown.joined(separator: ", ") + " and \(names.count - 3) more"
    : [shown.dropLast().joined(separator: ", "), shown.last!].filter { !$0.isEmpty }
      .joined(separator: " and ")
  return "\(words) \(list)"
}
