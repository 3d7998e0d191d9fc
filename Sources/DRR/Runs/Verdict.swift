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
      return (Labels.evaluation[ranker.name].replacing(",", with: ""), mean, difference)
    }.sorted { $0.mean > $1.mean }
    func named(
      _ words: String, _ found: [(name: String, mean: Double, difference: Estimate)]
    )
      -> String?
    {
      guard !found.isEmpty else { return nil }
      let shown = found.prefix(3).map(\.name)
      let rest = found.count - shown.count
      let list =
        rest > 0
        ? shown.joined(separator: ", ") + " and \(rest) more"
        : [shown.dropLast().joined(separator: ", "), shown.last!].filter { !$0.isEmpty }
          .joined(separator: " and ")
      return "\(words) \(list)"
    }
    let parts = [
      named("below", baselines.filter { $0.difference.high < 0 }),
      named("level with", baselines.filter { $0.difference.low <= 0 && $0.difference.high >= 0 }),
      named("above", baselines.filter { $0.difference.low > 0 }),
    ].compactMap { $0 }
    let untrained = difference(from: "\(agent) untrained", .ndcg, at: middle).map { found in
      found.low > 0
        ? "training helped"
        : found.high < 0 ? "training harmed" : "training changed nothing certain"
    }
    return "\(agent): NDCG@\(middle) \(decimal(own.mean, 3)); "
      + (parts + [untrained].compactMap { $0 }).joined(separator: "; ")
      + (users.map { " (95 % paired intervals, \($0) users)" } ?? "")
  }
}
