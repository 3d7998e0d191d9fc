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
  var text: String {
    var parts = [stamp.text]
    var groups: [String] = []
    for figure in figures where !groups.contains(figure.group) { groups.append(figure.group) }
    for group in groups {
      let table = FigureTable(figures.filter { $0.group == group })
      parts.append("\(group)\n" + Table(rows: table.rows).text)
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

/// Figures of one group as rows; columns that nothing fills are left out.
struct FigureTable {
  var rows: [[String]]

  init(_ figures: [Figure]) {
    let peers = figures.flatMap { $0.peers ?? [] }.map(\.name).reduce(into: [String]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    let counts = Set(figures.flatMap { ($0.counts ?? [:]).keys }).sorted()
    let values = Set(figures.flatMap { ($0.values ?? [:]).keys }).sorted()
    var columns: [(name: String, cell: (Figure) -> String?)] = [
      ("median", { $0.time.map { timeText($0.median) } }),
      ("quartiles", { $0.time.map { "\(timeText($0.lowQuartile))–\(timeText($0.highQuartile))" } }),
      ("least", { $0.time.map { timeText($0.least) } }),
      ("GFLOP/s", { $0.gigaflops.map(significant) }),
      ("GB/s", { $0.gigabytes.map(significant) }),
      ("inputs in", { $0.residence }),
      ("of the ceiling", { $0.share.map { "\(decimal(100 * $0, 0)) %" } }),
    ]
    for name in counts { columns.append((name, { $0.counts?[name].map { "\($0)" } })) }
    for name in values { columns.append((name, { $0.values?[name].map(significant) })) }
    for name in peers {
      func peer(_ figure: Figure) -> PeerFigure? { figure.peers?.first { $0.name == name } }
      columns.append(
        (
          name,
          { figure in
            peer(figure).map { timeText($0.time(byCPU: figure.goesByCPU).median) }
          }
        ))
      columns.append(
        (
          "times (of least)",
          { figure in
            peer(figure).flatMap { peer in
              peer.ratio.map { "\(decimal($0, 2)) (\(decimal(peer.ratioOfLeast ?? 0, 2)))" }
            }
          }
        ))
    }
    let filled = columns.filter { column in figures.contains { column.cell($0) != nil } }
    rows =
      [[""] + filled.map(\.name)]
      + figures.map { figure in [figure.name] + filled.map { $0.cell(figure) ?? "" } }
  }
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
