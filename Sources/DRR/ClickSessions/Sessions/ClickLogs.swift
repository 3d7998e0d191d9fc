import DRRCore
import DRRData

/// The files of CIKM Cup 2016, track 2 (DIGINETICA), as they were published: queries with the
/// items they showed, clicks on these, purchases, and views of items.
///
/// A session is its clicks by time, those of one time in the order of the file; each was shown the
/// items of its query. A purchase rewards the session's last click on what was bought with 1.
/// Sessions stand in the order in which the queries' file begins them. Without queries and clicks a
/// session is its views, and nothing is known of what was shown. Columns are found by name, with
/// or without underscores and points.
///
/// Yoochoose (RecSys Challenge 2015) and the tables of Nowplaying and others that have a session, an
/// item and a time are views too.
enum ClickLogs {
  /// How a file of views is written.
  struct Table: Equatable {
    var format: String
    var separator = Separator.semicolon
    /// Of a file without a header.
    var names: [String]?
    var time = "timeframe"
    /// A file of purchases beside it, and its columns where it has no header.
    var purchases: String?
    var purchaseNames: [String]?

    static let cikm = Table(
      format: "CIKM Cup 2016: views of items", purchases: "train-purchases.csv")
    static let yoochoose = Table(
      format: "Yoochoose", separator: .comma,
      names: ["sessionid", "timeframe", "itemid", "category"], purchases: "yoochoose-buys.dat",
      purchaseNames: ["sessionid", "timeframe", "itemid", "price", "quantity"])
    static let timed = Table(
      format: "views of items by time", separator: .tab, time: "time")
  }

  static func read(
    _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    var builder = SessionBuilder(
      format: "CIKM Cup 2016: queries, clicks, purchases", hasLists: true, isSimulated: false,
      options)
    var steps = Steps()
    var queries = Queries()
    try rows(of: "train-queries.csv", .cikm, &files, ["queryid", "sessionid", "items"], &builder) {
      (row) throws(ItemNumber.Odd) in
      let (query, session) = (try row.id(0), try row.id(1))
      if row[2].isEmpty { throw ItemNumber.Odd(found: "no items", expected: "those shown") }
      var list: [Int32] = []
      try ItemNumber.forEachPart(of: row[2], by: 44) { (text) throws(ItemNumber.Odd) in
        guard ItemNumber.read(text) != nil else {
          throw ItemNumber.Odd(found: "item \"\(quoted(text))\"", expected: "an id of digits")
        }
        list.append(steps.items.intern(text))
      }
      guard queries.add(query, session: steps.sessions.intern(session), list) else {
        throw ItemNumber.Odd(found: "query \(quoted(query)) again", expected: "each query once")
      }
    }
    let name = try rows(
      of: "train-clicks.csv", .cikm, &files, ["queryid", "itemid", "timeframe"], &builder
    ) { (row) throws(ItemNumber.Odd) in
      let (id, item, time) = (try row.id(0), try row.id(1), try row.time(2))
      guard let query = queries.number(id) else {
        throw ItemNumber.Odd(
          kind: .unknownQuery, found: "query \(quoted(id))", expected: "one of train-queries.csv")
      }
      steps.add(
        session: queries.sessions[query], item: steps.items.intern(item), time, line: row.line,
        query: query)
    }
    try steps.readPurchases(.cikm, &files, &builder)
    builder.open(file: name)
    try steps.write(to: &builder) { queries.list($0) }
    return try builder.finish(checksum: files.checksum)
  }

  static func readViews(
    _ name: String, _ table: Table, _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    var builder = SessionBuilder(
      format: table.format, hasLists: false, isSimulated: false, options)
    var steps = Steps()
    let file = try rows(of: name, table, &files, ["sessionid", "itemid", table.time], &builder) {
      (row) throws(ItemNumber.Odd) in
      let (session, item, time) = (try row.id(0), try row.id(1), try row.time(2))
      steps.add(
        session: steps.sessions.intern(session), item: steps.items.intern(item), time,
        line: row.line, query: 0)
    }
    try steps.readPurchases(table, &files, &builder)
    builder.open(file: file)
    try steps.write(to: &builder) { _ in [] }
    return try builder.finish(checksum: files.checksum)
  }

  /// The columns that a header names.
  struct Columns {
    let names: [String]

    init(_ header: String, _ separator: Separator = .semicolon) {
      let mark: Character = separator == .tab ? "\t" : separator == .comma ? "," : ";"
      names = header.split(separator: mark, omittingEmptySubsequences: false).map { name in
        String(name.lowercased().unicodeScalars.filter { ("a"..."z").contains($0) })
      }
    }

    func has(_ wanted: String...) -> Bool { wanted.allSatisfy(names.contains) }
  }

  /// The columns asked for, of one line.
  struct Row {
    fileprivate let fields: Fields
    fileprivate let places: [Int]
    fileprivate let names: [String]
    let line: Int

    subscript(column: Int) -> Bytes { fields[places[column]] }

    func id(_ column: Int) throws(ItemNumber.Odd) -> Bytes {
      if ItemNumber.read(self[column]) != nil { return self[column] }
      throw ItemNumber.Odd(
        found: "\(names[column]) \"\(quoted(self[column]))\"", expected: "an id of digits")
    }

