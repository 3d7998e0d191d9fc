import DRRCore
import Platform

package typealias Bytes = UnsafeBufferPointer<UInt8>

/// What parts the fields of a line.
public enum Separator: String, CaseIterable, Sendable {
  case comma = ","
  case tab
  case semicolon = ";"
  case pipe = "|"
  case doubleColon = "::"
  /// Blanks and tabs, as many as there are.
  case blank

  /// As messages name several.
  package var plural: String {
    switch self {
    case .comma: "commas"
    case .tab: "tabs"
    case .semicolon: "semicolons"
    case .pipe: "|"
    case .doubleColon: "::"
    case .blank: "blanks"
    }
  }

  /// The one that a first line is written with: `::` or a tab where it has any, otherwise that of
  /// which it has most; nil where it has none.
  static func of(_ line: String) -> Separator? {
    if line.contains("::") { return .doubleColon }
    if line.utf8.contains(Self.tab.byte) { return .tab }
    var (most, found) = (0, nil as Separator?)
    for separator in [Self.comma, .semicolon, .pipe, .blank] where most == 0 || separator != .blank
    {
      let count = line.utf8.count { $0 == separator.byte }
      if count > most { (most, found) = (count, separator) }
    }
    return found
  }

  /// Whether a field may stand in quotation marks, with separators and line ends of its own.
  var quotes: Bool { self == .comma || self == .semicolon || self == .pipe }

  /// The first byte of it.
  var byte: UInt8 {
    switch self {
    case .comma: 44
    case .tab: 9
    case .semicolon: 59
    case .pipe: 124
    case .doubleColon: 58
    case .blank: 32
    }
  }
}

/// The fields of one line, as pointers into it.
package struct Fields {
  private(set) var fields: [Bytes] = []
  package private(set) var count = 0
  /// Fields beyond this many are counted, not kept.
  private let kept: Int

  package init(kept: Int) {
    self.kept = kept
    fields = Array(repeating: Bytes(start: nil, count: 0), count: kept)
  }

  package subscript(index: Int) -> Bytes { fields[index] }

  /// - Parameter number: of its first line, for messages.
  /// - Throws: where a quoted field is not closed, or goes on behind its closing mark.
  package mutating func split(
    _ line: Bytes, _ separator: Separator, of file: String, _ number: Int
  ) throws(DataError) {
    count = 0
    switch separator {
    case .tab: split(line, by: 9)
    case .blank: splitBlank(line)
    case .doubleColon: splitDoubleColon(line)
    case .comma, .semicolon, .pipe: try splitQuoted(line, separator.byte, file, number)
    }
  }

  private mutating func keep(_ line: Bytes, _ start: Int, _ end: Int) {
    if count < kept { fields[count] = Bytes(rebasing: line[start..<end]) }
    count += 1
  }

  private mutating func split(_ line: Bytes, by separator: UInt8) {
    var start = 0
    for index in 0..<line.count where line[index] == separator {
      keep(line, start, index)
      start = index + 1
    }
    keep(line, start, line.count)
  }

  private mutating func splitBlank(_ line: Bytes) {
    var start = 0
    for index in 0...line.count {
      guard index == line.count || line[index] == 32 || line[index] == 9 else { continue }
      if index > start { keep(line, start, index) }
      start = index + 1
    }
  }

  private mutating func splitDoubleColon(_ line: Bytes) {
    var start = 0
    var index = 0
    while index + 1 < line.count {
      if line[index] == 58, line[index + 1] == 58 {
        keep(line, start, index)
        index += 2
        start = index
      } else {
        index += 1
      }
    }
    keep(line, start, line.count)
  }

  private mutating func splitQuoted(
    _ line: Bytes, _ separator: UInt8, _ file: String, _ number: Int
  ) throws(DataError) {
    var (start, number) = (0, number)
    while true {
      var end = start
      if start < line.count, line[start] == 34 {
        guard let mark = Self.closingMark(line, start + 1, separator) else {
          throw .quoting(file: file, line: number)
        }
        let breaks = Self.breaks(Bytes(rebasing: line[start..<mark.at]))
        end = mark.at + 1
        if end < line.count, line[end] != separator {
          throw .line(
            .behindQuote(
              file: file, line: number, breaks, Bytes(rebasing: line[end...]), separator))
        }
        let text = start + 1..<mark.at
        keep(line, start + 1, mark.isFirst ? mark.at : Self.closeUp(line, text, separator))
        number += breaks
      } else {
        while end < line.count, line[end] != separator { end += 1 }
        keep(line, start, end)
      }
      if end >= line.count { return }
      start = end + 1
    }
  }

  /// The mark that closes a quoted field whose text begins at `start`, and whether it is the first
  /// in it; nil where none does.
  ///
  /// A doubled mark is of the field itself, and so is one behind a backslash in exports by
  /// semicolons (Book-Crossing), unless the field or the line ends there.
  private static func closingMark(
    _ text: Bytes, _ start: Int, _ separator: UInt8
  ) -> (at: Int, isFirst: Bool)? {
    guard let first = text.baseAddress else { return nil }
    var from = start
    while from < text.count, let found = memchr(first + from, 34, text.count - from) {
      let mark = UnsafeRawPointer(found) - UnsafeRawPointer(first)
      let next = mark + 1 < text.count ? text[mark + 1] : 10
      if separator == 59, mark > start, text[mark - 1] == 92, ![59, 10, 13].contains(next) {
        from = mark + 1
      } else if next == 34 {
        from = mark + 2
      } else {
        return (mark, from == start)
      }
    }
    return nil
  }

  /// Makes one of every two bytes that stand for a mark, and returns the end of what is left. The
  /// line's memory is the scanner's own.
  private static func closeUp(_ line: Bytes, _ field: Range<Int>, _ separator: UInt8) -> Int {
    let text = UnsafeMutablePointer(mutating: line.baseAddress!)
    var (read, write) = (field.lowerBound, field.lowerBound)
    while read < field.upperBound {
      let isMarked = read + 1 < field.upperBound && line[read + 1] == 34
      if isMarked, line[read] == 34 || line[read] == 92 && separator == 59 { read += 1 }
      text[write] = line[read]
      read += 1
      write += 1
    }
    return write
  }

  /// The line end of the first row of `text`, or the text's own end; and the mark of a field that is
  /// open there.
  static func row(_ text: Bytes, _ separator: UInt8) -> (end: Int, open: Int?) {
    var at = 0
    var isBroken = false
    while true {
      if at < text.count, text[at] == 34 {
        guard let mark = closingMark(text, at + 1, separator) else { return (text.count, at) }
        at = mark.at + 1
        // What is split refuses a field that goes on here; so nothing opens behind it.
        isBroken = at < text.count && text[at] != separator
      }
      while at < text.count, text[at] != 10, isBroken || text[at] != separator { at += 1 }
      if at >= text.count || text[at] == 10 { return (at, nil) }
      at += 1
    }
  }

  /// The line ends in some text.
  static func breaks(_ text: Bytes) -> Int { text.count { $0 == 10 } }
}

