import DRRCore
import DRRData

/// Item numbers from bytes.
enum ItemNumber {
  /// Whole numbers of digits alone.
  static func read(_ text: Bytes) -> Int32? {
    guard !text.isEmpty, text.count <= 9 else { return nil }
    var value: Int32 = 0
    for byte in text {
      guard byte >= 48, byte <= 57 else { return nil }
      value = value * 10 + Int32(byte - 48)
    }
    return value
  }

  /// An item of a catalogue whose ids are numbers.
  static func item(_ text: Bytes, _ options: SessionOptions) throws(Odd) -> Int32 {
    let limit = options.itemCount ?? SessionOptions.itemLimit
    if let item = read(text), item < limit { return item }
    throw Odd(found: quoted(text), expected: "an item number from 0 to \(limit - 1)")
  }

  /// A part of a line that is not what it should be.
  struct Odd: Error {
    var kind = SessionRepairs.Kind.malformed
    var found: String
    var expected: String
  }

  /// Calls `body` with the parts of a line between separators, empty ones too.
  static func forEachPart<Failure: Error>(
    of line: Bytes, by separator: UInt8, _ body: (Bytes) throws(Failure) -> Void
  ) throws(Failure) {
    var start = 0
    for index in 0...line.count where index == line.count || line[index] == separator {
      try body(Bytes(rebasing: line[start..<index]))
      start = index + 1
    }
  }
}

/// `1 step`, `2 steps`.
func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
