import Bandits
import Charts
import DRRCore

/// The scales of a chart.
package enum ChartAxes: String, CaseIterable {
  case log, logX = "log-x", logY = "log-y", linear

  var isLogX: Bool { self == .log || self == .logX }
  var isLogY: Bool { self == .log || self == .logY }
}

extension BanditReport {
  /// Regret by rounds.
  package func chart(_ axes: ChartAxes) -> LineChart {
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
