import DRRCore

/// Columns padded to their widest cell; the first ones to the left, the rest to the right.
package struct Table {
  package var rows: [[String]]
  /// How many columns are of words.
  package var words: Int

  package init(rows: [[String]], words: Int = 1) { (self.rows, self.words) = (rows, words) }

  /// Where the terminal has no room for all columns, in parts below each other, of which each begins
  /// with the first column. What has no header belongs to what stands before it.
  package var text: String { text(columns: Screen.columns) }

  package func text(columns room: Int) -> String {
    let count = rows.map(\.count).max() ?? 0
    let widths = (0..<count).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    let header = rows.first ?? []
    var parts: [[Int]] = []
    var part: [Int] = []
    var used = 0
    var next = 1
    while next < count {
      var end = next + 1
      while end < count, end >= header.count || header[end].isEmpty { end += 1 }
      let width = (next..<end).reduce(0) { $0 + widths[$1] + 2 }
      if !part.isEmpty, widths[0] + used + width > room {
        parts.append(part)
        (part, used) = ([], 0)
      }
      part += next..<end
      used += width
      next = end
    }
    parts.append(part)
    return parts.map { text(of: [0] + $0, widths) }.joined(separator: "\n\n")
  }

  private func text(of columns: [Int], _ widths: [Int]) -> String {
    rows.map { row in
      columns.filter { $0 < row.count }.map { column in
        let cell = row[column]
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        guard column < words else { return padding + cell }
        return column == row.count - 1 && words > 1 ? cell : cell + padding
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

/// How a table is written.
package enum TableFormat: String, CaseIterable, Sendable {
  case text, markdown, latex, csv
}

extension Table {
  /// The table in a form; the first row is its header.
  package func written(_ format: TableFormat) -> String {
    guard format != .text else { return text }
    let rows = rows.map { $0.map { $0.trimmingSpaces } }
    guard let header = rows.first else { return "" }
    let body = rows.dropFirst()
    switch format {
    case .text: return text
    case .csv:
      return rows.map { row in
        row.map { cell in
          cell.contains { ",\"\n".contains($0) }
            ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
        }.joined(separator: ",")
      }.joined(separator: "\n")
    case .markdown:
      return markdown(
        rows.map { row in
          row.map { $0.replacing("|", with: "\\|").replacing("*", with: "\\*") }
        })
    case .latex:
      func line(_ cells: [String]) -> String {
        cells.map(Self.latex).joined(separator: " & ") + " \\\\"
      }
      return
        ([
          "\\begin{tabular}{l\(String(repeating: "r", count: header.count - 1))}", "\\hline",
          line(header), "\\hline",
        ] + body.map(line) + ["\\hline", "\\end{tabular}"]).joined(separator: "\n")
    }
  }

  private static func latex(_ cell: String) -> String {
    cell.map { character in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": "\\\(character)"
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "γ": "$\\gamma$"
      case ">", "<": "$\(character)$"
      default: String(character)
      }
    }.joined()
  }
}

/// A table in Markdown of cells that are Markdown; the first row is its header.
package func markdown(_ rows: [[String]]) -> String {
  guard let header = rows.first else { return "" }
  let rule = header.indices.map { $0 == 0 ? "---" : "---:" }
  return ([header, rule] + rows.dropFirst())
    .map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
}

extension String {
  fileprivate var trimmingSpaces: String {
    var cut = self[...]
    while cut.first == " " { cut.removeFirst() }
    while cut.last == " " { cut.removeLast() }
    return String(cut)
  }
}

/// A text whose lines fit: longer ones are broken between words, and what follows is indented, under
/// what stands beside a name at the beginning.
package func fitted(_ text: String, columns: Int = Screen.columns) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    guard line.count > columns else { return String(line) }
    let blanks = line.prefix { $0 == " " }.count
    let name = line.dropFirst(blanks).prefix { $0 != " " }.count
    let gap = line.dropFirst(blanks + name).prefix { $0 == " " }.count
    let isNamed = gap > 1 && blanks + name + gap <= 14
    let kept = isNamed ? blanks + name + gap : blanks
    let indent = String(repeating: " ", count: isNamed ? kept : blanks + 2)
    let words = line.dropFirst(kept).split(separator: " ")
    var lines = [line.prefix(kept) + (words.first ?? "")]
    for word in words.dropFirst() {
      if lines[lines.count - 1].count + 1 + word.count > columns {
        lines.append(indent + word)
      } else {
        lines[lines.count - 1] += " " + word
      }
    }
    return lines.joined(separator: "\n")
  }.joined(separator: "\n")
}
