import DRRCore
import Platform

/// Parallel coordinates: an axis beside the other for each setting, a line across them for each
/// trial, the best first.
package struct ParallelChart {
  package struct Axis {
    package var name: String
    /// A trial each, as it was written.
    package var values: [String]

    package init(_ name: String, _ values: [String]) { (self.name, self.values) = (name, values) }
  }

  package var title: String
  package var axes: [Axis]
  /// How many of the first trials are in colour.
  package var marked: Int
  package var width: Double

  package init(_ title: String, axes: [Axis], marked: Int, width: Double = 720) {
    (self.title, self.axes, self.marked, self.width) = (title, axes, marked, width)
  }

  package var picture: Picture {
    let (top, height) = (34.0, 240.0)
    let scales = axes.map { Scale($0.values) }
    let margin = 56.0
    let gap = axes.count > 1 ? (width - 2 * margin) / Double(axes.count - 1) : 0
    func x(_ axis: Int) -> Double { margin + gap * Double(axis) }
    func y(_ share: Double) -> Double { top + (1 - share) * height }
    var elements: [String] = []
    let count = axes.first?.values.count ?? 0
    for trial in (0..<count).reversed() {
      let points = axes.indices.map { axis in
        "\(Svg.number(x(axis))) \(Svg.number(y(scales[axis].share(axes[axis].values[trial]))))"
      }
      let isMarked = trial < marked
      elements.append(
        "<path d=\"M\(points.joined(separator: " L"))\" fill=\"none\" "
          + "class=\"\(isMarked ? ChartStyle.stroke(trial == 0 ? 1 : 0) : "axis")\" "
          + "stroke-width=\"\(trial == 0 ? 3 : 1.5)\" "
          + "stroke-opacity=\"\(isMarked ? "0.9" : "0.3")\"><title>"
          + Svg.escaped(axes.map { "\($0.name) \($0.values[trial])" }.joined(separator: ", "))
          + "</title></path>")
    }
    for (axis, scale) in scales.enumerated() {
      elements += [
        Svg.rule(x(axis), top, x(axis), top + height, class: "axis"),
        Svg.text(
          x(axis), top - 14, Svg.fitting(axes[axis].name, max(gap, 100) - 8), anchor: "middle",
          class: "ink", weight: "600"),
      ]
      for tick in scale.ticks {
        elements.append(
          "<text x=\"\(Svg.number(x(axis) + 6))\" y=\"\(Svg.number(y(tick.share) + 4))\" "
            + "class=\"soft halo\" paint-order=\"stroke\" stroke-width=\"4\">"
            + Svg.escaped(Svg.fitting(tick.label, max(gap, 60) - 12)) + "</text>")
      }
    }
    return Picture(title, width: width, height: top + height + 18, elements: elements)
  }

  /// Where values lie on an axis: numbers by their size, by powers of ten where they span more than
  /// two; other words in turn.
  private struct Scale {
    private let words: [String]
    private let ends: (low: Double, high: Double)?
    private let isLog: Bool

    init(_ values: [String]) {
      let numbers = values.compactMap(Double.init)
      guard numbers.count == values.count, let low = numbers.min(), let high = numbers.max() else {
        words = Set(values).sorted()
        (ends, isLog) = (nil, false)
        return
      }
      words = []
      isLog = low > 0 && high / low > 20
      ends = (low, high)
    }

    func share(_ value: String) -> Double {
      guard let ends else {
        return words.count > 1
          ? Double(words.firstIndex(of: value) ?? 0) / Double(words.count - 1) : 0.5
      }
      let number = Double(value) ?? ends.low
      guard ends.high > ends.low else { return 0.5 }
      return isLog
        ? log(number / ends.low) / log(ends.high / ends.low)
        : (number - ends.low) / (ends.high - ends.low)
    }

    var ticks: [(share: Double, label: String)] {
      guard let ends else { return words.map { (share($0), $0) } }
      guard ends.high > ends.low else { return [(0.5, Charts.Axis.label(ends.low))] }
      let middle = isLog ? (ends.low * ends.high).squareRoot() : (ends.low + ends.high) / 2
      return zip([0, 0.5, 1], [ends.low, middle, ends.high]).map { ($0, Charts.Axis.label($1)) }
    }
  }
}
