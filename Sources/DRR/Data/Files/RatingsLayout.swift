/// How a file of ratings is written, and what its columns mean.
struct RatingsLayout {
  /// How rows lie in the file.
  enum Form: Equatable {
    /// Fields of a line.
    case separated
    /// An object a line, or a list of objects.
    case json(isList: Bool)
    /// Netflix: `item:`, and below it `user,rating,date` a line.
    case blocks
    /// Jester: a line a user, with the number of ratings and one a joke, 99 where there is none.
    case matrix
  }

  /// Where the scale comes from that nobody names.
  enum Scale {
    case fixed(ClosedRange<Float>)
    /// Five stars, whole or halves, as the ratings are.
    case stars
    /// The usual one of such ratings.
    case own
  }

  /// What was read, for people.
  var name: String
  var form = Form.separated
  var separator = Separator.comma
  /// The first line of a file whose first line is no row.
  var header: String?
  /// All fields a line has; of JSON the names that are asked for.
  var fieldCount: Int
  var names: [String] = []
  var user = 0
  var item = 1
  /// Nil: events, or every row is a positive.
  var rating: Int? = 2
  var time: Int?
  var event: Int?
  var eventRatings: [EventRating] = []
  /// What a line should be, for messages.
  var expected: String
  var scale: Scale
  /// Values of the rating's column that say there is none.
  var unrated: [Float] = []
  /// Ratings above count as this.
  var ceiling: Float?
  var encoding = ReadingOptions.Encoding.utf8
  var missing = ReadingOptions.Missing.refuse
  /// Files of titles beside the ratings, the first of which is read.
  var items: [String] = []

  /// Ratings outside are an error; nil takes any finite value.
  var range: ClosedRange<Float>? {
    switch scale {
    case .fixed(let range): range
    case .stars: 0.5...5
    case .own: nil
    }
  }

  /// Whether lines may be plain, many of which are read at a time.
  var isPlain: Bool { form == .separated && separator != .blank }

  /// Whether every row is a positive.
  var isImplicit: Bool { rating == nil && event == nil }
}

// MARK: - Layouts without a header

extension RatingsLayout {
  static let movieLens100K = RatingsLayout(
    name: "MovieLens 100K", separator: .tab, fieldCount: 4, time: 3,
    expected: "4 separated by tabs: user, item, rating, time", scale: .fixed(1...5),
    items: ["u.item"])

  /// `user::item::rating[::time]`: MovieLens 1M and 10M, and MovieTweetings.
  private static func doubleColon(_ fields: [String]) -> RatingsLayout {
    let timed = fields.count != 3
    // MovieTweetings names films by their IMDb number in seven digits; MovieLens by 1 to 65133.
    let tweets = fields.count >= 3 && fields[1].utf8.count >= 7
    return RatingsLayout(
      name: tweets ? "MovieTweetings" : "MovieLens .dat", separator: .doubleColon,
      fieldCount: timed ? 4 : 3, time: timed ? 3 : nil,
      expected: timed
        ? "4 separated by ::, user, item, rating, time"
        : "3 separated by ::, user, item, rating",
      scale: tweets ? .fixed(0...10) : .stars, items: ["movies.dat"])
  }

  /// What fields of a first line tell that is a row; nil where they tell nothing.
  static func headless(
    _ fields: [String], _ separator: Separator, file: String
  ) -> RatingsLayout? {
    func isNumber(_ at: Int) -> Bool { at < fields.count && Float(fields[at]) != nil }
    switch separator {
    case .doubleColon: return doubleColon(fields)
    case .tab where file == "u.data" || isNumber(2) && fields.count < 20: return movieLens100K
    case .comma where fields.count == 4 && isNumber(2) && isNumber(3):
      // Amazon's users are named A and 12 or more letters and digits, its items B and nine, or by
      // their ISBN; of the one release the user comes first, of the other the item.
      let users = [0, 1].filter { fields[$0].hasPrefix("A") && fields[$0].utf8.count > 10 }
      guard let user = users.first, users.count == 1 else { return nil }
      return RatingsLayout(
        name: "Amazon reviews", fieldCount: 4, user: user, item: 1 - user, time: 3,
        expected: "4 separated by commas: user, item, rating, time", scale: .fixed(1...5))
    case .comma where fields.count == 5 && ["purchase", "play"].contains(fields[2]):
      return RatingsLayout(
        name: "Steam-200k", fieldCount: 5, rating: nil,
        expected: "5 separated by commas: user, game, purchase or play, hours, 0",
        scale: .fixed(0...1))
    default: break
    }
    // The first number says how many of the others are ratings.
    guard fields.count >= 20, fields.indices.allSatisfy(isNumber),
      fields.dropFirst().count(where: { Float($0) != 99 }) == Int(fields[0])
    else { return nil }
    return RatingsLayout(
      name: "Jester", form: .matrix, separator: separator, fieldCount: fields.count,
      expected: "\(fields.count) separated by \(separator.plural), as in the first line",
      scale: .fixed(-10...10))
  }
}

