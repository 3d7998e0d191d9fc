/// RecBole's atomic files: `NAME.inter` and, where it is there, `NAME.item`.
enum RecBole {
  private struct Column {
    var name: String
    var type: String
  }

  private static func columns(
    _ header: String, file: String, expected: String
  ) throws(DataError) -> [Column] {
    var columns: [Column] = []
    for field in header.split(separator: "\t", omittingEmptySubsequences: false) {
      let parts = field.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, ["token", "token_seq", "float", "float_seq"].contains(parts[1]) else {
        throw .header(file: file, found: quoted(header), expected: expected)
      }
      columns.append(Column(name: String(parts[0]), type: String(parts[1])))
    }
    return columns
  }

  static func read(
    _ file: String, _ folder: DataFolder, _ range: ClosedRange<Float>?,
    _ progress: RatingsSource.Progress?
  ) throws(DataError) -> RatingsLog {
    let (source, header) = try folder.openHeaded(file)
    let expected = "user_id:token, item_id:token and rating:float among its tab-separated columns"
    let columns = try columns(header, file: source.name, expected: expected)
    func place(_ name: String) throws(DataError) -> Int? {
      try column([name], among: columns.map(\.name), of: source.name)
    }
    guard let user = try place("user_id"), let item = try place("item_id"),
      let rating = try place("rating")
    else {
      throw .header(file: source.name, found: quoted(header), expected: expected)
    }
    let known = try About(folder).range
    let range = range ?? known
    let layout = RatingsLayout(
      separator: .tab, fieldCount: columns.count, user: user, item: item, rating: rating,
      time: try place("timestamp"),
      expected: "\(columns.count) separated by tabs, as in the header",
      range: range)
    var (builder, checksum) = try RatingsBuilder.read(
      source, layout: layout, skipping: 1, space: IDSpace(), progress: progress)
    var log = RatingsFormat.finish(
      &builder, format: "RecBole", checksum: checksum,
      range: range ?? scale(builder.columns.ratings))
    let list = "\(file.dropLast(".inter".count)).item"
    if folder.has(list) { try items(list, folder).attach(to: &log) }
    return log
  }

  /// The format names no scale: the usual one of such ratings, otherwise their own extremes.
  static func scale(_ ratings: [Float]) -> ClosedRange<Float> {
    let (low, high) = (ratings.min() ?? 1, ratings.max() ?? 5)
    if low >= 0.5, high > 1, high <= 5 {
      return low >= 1 && ratings.allSatisfy { $0.rounded() == $0 } ? 1...5 : 0.5...5
    }
    if low >= 0, high > 5, high <= 10 { return 0...10 }
    if low >= 0, high <= 1 { return 0...1 }
    if low >= -1, high <= 1 { return -1...1 }
    return low < high ? low...high : min(low, 0)...max(high, 0)
  }

  private static func items(_ name: String, _ folder: DataFolder) throws(DataError) -> ItemList {
    var list = ItemList()
    let file = try TextFile(try folder.open(name))
    let expected = "item_id:token among its tab-separated columns"
    var found: (id: Int, title: Int?, genres: Int?, count: Int)?
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      guard let places = found else {
        let columns = try columns(line, file: file.name, expected: expected)
        let names = columns.map(\.name)
        guard let id = try column(["item_id"], among: names, of: file.name) else {
          throw .header(file: file.name, found: quoted(line), expected: expected)
        }
        let title = columns.firstIndex { $0.name.contains("title") || $0.name.contains("name") }
        let genres = columns.firstIndex {
          ["class", "genre", "genres", "category", "categories"].contains($0.name)
        }
        found = (id, title, genres, columns.count)
        return
      }
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == places.count else {
        throw .columns(
          file: file.name, line: number, found: fields.count,
          expected: "\(places.count) separated by tabs, as in the header")
      }
      list.add(
        id: String(fields[places.id]), title: places.title.map { String(fields[$0]) } ?? "",
        genres: places.genres.map { fields[$0].split(separator: " ").map(String.init) } ?? [])
    }
    return list
  }
}
