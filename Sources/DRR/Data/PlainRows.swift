/// Rows from lines of plain numbers: whole ids and times of digits alone, a rating of digits and a
/// point. Most files have no other lines, and these need no intermediate fields.
struct PlainRows: Sendable {
  /// Lines that one core reads at a time, in bytes.
  private static let partBytes = 1 << 19

  var users: [UInt32] = []
  var items: [UInt32] = []
  var ratings: [Float] = []
  var times: [Int64] = []
  var lowest = Float.infinity
  var highest = -Float.infinity
  var wholeStars = true
  /// The bytes that were read, from the start of a block.
  var bytes: Range<Int>

  /// The rows of the whole lines of a block, read on all cores, part by part; nil for a part with a
  /// line that is not plain or whose rating is out of range.
  static func read(_ block: Bytes, _ layout: RatingsLayout) -> [(bytes: Range<Int>, rows: Self?)] {
    var parts: [Range<Int>] = []
    var start = 0
    while start < block.count {
      var end = min(start + partBytes, block.count)
      while end < block.count, block[end - 1] != 10 { end += 1 }
      parts.append(start..<end)
      start = end
    }
    nonisolated(unsafe) let lines = block
    let ranges = parts
    return zip(
      parts,
      concurrentMap(parts.count) { index in
        PlainRows(Bytes(rebasing: lines[ranges[index]]), at: ranges[index], layout)
      }
    ).map { ($0, $1) }
  }

  private init?(_ lines: Bytes, at bytes: Range<Int>, _ layout: RatingsLayout) {
    self.bytes = bytes
    guard layout.fieldCount <= 8, let first = lines.baseAddress else { return nil }
    let rows = lines.count / 16
    users.reserveCapacity(rows)
    items.reserveCapacity(rows)
    ratings.reserveCapacity(rows)
    times.reserveCapacity(rows)
    let separator = layout.separator.bytes
    var cursor = first
    let end = first + lines.count
    while cursor < end {
      var user: UInt32 = 0
      var item: UInt32 = 0
      var rating: Float = 0
      var time: Int64 = 0
      for field in 0..<layout.fieldCount {
        var isPlain = true
        if field == layout.user {
          isPlain = Self.identifier(&cursor, end, &user)
        } else if field == layout.item {
          isPlain = Self.identifier(&cursor, end, &item)
        } else if field == layout.rating {
          isPlain = Self.decimal(&cursor, end, &rating)
        } else if field == layout.time {
          isPlain = Self.seconds(&cursor, end, &time)
        } else {
          isPlain = Self.skip(&cursor, end, separator.first)
        }
        guard isPlain else { return nil }
        if field + 1 < layout.fieldCount {
          guard end - cursor > separator.count, cursor[0] == separator.first,
            separator.count == 1 || cursor[1] == separator.first
          else { return nil }
          cursor += separator.count
        }
      }
      if cursor < end, cursor[0] == 13 { cursor += 1 }
      guard cursor == end || cursor[0] == 10 else { return nil }
      cursor += 1
      users.append(user)
      items.append(item)
      ratings.append(rating)
      times.append(time)
      lowest = min(lowest, rating)
      highest = max(highest, rating)
      if rating.rounded() != rating { wholeStars = false }
    }
    if let range = layout.range, !ratings.isEmpty {
      guard range.contains(lowest), range.contains(highest) else { return nil }
    }
  }

  private typealias Cursor = UnsafePointer<UInt8>

  /// Up to nine digits that no other spelling has the value of.
  @inline(__always)
  private static func identifier(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout UInt32
  ) -> Bool {
    let start = cursor
    value = 0
    while cursor < end, cursor[0] &- 48 <= 9 {
      value = value &* 10 &+ UInt32(cursor[0] &- 48)
      cursor += 1
    }
    let digits = cursor - start
    return 1...9 ~= digits && (digits == 1 || start[0] != 48)
  }

  @inline(__always)
  private static func decimal(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout Float
  ) -> Bool {
    let start = cursor
    var whole: Int32 = 0
    var scale = 1.0
    var points = 0
    while cursor < end {
      let digit = cursor[0] &- 48
      if digit <= 9 {
        whole = whole &* 10 &+ Int32(digit)
        if points > 0 { scale *= 10 }
      } else if cursor[0] == 46 {
        points += 1
      } else {
        break
      }
      cursor += 1
    }
    value = Float(Double(whole) / scale)
    return points <= 1 && 1...9 ~= cursor - start - points
  }

  @inline(__always)
  private static func seconds(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout Int64
  ) -> Bool {
    let start = cursor
    value = 0
    while cursor < end, cursor[0] &- 48 <= 9 {
      value = value &* 10 &+ Int64(cursor[0] &- 48)
      cursor += 1
    }
    return 1...18 ~= cursor - start
  }

  @inline(__always)
  private static func skip(_ cursor: inout Cursor, _ end: Cursor, _ separator: UInt8) -> Bool {
    while cursor < end, cursor[0] != separator, cursor[0] != 10 {
      if cursor[0] == 34 || cursor[0] == 13 { return false }
      cursor += 1
    }
    return true
  }
}

extension Separator {
  fileprivate var bytes: (first: UInt8, count: Int) {
    switch self {
    case .tab: (9, 1)
    case .comma: (44, 1)
    case .doubleColon: (58, 2)
    }
  }
}
