internal import CZlib
import DRRData
import Platform

/// Where sessions come from: a folder, a file or a zip archive.
public enum SessionSource {
  /// Reads a log; the layout is recognised by itself.
  ///
  /// - Parameter path: a folder or `.zip` with `gen_click.txt`, `gen_action.txt` and
  ///   `gen_reward.txt`; with the CSV files of CIKM Cup 2016 or the two of Yoochoose; with `train_sessions.txt`,
  ///   `test_sessions.txt` or both, one after the other; or with `output.txt`, lines of
  ///   `session;state;click;list;purchase`. Or one file of the last three kinds.
  public static func load(
    _ path: String, _ options: SessionOptions = SessionOptions(),
    progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> SessionLog {
    try options.validate()
    if try PosixFile.isFolder(path) {
      return try load(DataFolder(folder: path), options, progress)
    }
    if try RatingsSource.isArchive(path) {
      let folder = try DataFolder(archive: path) {
        options.file.map($0.contains) ?? (SessionFormat.recognise($0) != nil)
      }
      return try load(folder, options, progress)
    }
    var options = options
    options.file = path.lastPathPart
    return try load(DataFolder(folder: path.parentFolder), options, progress)
  }

  /// Sessions whose next items are to be predicted, and the share that `test` holds of them, which
  /// come last; nil where nothing says which are for test.
  ///
  /// - Parameters:
  ///   - path: as `load` takes it; in a folder or `.zip` with `train_sessions.txt` and
  ///     `test_sessions.txt` the second holds those for test.
  ///   - test: the same, of the sessions for test.
  public static func loadNextItems(
    _ path: String, test: String? = nil, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> (log: RatingsLog, testShare: Double?) {
    var sources = [(path, SessionOptions())]
    if let test {
      sources.append((test, SessionOptions()))
    } else if case .lines(let names)? = try format(of: path), names.count == 2 {
      sources = names.map { name in
        var options = SessionOptions()
        options.file = name
        return (path, options)
      }
    }
    var (ids, sessions, parts) = (RawIDs(), [[Int32]](), [SessionLog]())
    for (path, options) in sources {
      let part = try load(path, options, progress: progress)
      var places: [Int32] = []
      for var id in part.itemIDs { places.append(id.withUTF8 { ids.intern($0) }) }
      for session in 0..<part.count {
        sessions.append(part.clicks(of: session).map { places[Int($0)] })
      }
      parts.append(part)
    }
    var log = RatingsLog(
      name: parts[0].name, format: parts[0].format, sessions: sessions, itemIDs: Array(ids))
    if sources.count == 2, test == nil {
      log.name =
        path.lastPathPart.lowercased().hasSuffix(".zip")
        ? String(path.lastPathPart.dropLast(4)) : path.lastPathPart
    }
    return (log, parts.count == 2 ? Double(parts[1].count) / Double(sessions.count) : nil)
  }

  /// The layout of a folder or archive; nil of a file.
  private static func format(of path: String) throws(DataError) -> SessionFormat? {
    if try PosixFile.isFolder(path) {
      return SessionFormat.recognise(try DataFolder(folder: path).names)
    }
    guard try RatingsSource.isArchive(path) else { return nil }
    return SessionFormat.recognise(
      try DataFolder(archive: path) { SessionFormat.recognise($0) != nil }.names)
  }

  private static func load(
    _ folder: DataFolder, _ options: SessionOptions, _ progress: RatingsSource.Progress?
  ) throws(DataError) -> SessionLog {
    var found: SessionFormat?
    if let file = options.file {
      if !folder.has(file) { throw .missingFile(path: "\(folder.path)/\(file)") }
      found = try SessionFormat.ofFile(file, in: folder)
    } else {
      found = SessionFormat.recognise(folder.names)
    }
    guard let format = found else {
      throw options.file.map {
        .unrecognisedSessions(path: "\(folder.path)/\($0)", lookedFor: SessionFormat.lineShapes)
      } ?? .unrecognisedSessions(path: folder.path, lookedFor: SessionFormat.files)
    }
    var files = SessionFiles(folder, progress)
    var log = try format.read(&files, options)
    log.name = options.file ?? folder.label
    return log
  }
}

/// The layouts known.
enum SessionFormat: Equatable {
  case threeFiles
  case semicolon(String)
  case lines([String])
  case clickLogs
  case views(String, ClickLogs.Table)

  static let files = [
    "gen_click.txt", "train-queries.csv with train-clicks.csv", "train_sessions.txt",
    "test_sessions.txt", "output.txt", "train-item-views.csv", "yoochoose-clicks.dat",
  ]
  static let lineShapes = [
    "session;state;click;i1,...,ik;purchase", "item ids by blank",
    "the header sessionId;userId;itemId;timeframe;eventdate",
    "the header SessionId<TAB>ItemId<TAB>Time", "session,date,item,category",
  ]

  static func recognise(_ names: [String]) -> SessionFormat? {
    if names.contains("gen_click.txt") { return .threeFiles }
    if names.contains("train-queries.csv") || names.contains("train-clicks.csv") {
      return .clickLogs
    }
    let parts = ["train_sessions.txt", "test_sessions.txt"].filter(names.contains)
    if !parts.isEmpty { return .lines(parts) }
    if names.contains("output.txt") { return .semicolon("output.txt") }
    for (name, table) in [
      ("train-item-views.csv", ClickLogs.Table.cikm), ("yoochoose-clicks.dat", .yoochoose),
    ] where names.contains(name) {
      return .views(name, table)
    }
    return nil
  }

  /// By the first line.
  static func ofFile(_ name: String, in folder: DataFolder) throws(DataError) -> SessionFormat? {
    if ["gen_click.txt", "gen_action.txt", "gen_reward.txt"].contains(name) { return .threeFiles }
    if ["train-queries.csv", "train-clicks.csv"].contains(name) { return .clickLogs }
    let line = try folder.firstLine(name)
    if line.isEmpty { throw .noSessions(file: "\(folder.label)/\(name)") }
    let fields = line.split(separator: ";", omittingEmptySubsequences: false)
    if fields.count == 5, fields[0].allSatisfy(\.isNumber) { return .semicolon(name) }
    for table in [ClickLogs.Table.cikm, .timed]
    where ClickLogs.Columns(line, table.separator).has("sessionid", "itemid", table.time) {
      return .views(name, table)
    }
    // A session, a date, an item and a category.
    let parts = line.split(separator: ",", omittingEmptySubsequences: false)
    if parts.count == 4, parts[0].allSatisfy(\.isNumber), parts[1].count == 24,
      parts[1].hasSuffix("Z")
    {
      return .views(name, .yoochoose)
    }
    return fields.count == 1 && !line.contains(",") ? .lines([name]) : nil
  }

  func read(
    _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    switch self {
    case .threeFiles: try ThreeFileSessions.read(&files, options)
    case .semicolon(let name): try SemicolonSessions.read(name, &files, options)
    case .lines(let names): try SessionLines.read(names, &files, options)
    case .clickLogs: try ClickLogs.read(&files, options)
    case .views(let name, let table): try ClickLogs.readViews(name, table, &files, options)
    }
  }
}

/// The files of one log, read one after the other: lines, checksum and progress.
struct SessionFiles {
  let folder: DataFolder
  /// CRC-32 of all bytes read, one file after the other.
  private(set) var crc: UInt = 0
  private let progress: RatingsSource.Progress?
  private var bytesDone = 0

  init(_ folder: DataFolder, _ progress: RatingsSource.Progress?) {
    self.folder = folder
    self.progress = progress
  }

  var checksum: String { UInt32(truncatingIfNeeded: crc).hexadecimal }

  /// Calls `body` with the number of each line that is not blank, and the line: where fields that a
  /// separator parts may stand in quotation marks, each row.
  ///
  /// Returns how messages name the file.
  @discardableResult
  mutating func forEachLine(
    of name: String, by separator: Separator? = nil,
    _ body: (String, Int, Bytes) throws(DataError) -> Void
  ) throws(DataError) -> String {
    if !folder.has(name) { throw .missingFile(path: "\(folder.path)/\(name)") }
    let source = try folder.open(name)
    let (before, progress) = (bytesDone, self.progress)
    let scanner = LineScanner(source, by: separator) { progress?(before + $0, before + $1) }
    do throws(DataError) {
      try scanner.forEachBlock { (block) throws(DataError) in
        try scanner.forEachLine(of: block) { (line) throws(DataError) in
          try body(source.name, scanner.line, line)
        }
      }
    } catch .lineTooLong(let file, let line, let limit) {
      throw .fault(
        file, line: line, found: "a line longer than \(limit) bytes",
        expected: "a session or a step")
    }
    crc = crc32_combine(crc, scanner.crc, scanner.bytes)
    bytesDone += source.totalBytes
    return source.name
  }
}
