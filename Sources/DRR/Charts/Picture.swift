import DRRCore

/// A picture in SVG, of a width that is scaled to the room there is.
package struct Picture {
  package var title: String
  package var width: Double
  package var height: Double
  /// Elements, from back to front.
  package var elements: [String] = []

  package init(_ title: String, width: Double, height: Double, elements: [String] = []) {
    (self.title, self.width, self.height) = (title, width, height)
    self.elements = elements
  }

  /// The element, for a page that has the styles.
  package var inline: String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Svg.number(width)) \
    \(Svg.number(height))" role="img" font-family="system-ui,sans-serif" font-size="12">
    <title>\(Svg.escaped(title))</title>
    \(elements.joined(separator: "\n"))
    </svg>
    """
  }

  /// A file of its own, with its title above.
  package var file: String {
    let room = 38.0
    let size = "\(Svg.number(width))\" height=\"\(Svg.number(height + room))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(size)" viewBox="0 0 \(Svg.number(width)) \
      \(Svg.number(height + room))" role="img" font-family="sans-serif" font-size="12">
      <title>\(Svg.escaped(title))</title>
      <style>\(ChartStyle.css)</style>
      <rect width="100%" height="100%" class="paper"/>
      \(Svg.text(14, 25, title, size: 15, class: "ink", weight: "600"))
      <g transform="translate(0 \(Svg.number(room)))">
      \(elements.joined(separator: "\n"))
      </g>
      </svg>

      """
  }
}

/// Elements of SVG.
package enum Svg {
  package static func number(_ value: Double) -> String {
    let text = decimal(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  package static func rule(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String,
    width: Double = 1, dashes: String? = nil
  ) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
      + "class=\"\(name)\" stroke-width=\"\(number(width))\""
      + (dashes.map { " stroke-dasharray=\"\($0)\"" } ?? "") + "/>"
  }

  package static func text(
    _ x: Double, _ y: Double, _ words: String, size: Double = 12, anchor: String = "start",
    class name: String = "ink", weight: String? = nil
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\" "
      + "text-anchor=\"\(anchor)\" class=\"\(name)\""
      + (weight.map { " font-weight=\"\($0)\"" } ?? "") + ">\(escaped(words))</text>"
  }

  /// A dot, which says a text where it is pointed at.
  package static func dot(
    _ x: Double, _ y: Double, _ radius: Double, class name: String, says words: String? = nil,
    more: String = ""
  ) -> String {
    let head =
      "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\" "
      + "class=\"\(name)\"\(more)"
    return words.map { head + "><title>\(escaped($0))</title></circle>" } ?? head + "/>"
  }

  /// About how wide a text is.
  package static func width(_ words: String, size: Double = 12) -> Double {
    words.unicodeScalars.reduce(0) { sum, scalar in
      let share =
        switch scalar {
        case "i", "l", "j", "t", "f", "I", ".", ",", ":", ";", "'", "|", "!", " ", "(", ")": 0.34
        case "m", "w", "M", "W", "@", "—": 0.92
        case "A"..."Z": 0.7
        default: 0.58
        }
      return sum + share * size
    }
  }

  /// A text that is no wider than that: cut at its end, with an ellipsis.
  package static func fitting(_ words: String, _ room: Double, size: Double = 12) -> String {
    guard width(words, size: size) > room else { return words }
    var cut = words
    while !cut.isEmpty, width(cut + "…", size: size) > room { cut.removeLast() }
    return cut + "…"
  }

  /// Text that is XML's, whatever its characters.
  package static func escaped(_ words: String) -> String {
    words.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      // XML 1.0 has no other control characters.
      case "\t", "\n", "\r": " "
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
      default: String(scalar)
      }
    }.joined()
  }
}
