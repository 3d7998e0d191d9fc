import DRRCore
import DRRData

/// A step a line, `session;state;click;i1,..,ik;purchase`, the state after the click. A session's
/// lines stand together, and its first is its start: `s;0;0;;0`.
struct SemicolonSessions {
  private static let expected = "5 by semicolon: session;state;click;i1,..,ik;purchase"

  private let options: SessionOptions
  private var builder: SessionBuilder
  private var sessions = RawIDs()
  private var current: Int32 = -1
  private var fields = Fields(kept: 5)
  private var list: [Int32] = []

  private init(_ options: SessionOptions) {
    self.options = options
    builder = SessionBuilder(
      format: "session;state;click;list;purchase", hasLists: true, isSimulated: true, options)
  }

  static func read(
    _ name: String, _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    var reading = SemicolonSessions(options)
    try files.forEachLine(of: name, by: .semicolon) { (file, number, line) throws(DataError) in
      try reading.add(line, of: file, number)
    }
    if reading.builder.isOpen { try reading.builder.end() }
    return try reading.builder.finish(checksum: files.checksum)
  }

  private mutating func add(_ line: Bytes, of file: String, _ number: Int) throws(DataError) {
    try fields.split(line, .semicolon, of: file, number)
    guard fields.count == 5 else {
      openSession(of: file, number)
      return builder.fail(
        .malformed, line: number, "\(counted(fields.count, "field")) in \"\(quoted(line))\"",
        expected: Self.expected)
    }
    try beginSession(of: file, number)
    addStep(number)
  }

  private mutating func openSession(of file: String, _ number: Int) {
    guard !builder.isOpen else { return }
    builder.open(file: file)
    builder.begin(line: number)
  }

  /// Where the line is not of the session before it.
  private mutating func beginSession(of file: String, _ number: Int) throws(DataError) {
    let known = sessions.count
    let session = sessions.intern(fields[0])
    guard session != current else { return }
    if builder.isOpen, current >= 0 { try builder.end() }
    openSession(of: file, number)
    current = session
    if Int(session) < known {
      builder.fail(
        .malformed, line: number, "session \"\(quoted(fields[0]))\" comes back",
        expected: "the lines of a session together")
    }
  }

  private mutating func addStep(_ number: Int) {
    var field = "state"
    do throws(ItemNumber.Odd) {
      guard let state = ItemNumber.read(fields[1]) else {
        throw ItemNumber.Odd(found: quoted(fields[1]), expected: "a whole number from 0 on")
      }
      field = "purchase"
      guard let reward = Number.decimal(fields[4]), Float(reward).isFinite else {
        throw ItemNumber.Odd(found: quoted(fields[4]), expected: "a number")
      }
      field = "click"
      let click = try ItemNumber.item(fields[2], options)
      field = "item of the list"
      list.removeAll(keepingCapacity: true)
      if !fields[3].isEmpty {
        try ItemNumber.forEachPart(of: fields[3], by: 44) { (text) throws(ItemNumber.Odd) in
          list.append(try ItemNumber.item(text, options))
        }
      }
      builder.step(click: click, reward: Float(reward), list: list, state: state, line: number)
    } catch {
      builder.fail(
        .malformed, line: number, "\(field) \"\(error.found)\"", expected: error.expected)
    }
  }
}

/// A session a line, the ids of what was clicked or viewed by blank; nothing is known of what was
/// shown.
enum SessionLines {
  static func read(
    _ names: [String], _ files: inout SessionFiles, _ options: SessionOptions
  ) throws(DataError) -> SessionLog {
    var builder = SessionBuilder(
      format: "sessions of item ids, a line each", hasLists: false, isSimulated: false, options)
    var ids = RawIDs()
    for name in names {
      try files.forEachLine(of: name) { (file, number, line) throws(DataError) in
        builder.open(file: file)
        builder.begin(line: number)
        ItemNumber.forEachPart(of: line, by: 32) { part in
          if part.isEmpty { return }
          if ItemNumber.read(part) == nil {
            builder.fail(
              .malformed, line: number, "the item \"\(quoted(part))\"",
              expected: "ids of digits by blank")
          } else {
            builder.step(click: ids.intern(part), reward: 0)
          }
        }
        try builder.end()
      }
    }
    builder.ids = ids
    return try builder.finish(checksum: files.checksum)
  }
}
