import DRRCore
import Platform

/// Things in a plane: all of them small, and some that stand out, with their numbers.
package struct MapChart {
  package struct Point {
    package var x: Double
    package var y: Double
    package var name: String
    /// The colour of its kind; nil: none.
    package var hue: Int?

    package init(x: Double, y: Double, name: String, hue: Int? = nil) {
      (self.x, self.y, self.name, self.hue) = (x, y, name, hue)
    }
  }

  package var title: String
  /// All there is.
  package var points: [Point]
  /// What the drawing of all there is called in a page, where several maps share it; the first of them
  /// draws it.
  package var shared: (name: String, isFirst: Bool)?
  /// Drawn as rings.
  package var rings: [Point]
  /// Drawn as numbered dots, 1 and on.
  package var numbered: [Point]
  /// A way, from its first place to its last, which is marked.
  package var way: [Point]
  package var width: Double

  package init(
    _ title: String, points: [Point], rings: [Point], numbered: [Point], way: [Point] = [],
    width: Double = 420
  ) {
    (self.title, self.points, self.rings) = (title, points, rings)
    (self.numbered, self.way, self.width) = (numbered, way, width)
  }

  private static let radius = 9.0

  package var picture: Picture {
    let height = (width * 0.8).rounded()
    // Few lie far out, and would press the others together.
    let (x, y) = (Self.range(points.map(\.x)), Self.range(points.map(\.y)))
    func place(_ point: Point) -> (x: Double, y: Double) {
      let margin = 14.0
      func at(_ value: Double, _ range: (low: Double, high: Double), _ size: Double) -> Double {
        let share = (value - range.low) / (range.high - range.low)
        return margin + min(max(share, 0), 1) * (size - 2 * margin)
      }
      return (at(point.x, x, width), height - at(point.y, y, height))
    }
    func isWithin(_ point: Point) -> Bool {
      x.low...x.high ~= point.x && y.low...y.high ~= point.y
    }
    let dots = { () -> [String] in
      points.filter(isWithin).map { point in
        let at = place(point)
        return Svg.dot(
          at.x, at.y, 2, class: point.hue.map { ChartStyle.fill($0) } ?? "dust",
          says: point.name, more: " fill-opacity=\"\(point.hue == nil ? "0.75" : "0.55")\"")
      }
    }
    var elements: [String] =
      switch shared {
      case nil: dots()
      case let (name, isFirst)?:
        isFirst
          ? ["<g id=\"\(name)\">"] + dots() + ["</g>"] : ["<use href=\"#\(name)\"/>"]
      }
    elements += rings.map { point in
      let at = place(point)
      return Svg.dot(
        at.x, at.y, 5, class: ChartStyle.stroke(1), says: point.name,
        more: " fill=\"none\" stroke-width=\"2\"")
    }
    if let last = way.last {
      let places = way.map(place).map { "\(Svg.number($0.x)) \(Svg.number($0.y))" }
      elements.append(
        "<path d=\"M\(places.joined(separator: " L"))\" fill=\"none\" "
          + "class=\"\(ChartStyle.stroke(3))\" stroke-width=\"2\"/>")
      let at = place(last)
      elements.append(
        Svg.dot(at.x, at.y, 6, class: ChartStyle.fill(3), says: last.name))
    }
    let places = numbered.map(place)
    let apart = Self.apart(places, width: width, height: height)
    for (from, to) in zip(places, apart) where hypot(from.x - to.x, from.y - to.y) > 2 {
      elements.append(Svg.rule(from.x, from.y, to.x, to.y, class: ChartStyle.stroke(0)))
    }
    for (number, (point, at)) in zip(numbered, apart).enumerated() {
      elements += [
        Svg.dot(at.x, at.y, Self.radius, class: ChartStyle.fill(0), says: point.name),
        Svg.text(
          at.x, at.y + 3.8, "\(number + 1)", size: 10.5, anchor: "middle", class: "paper",
          weight: "600"),
      ]
    }
    return Picture(title, width: width, height: height, elements: elements)
  }

  /// From the 1st to the 99th percentile, and a little more.
  private static func range(_ values: [Double]) -> (low: Double, high: Double) {
    let sorted = values.filter(\.isFinite).sorted()
    guard let first = sorted.first, let last = sorted.last, last > first else {
      return ((sorted.first ?? 0) - 1, (sorted.first ?? 0) + 1)
    }
    let low = sorted[sorted.count / 100]
    let high = sorted[sorted.count - 1 - sorted.count / 100]
    let room = 0.06 * max(high - low, 1e-9)
    return (low - room, high + room)
  }

  /// The same places, moved until no two dots lie on each other.
  private static func apart(
    _ places: [(x: Double, y: Double)], width: Double, height: Double
  ) -> [(x: Double, y: Double)] {
    var found = places
    let distance = 2 * radius + 1.5
    for _ in 0..<200 {
      var isDone = true
      for first in found.indices {
        for second in found.indices where second > first {
          var (dx, dy) = (found[second].x - found[first].x, found[second].y - found[first].y)
          let length = hypot(dx, dy)
          guard length < distance else { continue }
          isDone = false
          // Two in one place part in a direction of their own.
          if length < 1e-6 { (dx, dy) = (cos(Double(second)), sin(Double(second))) }
          let push = (distance - length) / 2 / max(hypot(dx, dy), 1e-6)
          found[first].x -= dx * push
          found[first].y -= dy * push
          found[second].x += dx * push
          found[second].y += dy * push
        }
      }
      for place in found.indices {
        found[place].x = min(max(found[place].x, radius + 1), width - radius - 1)
        found[place].y = min(max(found[place].y, radius + 1), height - radius - 1)
      }
      if isDone { break }
    }
    return found
  }
}
