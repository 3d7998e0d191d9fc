import DRRCore

/// Where the columns of a ratings file are.
struct RatingsLayout {
  var separator: Separator
  /// All fields a line has.
  var fieldCount: Int
  var user = 0
  var item = 1
  var rating = 2
  var time: Int?
  /// What a line should be, for messages.
  var expected: String
  /// Ratings outside are an error; nil takes any finite value.
  var range: ClosedRange<Float>?
}

/// The ids of users and items as they come; shared by the two halves of a split.
final class IDSpace {
  var users = RawIDs()
  var items = RawIDs()
}

/// Rows out of the lines of one file.
struct RatingsBuilder {
  let layout: RatingsLayout
  let file: String
  let space: IDSpace
  private(set) var columns = RatingsColumns()
  private(set) var lowest = Float.infinity
  private(set) var highest = -Float.infinity
  private(set) var wholeStars = true
  private var fields: Fields

  init(layout: RatingsLayout, file: String, space: IDSpace) {
    self.layout = layout
    self.file = file
    self.space = space
    fields = Fields(kept: layout.fieldCount)
  }

  mutating func reserve(_ rows: Int) {
    // Only address space until it is filled; above this the columns grow as they need.
    columns.reserve(min(rows, 1 << 26))
  }

  mutating func add(_ line: Bytes, number: Int) throws(DataError) {
    try fields.split(line, layout.separator, of: file, number)
    guard fields.count == layout.fieldCount else {
      throw .columns(file: file, line: number, found: fields.count, expected: layout.expected)
    }
    let user = fields[layout.user]
    let item = fields[layout.item]
    try check(user, "user", number)
    try check(item, "item", number)
    let ratingText = fields[layout.rating]
    guard let value = Number.decimal(ratingText), Float(value).isFinite else {
      throw .notANumber(file: file, line: number, field: "rating", value: quoted(ratingText))
    }
    let rating = Float(value)
    if let range = layout.range, !range.contains(rating) {
      throw .outsideRange(file: file, line: number, value: quoted(ratingText), range: range)
    }
    var time = Int64(columns.count)
    if let column = layout.time {
      guard let seconds = Number.seconds(fields[column]) else {
        throw .notANumber(file: file, line: number, field: "time", value: quoted(fields[column]))
      }
      time = seconds
    }
    guard columns.count < Int(Int32.max) else {
      throw .tooLarge(file: file, what: "ratings", limit: Int(Int32.max))
    }
    columns.users.append(space.users.intern(user))
    columns.items.append(space.items.intern(item))
    columns.ratings.append(rating)
    columns.times.append(time)
    lowest = min(lowest, rating)
    highest = max(highest, rating)
    if rating.rounded() != rating { wholeStars = false }
  }

  mutating func add(_ rows: PlainRows) {
    space.users.intern(rows.users, known: rows.userIndices, into: &columns.users)
    space.items.intern(rows.items, known: rows.itemIndices, into: &columns.items)
    columns.ratings.append(contentsOf: rows.ratings)
    if layout.time == nil {
      let first = Int64(columns.times.count)
      columns.times.append(contentsOf: first..<first + Int64(rows.ratings.count))
    } else {
      columns.times.append(contentsOf: rows.times)
    }
    lowest = min(lowest, rows.lowest)
    highest = max(highest, rows.highest)
    wholeStars = wholeStars && rows.wholeStars
  }

  private func check(_ id: Bytes, _ field: String, _ line: Int) throws(DataError) {
    if id.isEmpty { throw .identifier(file: file, line: line, field: field, value: "") }
    if id[0] == 45, Number.decimal(id) != nil {
      throw .identifier(file: file, line: line, field: field, value: quoted(id))
    }
    if let expected = idFault(id) {
      throw .line(
        LineFault(
          file: file, line: line, found: "\(field) \"\(quoted(id))\"", expected: expected))
    }
  }

  /// Reads all lines but the first `skipping`.
  static func read(
    _ source: any ByteSource, layout: RatingsLayout, skipping: Int, space: IDSpace,
    progress: ((Int, Int) -> Void)?
  ) throws(DataError) -> (builder: RatingsBuilder, checksum: String) {
    let scanner = LineScanner(source, progress: progress)
    var builder = RatingsBuilder(layout: layout, file: source.name, space: space)
    var skipped = 0
    var isReserved = false
    func add(_ lines: Bytes) throws(DataError) {
      try scanner.forEachLine(of: lines) { (line: Bytes) throws(DataError) -> Void in
        if skipped < skipping {
          skipped += 1
        } else {
          try builder.add(line, number: scanner.line)
        }
      }
    }
    try scanner.forEachBlock { (block: Bytes) throws(DataError) -> Void in
      var block = block
      while skipped < skipping, !block.isEmpty {
        let end = block.firstIndex(of: 10).map { $0 + 1 } ?? block.count
        try add(Bytes(rebasing: block[..<end]))
        block = Bytes(rebasing: block[end...])
      }
      for (bytes, rows) in PlainRows.read(block, layout, space) {
        if let rows, builder.columns.count + rows.ratings.count <= Int(Int32.max) {
          builder.add(rows)
          scanner.skip(lines: rows.ratings.count, bytes: bytes.count)
        } else {
          try add(Bytes(rebasing: block[bytes]))
        }
      }
      if !isReserved, builder.columns.count > 0 {
        let share = Double(source.totalBytes) / Double(scanner.consumed)
        builder.reserve(Int(share * Double(builder.columns.count) * 1.02))
        isReserved = true
      }
    }
    if builder.columns.count == 0 { throw .empty(file: source.name) }
    return (builder, UInt32(truncatingIfNeeded: scanner.crc).hexadecimal)
  }

  /// Moves rows from the ids' order of arrival to their sorted order.
  mutating func renumber(users: [Int32], items: [Int32]) {
    columns.renumber(users: users, items: items)
  }

  mutating func takeColumns() -> RatingsColumns {
    let taken = columns
    columns = RatingsColumns()
    return taken
  }
}
