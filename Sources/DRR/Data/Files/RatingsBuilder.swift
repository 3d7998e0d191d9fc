internal import CZlib
import DRRCore

/// The ids of users and items as they come; shared by the two halves of a split.
final class IDSpace {
  var users = RawIDs()
  var items = RawIDs()
}

/// Rows out of the files of one set.
struct RatingsBuilder {
  let layout: RatingsLayout
  let space: IDSpace
  private(set) var columns = RatingsColumns()
  private(set) var lowest = Float.infinity
  private(set) var highest = -Float.infinity
  private(set) var wholeStars = true
  /// Rows that lack something, those that say there is no rating, and those above the ceiling.
  private(set) var (missing, unrated, cut) = (0, 0, 0)
  /// Rows whose user or item is spelled as what is missing often is.
  private var nameless = 0
  /// Rows of plain numbers, many of which were read at a time.
  private(set) var plain = 0
  private var file = ""
  private var fields: Fields
  private var json: JSONRows
  /// Whether times are written as dates; nil before the first.
  private var hasDates: Bool?
  private let events: RawIDs
  private var unknownEvents = RawIDs()
  private var firstUnknownEvent = (file: "", line: 0)
  /// The item that a block is of, or the user that a line of a matrix is.
  private var heading: [UInt8] = []
  private var lines = 0

  init(layout: RatingsLayout, space: IDSpace) {
    self.layout = layout
    self.space = space
    fields = Fields(kept: layout.fieldCount)
    json = JSONRows(layout.names)
    events = RawIDs(layout.eventRatings.map(\.event))
    columns.keepsHighest = layout.event != nil
  }

  // MARK: - Rows