// MARK: - Recognition

extension RatingsLayout {
  /// The layout of a file, by its name, its first line and what is said of it.
  ///
  /// - Throws: ``DataError/unknownTable(path:line:columns:)`` where neither tells it.
  init(of file: String, in folder: DataFolder, _ options: ReadingOptions) throws(DataError) {
    let start = try folder.start(file)
    let line = try folder.firstLine(file)
    let shown = try folder.open(file).name
    let path = folder.path == "." ? file : "\(folder.path)/\(file)"
    if line.isEmpty { throw .empty(file: shown) }
    if options.separator == nil, !options.hasNoHeader, let first = start.first(where: { $0 > 32 }),
      [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first)
    {
      guard let names = JSONRows.names(start) else {
        throw start.withUnsafeBufferPointer {
          JSONRows.error($0, JSONText.Fault(at: $0.count), shown, 1)
        }
      }
      let table = RatingsTable(
        path: path, file: shown, form: .json(isList: first == UInt8(ascii: "[")), names: names,
        line: names.joined(separator: ","), separator: .comma, isTyped: false)
      self = try TableReading(table, options).layout()
      return
    }
    let digits = line.utf8.prefix { 48...57 ~= $0 }.count
    if digits > 0, digits == line.utf8.count - 1, line.utf8.last == 58 {
      self.init(
        name: "Netflix Prize", form: .blocks, fieldCount: 3, time: 2,
        expected: "item: or user,rating,date", scale: .fixed(1...5),
        items: ["movie_titles.txt", "movie_titles.csv"])
      missing = options.missing
      return
    }
    let name = DataFolder.unpacked(file)
    let separator = options.separator ?? (name == "u.data" ? .tab : Separator.of(line))
    guard let separator, case let fields = Self.fields(line, separator),
      fields.count > 1 || name == "u.data",
      // Prose has blanks too.
      separator != .blank || options.separator != nil
        || fields.contains(where: { Float($0) != nil })
    else { throw .unrecognised(path: path, lookedFor: RatingsSource.lineShapes) }
    let types = [":token", ":token_seq", ":float", ":float_seq"]
    let isTyped =
      separator == .tab && fields.allSatisfy { field in types.contains { field.hasSuffix($0) } }
    if name.hasSuffix(".inter"), !isTyped {
      throw .header(
        file: shown, found: quoted(line),
        expected: "columns by tabs, each with its type, as user_id:token and rating:float")
    }
    let table = RatingsTable(
      path: path, file: shown, form: .separated,
      names: isTyped ? fields.map { String($0.prefix { $0 != ":" }) } : fields, line: line,
      separator: separator, isTyped: isTyped)
    self = try TableReading(table, options).layout()
  }

  /// The fields of a first line, however its quotation marks stand.
  private static func fields(_ line: String, _ separator: Separator) -> [String] {
    var bytes = Array(line.utf8)
    return bytes.withUnsafeMutableBufferPointer { buffer in
      var fields = Fields(kept: 1 << 14)
      do throws(DataError) {
        try fields.split(Bytes(buffer), separator, of: "", 1)
      } catch {
        return line.split(separator: Character(Unicode.Scalar(separator.byte))).map(String.init)
      }
      return (0..<min(fields.count, 1 << 14)).map { String(decoding: fields[$0], as: UTF8.self) }
    }
  }

}
