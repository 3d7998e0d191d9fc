import DRR
import Terminal

extension Estimate {
  /// 12.3 [11.8, 12.9].
  func text(_ digits: Int) -> String {
    "\(decimal(mean, digits)) [\(decimal(low, digits)), \(decimal(high, digits))]"
  }
}

extension BanditReport {
  /// Regret with its interval over the seeds, its bound, how often the best was chosen, reward.
  var table: String {
    let names = Set(rows.flatMap(\.figures.keys)).sorted()
    let header =
      ["policy", "regret", "bound", "optimal action %", "mean reward"]
      + names.map { Labels.bandits[$0] }
    let cells = rows.map { row in
      [
        row.policy, row.regret.text(1), row.bound.map { decimal($0, 1) } ?? "–",
        decimal(100 * row.best.mean, 1), row.reward.text(4),
      ] + names.map { name in row.figures[name].map { decimal($0.mean, 3) } ?? "–" }
    }
    var lines = [
      "\(grouped(rounds)) rounds, \(seeds) seed\(seeds == 1 ? "" : "s"); mean [95% interval]",
      Table(rows: [header] + cells).text,
    ]
    for row in rows {
      if let source = row.boundSource { lines.append("bound of \(row.policy): \(source)") }
    }
    if let last = asymptote?.last {
      lines.append(
        "Lai-Robbins lower bound × ln T (1985): \(decimal(last, 1))")
    }
    return lines.joined(separator: "\n")
  }
}
