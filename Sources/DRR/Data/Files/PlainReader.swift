/// Reads the rows of some lines, each column in the plainest way that fits all of them.
struct PlainReader {
  /// What a field is read as.
  private enum Kind: UInt8 {
    case user, item, rating, time, other
    case userText, itemText, ratingText, timeText, otherText, event

    init(_ field: Int, _ layout: RatingsLayout) {
      switch field {
      case layout.user: self = .user
      case layout.item: self = .item
      case layout.rating: self = .rating
      case layout.time: self = .time
      case layout.event: self = .event
      default: self = .other
      }
    }

    /// As what it is read that is not so; nil: as nothing.
    var wider: Kind? {
      switch self {
      case .user: .userText
      case .item: .itemText
      case .rating: .ratingText
      case .time: .timeText
      case .other: .otherText
      default: nil
      }
    }
  }

  private enum Outcome {
    case rows(Int)
    /// The field that is not what it is read as.
    case stopped(Int)
  }

  private typealias Cursor = PlainFields.Cursor

  private let layout: RatingsLayout
  private let events: EventColumn
  private let parting: PlainFields.Parting
  private let first: Cursor
  private let end: Cursor
  private let rows: Rows
  private var users = IDRunBuffer()
  private var items = IDRunBuffer()
  private var times = TimeColumn()

  /// The rows, nil where a line is none that is read so.
  static func read(_ lines: Bytes, _ layout: RatingsLayout, _ events: EventColumn) -> PlainRows? {
    guard let first = lines.baseAddress else { return nil }
    var kinds = (0..<layout.fieldCount).map { Kind($0, layout) }
    // The shortest line is `1,1,1` and its end, or `1,1`.
    let rows = Rows(capacity: lines.count / (layout.rating == nil ? 4 : 6) + 1)
    defer { rows.deallocate() }
    while true {
      var reader = PlainReader(layout, events, first, first + lines.count, rows)
      defer { reader.deallocate() }
      switch kinds.withUnsafeBufferPointer({ reader.readRows($0) }) {
      case .rows(let count): return reader.taken(count, kinds)
      case .stopped(let field):
        guard let wider = kinds[field].wider else { return nil }
        kinds[field] = wider
      }
    }
  }

  private init(
    _ layout: RatingsLayout, _ events: EventColumn, _ first: Cursor, _ end: Cursor, _ rows: Rows
  ) {
    (self.layout, self.events, parting) = (layout, events, PlainFields.Parting(layout.separator))
    (self.first, self.end, self.rows) = (first, end, rows)
  }

  private func deallocate() {
    users.deallocate()
    items.deallocate()
  }

  private mutating func taken(_ count: Int, _ kinds: [Kind]) -> PlainRows {
    func column<Value>(_ values: UnsafeMutablePointer<Value>, _ isThere: Bool) -> [Value] {
      isThere ? Array(UnsafeBufferPointer(start: values, count: count)) : []
    }
    var taken = PlainRows()
    (taken.users.runs, taken.items.runs) = (users.all, items.all)
    taken.users.numbers = column(rows.users, kinds.contains(.user))
    taken.items.numbers = column(rows.items, kinds.contains(.item))
    taken.ratings =
      layout.rating == nil && layout.event == nil
      ? Array(repeating: 1, count: count) : column(rows.ratings, true)
    taken.times = column(rows.times, layout.time != nil)
    if kinds.contains(.time), count > 0 { times.readNumbers(taken.times) }
    taken.timeColumn = times
    taken.areNumbers = kinds.allSatisfy { $0.wider != nil }
    return taken
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

  private mutating func readRows(_ kinds: UnsafeBufferPointer<Kind>) -> Outcome {
    var (cursor, row) = (first, 0)
    while cursor < end {
      let start = cursor
      for field in 0..<kinds.count {
        guard read(kinds[field], &cursor, row) else { return .stopped(field) }
        if field + 1 < kinds.count {
          guard end - cursor >= parting.count, cursor[0] == parting.byte,
            parting.count == 1 || cursor[1] == parting.byte
          else { return .stopped(field) }
          cursor += parting.count
        }
      }
      if cursor < end, cursor[0] == 13 { cursor += 1 }
      guard cursor == end || cursor[0] == 10, cursor - start <= LineScanner.lineLimit else {
        return .stopped(kinds.count - 1)
      }
      cursor += 1
      row += 1
    }
    return .rows(row)
  }

  @inline(__always)
  private mutating func read(_ kind: Kind, _ cursor: inout Cursor, _ row: Int) -> Bool {
    switch kind {
    case .user: PlainFields.identifier(&cursor, end, &rows.users[row])
    case .item: PlainFields.identifier(&cursor, end, &rows.items[row])
    case .rating: PlainFields.decimal(&cursor, end, &rows.ratings[row])
    case .time: PlainFields.seconds(&cursor, end, &rows.times[row])
    case .other: PlainFields.skip(&cursor, end, parting.byte)
    default: readText(kind, &cursor, row)
    }
  }

  private mutating func readText(_ kind: Kind, _ cursor: inout Cursor, _ row: Int) -> Bool {
    guard let (text, isPrintable) = PlainFields.text(&cursor, end, parting) else { return false }
    switch kind {
    case .userText:
      guard isID(text, isPrintable) else { return false }
      users.add(text, from: first, row: row)
    case .itemText:
      guard isID(text, isPrintable) else { return false }
      items.add(text, from: first, row: row)
    case .ratingText:
      guard let value = Number.decimal(text), Float(value).isFinite else { return false }
      rows.ratings[row] = Float(value)
    case .timeText:
      guard let time = times.read(text) else { return false }
      rows.times[row] = time
    case .event:
      guard let rating = events.knownRating(of: text),
        layout.missing == .refuse || !RatingsBuilder.isMissing(text)
      else { return false }
      rows.ratings[row] = rating
    default: break
    }
    return true
  }

  /// Whether a text is an id that nothing is said of.
  @inline(__always)
  private func isID(_ text: Bytes, _ isPrintable: Bool) -> Bool {
    guard let first = text.first, !RatingsBuilder.isMissing(text) else { return false }
    if first == 45, Number.decimal(text) != nil { return false }
    return isPrintable || layout.encoding == .utf8 && idFault(text) == nil
  }
}
