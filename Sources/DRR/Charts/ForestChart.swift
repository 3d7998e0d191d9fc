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
    /// Whether there is an interval; without one the dot is a ring.
    package var hasInterval = true
    /// Whether it is seen only as far as the others reach: what lies beyond is an arrow.
    package var isAside = false
    /// What stands above it, where a group of rows begins.
    package var heading: String?

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
    // What is no number has a name and no mark.
    let values = rows.map { (mean: $0.mean.isFinite ? decimal($0.mean, digits) : "–", row: $0) }
    let names = min(rows.map { Svg.width($0.name) }.max() ?? 0, width * 0.42)
    let numbers = values.map { Svg.width($0.mean) }.max() ?? 0
    let (left, right) = (names + 22, width - numbers - 20)
    let top = 6.0
    let bottom = top + line * Double(rows.count + rows.count { $0.heading != nil })
    let leading = rows.contains { !$0.isAside } ? rows.filter { !$0.isAside } : rows
    let axis = Axis(
      leading.flatMap { [$0.low, $0.high] } + (reference.map { [$0] } ?? []), hasZero: false)
    func place(_ value: Double) -> Double { left + axis.share(value) * (right - left) }
    var lines: [[String]] = []
    var bands: [String] = []
    var next = top
    for (mean, row) in values {
      if let heading = row.heading {
        lines.append([
          "<text x=\"0\" y=\"\(Svg.number(next + line / 2 + 4))\" class=\"ink halo\" "
            + "font-weight=\"600\" paint-order=\"stroke\" stroke-width=\"4\">"
            + "\(Svg.escaped(Svg.fitting(heading, width)))</text>"
        ])
        next += line
      }
      if row.isMarked {
        bands.append(
          "<rect x=\"0\" y=\"\(Svg.number(next))\" "
            + "width=\"\(Svg.number(width))\" height=\"\(Svg.number(line))\" class=\"band\"/>")
      }
      let y = next + line / 2
      let weight = row.isMarked ? "600" : nil
      lines.append(
        [
          Svg.text(
            names + 10, y + 4, Svg.fitting(row.name, names), anchor: "end",
            class: row.isMarked ? "ink" : "soft", weight: weight)
        ] + marks(row, mean, at: y, from: left, to: right, place)
          + [
            Svg.text(
              width - 10, y + 4, mean, anchor: "end", class: "ink", weight: weight)
          ])
      next += line
    }
    var elements = bands
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
    return Picture(title, width: width, height: bottom + 26, elements: elements + lines.joined())
  }

  /// The interval and its dot; arrows where they lie beyond the axis.
  private func marks(
    _ row: Row, _ mean: String, at y: Double, from left: Double, to right: Double,
    _ place: (Double) -> Double
  ) -> [String] {
    guard row.mean.isFinite, row.low.isFinite, row.high.isFinite else { return [] }
    let (low, dot, high) = (place(row.low), place(row.mean), place(row.high))
    let words =
      row.hasInterval
      ? "\(row.name): \(mean) (\(decimal(row.low, digits)) to \(decimal(row.high, digits)))"
      : "\(row.name): \(mean), no interval"
    func within(_ x: Double) -> Double { min(max(x, left), right) }
    func arrow(_ x: Double, _ way: Double) -> String {
      "<path d=\"M\(Svg.number(x + 5 * way)) \(Svg.number(y)) L\(Svg.number(x)) "
        + "\(Svg.number(y - 4)) L\(Svg.number(x)) \(Svg.number(y + 4)) Z\" "
        + "class=\"\(ChartStyle.fill(row.hue))\"><title>\(Svg.escaped(words))</title></path>"
    }
    var elements: [String] = []
    if row.hasInterval {
      elements.append(
        Svg.rule(
          within(low), y, within(high), y, class: ChartStyle.stroke(row.hue), width: 2))
    }
    if low < left { elements.append(arrow(left, -1)) }
    if high > right { elements.append(arrow(right, 1)) }
    guard left...right ~= dot else { return elements }
    elements.append(
      row.hasInterval
        ? Svg.dot(dot, y, 4, class: ChartStyle.fill(row.hue), says: words)
        : Svg.dot(
          dot, y, 3.5, class: ChartStyle.stroke(row.hue), says: words,
          more: " fill=\"none\" stroke-width=\"2\""))
    return elements
  }
}
