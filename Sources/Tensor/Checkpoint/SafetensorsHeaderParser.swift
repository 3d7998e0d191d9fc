/// A strict reader of the one JSON shape a safetensors header has. It knows the shape, so nothing
/// nests deeper than the format does, and it works on bytes, so duplicate keys are seen.
struct SafetensorsHeaderParser {
  struct Failure: Error {
    var reason: String
  }

  private let bytes: [UInt8]
  private var position = 0

  static func parse(_ bytes: [UInt8]) throws(Failure) -> SafetensorsHeader {
    var parser = SafetensorsHeaderParser(bytes: bytes)
    return try parser.header()
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  private mutating func header() throws(Failure) -> SafetensorsHeader {
    guard bytes.first == UInt8(ascii: "{") else {
      throw Failure(reason: "the header does not begin with '{'")
    }
    var header = SafetensorsHeader()
    try object { (parser, key) throws(Failure) in
      if key == SafetensorsHeader.metadataKey {
        try parser.object { (parser, key) throws(Failure) in
          guard parser.peek() == UInt8(ascii: "\"") else {
            throw Failure(reason: "the metadata value of \(quoted(key)) is not a string")
          }
          header.metadata[key] = try parser.string()
        }
      } else {
        header.entries.append(try parser.entry(key))
      }
    }
    guard bytes[position...].allSatisfy({ $0 == 0x20 }) else {
      throw Failure(reason: "the header is followed by something other than spaces")
    }
    return header
  }

  private mutating func entry(_ name: String) throws(Failure) -> SafetensorsFile.Entry {
    var type: TensorType?
    var shape: [Int]?
    var offsets: [Int]?
    try object { (parser, key) throws(Failure) in
      switch key {
      case "dtype":
        let found = try parser.string()
        type = TensorType(name: found)
        guard type != nil else {
          throw Failure(reason: "tensor \(quoted(name)) has the unknown type \(quoted(found))")
        }
      case "shape": shape = try parser.integers()
      case "data_offsets": offsets = try parser.integers()
      default: throw Failure(reason: "tensor \(quoted(name)) has the unknown field \(quoted(key))")
      }
    }
    guard let type, let shape, let offsets else {
      throw Failure(reason: "tensor \(quoted(name)) lacks dtype, shape or data_offsets")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw Failure(
        reason: "tensor \(quoted(name)) has data_offsets \(offsets.prefix(8)), expected a begin "
          + "and an end")
    }
    return SafetensorsFile.Entry(
      name: name, type: type, shape: shape, byteRange: offsets[0]..<offsets[1])
  }

  // MARK: JSON

  /// `{` then `"key": ` and what `member` reads, separated by commas, then `}`.
  private mutating func object(
    _ member: (inout Self, String) throws(Failure) -> Void
  ) throws(Failure) {
    try expect("{")
    if take("}") { return }
    var seen: Set<String> = []
    repeat {
      skipSpace()
      let key = try string()
      guard seen.insert(key).inserted else {
        throw Failure(reason: "the key \(quoted(key)) occurs twice in one object of the header")
      }
      try expect(":")
      skipSpace()
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  /// Integers from 0 to Int.max.
  private mutating func integers() throws(Failure) -> [Int] {
    try expect("[")
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      skipSpace()
      values.append(try integer())
    } while take(",")
    try expect("]")
    return values
  }

  private mutating func integer() throws(Failure) -> Int {
    let start = position
    var value = 0
    while let byte = peek(), (0x30...0x39).contains(byte) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !carry else {
        throw Failure(reason: "a number at byte \(start) of the header is too large")
      }
      value = sum
      position += 1
    }
    let digits = position - start
    guard digits > 0, digits == 1 || bytes[start] != 0x30 else {
      throw Failure(reason: "a whole number from 0 is expected at byte \(start) of the header")
    }
    return value
  }

  private mutating func string() throws(Failure) -> String {
    let start = position
    guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
    position += 1
    var text: [UInt8] = []
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw Failure(reason: "the string at byte \(start) of the header is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case ..<0x20:
        throw Failure(reason: "a bare control character stands at byte \(position - 1)")
      default: text.append(byte)
      }
    }
    throw Failure(reason: "the string at byte \(start) of the header has no end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(Failure) {
    guard let byte = peek() else { throw unexpected("an escaped character") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), peek() == UInt8(ascii: "\\") {
        position += 1
        guard peek() == UInt8(ascii: "u") else { throw unexpected("the second half of \\u") }
        position += 1
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw unexpected("the second half of \\u") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw Failure(reason: "half of a \\u pair stands before byte \(position) of the header")
      }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default:
      position -= 1
      throw unexpected("an escaped character")
    }
  }

  private mutating func hexadecimal() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  // MARK: Bytes

  private func peek() -> UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
    guard take(character) else { throw unexpected("'\(character)'") }
  }

  private func unexpected(_ expected: String) -> Failure {
    let found = peek().map { quoted(String(Unicode.Scalar($0))) } ?? "the end of the header"
    return Failure(
      reason: "\(found) stands at byte \(position) of the header, expected \(expected)")
  }
}
