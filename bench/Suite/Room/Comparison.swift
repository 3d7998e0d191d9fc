import DRR
import Terminal

/// What moved between two measurements of the same.
package struct Comparison {
  package enum Verdict: String, Sendable { case same, faster, slower, more, fewer, added, missing }

  package struct Row: Equatable, Sendable {
    package var name: String
    package var verdict: Verdict
    package var before: String
    package var after: String
    /// After over before.
    package var ratio: Double?
  }

  package var rows: [Row] = []
  /// What a measurement of the same machine must not do: take longer, or ask more of the device.
  package var isWorse: Bool { rows.contains { $0.verdict == .slower || $0.verdict == .more } }

  /// - Parameters:
  ///   - least: the smallest relative change of a median that counts, however narrow the spread.
  ///   - countsOnly: leaves times out, for a machine that is not the same.
  package init(_ before: Report, _ after: Report, least: Double = 0.05, countsOnly: Bool = false) {
    let (old, new) = (Self.figures(before), Self.figures(after))
    let later = Dictionary(new, uniquingKeysWith: { $1 })
    for (name, a) in old {
      guard let b = later[name] else {
        rows.append(Row(name: name, verdict: .missing, before: "", after: ""))
        continue
      }
      if !countsOnly, let row = Self.time(name, a, b, least) { rows.append(row) }
      rows += Self.counts(name, a, b)
    }
    let known = Set(old.map(\.0))
    for (name, _) in new where !known.contains(name) {
      rows.append(Row(name: name, verdict: .added, before: "", after: ""))
    }
  }

  /// By a name that says where it was measured; of two of one name the first.
  private static func figures(_ report: Report) -> [(String, Figure)] {
    var known: Set<String> = []
    return report.all.flatMap { part -> [(String, Figure)] in
      let place =
        "\(part.stamp.device), \(part.stamp.threads) threads"
        + (part.stamp.coreType.map { ", \($0)" } ?? "")
      return part.figures.map { ("\($0.group): \($0.name) [\(place)]", $0) }
    }.filter { known.insert($0.0).inserted }
  }

  /// A median moved where it left the other's quartiles by more than their range, and by `least`.
  private static func time(_ name: String, _ a: Figure, _ b: Figure, _ least: Double) -> Row? {
    guard let before = a.time, let after = b.time, before.median > 0 else { return nil }
    let noise = max(before.interquartileRange, after.interquartileRange)
    let change = after.median - before.median
    let moved = abs(change) > 1.5 * noise && abs(change) > least * before.median
    return Row(
      name: name, verdict: !moved ? .same : change > 0 ? .slower : .faster,
      before: timeText(before.median), after: timeText(after.median),
      ratio: after.median / before.median)
  }

  private static func counts(_ name: String, _ a: Figure, _ b: Figure) -> [Row] {
    (a.counts ?? [:]).sorted { $0.key < $1.key }.compactMap { key, before in
      guard let after = b.counts?[key] else { return nil }
      return Row(
        name: "\(name), \(key)",
        verdict: after == before ? .same : after > before ? .more : .fewer, before: "\(before)",
        after: "\(after)", ratio: nil)
    }
  }

  package var text: String {
    let moved = rows.filter { $0.verdict != .same }
    let same = rows.count - moved.count
    guard !moved.isEmpty else { return "nothing moved beyond the noise: \(same) figures" }
    let cells = moved.map { row in
      [
        row.name, row.before, row.after, row.ratio.map { "× \(decimal($0, 2))" } ?? "",
        row.verdict.rawValue,
      ]
    }
    return Table(rows: [["", "before", "after", "", ""]] + cells).text
      + "\n\(same) figures did not move beyond the noise"
  }
}
