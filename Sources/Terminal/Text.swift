import DRRCore

/// Columns padded to their widest cell; the first ones to the left, the rest to the right.
package struct Table {
  package var rows: [[String]]
  /// How many columns are of words.
  package var words: Int

  package init(rows: [[String]], words: Int = 1) { (self.rows, self.words) = (rows, words) }

  package var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
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
      func line(_ cells: [String]) -> String {
        "| "
          + cells.map { $0.replacing("|", with: "\\|").replacing("*", with: "\\*") }
          .joined(separator: " | ") + " |"
      }
      let rule = "| --- |" + header.dropFirst().map { _ in " ---: |" }.joined()
      return ([line(header), rule] + body.map(line)).joined(separator: "\n")
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
      default: String(character)
      }
    }.joined()
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var cut = self[...]
    while cut.first == " " { cut.removeFirst() }
    while cut.last == " " { cut.removeLast() }
    return String(cut)
  }
}

/// What a heading says under names in its first ten columns, a thing a line, each wrapped.
package func headed(_ text: String) -> String {
  text.split(separator: "\n").map { line in
    let isNamed = line.first != " "
    let rest = line.dropFirst(isNamed ? 10 : 0)
    guard line.count > 10 else { return String(line) }
    let indent = String(repeating: " ", count: 10)
    return (isNamed ? String(line.prefix(10)) : indent)
      + wrapped(String(rest), columns: min(Screen.columns, 80) - 10).split(separator: "\n")
      .joined(separator: "\n" + indent)
  }.joined(separator: "\n")
}

/// A text in lines of at most so many columns, broken between words; all but the first are indented.
package func wrapped(
  _ text: String, columns: Int = min(Screen.columns, 80), indent: Int = 0
) -> String {
  var lines: [String] = []
  var line = ""
  for word in text.split(separator: " ") {
    if !line.isEmpty, line.count + 1 + word.count > columns {
      lines.append(line)
      line = String(repeating: " ", count: indent) + word
    } else {
      line += (line.isEmpty || line.allSatisfy { $0 == " " } ? "" : " ") + word
    }
  }
  return (lines + [line]).joined(separator: "\n")
}
