import Platform

/// Where ratings come from: a folder, a ratings file, a zip archive, or generated data.
public enum RatingsSource {
  /// Bytes done and bytes in all.
  public typealias Progress = (_ bytesDone: Int, _ bytesTotal: Int) -> Void

  /// Reads a log; the layout is recognised by itself.
  ///
  /// - Parameter path: a folder, file or `.zip` with MovieLens 100K, 1M, 10M, the CSV editions,
  ///   MovieTweetings or a RecBole `.inter`; or `generated:SIZE`, `generated:SIZE:SEED`; or several
  ///   of them, joined by `+`, of which a later rating takes the place of an earlier one.
  /// - Parameter range: the scale of the ratings; nil: that of the layout, or of what is beside
  ///   the file, or the usual one of such ratings.
  public static func load(
    _ path: String, range: ClosedRange<Float>? = nil, progress: Progress? = nil
  ) throws(DataError) -> RatingsLog {
    let parts = path.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1, access(path, F_OK) != 0 else {
      return try loadOne(path, range, progress)
    }
    var joined: RatingsLog?
    for part in parts {
      let log = try loadOne(part, range ?? joined?.ratingRange, progress)
      joined = try joined?.joined(with: log) ?? log
    }
    return joined!
  }

  private static func loadOne(
    _ path: String, _ range: ClosedRange<Float>?, _ progress: Progress?
  ) throws(DataError) -> RatingsLog {
    if path.hasPrefix("generated:") {
      var log = try GeneratedRatings(named: path).generate(progress: progress)
      guard let range else { return log }
      guard range.contains(1), range.contains(5) else {
        throw .setting(
          name: "rating range", value: range.spelled, expected: "1 and 5 in it for \(path)")
      }
      log.ratingRange = range
      return log
    }
    if try PosixFile.isFolder(path) {
      return try load(DataFolder(folder: path), range, progress: progress)
    }
    if try isArchive(path) {
      return try load(try openArchive(path), range, progress: progress)
    }
    let folder = try DataFolder(folder: path.parentFolder)
    let file = path.lastPathPart
    guard let format = try RatingsFormat.ofFile(file, in: folder) else {
      throw .unrecognised(path: path, lookedFor: RatingsFormat.lineShapes)
    }
    var log = try format.read(file, folder, range, progress)
    log.name = file
    return log
  }

  package static func isArchive(_ path: String) throws(DataError) -> Bool {
    let start = try PosixFile(path: path).bytes(at: 0, count: 4)
    return path.lowercased().hasSuffix(".zip")
      || start == [0x50, 0x4b, 3, 4] || start == [0x50, 0x4b, 5, 6]
  }

  static func openArchive(_ path: String) throws(DataError) -> DataFolder {
    try DataFolder(archive: path) { RatingsFormat.recognise($0) != nil }
  }

  private static func load(
    _ folder: DataFolder, _ range: ClosedRange<Float>?, progress: Progress?
  ) throws(DataError) -> RatingsLog {
    guard let (format, file) = RatingsFormat.recognise(folder.names) else {
      throw .unrecognised(path: folder.path, lookedFor: RatingsFormat.files)
    }
    var log = try format.read(file, folder, range, progress)
    log.name = folder.label
    return log
  }
}

/// The layouts known.
enum RatingsFormat {
  case movieLens100K, doubleColon, csv, recBole

  static let files = ["u.data", "ratings.csv", "ratings.dat", "ratings_notime.dat", "one *.inter"]
  static let lineShapes = [
    "user<TAB>item<TAB>rating<TAB>time", "user::item::rating[::time]",
    "the header userId,movieId,rating[,timestamp]",
    "the header user_id:token<TAB>item_id:token ...",
  ]

  static func recognise(_ names: [String]) -> (RatingsFormat, file: String)? {
    if names.contains("u.data") { return (.movieLens100K, "u.data") }
    if names.contains("ratings.csv") { return (.csv, "ratings.csv") }
    for name in ["ratings.dat", "ratings_notime.dat"] where names.contains(name) {
      return (.doubleColon, name)
    }
    // Several are the parts of a split: which of them is meant, only the user knows.
    let inter = names.filter { $0.hasSuffix(".inter") }
    return inter.count == 1 ? (.recBole, inter[0]) : nil
  }

  /// By name, otherwise by the first line.
  static func ofFile(_ name: String, in folder: DataFolder) throws(DataError) -> RatingsFormat? {
    if name == "u.data" { return .movieLens100K }
    if name.hasSuffix(".csv") { return .csv }
    if name.hasSuffix(".inter") { return .recBole }
    let line = try folder.firstLine(name)
    if line.isEmpty { throw .empty(file: "\(folder.label)/\(name)") }
    if line.contains("::") { return .doubleColon }
    if line.contains("\t") { return line.contains(":token") ? .recBole : .movieLens100K }
    return line.contains(",") ? .csv : nil
  }

  func read(
    _ file: String, _ folder: DataFolder, _ range: ClosedRange<Float>?,
    _ progress: RatingsSource.Progress?
  ) throws(DataError) -> RatingsLog {
    switch self {
    case .movieLens100K: try MovieLens100K.read(file, folder, range, progress)
    case .doubleColon: try DoubleColonRatings.read(file, folder, range, progress)
    case .csv: try MovieLensCSV.read(file, folder, range, progress)
    case .recBole: try RecBole.read(file, folder, range, progress)
    }
  }

  /// Rows in order with the ids in theirs.
  static func finish(
    _ builder: inout RatingsBuilder, format: String, checksum: String,
    range: ClosedRange<Float>
  ) -> RatingsLog {
    let space = builder.space
    builder.renumber(users: space.users.sort(), items: space.items.sort())
    return RatingsLog(
      name: "", format: format, checksum: checksum, ratingRange: range,
      hasTimes: builder.layout.time != nil, columns: builder.takeColumns(),
      userIDs: space.users, itemIDs: space.items)
  }

  /// 1 ... 5 where all stars are whole, otherwise the half-star scale.
  static func starRange(_ builder: RatingsBuilder) -> ClosedRange<Float> {
    builder.wholeStars && builder.lowest >= 1 ? 1...5 : 0.5...5
  }
}
