/// Fields at a place in a line, each read up to the first byte that is none of its own.
enum PlainFields {
  typealias Cursor = UnsafePointer<UInt8>

  /// What parts fields: one byte or two that are alike.
  struct Parting {
    let byte: UInt8
    let count: Int
    /// Whether a field may stand in quotation marks.
    let quotes: Bool

    init(_ separator: Separator) {
      byte = separator.byte
      count = separator == .doubleColon ? 2 : 1
      quotes = separator.quotes
    }
  }

  // MARK: - Numbers

  /// Digits up to the first other byte and the number that they spell, right up to 18 of them:
  /// eight at a time while there is room to load them.
  @inline(__always)
  private static func number(_ cursor: inout Cursor, _ end: Cursor) -> (UInt64, digits: Int) {
    let start = cursor
    var value: UInt64 = 0
    if end - cursor >= 8 {
      let word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian
      var bytes = word ^ 0x3030_3030_3030_3030
      // The high bit of the first byte that is no digit; those before it are below ten.
      let others = ((bytes &+ 0x7676_7676_7676_7676) | bytes) & 0x8080_8080_8080_8080
      let digits = others.trailingZeroBitCount / 8
      cursor += digits
      // The digits to the top, zeros ahead of them, then pairs, fours and all eight.
      bytes = digits == 0 ? 0 : bytes << UInt64(64 - 8 * digits)
      bytes = bytes &* 10 &+ (bytes >> 8)
      value =
        ((bytes & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
          &+ ((bytes >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001) >> 32
      if digits < 8 { return (value, digits) }
    }
    while cursor < end, cursor[0] &- 48 <= 9 {
      value = value &* 10 &+ UInt64(cursor[0] &- 48)
      cursor += 1
    }
    return (value, cursor - start)
  }

  /// Up to nine digits that no other spelling has the value of.
  @inline(__always)
  static func identifier(_ cursor: inout Cursor, _ end: Cursor, _ value: inout UInt32) -> Bool {
    let first = cursor
    let (number, digits) = number(&cursor, end)
    value = UInt32(truncatingIfNeeded: number)
    return 1...9 ~= digits && (digits == 1 || first[0] != 48)
  }

  /// Up to nine digits, a point among them or none.
  @inline(__always)
  static func decimal(_ cursor: inout Cursor, _ end: Cursor, _ value: inout Float) -> Bool {
    let (whole, digits) = number(&cursor, end)
    guard cursor < end, cursor[0] == 46 else {
      value = Float(whole)
      return 1...9 ~= digits
    }
    cursor += 1
    let (fraction, places) = number(&cursor, end)
    guard 1...9 ~= digits + places else { return false }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    value = Float((Double(whole) * scale + Double(fraction)) / scale)
    return true
  }

  @inline(__always)
  static func seconds(_ cursor: inout Cursor, _ end: Cursor, _ value: inout Int64) -> Bool {
    let (number, digits) = number(&cursor, end)
    value = Int64(truncatingIfNeeded: number)
    return 1...18 ~= digits
  }

  @inline(__always)
  static func skip(_ cursor: inout Cursor, _ end: Cursor, _ separator: UInt8) -> Bool {
    while cursor < end, cursor[0] != separator, cursor[0] != 10 {
      if cursor[0] == 34 || cursor[0] == 13 { return false }
      cursor += 1
    }
    return true
  }

  // MARK: - Text

  /// A field whatever its bytes, without the quotation marks that it stands in, and whether all of
  /// them are printable ASCII; nil where marks or line ends are among them, or its mark is not
  /// closed.
  @inline(__always)
  static func text(
    _ cursor: inout Cursor, _ end: Cursor, _ parting: Parting
  ) -> (text: Bytes, isPrintable: Bool)? {
    if parting.quotes, cursor < end, cursor[0] == 34 { return quoted(&cursor, end, parting.byte) }
    let start = cursor
    var isPrintable = true
    while true {
      skipPrintable(&cursor, end, to: parting.byte)
      guard cursor < end, cursor[0] != 10 else { break }
      let next = cursor + 1 < end ? cursor[1] : 10
      if cursor[0] == parting.byte {
        if parting.count == 1 || next == parting.byte { break }
      } else {
        if cursor[0] == 13, next == 10 { break }
        isPrintable = false
      }
      cursor += 1
    }
    return (Bytes(start: start, count: cursor - start), isPrintable)
  }

  private static func quoted(
    _ cursor: inout Cursor, _ end: Cursor, _ separator: UInt8
  ) -> (text: Bytes, isPrintable: Bool)? {
    cursor += 1
    let start = cursor
    var isPrintable = true
    while true {
      skipPrintable(&cursor, end, to: 34)
      guard cursor < end, cursor[0] != 10 else { return nil }
      if cursor[0] == 34 { break }
      isPrintable = false
      cursor += 1
    }
    // Behind a backslash the mark is of the field itself in some exports by semicolons.
    if separator == 59, cursor > start, cursor[-1] == 92 { return nil }
    let text = Bytes(start: start, count: cursor - start)
    cursor += 1
    return (text, isPrintable)
  }

  /// Moves to the first byte that is `stop` or no printable ASCII, or to the end.
  @inline(__always)
  private static func skipPrintable(_ cursor: inout Cursor, _ end: Cursor, to stop: UInt8) {
    let (ones, highs) = (0x0101_0101_0101_0101 as UInt64, 0x8080_8080_8080_8080 as UInt64)
    let stops = ones &* UInt64(stop)
    while end - cursor >= 8 {
      let word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian
      let other = word ^ stops
      // The high bit of the first byte that is the stop, below a blank or above a tilde; carries
      // reach only those behind it.
      let found =
        ((other &- ones) & ~other | (word &- ones &* 32) | (word &+ ones) | word) & highs
      if found != 0 {
        cursor += found.trailingZeroBitCount / 8
        return
      }
      cursor += 8
    }
    while cursor < end, cursor[0] != stop, 32...126 ~= cursor[0] { cursor += 1 }
  }
}
