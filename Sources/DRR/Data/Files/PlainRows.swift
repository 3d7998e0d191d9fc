import DRRCore

/// Rows from lines whose fields need no more than to be read as they stand, which are most lines of
/// most files: ids and times as digits or as text and dates, a rating that is a number.
struct PlainRows: Sendable {
  /// Lines that one core reads at a time, in bytes.
  private static let partBytes = 1 << 19

  var users = IDColumn()
  var items = IDColumn()
  var ratings: [Float] = []
  var times: [Int64] = []
  var timeColumn = TimeColumn()
  /// Whether all ids are digits, and the times.
  var areNumbers = true
  var lowest = Float.infinity
  var highest = -Float.infinity
  var wholeStars = true

  /// The rows of the whole lines of a block, read on all cores, part by part; nil for a part with a
  /// line that is not plain or whose rating is not one of the layout's.
  static func read(
    _ block: Bytes, _ layout: RatingsLayout, _ events: EventColumn, _ space: IDSpace
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
        guard var rows = PlainRows(lines, layout, events) else { return nil }
        rows.users.find(in: users, of: lines)
        rows.items.find(in: items, of: lines)
        return rows
      }
    ).map { ($0, $1) }
  }

  private init?(_ lines: Bytes, _ layout: RatingsLayout, _ events: EventColumn) {
    guard layout.isPlain, let read = PlainReader.read(lines, layout, events) else { return nil }
    self = read
    for rating in ratings {
      lowest = rating < lowest ? rating : lowest
      highest = rating > highest ? rating : highest
      // Above, every number is whole.
      if rating.magnitude < 16_777_216, Float(Int32(rating)) != rating { wholeStars = false }
    }
    guard layout.rating != nil, !ratings.isEmpty else { return }
    if let range = layout.range, !range.contains(lowest) || !range.contains(highest) { return nil }
    if let ceiling = layout.ceiling, highest > ceiling { return nil }
    if !layout.unrated.isEmpty, ratings.contains(where: layout.unrated.contains) { return nil }
  }

  init() {}
}
