import DRRCore

/// Titles and genres of items, as a file beside the ratings lists them.
struct ItemList {
  private(set) var ids = RawIDs()
  private(set) var titles: [String] = []
  private(set) var genres: [[String]] = []
  /// The order of the genre names where the data fix one.
  var genreOrder: [String] = []

  init() {}

  mutating func add(id: String, title: String, genres: [String]) {
    let index = Int(ids.intern(id))
    guard index == titles.count else { return }
    let lines = title.utf8.contains(10) ? title.split(whereSeparator: \.isNewline) : [title[...]]
    titles.append(lines.joined(separator: " ").printable)
    let canonical = genres.map { ItemGenres.canonical($0.printable) }
    self.genres.append(canonical.count > 1 ? canonical.filter { $0 != "unknown" } : canonical)
  }

  /// The list beside ratings of a layout, nil where there is none.
  static func beside(
    _ file: String, _ layout: RatingsLayout, _ folder: DataFolder
  ) throws(DataError) -> ItemList? {
    let own = RatingsSource.recBole("item", beside: file)
    guard let list = (own + layout.items).first(where: folder.has),
      list != Metadata.file || folder.has(Metadata.links)
    else { return nil }
    return try ItemList(folder, list)
  }

  /// Reads a list of items whose first line names its columns, or one of a layout known by name.
  init(_ folder: DataFolder, _ file: String) throws(DataError) {
    switch DataFolder.unpacked(file) {
    case "u.item": self = try MovieLens100K.items(folder)
    case "movies.dat": try readDoubleColon(TextFile(try folder.open(file)))
    case Metadata.file: try readMetadata(folder, file)
    case let name where name.hasPrefix("movie_titles"):
      try readNetflix(TextFile(try folder.open(file)))
    default: try readHeaded(folder, file)
    }
  }

