import DRRCore
import Platform

/// Where values lie between the ends of an axis, and what is written beside it.
package struct Axis {
  let isLog: Bool
  let low: Double
  let high: Double

  /// An axis that shows these values; of a logarithmic one at most six powers of ten.
  ///
  /// - Parameter hasZero: whether it begins at 0 where the values are not far from it.
  package init(_ values: some Sequence<Double>, isLog: Bool = false, hasZero: Bool = true) {
    self.isLog = isLog
    let values = values.filter { $0.isFinite && (!isLog || $0 > 0) }
    let (least, most) = (values.min() ?? (isLog ? 1 : 0), values.max() ?? 1)
    if isLog {
      let top = log10(most)
      let bottom = max(log10(least), top - 6)
      low = bottom
      high = top > bottom ? top + 0.02 * (top - bottom) : bottom + 1
    } else {
      let base = hasZero && least >= 0 && least < 0.5 * most ? 0 : least
      let room = most > base ? 0.04 * (most - base) : 1
      low = least < 0 || base == least && least != 0 ? base - room : base
      high = most + room
    }
  }

  /// Whether a value has a place; one below a logarithmic axis is drawn at its foot.
  func has(_ value: Double) -> Bool { value.isFinite && (!isLog || value > 0) }

  package func share(_ value: Double) -> Double {
    let place = isLog ? log10(max(value, .leastNormalMagnitude)) : value
    return min(max((place - low) / (high - low), -1), 2)
  }

  /// - Parameter count: about how many.
  package func ticks(_ count: Int = 6) -> [(value: Double, label: String)] {
    let values: [Double]
    if isLog {
      let steps: [Double] = high - low < 2.2 ? [1, 2, 5] : [1]
      values = (Int(low.rounded(.down))...Int(high.rounded(.up))).flatMap { power in
        steps.map { $0 * pow(10, Double(power)) }
      }.filter { log10($0) >= low - 1e-9 && log10($0) <= high + 1e-9 }
    } else {
      let rough = (high - low) / Double(count)
      let power = pow(10, log10(rough).rounded(.down))
      let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? 10 * power
      // As many digits as tell one tick from the next.
      let digits = step >= 1 || step <= 0 ? 0 : min(Int(ceil(-log10(step) - 1e-9)), 12)
      return stride(from: (low / step).rounded(.up) * step, through: high, by: step)
        .map { abs($0) < step * 1e-9 ? 0 : $0 }
        .map { value in
          (value, digits > 0 && digits < 6 ? decimal(value, digits) : Self.label(value))
        }
    }
    return values.map { ($0, Self.label($0)) }
  }

  /// Three digits or so: 12,500, 3.7, 0.002.
  package static func label(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    if !value.isFinite { return "" }
    if size >= 1e9 || size < 1e-4 {
      let power = log10(size).rounded(.down)
      return "\(label(value / pow(10, power)))e\(Int(power))"
    }
    if size >= 100 || value.rounded() == value { return grouped(Int(value.rounded())) }
    let digits = size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 5
    var text = decimal(value, digits)
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}

/// The frame of a chart: where its plot is, and what stands around it.
struct Frame {
  let x: Axis
  let y: Axis
  let left: Double
  let top: Double
  let width: Double
  let height: Double

  /// A frame whose labels have room on the left.
  init(_ x: Axis, _ y: Axis, total: Double, top: Double, height: Double, hasTitle: Bool) {
    let labels = y.ticks().map { Svg.width($0.label) }.max() ?? 0
    (self.x, self.y, self.top, self.height) = (x, y, top, height)
    left = labels + (hasTitle ? 36 : 18)
    width = total - left - 18
  }

  var right: Double { left + width }
  var bottom: Double { top + height }

  func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
    (left + x.share(point.x) * width, top + (1 - y.share(point.y)) * height)
  }

  func text(_ point: (x: Double, y: Double)) -> String {
    let at = place(point)
    return "\(Svg.number(at.x)) \(Svg.number(at.y))"
  }

  /// The lines of both axes with their numbers, as many as have room.
  func grid(xTitle: String, yTitle: String) -> [String] {
    var elements: [String] = []
    var free = -Double.infinity
    for tick in x.ticks(max(2, Int(width / 70))) {
      let place = left + x.share(tick.value) * width
      elements.append(Svg.rule(place, top, place, bottom, class: "grid"))
      let half = Svg.width(tick.label) / 2
      guard place - half > free + 8 else { continue }
      elements.append(
        Svg.text(place, bottom + 17, tick.label, anchor: "middle", class: "soft"))
      free = place + half
    }
    for tick in y.ticks(max(2, Int(height / 40))) {
      let place = top + (1 - y.share(tick.value)) * height
      elements += [
        Svg.rule(left, place, right, place, class: "grid"),
        Svg.text(left - 8, place + 4, tick.label, anchor: "end", class: "soft"),
      ]
    }
    elements += [
      Svg.rule(left, bottom, right, bottom, class: "axis"),
      Svg.rule(left, top, left, bottom, class: "axis"),
    ]
    if !xTitle.isEmpty {
      elements.append(
        Svg.text(left + width / 2, bottom + 37, xTitle, anchor: "middle", class: "soft"))
    }
    if !yTitle.isEmpty {
      elements.append(
        """
        <text transform="translate(14 \(Svg.number(top + height / 2))) rotate(-90)" \
        text-anchor="middle" class="soft">\(Svg.escaped(yTitle))</text>
        """)
    }
    return elements
  }
}