    func time(_ column: Int) throws(ItemNumber.Odd) -> Int64 {
      if let time = Number.seconds(self[column]) ?? Timestamp.microseconds(self[column]) {
        return time
      }
      throw ItemNumber.Odd(
        found: "\(names[column]) \"\(quoted(self[column]))\"", expected: "a number or a date")
    }
  }

  /// Reads the rows of a file; one that `body` does not like is left out or refuses the log.
  @discardableResult
  fileprivate static func rows(
    of name: String, _ table: Table, _ files: inout SessionFiles, _ wanted: [String],
    headless: [String]? = nil, _ builder: inout SessionBuilder,
    _ body: (Row) throws(ItemNumber.Odd) -> Void
  ) throws(DataError) -> String {
    var (fields, places, count) = (Fields(kept: 0), [Int](), 0)
    let headless = headless ?? table.names
    let isHeadless = headless != nil
    if let headless {
      places = wanted.map { headless.firstIndex(of: $0)! }
      count = headless.count
      fields = Fields(kept: count)
    }
    return try files.forEachLine(of: name, by: table.separator) {
      (file, number, line) throws(DataError) in
      if places.isEmpty {
        let header = String(decoding: line, as: UTF8.self)
        let names = Columns(header, table.separator).names
        for name in wanted {
          if let place = try column([name], among: names, of: file) { places.append(place) }
        }
        guard places.count == wanted.count else {
          throw .header(
            file: file, found: quoted(header),
            expected: "columns \(wanted.joined(separator: ", ")) by \(table.separator.plural)")
        }
        count = names.count
        fields = Fields(kept: count)
        return
      }
      try fields.split(line, table.separator, of: file, number)
      do throws(ItemNumber.Odd) {
        guard fields.count == count else {
          throw ItemNumber.Odd(
            found: "\(fields.count) fields",
            expected: "\(count), as in \(isHeadless ? "every line" : "the header")")
        }
        try body(Row(fields: fields, places: places, names: wanted, line: number))
      } catch {
        try builder.leaveOut(
          SessionFault(
            kind: error.kind, file: file, line: number, found: error.found,
            expected: error.expected))
      }
    }
  }
}

/// What each query showed, and to which session.
private struct Queries {
  private var ids = RawIDs()
  private(set) var sessions: [Int32] = []
  private var offsets: [Int] = [0]
  private var shown: [Int32] = []

  /// False where the query is known already.
  mutating func add(_ id: Bytes, session: Int32, _ list: [Int32]) -> Bool {
    guard Int(ids.intern(id)) == sessions.count else { return false }
    sessions.append(session)
    shown.append(contentsOf: list)
    offsets.append(shown.count)
    return true
  }

  func number(_ id: Bytes) -> Int? { ids.lookup(id) }
  func list(_ query: Int) -> ArraySlice<Int32> { shown[offsets[query]..<offsets[query + 1]] }
}

/// Clicks or views of all sessions, in the order of their file.
private struct Steps {
  var items = RawIDs()
  var sessions = RawIDs()
  private var rows: [(session: Int32, item: Int32, query: Int32, line: Int32, time: Int64)] = []
  private var bought: Set<UInt64> = []

  mutating func add(session: Int32, item: Int32, _ time: Int64, line: Int, query: Int) {
    rows.append((session, item, Int32(query), Int32(clamping: line), time))
  }

  private func pair(_ session: Int32, _ item: Int32) -> UInt64 {
    UInt64(UInt32(session)) << 32 | UInt64(UInt32(item))
  }

  mutating func readPurchases(
    _ table: ClickLogs.Table, _ files: inout SessionFiles, _ builder: inout SessionBuilder
  ) throws(DataError) {
    guard let name = table.purchases, files.folder.has(name) else { return }
    try ClickLogs.rows(
      of: name, table, &files, ["sessionid", "itemid"], headless: table.purchaseNames, &builder
    ) { (row) throws(ItemNumber.Odd) in
      let (session, item) = (sessions.lookup(try row.id(0)), items.lookup(try row.id(1)))
      if let session, let item { bought.insert(pair(Int32(session), Int32(item))) }
    }
  }

  func write(
    to builder: inout SessionBuilder, _ list: (Int) -> ArraySlice<Int32>
  ) throws(DataError) {
    let order = rows.indices.sorted {
      (rows[$0].session, rows[$0].time, $0) < (rows[$1].session, rows[$1].time, $1)
    }
    // The last click on what was bought is rewarded.
    var rewarded = [Bool](repeating: false, count: rows.count)
    var rest = bought
    for index in order.reversed() {
      rewarded[index] = rest.remove(pair(rows[index].session, rows[index].item)) != nil
    }
    builder.ids = items
    var session: Int32 = -1
    for index in order {
      let row = rows[index]
      if row.session != session {
        if session >= 0 { try builder.end() }
        builder.begin(line: Int(row.line))
        session = row.session
      }
      builder.step(
        click: row.item, reward: rewarded[index] ? 1 : 0, list: list(Int(row.query)),
        line: Int(row.line))
    }
    if session >= 0 { try builder.end() }
  }
}
