import DRRCore
import Platform

/// Lines over one axis, some with a band about them, as an SVG picture.
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

  package init(
    _ title: String, x: String, y: String, isLogX: Bool = false, isLogY: Bool = false,
    lines: [Line]
  ) {
    (self.title, xTitle, yTitle, self.lines) = (title, x, y, lines)
    (self.isLogX, self.isLogY) = (isLogX, isLogY)
  }

  /// Told apart by people who see few colours, from dark to light.
  package static let colors = [
    "#1b5e9b", "#c8553d", "#2a7f62", "#8e4585", "#b8860b", "#3a9bdc", "#7a4a2b", "#d6679a",
    "#5f6b73", "#6aa84f", "#4b3fa8", "#e08a1e", "#009c9c",
  ]

  // MARK: - Geometry

  private static let (left, top, width, height) = (78.0, 54.0, 640.0, 420.0)
  private static let legendLine = 19.0

  private var total: (width: Double, height: Double) {
    (
      Self.left + Self.width + 262,
      max(Self.top + Self.height + 62, Self.top + 20 + Self.legendLine * Double(lines.count))
    )
  }

  package var svg: String {
    let shown = lines.map { line in
      line.points.filter { $0.x.isFinite && $0.y.isFinite && (!isLogX || $0.x > 0) }
    }
    let x = Axis(shown.joined().map(\.x), isLog: isLogX)
    let bands = lines.flatMap { line in line.band.flatMap { [$0.low, $0.high] } }
    let y = Axis(shown.joined().map(\.y) + bands, isLog: isLogY)
    let (wide, high) = total
    var parts = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(wide))" height="\(Int(high))" \
      viewBox="0 0 \(Int(wide)) \(Int(high))" font-family="sans-serif" font-size="12" \
      role="img">
      """,
      "<title>\(Self.escaped(title))</title>",
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
      text(Self.left, 30, title, size: 16, color: "#111111"),
      "<clipPath id=\"plot\"><rect x=\"\(number(Self.left))\" y=\"\(number(Self.top))\" "
        + "width=\"\(number(Self.width))\" height=\"\(number(Self.height))\"/></clipPath>",
    ]
    parts += grid(x, y)
    parts.append("<g clip-path=\"url(#plot)\" stroke-linejoin=\"round\">")
    let colors = lineColors
    for (line, color) in zip(lines, colors) { parts += bandPath(line, color, x, y) }
    for (line, color) in zip(lines, colors) { parts += linePath(line, color, x, y) }
    parts.append("</g>")
    parts += legend(colors)
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  /// A colour a line; one without a hue takes the next.
  private var lineColors: [String] {
    var next = 0
    return lines.map { line in
      let hue = line.hue ?? next
      if line.hue == nil { next += 1 }
      return Self.colors[hue % Self.colors.count]
    }
  }

  private func place(_ point: (x: Double, y: Double), _ x: Axis, _ y: Axis) -> String {
    "\(number(Self.left + x.share(point.x) * Self.width)) "
      + "\(number(Self.top + (1 - y.share(point.y)) * Self.height))"
  }

  private func linePath(_ line: Line, _ color: String, _ x: Axis, _ y: Axis) -> [String] {
    let points = line.points.filter { x.has($0.x) && y.has($0.y) }
    guard !points.isEmpty else { return [] }
    let path = points.map { place($0, x, y) }.joined(separator: " L")
    let dashes = line.isDashed ? " stroke-dasharray=\"6 4\"" : ""
    return [
      "<path d=\"M\(path)\" fill=\"none\" stroke=\"\(color)\" "
        + "stroke-width=\"\(line.isDashed ? 1.3 : 2)\"\(dashes)/>"
    ]
  }

  private func bandPath(_ line: Line, _ color: String, _ x: Axis, _ y: Axis) -> [String] {
    let found = zip(line.points, line.band).filter {
      x.has($0.0.x) && y.has($0.1.low) && y.has($0.1.high)
    }
    guard found.count > 1 else { return [] }
    let upper = found.map { place(($0.0.x, $0.1.high), x, y) }
    let lower = found.reversed().map { place(($0.0.x, $0.1.low), x, y) }
    let path = (upper + lower).joined(separator: " L")
    return ["<path d=\"M\(path) Z\" fill=\"\(color)\" fill-opacity=\"0.10\" stroke=\"none\"/>"]
  }

  private func grid(_ x: Axis, _ y: Axis) -> [String] {
    let (right, bottom) = (Self.left + Self.width, Self.top + Self.height)
    let columns = x.ticks.flatMap { tick in
      let place = Self.left + x.share(tick.value) * Self.width
      return [
        rule(place, Self.top, place, bottom, "#e6e6e6"),
        text(place, bottom + 18, tick.label, anchor: "middle"),
      ]
    }
    let rows = y.ticks.flatMap { tick in
      let place = Self.top + (1 - y.share(tick.value)) * Self.height
      return [
        rule(Self.left, place, right, place, "#e6e6e6"),
        text(Self.left - 8, place + 4, tick.label, anchor: "end"),
      ]
    }
    return columns + rows + [
      rule(Self.left, bottom, right, bottom, "#444444"),
      rule(Self.left, Self.top, Self.left, bottom, "#444444"),
      text(Self.left + Self.width / 2, bottom + 42, xTitle, size: 13, anchor: "middle"),
      """
      <text transform="translate(20 \(number(Self.top + Self.height / 2))) rotate(-90)" \
      font-size="13" text-anchor="middle" fill="#333333">\(Self.escaped(yTitle))</text>
      """,
    ]
  }

  /// From the highest end to the lowest, each with where it ends.
  private func legend(_ colors: [String]) -> [String] {
    let order = lines.indices.sorted {
      (lines[$1].points.last?.y ?? 0, $0) < (lines[$0].points.last?.y ?? 0, $1)
    }
    let x = Self.left + Self.width + 22
    return order.enumerated().flatMap { row, index in
      let (line, y) = (lines[index], Self.top + 10 + Self.legendLine * Double(row))
      let dashes = line.isDashed ? " stroke-dasharray=\"6 4\"" : ""
      let end = line.points.last.map { Axis.label($0.y) } ?? ""
      return [
        "<line x1=\"\(number(x))\" y1=\"\(number(y - 4))\" x2=\"\(number(x + 26))\" "
          + "y2=\"\(number(y - 4))\" stroke=\"\(colors[index])\" "
          + "stroke-width=\"\(line.isDashed ? 1.3 : 2.5)\"\(dashes)/>",
        text(x + 34, y, line.name),
        text(total.width - 14, y, end, anchor: "end", color: "#666666"),
      ]
    }
  }

  // MARK: - Elements

  private func rule(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String
  ) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
      + "y2=\"\(number(y2))\" stroke=\"\(color)\"/>"
  }

  private func text(
    _ x: Double, _ y: Double, _ words: String, size: Int = 12, anchor: String = "start",
    color: String = "#333333"
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(size)\" "
      + "text-anchor=\"\(anchor)\" fill=\"\(color)\">\(Self.escaped(words))</text>"
  }

  private func number(_ value: Double) -> String { decimal(value, 1) }

  /// Text that is XML's, whatever its characters.
  package static func escaped(_ words: String) -> String {
    words.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      // XML 1.0 has no other control characters.
      case "\t", "\n", "\r": " "
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
      default: String(scalar)
      }
    }.joined()
  }
}

extension LineChart {
  /// Where values lie between the ends of an axis, and what is written beside it.
  struct Axis {
    let isLog: Bool
    let low: Double
    let high: Double

    /// An axis that shows these values; of a logarithmic one at most six powers of ten.
    init(_ values: [Double], isLog: Bool) {
      self.isLog = isLog
      let values = values.filter { $0.isFinite && (!isLog || $0 > 0) }
      let (least, most) = (values.min() ?? (isLog ? 1 : 0), values.max() ?? 1)
      if isLog {
        let top = log10(most)
        let bottom = max(log10(least), top - 6)
        low = bottom
        high = top > bottom ? top + 0.02 * (top - bottom) : bottom + 1
      } else {
        let base = least >= 0 && least < 0.5 * most ? 0 : least
        let room = most > base ? 0.04 * (most - base) : 1
        low = least < 0 ? least - room : base
        high = most + room
      }
    }

    /// Whether a value has a place; one below a logarithmic axis is drawn at its foot.
    func has(_ value: Double) -> Bool { value.isFinite && (!isLog || value > 0) }

    func share(_ value: Double) -> Double {
      let place = isLog ? log10(max(value, .leastNormalMagnitude)) : value
      return min(max((place - low) / (high - low), -1), 2)
    }

    var ticks: [(value: Double, label: String)] {
      let values: [Double]
      if isLog {
        let steps: [Double] = high - low < 2.2 ? [1, 2, 5] : [1]
        values = (Int(low.rounded(.down))...Int(high.rounded(.up))).flatMap { power in
          steps.map { $0 * pow(10, Double(power)) }
        }.filter { log10($0) >= low - 1e-9 && log10($0) <= high + 1e-9 }
      } else {
        let rough = (high - low) / 6
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
        values = stride(from: (low / step).rounded(.up) * step, through: high, by: step)
          .map { abs($0) < step * 1e-9 ? 0 : $0 }
      }
      return values.map { ($0, Self.label($0)) }
    }

    /// Three digits or so: 12,500, 3.7, 0.002.
    static func label(_ value: Double) -> String {
      let size = abs(value)
      if size == 0 { return "0" }
      if !value.isFinite { return "" }
      if size >= 1e9 || size < 1e-4 { return "\(value)" }
      if size >= 100 || value.rounded() == value { return grouped(Int(value.rounded())) }
      let digits = size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 5
      var text = decimal(value, digits)
      while text.hasSuffix("0") { text.removeLast() }
      return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
  }
}
