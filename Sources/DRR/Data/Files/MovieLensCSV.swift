/// `ratings.csv` and `movies.csv` of MovieLens 20M, 25M, 32M and latest, and of ``RatingsLog``'s
/// own writer. Columns are found by the names in the header, in any order.
enum MovieLensCSV {
  private static let expectedHeader = "userId,movieId,rating[,timestamp]"
  private static let itemNames = ["movieid", "itemid", "item", "item_id", "movie_id"]

  static func read(
    _ file: String, _ folder: DataFolder, _ range: ClosedRange<Float>?,
    _ progress: RatingsSource.Progress?
  ) throws(DataError) -> RatingsLog {
    let (source, header) = try folder.openHeaded(file)
    let names = columnNames(header)
    func place(_ wanted: [String]) throws(DataError) -> Int? {
      try column(wanted, among: names, of: source.name)
    }
    guard let user = try place(["userid", "user", "user_id"]), let item = try place(itemNames),
      let rating = try place(["rating"])
    else {
      throw .header(
        file: source.name, found: quoted(header), expected: expectedHeader)
    }
    let known = try About(folder).range
    let range = range ?? known
    let layout = RatingsLayout(
      separator: .comma, fieldCount: names.count, user: user, item: item, rating: rating,
      time: try place(["timestamp", "time"]),
      expected: "\(names.count) separated by commas: \(quoted(names.joined(separator: ", ")))",
      range: range ?? 0.5...5)
    var (builder, checksum) = try RatingsBuilder.read(
      source, layout: layout, skipping: 1, space: IDSpace(), progress: progress)
    var log = RatingsFormat.finish(
      &builder, format: "MovieLens CSV", checksum: checksum,
      range: range ?? RatingsFormat.starRange(builder))
    if folder.has("movies.csv") { try items(folder).attach(to: &log) }
    return log
  }

  private static func columnNames(_ header: String) -> [String] {
    header.split(separator: ",", omittingEmptySubsequences: false).map {
      String($0.filter { $0 != "\"" && $0 != " " }).lowercased()
    }
  }

  private static func items(_ folder: DataFolder) throws(DataError) -> ItemList {
    var list = ItemList()
    let file = try TextFile(try folder.open("movies.csv"))
    var columns: (id: Int, title: Int, genres: Int?, count: Int)?
    try file.forEachCSVRecord { (line: Int, fields: [String]) throws(DataError) -> Void in
      guard let columns else {
        let names = columnNames(fields.joined(separator: ","))
        func place(_ wanted: [String]) throws(DataError) -> Int? {
          try column(wanted, among: names, of: file.name)
        }
        guard let id = try place(itemNames), let title = try place(["title"]) else {
          throw .header(
            file: file.name, found: quoted(fields.joined(separator: ",")),
            expected: "movieId,title[,genres]")
        }
        columns = (id, title, try place(["genres"]), fields.count)
        return
      }
      guard fields.count == columns.count else {
        throw .columns(
          file: file.name, line: line, found: fields.count,
          expected: "\(columns.count) separated by commas, as in the header")
      }
      let genres = columns.genres.map { fields[$0].split(separator: "|").map(String.init) }
      list.add(id: fields[columns.id], title: fields[columns.title], genres: genres ?? [])
    }
    return list
  }
}

/// `about.txt` beside ratings that this library wrote: their scale, where they do not tell it.
struct About {
  static let file = "about.txt"
  var range: ClosedRange<Float>?

  init(_ folder: DataFolder) throws(DataError) {
    guard folder.has(Self.file) else { return }
    let file = try TextFile(try folder.open(Self.file))
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let words = line.split(separator: " ")
      guard words.count == 4, words[0] == "ratings:", words[2] == "..." else { return }
      guard let low = Float(words[1]), let high = Float(words[3]), low.isFinite, high.isFinite,
        low < high
      else {
        throw .line(
          LineFault(
            file: file.name, line: number, found: "the scale \"\(quoted(line))\"",
            expected: "the lowest and the highest rating, as ratings: 1 ... 5"))
      }
      range = low...high
    }
  }
}