  private mutating func readDoubleColon(_ file: TextFile) throws(DataError) {
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let parts = line.split(separator: "::", omittingEmptySubsequences: false)
      guard parts.count >= 3 else {
        throw .columns(
          file: file.name, line: number, found: parts.count,
          expected: "3 separated by ::, id, title, genres")
      }
      // A title may hold the separator.
      add(
        id: String(parts[0]), title: parts[1..<(parts.count - 1)].joined(separator: "::"),
        genres: parts[parts.count - 1].split(separator: "|").map(String.init))
    }
  }

  /// `id,year,title`, of which the title may hold commas.
  private mutating func readNetflix(_ file: TextFile) throws(DataError) {
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let parts = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else {
        throw .columns(
          file: file.name, line: number, found: parts.count,
          expected: "3 separated by commas, id, year, title")
      }
      let year = Int(parts[1]).map { " (\($0))" } ?? ""
      add(id: String(parts[0]), title: parts[2] + year, genres: [])
    }
  }

  /// Where the columns of a list are.
  private struct Columns {
    var id: Int
    var title: Int?
    var genres: Int?
    var count: Int
    /// Of RecBole words are parted by blanks.
    var isTyped = false

    static let ids = [
      "movieid", "itemid", "item", "isbn", "animeid", "malid", "bookid", "businessid", "artistid",
      "videoid", "trackid", "parentasin", "asin", "id",
    ]

    init(_ names: [String], of file: String, expected: String) throws(DataError) {
      let normalised = names.map(KnownLayout.normalised)
      func place(_ wanted: String...) throws(DataError) -> Int? {
        try column(wanted, among: normalised, shown: names, of: file)
      }
      var id: Int?
      for name in Self.ids where id == nil { id = try place(name) }
      guard let id else {
        throw .header(
          file: file, found: quoted(names.joined(separator: ",")), expected: expected)
      }
      self.id = id
      title =
        try place("title") ?? normalised.firstIndex { $0.contains("title") }
        ?? normalised.firstIndex { $0.contains("name") }
      genres = try place("genres", "genre", "class", "categories", "category")
      count = names.count
    }
  }

  private mutating func readHeaded(_ folder: DataFolder, _ name: String) throws(DataError) {
    let start = try folder.start(name)
    if let first = start.first(where: { $0 > 32 }), first == 91 || first == 123 {
      return try readJSON(folder, name, start)
    }
    let line = try folder.firstLine(name)
    let file = try TextFile(try folder.open(name))
    if line.isEmpty {
      throw .fault(file.name, found: "it is empty", expected: "a header")
    }
    let separator = Separator.of(line) ?? .comma
    if DataFolder.unpacked(name).hasSuffix(".item") { return try readTyped(file) }
    var columns: Columns?
    func add(_ number: Int, _ fields: [String]) throws(DataError) {
      guard let columns else {
        let found = try Columns(fields, of: file.name, expected: "movieId,title[,genres]")
        guard found.title != nil else {
          throw .header(
            file: file.name, found: quoted(fields.joined(separator: ",")),
            expected: "movieId,title[,genres]")
        }
        columns = found
        return
      }
      guard fields.count == columns.count else {
        throw .columns(
          file: file.name, line: number, found: fields.count,
          expected: "\(columns.count) separated by \(separator.plural), as in the header")
      }
      self.add(
        id: fields[columns.id], title: columns.title.map { fields[$0] } ?? "",
        genres: columns.genres.map { Self.genres(of: fields[$0]) } ?? [])
    }
    try file.forEachRecord(by: separator, add)
  }

  /// RecBole's `name:type` by tabs.
  private mutating func readTyped(_ file: TextFile) throws(DataError) {
    var columns: Columns?
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard let columns else {
        let expected = "item_id:token among its tab-separated columns"
        let types = ["token", "token_seq", "float", "float_seq"]
        let parts = fields.map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        guard parts.allSatisfy({ $0.count == 2 && types.contains(String($0[1])) }) else {
          throw .header(file: file.name, found: quoted(line), expected: expected)
        }
        columns = try Columns(parts.map { String($0[0]) }, of: file.name, expected: expected)
        return
      }
      guard fields.count == columns.count else {
        throw .columns(
          file: file.name, line: number, found: fields.count,
          expected: "\(columns.count) separated by tabs, as in the header")
      }
      add(
        id: fields[columns.id], title: columns.title.map { fields[$0] } ?? "",
        genres: columns.genres.map { fields[$0].split(separator: " ").map(String.init) } ?? [])
    }
  }

  private mutating func readJSON(
    _ folder: DataFolder, _ name: String, _ start: [UInt8]
  ) throws(DataError) {
    let source = try folder.open(name)
    let names = JSONRows.names(start) ?? []
    let columns = try Columns(
      names, of: source.name, expected: "objects with an item's id and its title")
    let wanted = [columns.id] + [columns.title, columns.genres].compactMap { $0 }
    var rows = JSONRows(wanted.map { names[$0] })
    func add(_ object: Bytes, _ line: Int) throws(DataError) {
      try rows.read(object, of: source.name, line)
      let texts = rows.fields.map { String(decoding: $0, as: UTF8.self) }
      self.add(
        id: texts[0], title: columns.title == nil ? "" : texts[1],
        genres: columns.genres == nil ? [] : Self.genres(of: texts[texts.count - 1]))
    }
    if start.first(where: { $0 > 32 }) == 91 {
      var all = try source.readAll()
      return try JSONRows.forEachObject(of: &all, source.name, add)
    }
    let scanner = LineScanner(source)
    try scanner.forEachBlock { (block) throws(DataError) in
      try scanner.forEachLine(of: block) { (line) throws(DataError) in
        try add(line, scanner.line)
      }
    }
  }

  /// Genres parted by `|`, or else by commas; or a list in quotation marks, as JSON or Python
  /// write one, of words or of objects with a `name`.
  static func genres(of text: String) -> [String] {
    guard text.hasPrefix("[") else {
      let separator: Character = text.contains("|") ? "|" : ","
      return text.split(separator: separator).map { $0.trimmingBlanks }.filter { !$0.isEmpty }
    }
    var words: [String] = []
    var rest = text.dropFirst()
    while let open = rest.firstIndex(where: { $0 == "\"" || $0 == "'" }) {
      let inside = rest[rest.index(after: open)...]
      guard let close = inside.firstIndex(of: rest[open]) else { break }
      words.append(String(inside[..<close]))
      rest = inside[inside.index(after: close)...]
    }
    guard words.contains("name") else { return words }
    return zip(words, words.dropFirst()).filter { $0.0 == "name" }.map(\.1)
  }

  /// The Movies Dataset: films by their number at TMDB, and which of MovieLens each is.
  private enum Metadata {
    static let (file, links) = ("movies_metadata.csv", "links.csv")
  }

  private mutating func readMetadata(_ folder: DataFolder, _ name: String) throws(DataError) {
    var numbers: [String: [String]] = [:]
    if folder.has(Metadata.links) {
      let links = try TextFile(try folder.open(Metadata.links))
      var places: (movie: Int, other: Int)?
      try links.forEachRecord { (_, fields) throws(DataError) in
        guard let places else {
          guard let movie = fields.firstIndex(of: "movieId"),
            let other = fields.firstIndex(of: "tmdbId")
          else {
            throw .header(
              file: links.name, found: quoted(fields.joined(separator: ",")),
              expected: "movieId,imdbId,tmdbId")
          }
          places = (movie, other)
          return
        }
        guard max(places.movie, places.other) < fields.count, !fields[places.other].isEmpty else {
          return
        }
        numbers[fields[places.other], default: []].append(fields[places.movie])
      }
    }
    let file = try TextFile(try folder.open(name))
    var columns: Columns?
    try file.forEachRecord { (_, fields) throws(DataError) in
      guard let columns else {
        columns = try Columns(fields, of: file.name, expected: "id, title and genres among others")
        return
      }
      // Three lines of the published file are broken.
      guard fields.count == columns.count, let title = columns.title else { return }
      let id = fields[columns.id]
      for id in folder.has(Metadata.links) ? numbers[id] ?? [] : [id] {
        add(
          id: id, title: fields[title],
          genres: columns.genres.map { Self.genres(of: fields[$0]) } ?? [])
      }
    }
  }

  func attach(to log: inout RatingsLog) {
    let places = (0..<log.itemCount).map { ids.lookup(log.itemIDs[$0]) }
    log.titles = places.map { $0.map { titles[$0] } ?? "" }
    if genres.contains(where: { !$0.isEmpty }) {
      log.genres = ItemGenres(
        lists: places.map { $0.map { genres[$0] } ?? [] },
        order: genreOrder.map(ItemGenres.canonical))
    }
    log.listedItemCount = ids.count + places.count(where: { $0 == nil })
  }
}

