/// What is wrong with data from outside, in one sentence that names the file, the line, the value
/// and what was expected.
public enum DataError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no file of that path.
  case missingFile(path: String)
  /// The system refused: no permission, an input/output error.
  case unreadable(path: String, reason: String)
  /// No known layout; `lookedFor` lists the files that would have told one.
  case unrecognised(path: String, lookedFor: [String])
  /// A table whose columns nothing tells; `columns` are options that would.
  case unknownTable(path: String, line: String, columns: [String])
  /// A zip archive that is cut off, damaged, encrypted or otherwise not readable.
  case archive(path: String, reason: String)
  /// The first line does not name the columns.
  case header(file: String, found: String, expected: String)
  /// A line has another number of fields.
  case columns(file: String, line: Int, found: Int, expected: String)
  /// A field should be a number.
  case notANumber(file: String, line: Int, field: String, value: String)
  /// A rating is outside the scale of the format.
  case outsideRange(file: String, line: Int, value: String, range: ClosedRange<Float>)
  /// An id is empty or negative.
  case identifier(file: String, line: Int, field: String, value: String)
  /// A line has more bytes than the limit.
  case lineTooLong(file: String, line: Int, limit: Int)
  /// A quotation mark has no partner, in the bytes that a row may have.
  case quoting(file: String, line: Int)
  /// The file holds no ratings.
  case empty(file: String)
  /// There are more of something than the limit.
  case tooLarge(file: String, what: String, limit: Int)
  /// Generated data have no such size.
  case unknownGenerated(name: String, known: [String])
  /// The data have no official split of that name.
  case unknownSplit(name: String, known: [String])
  /// A file cannot be written.
  case cannotWrite(path: String, reason: String)
  /// The file holds no session.
  case noSessions(file: String)
  /// No known layout of click sessions.
  case unrecognisedSessions(path: String, lookedFor: [String])
  /// A setting of the reader cannot work.
  case setting(name: String, value: String, expected: String)
  /// A line that has something else wrong with it.
  case line(LineFault)

  public var description: String {
    switch self {
    case .missingFile(let path):
      "\(path): no such file or folder"
    case .unreadable(let path, let reason):
      "\(path): cannot be read: \(reason)"
    case .unrecognised(let path, let lookedFor):
      "\(path): no known ratings layout; looked for \(lookedFor.joined(separator: ", "))"
    case .unknownTable(let path, let line, let columns):
      "\(path): no known ratings layout, its first line is \"\(line)\"; name its columns, as `drr "
        + "data import \(path) --out FOLDER \(columns.joined(separator: " "))`"
    case .archive(let path, let reason):
      "\(path): \(reason)"
    case .header(let file, let found, let expected):
      "\(file), line 1: the header is \"\(found)\", expected \(expected)"
    case .columns(let file, let line, let found, let expected):
      "\(file), line \(line): \(found) \(found == 1 ? "field" : "fields"), expected \(expected)"
    case .notANumber(let file, let line, let field, let value):
      "\(file), line \(line): \(field) \"\(value)\" is not a number"
    case .outsideRange(let file, let line, let value, let range):
      "\(file), line \(line): rating \"\(value)\" is outside \(range.spelled); another scale is "
        + "named by --rating-range LOW,HIGH"
    case .identifier(let file, let line, let field, let value):
      value.isEmpty
        ? "\(file), line \(line): \(field) is empty"
        : "\(file), line \(line): \(field) \"\(value)\" is negative, expected an id"
    case .lineTooLong(let file, let line, let limit):
      "\(file), line \(line): longer than \(limit) bytes, expected one rating a line"
    case .quoting(let file, let line):
      "\(file), line \(line): a quoted field opens here and is not closed within the "
        + "\(LineScanner.lineLimit) bytes of a row, expected a closing mark; one inside a field is "
        + "written twice"
    case .empty(let file):
      "\(file): no ratings in it"
    case .tooLarge(let file, let what, let limit):
      "\(file): more than \(limit) \(what)"
    case .unknownGenerated(let name, let known):
      "generated data \"\(name)\" is unknown, expected generated:SIZE or generated:SIZE:SEED"
        + " with SIZE one of \(known.joined(separator: ", ")) and SEED a whole number"
    case .unknownSplit(let name, let known):
      "MovieLens 100K has no split \"\(name)\", expected one of \(known.joined(separator: ", "))"
    case .cannotWrite(let path, let reason):
      "\(path): cannot be written: \(reason)"
    case .noSessions(let file):
      "\(file): no sessions in it"
    case .unrecognisedSessions(let path, let lookedFor):
      "\(path): no known layout of sessions; looked for \(lookedFor.joined(separator: ", "))"
    case .setting(let name, let value, let expected):
      "\(name) is \(value), expected \(expected)"
    case .line(let fault):
      fault.description
    }
  }
}

extension ClosedRange<Float> {
  /// `1 ... 5`, `0.5 ... 5`.
  var spelled: String { "\(Self.short(lowerBound)) ... \(Self.short(upperBound))" }

  private static func short(_ value: Float) -> String {
    value.rounded() == value && value.magnitude < 1e9 ? "\(Int(value))" : "\(value)"
  }
}
