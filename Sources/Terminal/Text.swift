import DRRCore

/// 1234567 as 1,234,567.
package func grouped(_ number: Int) -> String {
  var digits = Array("\(number.magnitude)")
  var at = digits.count - 3
  while at > 0 {
    digits.insert(",", at: at)
    at -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}

/// 1.5 GB and the like.
package func byteText(_ bytes: UInt64) -> String {
  let units = ["B", "KB", "MB", "GB", "TB"]
  var (value, unit) = (Double(bytes), 0)
  while value >= 1_000 && unit < units.count - 1 {
    value /= 1_000
    unit += 1
  }
  return "\(decimal(value, unit == 0 ? 0 : 1)) \(units[unit])"
}

/// Columns padded to their widest cell; the first to the left, the rest to the right.
package struct Table {
  package var rows: [[String]]

  package init(rows: [[String]]) { self.rows = rows }

  package var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
