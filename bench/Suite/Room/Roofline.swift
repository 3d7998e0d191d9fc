import DRR
import Platform

/// Ops under the ceilings of their device (Williams, Waterman & Patterson 2009): operations a byte
/// to the right, GFLOP/s upwards, both by powers of ten. Points are numbered; a list names them.
package struct Roofline {
  package struct Point: Sendable {
    package var name: String
    package var intensity: Double
    package var gigaflops: Double
    package var isStreaming: Bool

    package init(name: String, intensity: Double, gigaflops: Double, isStreaming: Bool) {
      (self.name, self.intensity) = (name, intensity)
      (self.gigaflops, self.isStreaming) = (gigaflops, isStreaming)
    }
  }

  package var points: [Point]
  /// GB/s of the sloped ceilings, by name.
  package var slopes: [(name: String, gigabytes: Double)]
  package var peak: Double
  package var title: String

  package init(
    points: [Point], slopes: [(name: String, gigabytes: Double)], peak: Double, title: String
  ) {
    (self.points, self.slopes, self.peak, self.title) = (points, slopes, peak, title)
  }

  init(_ figures: [Figure], _ ceilings: Ceilings, _ stamp: Stamp) {
    points = figures.compactMap { figure in
      guard let flops = figure.flops, let bytes = figure.bytes, flops > 0, bytes > 0,
        let gigaflops = figure.gigaflops
      else { return nil }
      return Point(
        name: figure.name, intensity: flops / bytes, gigaflops: gigaflops,
        isStreaming: figure.residence == "memory")
    }
    slopes = [
      ("cache", ceilings.cacheBandwidth / 1e9), ("memory", ceilings.memoryBandwidth / 1e9),
    ]
    peak = ceilings.arithmetic / 1e9
    title =
      "\(stamp.name), \(stamp.threads) thread\(stamp.threads == 1 ? "" : "s"), \(stamp.driver)"
  }

  // MARK: - Geometry

  private static let (left, top, width) = (70.0, 50.0, 760.0)
  private static let listLine = 15.0

  /// As high as the list is long, within reason.
  private var height: Double { min(max(560, Self.listLine * Double(points.count) - 40), 900) }

  /// Whole powers of ten around what is drawn.
  private var bounds: (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    let xs = points.map(\.intensity) + slopes.map { peak / max($0.gigabytes, 1e-9) }
    let ys = points.map(\.gigaflops) + [peak]
    func powers(_ values: [Double]) -> ClosedRange<Double> {
      let found = values.filter { $0 > 0 && $0.isFinite }.map(log10)
      let (low, high) = ((found.min() ?? 0).rounded(.down), (found.max() ?? 1).rounded(.up))
      return low...max(high, low + 1)
    }
    return (powers(xs), powers(ys))
  }

  package var svg: String {
    let bounds = bounds
    func x(_ value: Double) -> Double {
      let share = (log10(value) - bounds.x.lowerBound) / (bounds.x.upperBound - bounds.x.lowerBound)
      return Self.left + share * Self.width
    }
    func y(_ value: Double) -> Double {
      let share = (log10(value) - bounds.y.lowerBound) / (bounds.y.upperBound - bounds.y.lowerBound)
      return Self.top + (1 - share) * height
    }
    let total = max(Self.top + height + 60, 70 + Self.listLine * Double(points.count))
    var lines = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" width="1240" height="\(Int(total))" \
      viewBox="0 0 1240 \(Int(total))" font-family="sans-serif" font-size="12">
      """,
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
      text(Self.left, 28, title, size: 15),
      text(
        Self.left + Self.width + 30, 28, "GFLOP/s; inputs in a cache: blue, in memory: red",
        size: 11),
      text(
        Self.left + Self.width / 2, Self.top + height + 42, "FLOP a byte", anchor: "middle"),
      """
      <text transform="translate(20 \(number(Self.top + height / 2))) rotate(-90)" \
      text-anchor="middle">GFLOP/s</text>
      """,
    ]
    lines += grid(bounds, x, y)
    lines += roofs(bounds, x, y)
    lines += marks(x, y)
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func grid(
    _ bounds: (x: ClosedRange<Double>, y: ClosedRange<Double>), _ x: (Double) -> Double,
    _ y: (Double) -> Double
  ) -> [String] {
    let bottom = Self.top + height
    let columns = stride(from: bounds.x.lowerBound, through: bounds.x.upperBound, by: 1).flatMap {
      let place = x(pow(10, $0))
      return [
        line(place, Self.top, place, bottom, "#dddddd"),
        text(place, bottom + 18, power($0), anchor: "middle"),
      ]
    }
    let rows = stride(from: bounds.y.lowerBound, through: bounds.y.upperBound, by: 1).flatMap {
      let place = y(pow(10, $0))
      return [
        line(Self.left, place, Self.left + Self.width, place, "#dddddd"),
        text(Self.left - 8, place + 4, power($0), anchor: "end"),
      ]
    }
    return columns + rows
  }

  /// Each slope up to the peak, and the peak from where the steepest meets it.
  private func roofs(
    _ bounds: (x: ClosedRange<Double>, y: ClosedRange<Double>), _ x: (Double) -> Double,
    _ y: (Double) -> Double
  ) -> [String] {
    guard peak > 0 else { return [] }
    let (right, low) = (pow(10, bounds.x.upperBound), pow(10, bounds.y.lowerBound))
    let most = slopes.map(\.gigabytes).max() ?? peak
    var lines = [
      line(x(min(peak / most, right)), y(peak), x(right), y(peak), "#444444", width: 2),
      text(
        x(right) - 6, y(peak) - 7, "multiply-add, \(significant(peak)) GFLOP/s", anchor: "end"),
    ]
    for slope in slopes where slope.gigabytes > 0 {
      let first = max(pow(10, bounds.x.lowerBound), low / slope.gigabytes)
      let last = min(peak / slope.gigabytes, right)
      guard first < last else { continue }
      let color = slope.name == "memory" ? "#b3261e" : "#1b5e9b"
      lines.append(
        line(
          x(first), y(first * slope.gigabytes), x(last), y(last * slope.gigabytes), color, width: 2)
      )
      // Written along the slope.
      let (x1, y1) = (x(first), y(first * slope.gigabytes))
      let (x2, y2) = (x(last), y(last * slope.gigabytes))
      let angle = atan2(y2 - y1, x2 - x1) * 180 / .pi
      lines.append(
        """
        <text transform="translate(\(number(x1 + 0.06 * (x2 - x1))) \
        \(number(y1 + 0.06 * (y2 - y1) - 7))) rotate(\(number(angle)))" fill="\(color)">\
        \(slope.name), \(significant(slope.gigabytes)) GB/s</text>
        """)
    }
    return lines
  }

  private func marks(_ x: (Double) -> Double, _ y: (Double) -> Double) -> [String] {
    let listX = Self.left + Self.width + 30
    let circles = points.map { (x: x($0.intensity), y: y($0.gigaflops)) }
    var taken: [(x: Double, y: Double)] = []
    return points.enumerated().flatMap { index, point in
      let color = point.isStreaming ? "#b3261e" : "#1b5e9b"
      let (px, py) = circles[index]
      let label = place(px, py, clearOf: circles, &taken)
      let line = 60 + Self.listLine * Double(index)
      return [
        "<circle cx=\"\(number(px))\" cy=\"\(number(py))\" r=\"3.5\" fill=\"\(color)\"/>",
        text(label.x, label.y, "\(index + 1)", size: 10),
        text(
          listX, line, "\(index + 1)  \(point.name): \(significant(point.gigaflops))", size: 11,
          color: color),
      ]
    }
  }

  /// The nearest place for a number beside a point that is free of numbers and circles.
  private func place(
    _ x: Double, _ y: Double, clearOf circles: [(x: Double, y: Double)],
    _ taken: inout [(x: Double, y: Double)]
  ) -> (x: Double, y: Double) {
    let around: [(Double, Double)] = [(5, -4), (5, 11), (-16, -4), (-16, 11)]
    var further: [(Double, Double)] = []
    for step in 1...12 {
      let (across, down) = (12 * Double(step / 3), 11 * Double(step % 3 - 1))
      for (dx, dy) in around { further.append((dx > 0 ? dx + across : dx - across, dy + down)) }
    }
    let free = (around + further).first { dx, dy in
      let (left, bottom) = (x + dx, y + dy)
      return !taken.contains { abs($0.x - left) < 13 && abs($0.y - bottom) < 10 }
        && !circles.contains {
          left < $0.x + 4 && left + 12 > $0.x - 4 && bottom > $0.y - 4 && bottom - 8 < $0.y + 4
        }
    }
    let found = free ?? around[0]
    taken.append((x + found.0, y + found.1))
    return (x + found.0, y + found.1)
  }

  // MARK: - Elements

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String, width: Double = 1
  ) -> String {
    """
    <line x1="\(number(x1))" y1="\(number(y1))" x2="\(number(x2))" y2="\(number(y2))" \
    stroke="\(color)" stroke-width="\(number(width))"/>
    """
  }

  private func text(
    _ x: Double, _ y: Double, _ words: String, size: Int = 12, anchor: String = "start",
    color: String = "#222222"
  ) -> String {
    let escaped = words.map { character in
      switch character {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      default: String(character)
      }
    }.joined()
    return """
      <text x="\(number(x))" y="\(number(y))" font-size="\(size)" text-anchor="\(anchor)" \
      fill="\(color)">\(escaped)</text>
      """
  }

  private func number(_ value: Double) -> String { decimal(value, 1) }

  private func power(_ exponent: Double) -> String {
    exponent < 0 ? decimal(pow(10, exponent), Int(-exponent)) : decimal(pow(10, exponent), 0)
  }
}
