import DRRCore

/// A place in JSON text (RFC 8259) of which only what is asked for is kept.
struct JSONText {
  /// How deep lists and objects may lie in one another.
  private static let depthLimit = 64

  let text: Bytes
  private(set) var at: Int

  init(_ text: Bytes, at: Int = 0) { (self.text, self.at) = (text, at) }

  /// What is no JSON, where it is.
  struct Fault: Error {
    var at: Int
  }

  /// The next byte that is no blank; nil at the end.
  mutating func next() -> UInt8? {
    while at < text.count, text[at] == 32 || 9...10 ~= text[at] || text[at] == 13 { at += 1 }
    return at < text.count ? text[at] : nil
  }

  /// Steps over a byte.
  mutating func take(_ byte: UInt8) throws(Fault) {
    guard next() == byte else { throw Fault(at: at) }
    at += 1
  }

  /// Steps over `byte` where it is next.
  private mutating func takes(_ byte: UInt8) -> Bool {
    guard next() == byte else { return false }
    at += 1
    return true
  }

  /// Calls `body` with the name and the value of each member of the object that is next: strings
  /// without their marks, all else as it is written.
  ///
  /// - Note: escapes are resolved in place, so the text's memory must be the caller's own.
  mutating func forEachMember(
    _ body: (_ name: Bytes, _ value: Bytes, _ isText: Bool) throws(Fault) -> Void
  ) throws(Fault) {
    try take(UInt8(ascii: "{"))
    if takes(UInt8(ascii: "}")) { return }
    repeat {
      guard next() == 34 else { throw Fault(at: at) }
      let name = try string()
      try take(UInt8(ascii: ":"))
      let isText = next() == 34
      try body(name, isText ? try string() : try skip(), isText)
    } while takes(UInt8(ascii: ","))
    try take(UInt8(ascii: "}"))
  }

  /// Calls `body` with each value of the list that is next.
  mutating func forEachElement(
    _ body: (_ value: Bytes, _ isText: Bool) throws(Fault) -> Void
  ) throws(Fault) {
    try take(UInt8(ascii: "["))
    if takes(UInt8(ascii: "]")) { return }
    repeat {
      let isText = next() == 34
      try body(isText ? try string() : try skip(), isText)
    } while takes(UInt8(ascii: ","))
    try take(UInt8(ascii: "]"))
  }

  /// Steps over one value and returns it as it is written.
  mutating func skip() throws(Fault) -> Bytes {
    guard let byte = next() else { throw Fault(at: at) }
    let start = at
    switch byte {
    case 34: try skipString()
    case UInt8(ascii: "{"), UInt8(ascii: "["): try skipNested()
    default:
      while at < text.count, !",]} \t\r\n".utf8.contains(text[at]) { at += 1 }
      let word = Bytes(rebasing: text[start..<at])
      let isWord = ["true", "false", "null"].contains { word.elementsEqual($0.utf8) }
      guard isWord || Number.decimal(word) != nil else { throw Fault(at: start) }
    }
    return Bytes(rebasing: text[start..<at])
  }

  /// Lists and objects, down to their end, by what may stand next in each.
  private mutating func skipNested() throws(Fault) {
    var open: [UInt8] = []
    while true {
      // A value begins here.
      guard let byte = next() else { throw Fault(at: at) }
      if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
        guard open.count < Self.depthLimit else { throw Fault(at: at) }
        at += 1
        open.append(byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        if next() != open.last {
          if byte == UInt8(ascii: "{") { try skipName() }
          continue
        }
      } else {
        _ = try skip()
      }
      // What is closed here, and whether another value follows.
      while let end = open.last, takes(end) { open.removeLast() }
      guard let end = open.last else { return }
      try take(UInt8(ascii: ","))
      if end == UInt8(ascii: "}") { try skipName() }
    }
  }

  private mutating func skipName() throws(Fault) {
    guard next() == 34 else { throw Fault(at: at) }
    try skipString()
    try take(UInt8(ascii: ":"))
  }

  private mutating func skipString() throws(Fault) {
    at += 1
    while at < text.count, text[at] != 34 { at += text[at] == 92 ? 2 : 1 }
    guard at < text.count else { throw Fault(at: text.count) }
    at += 1
  }

  /// The string that is next, without its marks.
  private mutating func string() throws(Fault) -> Bytes {
    let start = at + 1
    try skipString()
    let raw = Bytes(rebasing: text[start..<at - 1])
    guard raw.contains(92) else { return raw }
    let target = UnsafeMutablePointer(mutating: raw.baseAddress!)
    var (read, write) = (0, 0)
    while read < raw.count {
      guard raw[read] == 92 else {
        target[write] = raw[read]
        (read, write) = (read + 1, write + 1)
        continue
      }
      guard read + 1 < raw.count else { throw Fault(at: start + read) }
      switch raw[read + 1] {
      case 34, 47, 92: target[write] = raw[read + 1]
      case UInt8(ascii: "b"): target[write] = 8
      case UInt8(ascii: "f"): target[write] = 12
      case UInt8(ascii: "n"): target[write] = 10
      case UInt8(ascii: "r"): target[write] = 13
      case UInt8(ascii: "t"): target[write] = 9
      case UInt8(ascii: "u"):
        guard let (scalar, count) = Self.scalar(raw, read) else { throw Fault(at: start + read) }
        // No escape is shorter than the scalar's UTF-8.
        for byte in String(scalar).utf8 {
          target[write] = byte
          write += 1
        }
        read += count
        continue
      default: throw Fault(at: start + read)
      }
      (read, write) = (read + 2, write + 1)
    }
    return Bytes(rebasing: raw[..<write])
  }

