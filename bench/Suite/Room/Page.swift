import DRR
import Terminal

/// Results as a Markdown page.
struct Page {
  var title: String
  var reports: [Report]
  /// Pictures beside the page.
  var pictures: [(name: String, file: String)]

  var text: String {
    let parts = reports.map { section($0, isOnly: reports.count == 1) }
    return "# \(title)\n\nWritten by `drr bench all`; not to be edited. A figure is the median of "
      + "its rounds, ± half the distance between the quartiles; on one thread of the processor it is "
      + "CPU time, otherwise time by the clock. A ratio is a peer's median over ours: above 1 we are "
      + "faster. The ceiling is that of the cache or the memory that the inputs lie in.\n\n"
      + pictures.map { "![\($0.name)](\($0.file))\n\n" }.joined() + parts.joined(separator: "\n\n")
      + "\n"
  }

  private func section(_ report: Report, isOnly: Bool) -> String {
    let stamp = report.stamp
    var parts = [
      "## \(stamp.device), \(stamp.threads) thread\(stamp.threads == 1 ? "" : "s")"
        + (stamp.coreType.map { ", OPENBLAS_CORETYPE=\($0)" } ?? ""),
      stamp.lines.map { "- \($0.name): \($0.value)" }.joined(separator: "\n"),
    ]
    var groups: [String] = []
    for figure in report.figures where !groups.contains(figure.group) {
      groups.append(figure.group)
    }
    for group in groups {
      let figures = report.figures.filter { $0.group == group }
      let table = FigureTable(figures)
      parts.append("### \(group)")
      if !table.rows.isEmpty { parts.append(markdown(table.rows)) }
      if !table.lines.isEmpty {
        parts.append(table.lines.map { "- \($0)" }.joined(separator: "\n"))
      }
      let notes = figures.compactMap { figure in figure.note.map { "- \(figure.name): \($0)" } }
      if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
    }
    if !report.skipped.isEmpty {
      parts.append(
        "### Left out\n\n" + report.skipped.map { "- \($0)" }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }
}
