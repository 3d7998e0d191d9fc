import DRRCore

/// Lines over one axis, some with a band about them.
package struct LineChart {
  package struct Line {
    package var name: String
    package var points: [(x: Double, y: Double)]
    /// Low and high of each point, or none.
    package var band: [(low: Double, high: Double)]
    package var isDashed: Bool
    /// Lines of one hue share a colour; nil: the next colour.
    package var hue: Int?

    package init(
      _ name: String, _ points: [(x: Double, y: Double)],
      band: [(low: Double, high: Double)] = [], isDashed: Bool = false, hue: Int? = nil
    ) {
      (self.name, self.points, self.band) = (name, points, band)
      (self.isDashed, self.hue) = (isDashed, hue)
    }
  }

  package var title: String
  package var xTitle: String
  package var yTitle: String
  package var lines: [Line]
  package var isLogX: Bool
  package var isLogY: Bool
  /// A point that stands out, and what is said of it.
  package var mark: (x: Double, y: Double, words: String)?
  package var width: Double

  package init(
    _ title: String, x: String, y: String, isLogX: Bool = false, isLogY: Bool = false,
    width: Double = 720, lines: [Line]
  ) {
    (self.title, xTitle, yTitle, self.lines) = (title, x, y, lines)
    (self.isLogX, self.isLogY, self.width) = (isLogX, isLogY, width)
  }

  package var picture: Picture {
    let shown = lines.map { line in
      line.points.filter { $0.x.isFinite && $0.y.isFinite && (!isLogX || $0.x > 0) }
    }
    let bands = lines.flatMap { line in line.band.flatMap { [$0.low, $0.high] } }
    let frame = Frame(
      Axis(shown.joined().map(\.x), isLog: isLogX),
      Axis(shown.joined().map(\.y) + bands, isLog: isLogY), total: width, top: 10,
      height: (width * 0.52).rounded(), hasTitle: !yTitle.isEmpty)
    let hues = lineHues
    var elements = frame.grid(xTitle: xTitle, yTitle: yTitle)
    for (line, hue) in zip(lines, hues) { elements += band(line, hue, frame) }
    for (line, hue) in zip(lines, hues) { elements += path(line, hue, frame) }
    if let mark { elements += note(mark, frame) }
    let foot = frame.bottom + (xTitle.isEmpty ? 24 : 44)
    // One line has the chart's own name.
    guard lines.count > 1 else {
      return Picture(title, width: width, height: foot, elements: elements)
    }
    let (rows, height) = legend(hues, from: foot + 14)
    return Picture(title, width: width, height: height, elements: elements + rows)
  }

  /// A colour a line; one without a hue takes the next.
  private var lineHues: [Int] {
    var next = 0
    return lines.map { line in
      if let hue = line.hue { return hue }
      next += 1
      return next - 1
    }
  }

  private func path(_ line: Line, _ hue: Int, _ frame: Frame) -> [String] {
    let points = line.points.filter { frame.x.has($0.x) && frame.y.has($0.y) }
    guard !points.isEmpty else { return [] }
    if points.count == 1 {
      return points.map {
        let at = frame.place($0)
        return Svg.dot(at.x, at.y, 3.5, class: ChartStyle.fill(hue))
      }
    }
    return [
      "<path d=\"M\(points.map(frame.text).joined(separator: " L"))\" fill=\"none\" "
        + "class=\"\(ChartStyle.stroke(hue))\" stroke-linejoin=\"round\" "
        + "stroke-width=\"\(line.isDashed ? 1.3 : 2)\""
        + (line.isDashed ? " stroke-dasharray=\"6 4\"/>" : "/>")
    ]
  }

  private func band(_ line: Line, _ hue: Int, _ frame: Frame) -> [String] {
    let found = zip(line.points, line.band).filter {
      frame.x.has($0.0.x) && frame.y.has($0.1.low) && frame.y.has($0.1.high)
    }
    guard found.count > 1 else { return [] }
    let upper = found.map { frame.text(($0.0.x, $0.1.high)) }
    let lower = found.reversed().map { frame.text(($0.0.x, $0.1.low)) }
    return [
      "<path d=\"M\((upper + lower).joined(separator: " L")) Z\" "
        + "class=\"\(ChartStyle.fill(hue))\" fill-opacity=\"0.14\"/>"
    ]
  }

  private func note(
    _ mark: (x: Double, y: Double, words: String), _ frame: Frame
  ) -> [String] {
    let at = frame.place((mark.x, mark.y))
    let half = Svg.width(mark.words) / 2
    let middle = min(max(at.x, frame.left + half), frame.right - half)
    let isLow = at.y < frame.top + 24
    return [
      Svg.dot(at.x, at.y, 5, class: ChartStyle.fill(0)),
      "<text x=\"\(Svg.number(middle))\" y=\"\(Svg.number(isLow ? at.y + 22 : at.y - 11))\" "
        + "text-anchor=\"middle\" class=\"ink halo\" font-weight=\"600\" paint-order=\"stroke\" "
        + "stroke-width=\"4\">\(Svg.escaped(mark.words))</text>",
    ]
  }

  /// From the highest end to the lowest, each with where it ends, in as many columns as have room.
  private func legend(
    _ hues: [Int], from top: Double
  ) -> (elements: [String], bottom: Double) {
    let order = lines.indices.sorted {
      (lines[$1].points.last?.y ?? 0, $0) < (lines[$0].points.last?.y ?? 0, $1)
    }
    let ends = lines.map { line in line.points.last.map { Axis.label($0.y) } ?? "" }
    let widest = zip(lines, ends).map { Svg.width($0.name) + Svg.width($1) + 62 }.max() ?? 0
    let columns = max(1, min(3, Int((width - 20) / max(widest, 1))))
    let column = (width - 20) / Double(columns)
    let elements = order.enumerated().flatMap { place, index in
      let x = 10 + column * Double(place % columns)
      let y = top + 19 * Double(place / columns)
      let line = lines[index]
      let room = column - 62 - Svg.width(ends[index])
      return [
        Svg.rule(
          x, y - 4, x + 24, y - 4, class: ChartStyle.stroke(hues[index]),
          width: line.isDashed ? 1.3 : 2.5, dashes: line.isDashed ? "6 4" : nil),
        Svg.text(x + 31, y, Svg.fitting(line.name, room)),
        Svg.text(x + column - 22, y, ends[index], anchor: "end", class: "soft"),
      ]
    }
    let rows = (lines.count + columns - 1) / columns
    return (elements, top + 19 * Double(rows) - 6)
  }
}
