import DRR
import Essentials
import Terminal

extension Report {
  package init(json: String) throws {
    do {
      self = try JSONDecoder().decode(Report.self, from: Data(json.utf8))
    } catch { throw RunError("it is no result of bench") }
  }

  /// As it is printed: the stamp, a table a group, what was left out.
  package var text: String {
    var parts = [stamp.text]
    var groups: [String] = []
    for figure in figures where !groups.contains(figure.group) { groups.append(figure.group) }
    for group in groups {
      let table = FigureTable(figures.filter { $0.group == group })
      let rows = table.rows.isEmpty ? [] : [Table(rows: table.rows).text]
      parts.append(([group] + rows + table.lines).joined(separator: "\n"))
    }
    let notes = figures.compactMap { figure in figure.note.map { "\(figure.name): \($0)" } }
    if !notes.isEmpty { parts.append(notes.joined(separator: "\n")) }
    if !skipped.isEmpty { parts.append(skipped.joined(separator: "\n")) }
    return parts.joined(separator: "\n\n")
  }
}

extension Stamp {
  var lines: [(name: String, value: String)] {
    [
      ("drr", drr), ("device", "\(device): \(name), \(driver)"),
      ("processor", "\(processor), \(cores) cores, last cache \(lastLevelCacheBytes >> 20) MiB"),
      ("OpenBLAS", openBLAS), ("OPENBLAS_CORETYPE", coreType ?? "not set"),
      ("threads", "\(threads)"),
    ]
  }

  var text: String { Table(rows: lines.map { [$0.name, $0.value] }).leftText }
}

extension Table {
  /// Every column to the left.
  fileprivate var leftText: String {
    let width = rows.map { $0[0].count }.max() ?? 0
    return rows.map { row in
      row[0] + String(repeating: " ", count: width - row[0].count + 2) + row[1]
    }.joined(separator: "\n")
  }
}

/// Figures of one group: their times as rows, the peers' ratios first, and what else was counted as
/// lines. Columns that nothing fills are left out.
struct FigureTable {
  var rows: [[String]]
  var lines: [String]

  init(_ figures: [Figure]) {
    let peers = figures.flatMap { $0.peers ?? [] }.map(\.name).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    var columns: [(name: String, cell: (Figure) -> String?)] = peers.map { name in
      (
        // Without its version.
        name.split(separator: ",")[0].split(separator: " ").filter { !$0.first!.isNumber }
          .joined(separator: " "),
        { figure in
          figure.peers?.first { $0.name == name }.flatMap { $0.ratio.map { "\(ratioText($0))×" } }
        }
      )
    }
    columns += [
      ("median", { $0.time.map { timeText($0.median) } }),
      ("±", { $0.time.map { "\(decimal(50 * $0.interquartileRange / $0.median, 0)) %" } }),
      ("GFLOP/s", { $0.gigaflops.map(significant) }),
      ("GB/s", { $0.gigabytes.map(significant) }),
      (
        "of ceiling",
        { figure in figure.share.map { "\(decimal(100 * $0, 0)) % \(figure.residence ?? "")" } }
      ),
    ]
    let filled = columns.filter { column in figures.contains { column.cell($0) != nil } }
    let timed = figures.filter { $0.time != nil }
    rows =
      timed.isEmpty
      ? []
      : [[""] + filled.map(\.name)]
        + timed.map { figure in [Self.short(figure.name)] + filled.map { $0.cell(figure) ?? "" } }
    lines = figures.compactMap { figure in
      let counts = (figure.counts ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      let values = (figure.values ?? [:]).sorted { $0.key < $1.key }
        .map { "\($0.key) \(significant($0.value))" }
      let all = counts + values
      return all.isEmpty ? nil : "\(figure.name): \(all.joined(separator: "; "))"
    }
    if !peers.isEmpty { lines.append("beside \(peers.joined(separator: "; "))") }
  }

  private static func short(_ name: String) -> String {
    name.count > 50 ? name.prefix(49) + "…" : name
  }
}

/// 1.23, 12.3 or 123.
private func ratioText(_ value: Double) -> String {
  decimal(value, value >= 100 ? 0 : value >= 10 ? 1 : 2)
}

/// 1.234 ms and the like.
func timeText(_ value: Double) -> String {
  let units: [(Double, String)] = [(1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]
  let unit = units.first { value >= $0.0 } ?? units[3]
  return "\(significant(value / unit.0)) \(unit.1)"
}

/// Four digits, or all before the point.
func significant(_ value: Double) -> String {
  let size = abs(value)
  if size >= 1e6 { return grouped(Int(min(size, 9e15))) }
  return decimal(value, size >= 1_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3)
}
