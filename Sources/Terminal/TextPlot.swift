import DRRCore

/// A curve in a terminal, of dots eight to a character.
package struct TextPlot {
  package var title: String
  package var points: [(x: Double, y: Double)]

  package init(_ title: String, _ points: [(x: Double, y: Double)]) {
    self.title = title
    self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
  }

  /// - Parameters:
  ///   - columns: of the terminal, 40 at least.
  ///   - rows: of the curve, without its title and the axis.
  package func text(columns: Int, rows: Int) -> String {
    guard let low = points.map(\.y).min(), let high = points.map(\.y).max(),
      let first = points.map(\.x).min(), let last = points.map(\.x).max(), abs(first) < 1e15,
      last < 1e15
    else { return "\(title)\n  nothing yet" }
    let ends = [label(high), label(low)]
    let margin = ends.map(\.count).max()! + 2
    let width = max(columns, 40) - margin - 1
    var dots = [[UInt32]](repeating: [UInt32](repeating: 0, count: width), count: rows)
    func place(_ value: Double, _ low: Double, _ high: Double, _ count: Int) -> Int {
      let share = value / 2 - low / 2
      return high > low
        ? Int((share / (high / 2 - low / 2) * Double(count - 1)).rounded()) : count / 2
    }
    let places = points.map { point in
      (
        x: place(point.x, first, last, 2 * width),
        y: 4 * rows - 1 - place(point.y, low, high, 4 * rows)
      )
    }
    func set(_ x: Int, _ y: Int) {
      // Of a Braille pattern, the dots of a column from above: 1 2 3 7, and 4 5 6 8.
      let bits: [[UInt32]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
      dots[y / 4][x / 2] |= bits[x % 2][y % 4]
    }
    for (from, to) in zip(places, places.dropFirst()) {
      let steps = max(abs(to.x - from.x), abs(to.y - from.y), 1)
      for step in 0...steps {
        let share = Double(step) / Double(steps)
        set(
          from.x + Int((Double(to.x - from.x) * share).rounded()),
          from.y + Int((Double(to.y - from.y) * share).rounded()))
      }
    }
    if places.count == 1 { set(places[0].x, places[0].y) }
    let lines = dots.enumerated().map { row, cells in
      let end = row == 0 ? ends[0] : row == rows - 1 ? ends[1] : ""
      let text = String(String.UnicodeScalarView(cells.map { Unicode.Scalar(0x2800 + $0)! }))
      return String(repeating: " ", count: margin - 2 - end.count) + end + " │" + text
    }
    let (left, right) = (grouped(Int(first)), grouped(Int(last)))
    let gap = max(width - left.count - right.count, 1)
    let axis =
      String(repeating: " ", count: margin) + left + String(repeating: " ", count: gap) + right
    return ([title] + lines + [axis]).joined(separator: "\n")
  }

  private func label(_ value: Double) -> String {
    if abs(value) >= 1e9 { return "\(Float(value))" }
    return abs(value) >= 1_000
      ? grouped(Int(value.rounded())) : decimal(value, abs(value) < 10 ? 3 : 1)
  }
}
