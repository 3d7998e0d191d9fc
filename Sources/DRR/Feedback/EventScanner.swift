import DRRCore
import Platform

/// Reads an event as ``FeedbackEvent/line()`` writes it, ten times as fast as `JSONDecoder`: keys in
/// their order, no blanks, and texts of ASCII without escapes. It takes nothing that `JSONDecoder`
/// reads otherwise.
package struct EventScanner {
  /// What is not as it is written; it may be JSON for all that.
  package struct Unusual: Error {}

  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  /// - Parameter bytes: a line up to its checksum, with more behind it: numbers are read up to what
  ///   is none.
  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package mutating func event() throws(Unusual) -> FeedbackEvent {
    let event: FeedbackEvent
    if skip("{\"event\":\"served\"") {
      event = .served(try list())
    } else {
      try take("{\"event\":\"feedback\"")
      event = .feedback(try feedback())
    }
    guard at == bytes.count else { throw Unusual() }
    return event
  }

  private mutating func list() throws(Unusual) -> ServedList {
    try take(",\"candidates\":")
    let candidates = Int(try integer())
    try take(",\"digest\":")
    let digest = try text()
    let exclude = try ifNext(",\"exclude\":") { (scanner) throws(Unusual) in try scanner.texts() }
    let exploration = try ifNext(",\"exploration\":{\"candidates\":") {
      (scanner) throws(Unusual) in try scanner.exploration()
    }
    let genres = try ifNext(",\"genres\":") { (scanner) throws(Unusual) in try scanner.texts() }
    try take(",\"items\":")
    let items = try values { (scanner) throws(Unusual) in try scanner.shownItem() }
    let known = try ifNext(",\"known\":") { (scanner) throws(Unusual) in
      Int(try scanner.integer())
    }
    let learned = try ifNext(",\"learned\":") { (scanner) throws(Unusual) in
      Int(try scanner.integer())
    }
    try take(",\"model\":")
    let model = try text()
    let rated = try ifNext(",\"rated\":") { (scanner) throws(Unusual) in
      try scanner.values { (scanner) throws(Unusual) in try scanner.ratedItem() }
    }
    try take(",\"request\":")
    let request = try text()
    let session = try ifNext(",\"session\":") { (scanner) throws(Unusual) in try scanner.texts() }
    try take(",\"time\":")
    let time = try integer()
    let user = try ifNext(",\"user\":") { (scanner) throws(Unusual) in try scanner.text() }
    try take(",\"version\":")
    return ServedList(
      request: request, time: time, model: model, version: try text(), user: user, known: known,
      rated: rated, session: session, exclude: exclude, genres: genres, learned: learned,
      exploration: exploration, items: items, candidates: candidates, digest: digest)
  }

  /// Behind the key of its candidates.
  private mutating func exploration() throws(Unusual) -> Exploration {
    let candidates = Int(try integer())
    try take(",\"epsilon\":")
    let epsilon = try double()
    try take(",\"temperature\":")
    let temperature = try double()
    try take("}")
    return Exploration(epsilon: epsilon, temperature: temperature, candidates: candidates)
  }

  private mutating func shownItem() throws(Unusual) -> ServedList.ShownItem {
    try take("{\"item\":")
    let item = try text()
    let modelScore = try ifNext(",\"modelScore\":") { (scanner) throws(Unusual) in
      try scanner.float()
    }
    try take(",\"propensity\":")
    let propensity = try double()
    try take(",\"score\":")
    let score = try float()
    try take("}")
    return ServedList.ShownItem(
      item: item, score: score, modelScore: modelScore, propensity: propensity)
  }

  private mutating func ratedItem() throws(Unusual) -> ServedList.RatedItem {
    try take("{\"item\":")
    let item = try text()
    try take(",\"rating\":")
    let rating = try float()
    try take("}")
    return ServedList.RatedItem(item: item, rating: rating)
  }

  private mutating func feedback() throws(Unusual) -> ItemFeedback {
    var value: ItemFeedback.Value?
    if skip(",\"click\":true") {
      value = .click(true)
    } else if skip(",\"click\":false") {
      value = .click(false)
    }
    try take(",\"item\":")
    let item = try text()
    if value == nil, skip(",\"rating\":") { value = .rating(try float()) }
    let request = try ifNext(",\"request\":") { (scanner) throws(Unusual) in try scanner.text() }
    if value == nil, skip(",\"reward\":") { value = .reward(try double()) }
    guard let value else { throw Unusual() }
    let score = try ifNext(",\"score\":") { (scanner) throws(Unusual) in try scanner.float() }
    try take(",\"time\":")
    let time = try integer()
    let user = try ifNext(",\"user\":") { (scanner) throws(Unusual) in try scanner.text() }
    let version = try ifNext(",\"version\":") { (scanner) throws(Unusual) in try scanner.text() }
    var feedback = ItemFeedback(
      time: time, request: request, user: user, item: item, value: value)
    (feedback.score, feedback.version) = (score, version)
    return feedback
  }

  // MARK: - Parts

  /// Whether this comes next, which is passed then.
  private mutating func skip(_ expected: StaticString) -> Bool {
    let count = expected.utf8CodeUnitCount
    guard at + count <= bytes.count, memcmp(bytes.baseAddress! + at, expected.utf8Start, count) == 0
    else { return false }
    at += count
    return true
  }

  private mutating func take(_ expected: StaticString) throws(Unusual) {
    guard skip(expected) else { throw Unusual() }
  }

  private mutating func ifNext<Value>(
    _ key: StaticString, _ value: (inout EventScanner) throws(Unusual) -> Value
  ) throws(Unusual) -> Value? {
    skip(key) ? try value(&self) : nil
  }

  private mutating func values<Value>(
    _ value: (inout EventScanner) throws(Unusual) -> Value
  ) throws(Unusual) -> [Value] {
    try take("[")
    var found: [Value] = []
    if skip("]") { return found }
    repeat { found.append(try value(&self)) } while skip(",")
    try take("]")
    return found
  }

  private mutating func texts() throws(Unusual) -> [String] {
    try values { (scanner) throws(Unusual) in try scanner.text() }
  }

  private mutating func text() throws(Unusual) -> String {
    try take("\"")
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      guard 0x20..<0x7F ~= bytes[at], bytes[at] != UInt8(ascii: "\\") else { throw Unusual() }
      at += 1
    }
    let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
    try take("\"")
    return text
  }

  private mutating func digits() throws(Unusual) -> Range<Int> {
    let start = at
    while at < bytes.count, 48..<58 ~= bytes[at] { at += 1 }
    guard at > start else { throw Unusual() }
    return start..<at
  }

  /// Digits, of which JSON has no needless 0 in front.
  private mutating func whole() throws(Unusual) -> Range<Int> {
    let digits = try digits()
    guard digits.count == 1 || bytes[digits.lowerBound] != 48 else { throw Unusual() }
    return digits
  }

  private mutating func integer() throws(Unusual) -> Int64 {
    let isNegative = skip("-")
    let digits = try whole()
    guard digits.count <= 18 else { throw Unusual() }
    let value = bytes[digits].reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }
    return isNegative ? -value : value
  }

  /// The number that begins here, as the C library reads it.
  private mutating func number<Value: BinaryFloatingPoint>(
    _ read: (UnsafePointer<CChar>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) throws(Unusual) -> Value {
    let start = at
    _ = skip("-")
    _ = try whole()
    if skip(".") { _ = try digits() }
    if skip("e") {
      if !skip("-") { _ = skip("+") }
      _ = try digits()
    }
    var end: UnsafeMutablePointer<CChar>?
    let first = (bytes.baseAddress! + start).assumingMemoryBound(to: CChar.self)
    let value = read(first, &end)
    // What is too small or too large for the type is left to the other reader.
    guard end == UnsafeMutablePointer(mutating: first) + (at - start),
      value.isNormal || at == start + 1
    else { throw Unusual() }
    return value
  }

  private mutating func double() throws(Unusual) -> Double { try number { strtod($0, $1) } }

  private mutating func float() throws(Unusual) -> Float { try number { strtof($0, $1) } }
}
