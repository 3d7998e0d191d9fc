/// The ids of users and items as they come; shared by the two halves of a split.
final class IDSpace {
  var users = RawIDs()
  var items = RawIDs()
}

/// Rows out of the files of one set: all are read, and those of a share of the users are kept.
struct RatingsBuilder {
  let layout: RatingsLayout
  let space: IDSpace
  private let share: UserShare
  private var columns = RatingsColumns()
  /// Rows that were read.
  private(set) var count = 0
  private var lowest = Float.infinity
  private var highest = -Float.infinity
  private var wholeStars = true
  /// Rows that were read many at a time: of plain numbers, and others.
  private var (plain, wide) = (0, 0)
  private var notes = ReadingNotes()
  private var file = ""
  private var fields: Fields
  private var json: JSONRows
  private var times = TimeColumn()
  private(set) var events: EventColumn
  /// The item that a block is of.
  private var heading: [UInt8] = []
  /// Lines of a matrix, each of a user.
  private var lines = 0

  init(layout: RatingsLayout, space: IDSpace, share: UserShare = .all) {
    self.layout = layout
    self.space = space
    self.share = share
    fields = Fields(kept: layout.fieldCount)
    json = JSONRows(layout.names)
    events = EventColumn(layout.eventRatings)
    columns.keepsHighest = layout.event != nil
  }

  /// Room for what is kept of so many rows.
  mutating func reserve(_ rows: Int) { columns.reserve(share.part(of: rows)) }

  // MARK: - Rows

  /// What is added from here on is of this file.
  mutating func begin(file: String) {
    self.file = file
    heading = []
  }

  mutating func add(_ line: Bytes, _ number: Int) throws(DataError) {
    switch layout.form {
    case .separated:
      try split(line, number)
      try add(
        fields[layout.user], fields[layout.item], layout.rating.map { fields[$0] },
        layout.time.map { fields[$0] }, layout.event.map { fields[$0] }, number)
    case .json: try add(object: line, number)
    case .blocks: try add(ofBlock: line, number)
    case .matrix: try add(ofMatrix: line, number)
    }
  }

  private mutating func split(_ line: Bytes, _ number: Int) throws(DataError) {
    try fields.split(line, layout.separator, of: file, number)
    guard fields.count == layout.fieldCount else {
      throw .columns(file: file, line: number, found: fields.count, expected: layout.expected)
    }
  }

  mutating func add(object: Bytes, _ number: Int) throws(DataError) {
    try json.read(object, of: file, number)
    let found = json.fields
    try add(
      found[layout.user], found[layout.item], layout.rating.map { found[$0] },
      layout.time.map { found[$0] }, layout.event.map { found[$0] }, number)
  }

  private mutating func add(ofBlock line: Bytes, _ number: Int) throws(DataError) {
    if line.last == 58 {
      heading = Array(line.dropLast())
      return
    }
    try split(line, number)
    guard !heading.isEmpty else {
      throw .fault(
        file, line: number, found: "\"\(quoted(line))\" before any item",
        expected: "the item's number and a colon above its ratings")
    }
    let (user, rating, date) = (fields[0], fields[1], fields[2])
    let item = heading
    try item.withUnsafeBufferPointer { (item) throws(DataError) in
      try add(user, item, rating, date, nil, number)
    }
  }

  private mutating func add(ofMatrix line: Bytes, _ number: Int) throws(DataError) {
    try split(line, number)
    lines += 1
    let user = Array("\(lines)".utf8)
    var found = 0
    for column in 1..<layout.fieldCount {
      let text = fields[column]
      if Number.decimal(text) == 99 { continue }
      found += 1
      let item = Array("\(column)".utf8)
      try user.withUnsafeBufferPointer { (user) throws(DataError) in
        try item.withUnsafeBufferPointer { (item) throws(DataError) in
          try add(user, item, text, nil, nil, number)
        }
      }
    }
    guard Number.decimal(fields[0]) == Double(found) else {
      throw .fault(
        file, line: number, found: "\(found) ratings other than 99",
        expected: "as many as the first field says, \"\(quoted(fields[0]))\"")
    }
  }

  /// Adds rows that were read many at a time from a part of the file; false where their times are not
  /// as those before.
  mutating func add(_ rows: PlainRows, of part: Bytes) -> Bool {
    guard times.join(rows.timeColumn) else { return false }
    let first = columns.count
    space.users.intern(rows.users, of: part, into: &columns.users)
    space.items.intern(rows.items, of: part, into: &columns.items)
    columns.ratings.append(contentsOf: rows.ratings)
    if layout.time == nil {
      columns.times.append(contentsOf: Int64(count)..<Int64(count + rows.ratings.count))
    } else {
      columns.times.append(contentsOf: rows.times)
    }
    columns.keep(share, from: first)
    count += rows.ratings.count
    if rows.areNumbers { plain += rows.ratings.count } else { wide += rows.ratings.count }
    lowest = min(lowest, rows.lowest)
    highest = max(highest, rows.highest)
    wholeStars = wholeStars && rows.wholeStars
    return true
  }

