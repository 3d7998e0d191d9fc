/// `user::item::rating[::time]`: MovieLens 1M and 10M, and MovieTweetings.
enum DoubleColonRatings {
  static func read(
    _ file: String, _ folder: DataFolder, _ range: ClosedRange<Float>?,
    _ progress: RatingsSource.Progress?
  ) throws(DataError) -> RatingsLog {
    let parts = try folder.firstLine(file).split(separator: "::", omittingEmptySubsequences: false)
    let timed = parts.count != 3
    // MovieTweetings names films by their IMDb number in seven digits; MovieLens by 1 to 65133.
    let tweets = parts.count >= 3 && parts[1].utf8.count >= 7
    let layout = RatingsLayout(
      separator: .doubleColon, fieldCount: timed ? 4 : 3, time: timed ? 3 : nil,
      expected: timed
        ? "4 separated by ::, user, item, rating, time"
        : "3 separated by ::, user, item, rating",
      range: range ?? (tweets ? 0...10 : 0.5...5))
    var (builder, checksum) = try RatingsBuilder.read(
      try folder.open(file), layout: layout, skipping: 0, space: IDSpace(), progress: progress)
    let format = tweets ? "MovieTweetings" : "MovieLens .dat"
    let range = range ?? (tweets ? 0...10 : RatingsFormat.starRange(builder))
    var log = RatingsFormat.finish(&builder, format: format, checksum: checksum, range: range)
    if folder.has("movies.dat") { try items(folder).attach(to: &log) }
    return log
  }

  private static func items(_ folder: DataFolder) throws(DataError) -> ItemList {
    var list = ItemList()
    let file = try TextFile(try folder.open("movies.dat"))
    try file.forEachLine { (number: Int, line: String) throws(DataError) -> Void in
      let parts = line.split(separator: "::", omittingEmptySubsequences: false)
      guard parts.count >= 3 else {
        throw .columns(
          file: file.name, line: number, found: parts.count,
          expected: "3 separated by ::, id, title, genres")
      }
      // A title may hold the separator.
      list.add(
        id: String(parts[0]), title: parts[1..<(parts.count - 1)].joined(separator: "::"),
        genres: parts[parts.count - 1].split(separator: "|").map(String.init))
    }
    return list
  }
}