  /// The scalar of `\u00e9`, or of two of these that make one, and how many bytes they take.
  private static func scalar(_ text: Bytes, _ at: Int) -> (Unicode.Scalar, count: Int)? {
    func unit(_ at: Int) -> UInt32? {
      guard at + 6 <= text.count, text[at] == 92, text[at + 1] == UInt8(ascii: "u") else {
        return nil
      }
      return UInt32(String(decoding: text[at + 2..<at + 6], as: UTF8.self), radix: 16)
    }
    guard let first = unit(at) else { return nil }
    if 0xd800..<0xdc00 ~= first, let second = unit(at + 6), 0xdc00..<0xe000 ~= second {
      let value = 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
      return Unicode.Scalar(value).map { ($0, 12) }
    }
    return Unicode.Scalar(first).map { ($0, 6) }
  }
}

/// The values that the objects of a file give to some names.
package struct JSONRows {
  /// In the order in which they are asked for; empty where an object has none or null.
  package private(set) var fields: [Bytes]
  private let names: [[UInt8]]

  package init(_ names: [String]) {
    self.names = names.map { Array($0.utf8) }
    fields = Array(repeating: Bytes(start: nil, count: 0), count: names.count)
  }

  /// Reads one object, of which a line has no more.
  package mutating func read(_ object: Bytes, of file: String, _ line: Int) throws(DataError) {
    for at in fields.indices { fields[at] = Bytes(start: nil, count: 0) }
    var text = JSONText(object)
    do throws(JSONText.Fault) {
      try text.forEachMember { name, value, isText in
        for at in names.indices where name.elementsEqual(names[at]) {
          fields[at] =
            !isText && value.elementsEqual("null".utf8) ? Bytes(start: nil, count: 0) : value
        }
      }
      if text.next() != nil { throw JSONText.Fault(at: text.at) }
    } catch {
      throw Self.error(object, error, file, line)
    }
  }

  /// The values of a list; nil of what is none.
  package static func elements(of list: Bytes) -> [Bytes]? {
    var (text, elements) = (JSONText(list), [] as [Bytes])
    do throws(JSONText.Fault) {
      try text.forEachElement { value, _ in elements.append(value) }
    } catch {
      return nil
    }
    return elements
  }

  static func error(
    _ text: Bytes, _ fault: JSONText.Fault, _ file: String, _ line: Int
  ) -> DataError {
    let rest = Bytes(rebasing: text[min(fault.at, text.count)...])
    return .fault(
      file, line: line,
      found: rest.isEmpty ? "an object that breaks off" : "\"\(quoted(rest))\" in an object",
      expected: "JSON as {\"name\": value, ...}, an object a line or a list of objects")
  }

  /// The names that the first object of a file has, which begins with these bytes; nil where there
  /// is no whole one.
  static func names(_ start: [UInt8]) -> [String]? {
    var bytes = start
    return bytes.withUnsafeMutableBufferPointer { buffer in
      var names: [String] = []
      var text = JSONText(Bytes(buffer))
      do throws(JSONText.Fault) {
        if text.next() == UInt8(ascii: "[") { try text.take(UInt8(ascii: "[")) }
        try text.forEachMember { name, _, _ in names.append(String(decoding: name, as: UTF8.self)) }
      } catch {
        return nil
      }
      return names
    }
  }

  /// Calls `body` with each object of a list, and its line.
  static func forEachObject(
    of list: inout [UInt8], _ file: String, _ body: (Bytes, Int) throws(DataError) -> Void
  ) throws(DataError) {
    var failure: DataError?
    list.withUnsafeMutableBufferPointer { buffer in
      let all = Bytes(buffer)
      var text = JSONText(all)
      var (line, counted) = (1, 0)
      func lineHere(_ at: Int) -> Int {
        line += all[counted..<at].count { $0 == 10 }
        counted = at
        return line
      }
      do throws(JSONText.Fault) {
        try text.take(UInt8(ascii: "["))
        guard text.next() != UInt8(ascii: "]") else { return }
        while true {
          guard text.next() == UInt8(ascii: "{") else { throw JSONText.Fault(at: text.at) }
          let here = lineHere(text.at)
          let object = try text.skip()
          do throws(DataError) { try body(object, here) } catch {
            failure = error
            return
          }
          if text.next() == UInt8(ascii: "]") { break }
          try text.take(UInt8(ascii: ","))
        }
        try text.take(UInt8(ascii: "]"))
        if text.next() != nil { throw JSONText.Fault(at: text.at) }
      } catch {
        failure = Self.error(all, error, file, lineHere(min(error.at, all.count)))
      }
    }
    if let failure { throw failure }
  }
}
