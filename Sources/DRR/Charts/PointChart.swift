import DRRCore
import Platform

/// Points on two logarithmic axes, under lines that bound them. Points are numbered; a list beneath
/// names them.
package struct PointChart {
  package struct Point {
    package var x: Double
    package var y: Double
    package var name: String
    package var hue: Int

    package init(x: Double, y: Double, name: String, hue: Int) {
      (self.x, self.y, self.name, self.hue) = (x, y, name, hue)
    }
  }

  package struct Line {
    package var name: String
    package var from: (x: Double, y: Double)
    package var to: (x: Double, y: Double)
    package var hue: Int

    package init(
      _ name: String, from: (x: Double, y: Double), to: (x: Double, y: Double), hue: Int
    ) {
      (self.name, self.from, self.to, self.hue) = (name, from, to, hue)
    }
  }

  package var title: String
  package var xTitle: String
  package var yTitle: String
  /// Above 0.
  package var points: [Point]
  package var lines: [Line]
  package var width: Double

  package init(
    _ title: String, x: String, y: String, points: [Point], lines: [Line], width: Double = 960
  ) {
    (self.title, xTitle, yTitle) = (title, x, y)
    (self.points, self.lines, self.width) = (points, lines, width)
  }

  package var picture: Picture {
    let ends = lines.flatMap { [$0.from, $0.to] }
    let frame = Frame(
      Self.axis(points.map(\.x) + ends.map(\.x)), Self.axis(points.map(\.y) + ends.map(\.y)),
      total: width, top: 10, height: (width * 0.66).rounded(), hasTitle: true)
    var elements = frame.grid(xTitle: xTitle, yTitle: yTitle)
    for line in lines {
      let (from, to) = (Self.place(line.from, frame), Self.place(line.to, frame))
      elements.append(
        Svg.rule(from.x, from.y, to.x, to.y, class: ChartStyle.stroke(line.hue), width: 2))
    }
    elements += marks(frame)
    let (keys, foot) = legend(from: frame.bottom + 62)
    let (names, height) = list(from: foot + 14)
    return Picture(title, width: width, height: height, elements: elements + keys + names)
  }

  /// From a power of ten to another.
  private static func axis(_ values: [Double]) -> Axis {
    let found = values.filter { $0 > 0 && $0.isFinite }.map(log10)
    let low = (found.min() ?? 0).rounded(.down)
    let high = max((found.max() ?? 1).rounded(.up), low + 1)
    return Axis([pow(10, low), pow(10, high)], isLog: true)
  }

  /// What lies below an axis is at its foot.
  private static func place(
    _ point: (x: Double, y: Double), _ frame: Frame
  ) -> (x: Double, y: Double) {
    let at = frame.place(point)
    return (min(max(at.x, frame.left), frame.right), min(max(at.y, frame.top), frame.bottom))
  }

  private func marks(_ frame: Frame) -> [String] {
    let dots = points.map { Self.place(($0.x, $0.y), frame) }
    var taken: [(x: Double, y: Double)] = []
    return zip(points, dots).enumerated().flatMap { number, found in
      let (point, at) = found
      let label = Self.free(at, dots, &taken)
      return [
        Svg.dot(
          at.x, at.y, 3.5, class: ChartStyle.fill(point.hue),
          says: "\(number + 1) \(point.name): \(Axis.label(point.y))"),
        Svg.text(label.x, label.y, "\(number + 1)", size: 10, class: "ink"),
      ]
    }
  }

  /// The nearest place for a number beside a point that is free of numbers and dots.
  private static func free(
    _ at: (x: Double, y: Double), _ dots: [(x: Double, y: Double)],
    _ taken: inout [(x: Double, y: Double)]
  ) -> (x: Double, y: Double) {
    let around: [(Double, Double)] = [(5, -4), (5, 11), (-16, -4), (-16, 11)]
    let further = (1...16).flatMap { step -> [(Double, Double)] in
      let (across, down) = (12 * Double(step / 3), 11 * Double(step % 3 - 1))
      return around.map { ($0 > 0 ? $0 + across : $0 - across, $1 + down) }
    }
    let found =
      (around + further).first { dx, dy in
        let (left, bottom) = (at.x + dx, at.y + dy)
        return !taken.contains { abs($0.x - left) < 15 && abs($0.y - bottom) < 11 }
          && !dots.contains {
            left < $0.x + 4 && left + 13 > $0.x - 4 && bottom > $0.y - 4 && bottom - 8 < $0.y + 4
          }
      } ?? around[0]
    taken.append((at.x + found.0, at.y + found.1))
    return (at.x + found.0, at.y + found.1)
  }

  /// The lines, one beneath the other.
  private func legend(from top: Double) -> (elements: [String], bottom: Double) {
    let elements = lines.enumerated().flatMap { number, line in
      let y = top + 19 * Double(number)
      return [
        Svg.rule(10, y - 4, 34, y - 4, class: ChartStyle.stroke(line.hue), width: 2.5),
        Svg.text(41, y, Svg.fitting(line.name, width - 51)),
      ]
    }
    return (elements, top + 19 * Double(lines.count))
  }

  /// Number, name and height of every point, down the columns, in as many as have room.
  private func list(from top: Double) -> (elements: [String], bottom: Double) {
    let (size, high) = (11.0, 15.0)
    let values = points.map { Axis.label($0.y) }
    let widest =
      zip(points, values).map {
        Svg.width($0.name, size: size) + Svg.width($1, size: size) + 56
      }.max() ?? 1
    let columns = max(1, min(4, Int((width - 20) / widest)))
    let column = (width - 20) / Double(columns)
    let rows = (points.count + columns - 1) / columns
    // What the numbers are, above each column.
    let heads = (0..<min(columns, points.count)).map { place in
      Svg.text(
        10 + column * Double(place + 1) - 14, top, yTitle, size: size, anchor: "end", class: "soft")
    }
    let elements = points.enumerated().flatMap { number, point in
      let x = 10 + column * Double(number / max(rows, 1))
      let y = top + high * Double(number % max(rows, 1) + 1)
      let room = column - 56 - Svg.width(values[number], size: size)
      return [
        Svg.text(x + 18, y, "\(number + 1)", size: size, anchor: "end", class: "soft"),
        "<rect x=\"\(Svg.number(x + 23))\" y=\"\(Svg.number(y - 7.5))\" width=\"7\" height=\"7\" "
          + "class=\"\(ChartStyle.fill(point.hue))\"/>",
        Svg.text(x + 35, y, Svg.fitting(point.name, room, size: size), size: size),
        Svg.text(x + column - 14, y, values[number], size: size, anchor: "end", class: "soft"),
      ]
    }
    return (heads + elements, top + high * Double(rows + 1) + 2)
  }
}
