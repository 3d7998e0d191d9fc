import DRR
import Terminal

/// The scales of a chart.
enum ChartAxes: String, CaseIterable {
  case log, logX = "log-x", logY = "log-y", linear

  var isLogX: Bool { self == .log || self == .logX }
  var isLogY: Bool { self == .log || self == .logY }
}

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
      "\(grouped(rounds)) rounds, \(seeds) seed\(seeds == 1 ? "" : "s"); mean [95 % interval]",
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

  /// Regret by rounds.
  func chart(_ axes: ChartAxes) -> LineChart {
    // On a logarithmic axis the first thousandth of the rounds would take half the room.
    let first = axes.isLogX ? marks.firstIndex { $0 * 1_000 >= rounds } ?? 0 : 0
    func points(_ values: [Double]) -> [(x: Double, y: Double)] {
      zip(marks, values).dropFirst(first).map { (Double($0), $1) }
    }
    var lines: [LineChart.Line] = []
    for (hue, row) in rows.enumerated() {
      lines.append(
        LineChart.Line(
          row.policy, points(row.curve.map(\.mean)),
          band: row.curve.dropFirst(first).map { ($0.low, $0.high) }, hue: hue))
      if let bounds = row.bounds {
        lines.append(
          LineChart.Line("\(row.policy), bound", points(bounds), isDashed: true, hue: hue))
      }
    }
    if let asymptote {
      lines.append(
        LineChart.Line("Lai–Robbins", points(asymptote), isDashed: true, hue: rows.count))
    }
    return LineChart(
      "Regret of bandits: \(problem), \(grouped(rounds)) rounds, \(seeds) seeds", x: "rounds",
      y: "cumulative pseudo-regret", isLogX: axes.isLogX, isLogY: axes.isLogY, lines: lines)
  }
}
