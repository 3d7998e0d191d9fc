import DRRCore

/// Estimates beneath each other, each with its interval.
package struct ForestChart {
  package struct Row {
    package var name: String
    package var mean: Double
    package var low: Double
    package var high: Double
    package var hue: Int
    /// Whether it is what the chart is about.
    package var isMarked: Bool

    package init(
      _ name: String, _ estimate: Estimate, hue: Int = 8, isMarked: Bool = false
    ) {
      (self.name, mean, low, high) = (name, estimate.mean, estimate.low, estimate.high)
      (self.hue, self.isMarked) = (hue, isMarked)
    }
  }

  package var title: String
  package var rows: [Row]
  /// Where a line stands: no difference, say.
  package var reference: Double?
  package var width: Double
  /// Digits behind the point.
  package var digits: Int

  package init(
    _ title: String, rows: [Row], reference: Double? = nil, width: Double = 420, digits: Int = 3
  ) {
    (self.title, self.rows, self.reference) = (title, rows, reference)
    (self.width, self.digits) = (width, digits)
  }

  package var picture: Picture {
    let line = 22.0
    let values = rows.map { (mean: decimal($0.mean, digits), row: $0) }
    let names = min(rows.map { Svg.width($0.name) }.max() ?? 0, width * 0.42)
    let numbers = values.map { Svg.width($0.mean) }.max() ?? 0
    let (left, right) = (names + 22, width - numbers - 20)
    let (top, bottom) = (6.0, 6 + line * Double(rows.count))
    let axis = Axis(
      rows.flatMap { [$0.low, $0.high] } + (reference.map { [$0] } ?? []), hasZero: false)
    func place(_ value: Double) -> Double { left + axis.share(value) * (right - left) }
    var elements: [String] = []
    for (number, row) in rows.enumerated() where row.isMarked {
      elements.append(
        "<rect x=\"0\" y=\"\(Svg.number(top + line * Double(number)))\" "
          + "width=\"\(Svg.number(width))\" height=\"\(Svg.number(line))\" class=\"band\"/>")
    }
    var free = -Double.infinity
    for tick in axis.ticks(max(2, Int((right - left) / 60))) {
      let x = place(tick.value)
      elements.append(Svg.rule(x, top, x, bottom, class: "grid"))
      let half = Svg.width(tick.label) / 2
      guard x - half > free + 8 else { continue }
      elements.append(Svg.text(x, bottom + 17, tick.label, anchor: "middle", class: "soft"))
      free = x + half
    }
    if let reference {
      let x = place(reference)
      elements.append(Svg.rule(x, top, x, bottom, class: "axis", dashes: "4 3"))
    }
    for (number, (mean, row)) in values.enumerated() {
      let y = top + line * (Double(number) + 0.5)
      let weight = row.isMarked ? "600" : nil
      elements += [
        Svg.text(
          names + 10, y + 4, Svg.fitting(row.name, names), anchor: "end",
          class: row.isMarked ? "ink" : "soft", weight: weight),
        Svg.rule(
          place(row.low), y, place(row.high), y, class: ChartStyle.stroke(row.hue), width: 2),
        Svg.dot(
          place(row.mean), y, 4, class: ChartStyle.fill(row.hue),
          says: "\(row.name): \(mean) (\(decimal(row.low, digits)) to "
            + "\(decimal(row.high, digits)))"),
        Svg.text(
          width - 10, y + 4, mean, anchor: "end", class: "ink", weight: weight),
      ]
    }
    return Picture(title, width: width, height: bottom + 26, elements: elements)
  }
}