/// A whole small text file: UTF-8 where all of it is valid, otherwise Latin-1.
///
/// MovieLens 100K and 1M write Latin-1, the later sets UTF-8; accented Latin-1 text is not valid
/// UTF-8, so the bytes tell which.
struct TextFile {
  let name: String
  let text: String

  init(_ source: any ByteSource) throws(DataError) {
    name = source.name
    var bytes = try source.readAll()[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    let decoded = String(decoding: bytes, as: UTF8.self)
    if decoded.utf8.elementsEqual(bytes) {
      text = decoded
    } else {
      var latin = String.UnicodeScalarView()
      latin.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
      text = String(latin)
    }
  }

  /// Line number and line, blank ones left out.
  func forEachLine(_ body: (Int, String) throws(DataError) -> Void) throws(DataError) {
    try scan(by: nil) { (line, number) throws(DataError) in
      try body(number, String(decoding: line, as: UTF8.self))
    }
  }

  /// Line number and fields of all rows, which may go over several lines.
  func forEachRecord(
    by separator: Separator = .comma,
    _ body: (_ line: Int, _ fields: [String]) throws(DataError) -> Void
  ) throws(DataError) {
    var fields = Fields(kept: 1 << 14)
    try scan(by: separator) { (row, number) throws(DataError) in
      try fields.split(row, separator, of: name, number)
      let kept = 0..<min(fields.count, 1 << 14)
      try body(number, kept.map { String(decoding: fields[$0], as: UTF8.self) })
    }
  }

  private func scan(
    by separator: Separator?, _ body: (Bytes, _ line: Int) throws(DataError) -> Void
  ) throws(DataError) {
    let scanner = LineScanner(MemorySource(name: name, bytes: Array(text.utf8)), by: separator)
    try scanner.forEachBlock { (block) throws(DataError) in
      try scanner.forEachLine(of: block) { (line) throws(DataError) in
        try body(line, scanner.line)
      }
    }
  }
}

extension Substring {
  /// Without blanks at its ends.
  fileprivate var trimmingBlanks: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
