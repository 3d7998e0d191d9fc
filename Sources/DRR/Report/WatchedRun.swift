import DRRCore
import Runs

/// What a run in training has reported so far, for somebody who follows it.
package struct WatchedRun {
  /// What it is and how far it is.
  package let heading: String
  /// By step, what matters most first.
  package let curves: [(title: String, points: [(x: Double, y: Double)])]
  /// Whether all of its trainings have written their report.
  package let isFinished: Bool

  /// - Throws: `RunError` where nothing was started.
  package init(_ folder: RunFolder, curves count: Int) throws {
    guard let summary = RunSummary(folder) else {
      throw folder.absence()
    }
    let run = try ReportedRun(folder, name: folder.path)
    isFinished = run.members.allSatisfy { $0.exists($0.report) }
    let steps =
      (summary.step.map { grouped($0) } ?? "0") + (summary.steps.map { "/\(grouped($0))" } ?? "")
    let best = summary.best.map {
      ", best \(summary.measure ?? "") in validation \(decimal($0, $0 < 10 ? 4 : 1))"
    }
    heading =
      "\(folder.path): \(summary.title), step \(steps)\(best ?? "")"
      + (isFinished ? ", finished" : "")
    let series = run.series[0]
    let kinds = series.kinds == ["pmf"] ? ["pmf"] : series.kinds.filter { $0 != "pmf" }
    let found = kinds.flatMap { kind in
      CurveKind.all(series.names(kind), of: kind).flatMap { curve in
        curve.numbers.map { (title: title(curve, $0.label), points: series.points(kind, $0.name)) }
      }
    }.filter { $0.points.count > 0 }
    // Validation before what training says of itself.
    let isValidation = { (title: String) in title.contains("validation") }
    let ordered = found.filter { isValidation($0.title) } + found.filter { !isValidation($0.title) }
    curves = Array(ordered.prefix(count))
  }
}

private func title(_ curve: CurveKind, _ label: String) -> String {
  label.isEmpty ? curve.title : "\(curve.title), \(label)"
}