  private mutating func add(_ line: Bytes, _ number: Int) throws(DataError) {
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

  private mutating func add(object: Bytes, _ number: Int) throws(DataError) {
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

  /// What spreadsheets, pandas and databases write where there is nothing.
  private static let nothing = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "\\N"]
    .map { Array($0.utf8) }

  private static func isMissing(_ text: Bytes) -> Bool {
    text.count <= 4 && nothing.contains { text.elementsEqual($0) }
  }

  @inline(__always)
  private mutating func add(
    _ user: Bytes, _ item: Bytes, _ ratingText: Bytes?, _ timeText: Bytes?, _ event: Bytes?,
    _ number: Int
  ) throws(DataError) {
    if layout.missing == .skip,
      [user, item, ratingText, timeText, event].contains(where: { $0.map(Self.isMissing) ?? false })
    {
      missing += 1
      return
    }
    if Self.isMissing(user) || Self.isMissing(item) { nameless += 1 }
    var rating: Float = 1
    if let ratingText {
      guard let value = Number.decimal(ratingText), Float(value).isFinite else {
        throw .notANumber(file: file, line: number, field: "rating", value: quoted(ratingText))
      }
      rating = Float(value)
      if !layout.unrated.isEmpty, layout.unrated.contains(rating) {
        unrated += 1
        return
      }
      if let ceiling = layout.ceiling, rating > ceiling {
        rating = ceiling
        cut += 1
      }
      if let range = layout.range, !range.contains(rating) {
        throw .outsideRange(file: file, line: number, value: quoted(ratingText), range: range)
      }
    }
    if let event {
      guard let known = events.lookup(event) else { return try note(unknown: event, number) }
      rating = layout.eventRatings[known].rating
    }
    var time = Int64(columns.count)
    if let timeText { time = try self.time(timeText, number) }
    guard columns.count < Int(Int32.max) else {
      throw .tooLarge(file: file, what: "ratings", limit: Int(Int32.max))
    }
    let userIndex = try index(user, "user", number) { space.users.intern($0) }
    columns.items.append(try index(item, "item", number) { space.items.intern($0) })
    columns.users.append(userIndex)
    columns.ratings.append(rating)
    columns.times.append(time)
    lowest = min(lowest, rating)
    highest = max(highest, rating)
    if rating.rounded() != rating { wholeStars = false }
  }

  /// Seconds, or what number there is, or microseconds of a date.
  private mutating func time(_ text: Bytes, _ number: Int) throws(DataError) -> Int64 {
    if hasDates != true, let seconds = Number.seconds(text) {
      hasDates = false
      return seconds
    }
    if hasDates != false, let microseconds = Timestamp.microseconds(text) {
      hasDates = true
      return microseconds
    }
    if hasDates == true || hasDates == nil && text.contains(45) {
      throw .fault(
        file, line: number, found: "the time \"\(quoted(text))\"",
        expected: "a date as 2019-11-24 or 2019-11-24T00:03:13Z")
    }
    throw .notANumber(file: file, line: number, field: "time", value: quoted(text))
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

  private mutating func note(unknown event: Bytes, _ number: Int) throws(DataError) {
    if unknownEvents.isEmpty { firstUnknownEvent = (file, number) }
    _ = unknownEvents.intern(event)
    // A column of so many is none of events.
    if unknownEvents.count >= 12 { throw unknownEvent() }
  }

  /// The first event without a rating, and which others there are.
  private func unknownEvent() -> DataError {
    let found = unknownEvents.map { "\"\(quoted($0))\"" }
    let known = layout.eventRatings.map(\.event)
    let example = unknownEvents.enumerated()
      .map { "\(quoted($1))=\($0 + 1)" }.joined(separator: ",")
    return .fault(
      firstUnknownEvent.file, line: firstUnknownEvent.line,
      found: "the \(found.count == 1 ? "event" : "events") \(found.joined(separator: ", "))",
      expected: known.isEmpty
        ? "a rating for each, as --event-ratings \(example); say them"
        : "one of \(known.joined(separator: ", ")); name the others in --event-ratings too")
  }

  private mutating func add(_ rows: PlainRows) {
    space.users.intern(rows.users, known: rows.userIndices, into: &columns.users)
    space.items.intern(rows.items, known: rows.itemIndices, into: &columns.items)
    columns.ratings.append(contentsOf: rows.ratings)
    if layout.time == nil {
      let first = Int64(columns.times.count)
      columns.times.append(contentsOf: first..<first + Int64(rows.ratings.count))
    } else {
      columns.times.append(contentsOf: rows.times)
      if !rows.times.isEmpty { hasDates = false }
    }
    plain += rows.ratings.count
    lowest = min(lowest, rows.lowest)
    highest = max(highest, rows.highest)
    wholeStars = wholeStars && rows.wholeStars
  }

  // MARK: - Files

  /// Reads all files of one layout, one after the other.
  static func read(
    _ files: [String], of folder: DataFolder, layout: RatingsLayout, space: IDSpace,
    progress: RatingsSource.Progress?
  ) throws(DataError) -> (builder: RatingsBuilder, checksum: String) {
    var builder = RatingsBuilder(layout: layout, space: space)
    var sizes: [Int] = []
    for file in files { sizes.append(try folder.size(file)) }
    let total = sizes.reduce(0, +)
    var (done, crc) = (0, 0 as UInt)
    for (file, size) in zip(files, sizes) {
      if let header = layout.header, files.count > 1, case let line = try folder.firstLine(file),
        line != header
      {
        throw .header(
          file: try folder.open(file).name, found: quoted(line),
          expected: "\(quoted(header)), as \(files[0]) has")
      }
      let before = done
      let (part, bytes) = try builder.read(
        try folder.open(file), of: total, isAlone: files.count == 1
      ) { progress?(before + $0, total) }
      crc = crc32_combine(crc, part, bytes)
      done += size
    }
    if !builder.unknownEvents.isEmpty { throw builder.unknownEvent() }
    if builder.columns.count == 0 { throw .empty(file: builder.file) }
    try builder.settleUnit()
    return (builder, UInt32(truncatingIfNeeded: crc).hexadecimal)
  }

  /// Returns the CRC-32 of the file's bytes and how many there are.
  private mutating func read(
    _ source: any ByteSource, of total: Int, isAlone: Bool, progress: @escaping (Int) -> Void
  ) throws(DataError) -> (crc: UInt, bytes: Int) {
    file = source.name
    heading = []
    if case .json(isList: true) = layout.form {
      var all = try source.readAll()
      progress(source.doneBytes)
      let (crc, count) = (crc32_z(0, all, all.count), all.count)
      if all.starts(with: [0xef, 0xbb, 0xbf]) { all.replaceSubrange(0..<3, with: [32, 32, 32]) }
      try JSONRows.forEachObject(of: &all, file) { (object, line) throws(DataError) in
        try add(object: object, line)
      }
      return (crc, count)
    }
    var separator: Separator? = layout.separator
    if case .json = layout.form { separator = nil }
    let scanner = LineScanner(source, by: separator) { done, _ in progress(done) }
    var isHeaded = layout.header != nil
    var isReserved = !isAlone
    func addLines(_ lines: Bytes) throws(DataError) {
      try scanner.forEachLine(of: lines) { (line: Bytes) throws(DataError) -> Void in
        if isHeaded {
          isHeaded = false
        } else {
          try add(line, scanner.line)
        }
      }
    }
    try scanner.forEachBlock { (block: Bytes) throws(DataError) -> Void in
      // Up to where lines were looked at, and up to where they were read.
      var (end, start) = (0, 0)
      while isHeaded, end < block.count {
        end = block[end...].firstIndex(of: 10).map { $0 + 1 } ?? block.count
        try addLines(Bytes(rebasing: block[start..<end]))
        start = end - scanner.open
      }
      if isHeaded { return }
      let block = Bytes(rebasing: block[start...])
      guard layout.isPlain else { return try addLines(block) }
      start = 0
      for (bytes, rows) in PlainRows.read(block, layout, space) {
        // Plain lines in a field that is open before them are its text.
        if let rows, start == bytes.lowerBound,
          columns.count + rows.ratings.count <= Int(Int32.max)
        {
          add(rows)
          scanner.skip(lines: rows.ratings.count)
        } else {
          try addLines(Bytes(rebasing: block[start..<bytes.upperBound]))
        }
        start = bytes.upperBound - scanner.open
      }
      if !isReserved, columns.count > 0 {
        let share = Double(total) / Double(max(source.doneBytes, 1))
        // Only address space until it is filled; above this the columns grow as they need.
        columns.reserve(min(Int(share * Double(columns.count) * 1.02), 1 << 26))
        isReserved = true
      }
    }
    return (scanner.crc, scanner.bytes)
  }

  /// Finds the unit of the times by their size.
  private mutating func settleUnit() throws(DataError) {
    guard layout.time != nil else { return }
    if hasDates == true {
      columns.unit = .microseconds
      return
    }
    var (earliest, latest) = (Int64.max, Int64.min)
    for time in columns.times {
      if time > 0 { earliest = min(earliest, time) }
      latest = max(latest, time)
    }
    if latest <= 0 { return }
    columns.unit = TimeUnit.of(latest)
    if columns.unit != .seconds, TimeUnit.of(earliest) != columns.unit {
      throw .fault(
        file, found: "times from \(earliest) to \(latest), of two units",
        expected: "all in seconds, milliseconds, microseconds or nanoseconds")
    }
  }

  /// What reading did that the ratings do not show, for people.
  var notes: [String] {
    func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }
    var notes: [String] = []
    if layout.isImplicit {
      notes.append("no ratings: every row is a positive, rated 1 of 0 ... 1")
    }
    if layout.event != nil {
      let ratings = layout.eventRatings.map { "\($0.event) \(RatingsLog.spelled($0.rating))" }
      notes.append(
        "ratings are given by events: \(ratings.joined(separator: ", ")); of a user's events with "
          + "an item the one rated highest counts, the latest of equals")
    }
    if unrated > 0 {
      let values = layout.unrated.map(RatingsLog.spelled).joined(separator: " or ")
      notes.append("\(rows(unrated)) without a rating (\(values)) left out")
    }
    if missing > 0 {
      notes.append("\(rows(missing)) that lack a user, item, rating or time left out")
    }
    if nameless > 0 {
      notes.append(
        "\(rows(nameless)) have a user or item that is called NULL, NaN or the like; where that "
          + "stands for nothing, `drr data import --missing skip` leaves them out")
    }
    if cut > 0, let ceiling = layout.ceiling {
      notes.append("\(rows(cut)) rated above \(RatingsLog.spelled(ceiling)) count as that")
    }
    if columns.unit != .seconds, hasDates != true {
      notes.append("times are \(columns.unit), by their size; they are kept in seconds")
    }
    return notes
  }

  // MARK: - The log

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
    let notes = notes
    var log = RatingsLog(
      name: "", format: layout.name, checksum: checksum, ratingRange: range,
      hasTimes: layout.time != nil, columns: takeColumns(), userIDs: space.users,
      itemIDs: space.items)
    (log.notes, log.plainCount) = (notes, plain)
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

extension RatingsLog {
  /// The scale that ratings are of which nothing else tells: the usual one of such ratings,
  /// otherwise their own extremes.
  static func usualScale(
    lowest low: Float, highest high: Float, areWhole: Bool
  ) -> ClosedRange<Float> {
    if low >= 0.5, high > 1, high <= 5 { return low >= 1 && areWhole ? 1...5 : 0.5...5 }
    if low >= 0, high > 5, high <= 10 { return 0...10 }
    if low >= 0, high <= 1 { return 0...1 }
    if low >= -1, high <= 1 { return -1...1 }
    return low < high ? low...high : min(low, 0)...max(high, 0)
  }

  /// `3`, `3.5`
  static func spelled(_ value: Float) -> String {
    value.rounded() == value && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