extension LineFault {
  /// A quoted field that opens in a line, goes over so many line ends and on behind its closing mark.
  fileprivate static func behindQuote(
    file: String, line: Int, _ breaks: Int, _ rest: Bytes, _ separator: UInt8
  ) -> LineFault {
    let next = separator == 44 ? "a comma" : "a \(Unicode.Scalar(separator))"
    return LineFault(
      file: file, line: line,
      found: breaks == 0
        ? "\"\(quoted(rest))\" behind a closing quotation mark"
        : "a quoted field that opens here, and \"\(quoted(rest))\" behind the mark that closes it "
          + "in line \(line + breaks)",
      expected: "\(next) or the end of the line there; a mark inside a field is written twice")
  }
}

/// Numbers from bytes, without a string in between where they are written plainly.
package enum Number {
  package static func decimal(_ text: Bytes) -> Double? {
    var value: Int64 = 0
    var scale: Double = 1
    var index = 0
    var seenPoint = false
    var digits = 0
    let negative = text.first == 45
    if negative { index = 1 }
    while index < text.count {
      let byte = text[index]
      if byte >= 48, byte <= 57 {
        digits += 1
        if digits > 15 { return slow(text) }
        value = value * 10 + Int64(byte - 48)
        if seenPoint { scale *= 10 }
      } else if byte == 46, !seenPoint {
        seenPoint = true
      } else {
        return slow(text)
      }
      index += 1
    }
    if digits == 0 { return nil }
    let magnitude = Double(value) / scale
    return negative ? -magnitude : magnitude
  }

  /// Exponents and long fractions; nothing that is not made of digits, sign, point and e.
  private static func slow(_ text: Bytes) -> Double? {
    guard text.count <= 64 else { return nil }
    for byte in text {
      switch byte {
      case 48...57, 43, 45, 46, 69, 101: continue
      default: return nil
      }
    }
    guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
      return nil
    }
    return value
  }

  /// Whole seconds; a fraction, as RecBole writes times, is cut off.
  package static func seconds(_ text: Bytes) -> Int64? {
    var value: Int64 = 0
    for byte in text {
      guard byte >= 48, byte <= 57, text.count <= 18 else {
        return decimal(text).flatMap { Int64(exactly: $0.rounded(.towardZero)) }
      }
      value = value * 10 + Int64(byte - 48)
    }
    return text.isEmpty ? nil : value
  }
}

/// Text as messages quote it: cut, and without line ends and other control characters.
package func quoted(_ text: String, limit: Int = 80) -> String {
  let scalars = text.unicodeScalars.prefix(limit + 1)
  return scalars.count > limit
    ? String(String.UnicodeScalarView(scalars.dropLast())).printable + "..." : text.printable
}

/// Bytes that are no UTF-8 stand as `\\xE9`.
package func quoted(_ field: Bytes) -> String {
  if let text = String(validating: field, as: UTF8.self) { return quoted(text, limit: 40) }
  let spelled = field.map { byte -> String in
    byte < 128
      ? String(Unicode.Scalar(byte)) : "\\x" + String(byte, radix: 16, uppercase: true)
  }
  return quoted(spelled.joined(), limit: 40)
}

/// Why bytes are no id that can be written out, read back and printed as it is: what is expected;
/// nil where they are one.
package func idFault(_ id: Bytes) -> String? {
  if id.allSatisfy({ ($0 >= 32 || $0 == 9) && $0 < 127 }) { return nil }
  guard let text = String(validating: id, as: UTF8.self) else { return "an id in UTF-8" }
  let isPlain = text.unicodeScalars.allSatisfy { $0 == "\t" || !$0.controls }
  return isPlain ? nil : "an id without control characters"
}
