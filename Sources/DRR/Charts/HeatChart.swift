import DRRCore

/// Shares of each row by column, as tiles that are the darker the larger the share.
package struct HeatChart {
  package var title: String
  package var rows: [String]
  package var columns: [String]
  /// [rows][columns], 0 ... 1.
  package var shares: [[Double]]
  package var width: Double

  package init(
    _ title: String, rows: [String], columns: [String], shares: [[Double]], width: Double = 420
  ) {
    (self.title, self.rows, self.columns) = (title, rows, columns)
    (self.shares, self.width) = (shares, width)
  }

  package var picture: Picture {
    let room = width * 0.26
    let left = min(rows.map { Svg.width($0) }.max() ?? 0, room) + 16
    let top = min(columns.map { Svg.width($0) }.max() ?? 0, room) + 18
    let side = min((width - left - 2) / Double(max(columns.count, 1)), 46)
    let high = min(side, 30)
    let most = shares.joined().max() ?? 1
    var elements = columns.enumerated().map { place, name in
      // Upwards, above the middle of its tiles.
      "<text transform=\"translate(\(Svg.number(left + side * (Double(place) + 0.5) + 4)) "
        + "\(Svg.number(top - 6))) rotate(-90)\" class=\"soft\">"
        + "\(Svg.escaped(Svg.fitting(name, room)))</text>"
    }
    for (row, name) in rows.enumerated() {
      let y = top + high * Double(row)
      elements.append(
        Svg.text(
          left - 8, y + high / 2 + 4, Svg.fitting(name, room), anchor: "end", class: "soft"))
      for (column, share) in shares[row].enumerated() {
        let x = left + side * Double(column)
        let text = decimal(100 * share, 0)
        elements.append(
          "<rect x=\"\(Svg.number(x))\" y=\"\(Svg.number(y))\" width=\"\(Svg.number(side - 2))\" "
            + "height=\"\(Svg.number(high - 2))\" rx=\"3\" class=\"\(ChartStyle.fill(0))\" "
            + "fill-opacity=\"\(decimal(0.04 + 0.5 * (most > 0 ? share / most : 0), 2))\"><title>"
            + "\(Svg.escaped("\(name), \(columns[column]): \(decimal(100 * share, 1)) %"))"
            + "</title></rect>")
        if Svg.width(text, size: 11) < side - 4, text != "0" {
          elements.append(
            Svg.text(
              x + (side - 2) / 2, y + high / 2 + 3, text, size: 11, anchor: "middle", class: "ink"))
        }
      }
    }
    return Picture(
      title, width: width, height: top + high * Double(rows.count) + 4, elements: elements)
  }
}