  // MARK: - Fields

  @inline(__always)
  private mutating func add(
    _ user: Bytes, _ item: Bytes, _ ratingText: Bytes?, _ timeText: Bytes?, _ event: Bytes?,
    _ number: Int
  ) throws(DataError) {
    if layout.missing == .skip,
      [user, item, ratingText, timeText, event].contains(where: { $0.map(Self.isMissing) ?? false })
    {
      notes.missing += 1
      return
    }
    if Self.isMissing(user) || Self.isMissing(item) { notes.nameless += 1 }
    var rating: Float = 1
    if let ratingText {
      guard let found = try self.rating(ratingText, number) else { return }
      rating = found
    }
    if let event {
      guard let found = try events.rating(of: event, in: file, number) else { return }
      rating = found
    }
    var time = Int64(count)
    if let timeText { time = try times.read(timeText, of: file, number) }
    guard count < Int(Int32.max) else {
      throw .tooLarge(file: file, what: "ratings", limit: Int(Int32.max))
    }
    let userIndex = try index(user, "user", number) { space.users.intern($0) }
    let itemIndex = try index(item, "item", number) { space.items.intern($0) }
    count += 1
    if share.holds(Int(userIndex)) {
      columns.users.append(userIndex)
      columns.items.append(itemIndex)
      columns.ratings.append(rating)
      columns.times.append(time)
    }
    lowest = min(lowest, rating)
    highest = max(highest, rating)
    if rating.rounded() != rating { wholeStars = false }
  }

  /// What spreadsheets, pandas and databases write where there is nothing.
  private static let nothing = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "\\N"]
    .map { Array($0.utf8) }

  static func isMissing(_ text: Bytes) -> Bool {
    switch text.first {
    case nil, 78, 92, 110: text.count <= 4 && nothing.contains { text.elementsEqual($0) }
    default: false
    }
  }

  /// nil where the field says that there is none.
  @inline(__always)
  private mutating func rating(_ text: Bytes, _ number: Int) throws(DataError) -> Float? {
    guard let value = Number.decimal(text), Float(value).isFinite else {
      throw .notANumber(file: file, line: number, field: "rating", value: quoted(text))
    }
    var rating = Float(value)
    if !layout.unrated.isEmpty, layout.unrated.contains(rating) {
      notes.unrated += 1
      return nil
    }
    if let ceiling = layout.ceiling, rating > ceiling {
      rating = ceiling
      notes.cut += 1
    }
    if let range = layout.range, !range.contains(rating) {
      throw .outsideRange(file: file, line: number, value: quoted(text), range: range)
    }
    return rating
  }

  @inline(__always)
  private func index(
    _ id: Bytes, _ field: String, _ line: Int, _ intern: (Bytes) -> Int32
  ) throws(DataError) -> Int32 {
    if id.isEmpty { throw .identifier(file: file, line: line, field: field, value: "") }
    if id[0] == 45, Number.decimal(id) != nil {
      throw .identifier(file: file, line: line, field: field, value: quoted(id))
    }
    if layout.encoding == .latin1, id.contains(where: { $0 > 127 }) {
      let text = id.flatMap { Array(String(Unicode.Scalar($0)).utf8) }
      return try text.withUnsafeBufferPointer { (text) throws(DataError) in
        try require(text, field, line)
        return intern(text)
      }
    }
    try require(id, field, line)
    return intern(id)
  }

  private func require(_ id: Bytes, _ field: String, _ line: Int) throws(DataError) {
    if let expected = idFault(id) {
      throw .fault(file, line: line, found: "\(field) \"\(quoted(id))\"", expected: expected)
    }
  }

  // MARK: - The log

  /// Refuses what all files together may not be, and finds the unit of their times.
  mutating func endFiles() throws(DataError) {
    try events.requireRatings()
    if count == 0 { throw .empty(file: file) }
    if layout.time != nil { columns.unit = try times.unit(in: file) }
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

  /// Rows in order with the ids in theirs.
  mutating func finish(checksum: String, range: ClosedRange<Float>) -> RatingsLog {
    renumber(users: space.users.sort(), items: space.items.sort())
    let unit = times.hasDates == true ? nil : columns.unit
    var log = RatingsLog(
      name: "", format: layout.name, checksum: checksum, ratingRange: range,
      hasTimes: layout.time != nil, columns: takeColumns(), userIDs: space.users,
      itemIDs: space.items)
    log.notes = notes.sentences(layout, unit: unit)
    (log.plainCount, log.textCount) = (plain, wide)
    return log
  }

  /// The scale that the layout has, or its ratings tell.
  var scale: ClosedRange<Float> {
    switch layout.scale {
    case .fixed(let range): range
    // 1 ... 5 where all stars are whole, otherwise the half-star scale.
    case .stars: wholeStars && lowest >= 1 ? 1...5 : 0.5...5
    case .own:
      RatingsLog.usualScale(
        lowest: lowest, highest: highest, areWhole: wholeStars)
    }
  }
}
