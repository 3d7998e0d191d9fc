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
    fields.split(line, layout.separator)
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

  private func check(_ id: Bytes, _ field: String, _ line: Int) throws(DataError) {
    if id.isEmpty { throw .identifier(file: file, line: line, field: field, value: "") }
    if id[0] == 45, Number.decimal(id) != nil {
      throw .identifier(file: file, line: line, field: field, value: quoted(id))
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
    try scanner.forEachLine { (line: Bytes) throws(DataError) -> Void in
      if skipped < skipping {
        skipped += 1
        return
      }
      try builder.add(line, number: scanner.line)
      if builder.columns.count == 4096 {
        builder.reserve(Int(Double(source.totalBytes) / Double(scanner.consumed) * 4096 * 1.1))
      }
    }
    if builder.columns.count == 0 { throw .empty(file: source.name) }
    return (builder, UInt32(truncatingIfNeeded: scanner.crc).hexadecimal)
  }

  /// Moves rows from the ids' order of arrival to their sorted order.
  mutating func renumber(users: [Int32], items: [Int32]) {
    for row in 0..<columns.count {
      columns.users[row] = users[Int(columns.users[row])]
      columns.items[row] = items[Int(columns.items[row])]
    }
  }

  mutating func takeColumns() -> RatingsColumns {
    let taken = columns
    columns = RatingsColumns()
    return taken
  }
}
