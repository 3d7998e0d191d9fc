import DRRCore

/// The numbers of a run's metrics, by what reports them and by name.
struct MetricSeries {
  /// In their order, by kind.
  private(set) var lines: [String: [ReportedLine]] = [:]
  /// Kinds in the order in which they first report.
  private(set) var kinds: [String] = []

  /// What a folder's metrics hold; lines that are no JSON are passed over.
  init(_ folder: RunFolder) {
    for line in ReportedLine.all(in: folder) {
      if lines[line.kind] == nil { kinds.append(line.kind) }
      lines[line.kind, default: []].append(line)
    }
  }

  /// The points of a number against steps; nothing where it was not reported.
  func points(_ kind: String, _ name: String) -> [(x: Double, y: Double)] {
    (lines[kind] ?? []).compactMap { line in
      line.numbers[name].map { (Double(line.step), $0) }
    }
  }

  /// Names of the numbers of a kind, in alphabetical order.
  func names(_ kind: String) -> [String] {
    Set((lines[kind] ?? []).flatMap(\.numbers.keys)).sorted()
  }
}
