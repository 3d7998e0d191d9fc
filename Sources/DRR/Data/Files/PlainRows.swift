import DRRCore

/// Rows from lines of plain numbers: whole ids and times of digits alone, a rating of digits and a
/// point. Most files have no other lines, and these need no intermediate fields.
struct PlainRows: Sendable {
  /// Lines that one core reads at a time, in bytes.
  private static let partBytes = 1 << 19

  var users: [UInt32] = []
  var items: [UInt32] = []
  /// Indices of the ids that were known when the block was started, -1 for the others.
  var userIndices: [Int32] = []
  var itemIndices: [Int32] = []
  var ratings: [Float] = []
  var times: [Int64] = []
  var lowest = Float.infinity
  var highest = -Float.infinity
  var wholeStars = true
  /// The bytes that were read, from the start of a block.
  var bytes: Range<Int>

  /// The rows of the whole lines of a block, read on all cores, part by part; nil for a part with a
  /// line that is not plain or whose rating is out of range.
  static func read(
    _ block: Bytes, _ layout: RatingsLayout, _ space: IDSpace
  ) -> [(bytes: Range<Int>, rows: Self?)] {
    var parts: [Range<Int>] = []
    var start = 0
    while start < block.count {
      var end = min(start + partBytes, block.count)
      while end < block.count, block[end - 1] != 10 { end += 1 }
      parts.append(start..<end)
      start = end
    }
    nonisolated(unsafe) let lines = block
    let (ranges, users, items) = (parts, space.users, space.items)
    return zip(
      parts,
      concurrentMap(parts.count) { index in
        let lines = Bytes(rebasing: lines[ranges[index]])
        guard var rows = PlainRows(lines, at: ranges[index], layout) else { return nil }
        rows.userIndices = users.knownIndices(of: rows.users)
        rows.itemIndices = items.knownIndices(of: rows.items)
        return rows
      }
    ).map { ($0, $1) }
  }

  private enum Kind: UInt8 { case user, item, rating, time, other }

  private init?(_ lines: Bytes, at bytes: Range<Int>, _ layout: RatingsLayout) {
    self.bytes = bytes
    guard let first = lines.baseAddress, layout.isPlain else { return nil }
    let separator = (layout.separator.byte, layout.separator == .doubleColon ? 2 : 1)
    let kinds = (0..<layout.fieldCount).map { field in
      field == layout.user
        ? Kind.user
        : field == layout.item
          ? .item : field == layout.rating ? .rating : field == layout.time ? .time : .other
    }
    // The shortest line is `1,1,1` and its end, or `1,1`.
    let rows = Rows(capacity: lines.count / (layout.rating == nil ? 4 : 6) + 1)
    defer { rows.deallocate() }
    let count = kinds.withUnsafeBufferPointer {
      Self.read(first, first + lines.count, $0, separator, into: rows)
    }
    guard let count else { return nil }
    users = Array(UnsafeBufferPointer(start: rows.users, count: count))
    items = Array(UnsafeBufferPointer(start: rows.items, count: count))
    ratings =
      layout.rating == nil
      ? Array(repeating: 1, count: count)
      : Array(UnsafeBufferPointer(start: rows.ratings, count: count))
    if layout.time != nil { times = Array(UnsafeBufferPointer(start: rows.times, count: count)) }
    for rating in ratings {
      lowest = rating < lowest ? rating : lowest
      highest = rating > highest ? rating : highest
      if Float(Int32(rating)) != rating { wholeStars = false }
    }
    if let range = layout.range, count > 0 {
      guard range.contains(lowest), range.contains(highest) else { return nil }
    }
  }

  /// Room for the rows of a part.
  private struct Rows {
    let users: UnsafeMutablePointer<UInt32>
    let items: UnsafeMutablePointer<UInt32>
    let ratings: UnsafeMutablePointer<Float>
    let times: UnsafeMutablePointer<Int64>

    init(capacity: Int) {
      users = .allocate(capacity: capacity)
      items = .allocate(capacity: capacity)
      ratings = .allocate(capacity: capacity)
      times = .allocate(capacity: capacity)
    }

    func deallocate() {
      users.deallocate()
      items.deallocate()
      ratings.deallocate()
      times.deallocate()
    }
  }

  /// The number of rows, nil where a line is not plain.
  private static func read(
    _ first: Cursor, _ end: Cursor, _ kinds: UnsafeBufferPointer<Kind>,
    _ separator: (first: UInt8, count: Int), into rows: Rows
  ) -> Int? {
    var (cursor, row) = (first, 0)
    while cursor < end {
      for field in 0..<kinds.count {
        let isPlain =
          switch kinds[field] {
          case .user: identifier(&cursor, end, &rows.users[row])
          case .item: identifier(&cursor, end, &rows.items[row])
          case .rating: decimal(&cursor, end, &rows.ratings[row])
          case .time: seconds(&cursor, end, &rows.times[row])
          case .other: skip(&cursor, end, separator.first)
          }
        guard isPlain else { return nil }
        if field + 1 < kinds.count {
          guard end - cursor > separator.count, cursor[0] == separator.first,
            separator.count == 1 || cursor[1] == separator.first
          else { return nil }
          cursor += separator.count
        }
      }
      if cursor < end, cursor[0] == 13 { cursor += 1 }
      guard cursor == end || cursor[0] == 10 else { return nil }
      cursor += 1
      row += 1
    }
    return row
  }

  private typealias Cursor = UnsafePointer<UInt8>

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
  private static func identifier(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout UInt32
  ) -> Bool {
    let first = cursor
    let (number, digits) = number(&cursor, end)
    value = UInt32(truncatingIfNeeded: number)
    return 1...9 ~= digits && (digits == 1 || first[0] != 48)
  }

  /// Up to nine digits, a point among them or none.
  @inline(__always)
  private static func decimal(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout Float
  ) -> Bool {
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
  private static func seconds(
    _ cursor: inout Cursor, _ end: Cursor, _ value: inout Int64
  ) -> Bool {
    let (number, digits) = number(&cursor, end)
    value = Int64(truncatingIfNeeded: number)
    return 1...18 ~= digits
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
