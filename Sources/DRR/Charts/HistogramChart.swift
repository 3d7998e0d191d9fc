import DRRCore
import Platform

/// How many of something lie in each of some ranges of equal width on a logarithmic axis. Bars rise
/// by powers of ten as well, so that a few large values are seen beside many small ones.
package struct HistogramChart {
  package var title: String
  package var xTitle: String
  /// What is counted, in the plural.
  package var unit: String
  /// Bounds of the ranges, ascending, one more than there are counts.
  package var edges: [Double]
  package var counts: [Int]
  /// What lies left and right of all ranges, each with a bar of its own: a name and a count.
  package var before: [(name: String, count: Int)] = []
  package var after: [(name: String, count: Int)] = []
  /// A value that stands out, and what is said of it; ranges above it have another colour.
  package var mark: (x: Double, words: String)?
  package var width: Double

  package init(
    _ title: String, x: String, unit: String, edges: [Double], counts: [Int], width: Double = 420
  ) {
    (self.title, xTitle, self.unit, self.edges) = (title, x, unit, edges)
    (self.counts, self.width) = (counts, width)
  }

  package var picture: Picture {
    let (top, height, slot) = (24.0, 150.0, 46.0)
    let (first, last) = (before.filter { $0.count > 0 }, after.filter { $0.count > 0 })
    let total = grouped((counts + (first + last).map(\.count)).reduce(0, +))
    let most = (counts + (first + last).map(\.count)).max() ?? 1
    // One is a bar, and nothing is none.
    let axis = Axis([0.6, Double(max(most, 2))], isLog: true)
    let left = (axis.ticks().map { Svg.width($0.label) }.max() ?? 0) + 18
    let (plotLeft, plotRight) = (
      left + slot * Double(first.count), width - 14 - slot * Double(last.count)
    )
    let bottom = top + height
    func y(_ count: Int) -> Double { top + (1 - axis.share(Double(count))) * height }
    func x(_ edge: Double) -> Double {
      plotLeft + edge / Double(max(counts.count, 1)) * (plotRight - plotLeft)
    }
    var elements: [String] = []
    for tick in axis.ticks(max(2, Int(height / 40))) {
      let place = top + (1 - axis.share(tick.value)) * height
      elements += [
        Svg.rule(left, place, width - 14, place, class: "grid"),
        Svg.text(left - 8, place + 4, tick.label, anchor: "end", class: "soft"),
      ]
    }
    func bar(_ from: Double, _ to: Double, _ count: Int, _ hue: Int, _ name: String) {
      guard count > 0 else { return }
      elements.append(
        "<rect x=\"\(Svg.number(from))\" y=\"\(Svg.number(y(count)))\" "
          + "width=\"\(Svg.number(max(to - from, 1)))\" "
          + "height=\"\(Svg.number(bottom - y(count)))\" class=\"\(ChartStyle.fill(hue))\">"
          + "<title>\(Svg.escaped("\(name): \(grouped(count)) of \(total) \(unit)"))</title></rect>"
      )
    }
    func aside(_ bars: [(name: String, count: Int)], from start: Double) {
      for (place, found) in bars.enumerated() {
        let at = start + slot * Double(place)
        bar(at + 8, at + slot - 8, found.count, 8, found.name)
        elements.append(
          Svg.text(at + slot / 2, bottom + 17, found.name, anchor: "middle", class: "soft"))
      }
    }
    aside(first, from: left)
    aside(last, from: plotRight)
    for (place, count) in counts.enumerated() {
      let isBeyond = mark.map { edges[place] >= $0.x } ?? false
      bar(
        x(Double(place)) + 0.5, x(Double(place) + 1) - 0.5, count, isBeyond ? 1 : 0,
        "\(Axis.label(edges[place])) to \(Axis.label(edges[place + 1]))")
    }
    // Numbers keep clear of the names of what lies beside the ranges.
    func room(_ name: String?) -> Double { name.map { max(0, (Svg.width($0) - slot) / 2) } ?? 0 }
    elements += ticks(
      x, bottom, from: plotLeft + room(first.last?.name), to: plotRight - room(last.first?.name),
      isCut: (!first.isEmpty, !last.isEmpty))
    elements += [
      Svg.rule(left, bottom, width - 14, bottom, class: "axis"),
      Svg.text((plotLeft + plotRight) / 2, bottom + 37, xTitle, anchor: "middle", class: "soft"),
      Svg.text(left, 12, unit, class: "soft"),
    ]
    if let mark, let low = edges.first, let high = edges.last, low <= mark.x, mark.x <= high {
      let span = high > low ? log10(mark.x / low) / log10(high / low) : 0
      let at = x(span * Double(counts.count))
      // Beside the name of what is counted.
      let half = Svg.width(mark.words) / 2
      let middle = min(max(at, left + Svg.width(unit) + half + 12), width - 14 - half)
      elements += [
        Svg.rule(at, top - 6, at, bottom, class: "axis", width: 1.5, dashes: "4 3"),
        Svg.text(middle, 12, mark.words, anchor: "middle", class: "ink", weight: "600"),
      ]
    }
    return Picture(title, width: width, height: bottom + 44, elements: elements)
  }

  /// The bounds that are powers of ten, with as many numbers as have room; where names stand beside
  /// the ranges, only what lies between them.
  private func ticks(
    _ x: (Double) -> Double, _ bottom: Double, from left: Double, to right: Double,
    isCut: (left: Bool, right: Bool)
  ) -> [String] {
    var free = isCut.left ? left - 4 : -Double.infinity
    return edges.enumerated().filter { _, edge in
      let power = log10(edge)
      return abs(power - power.rounded()) < 1e-6
    }.flatMap { place, edge -> [String] in
      let (at, label) = (x(Double(place)), Axis.label(edge))
      let half = Svg.width(label) / 2
      guard at - half > free + 8, !isCut.right || at + half < right - 4 else { return [] }
      free = at + half
      return [
        Svg.rule(at, bottom, at, bottom + 4, class: "axis"),
        Svg.text(at, bottom + 17, label, anchor: "middle", class: "soft"),
      ]
    }
  }
}
