/// Ratings made up from a seed: people with tastes, items with qualities and genres.
///
/// Items are picked by popularity and by what a user is likely to enjoy; a rating is the item's
/// quality, the user's taste and strictness, drift in time and chance. A run of liked items lifts
/// the next rating and a run of disappointments lowers it, the effect DRR is motivated by. Stars
/// fall as in MovieLens 100K: 6, 11, 27, 34 and 21 in 100. One seed gives one log on every
/// machine, for only exactly rounded operations are used.
public struct GeneratedRatings: Sendable {
  /// How much is generated.
  public enum Size: String, Sendable, CaseIterable {
    /// 50 users, 120 items, 2,000 ratings: for tests.
    case tiny
    /// The shape of MovieLens 100K: 943 users, 1,682 items, 100,000 ratings.
    case small
    /// That of MovieLens 1M: 6,040 users, 3,706 items, 1,000,209 ratings.
    case medium
    /// That of MovieLens 25M: 162,541 users, 62,423 items, 25,000,095 ratings.
    case large

    /// The number of users.
    public var userCount: Int {
      switch self {
      case .tiny: 50
      case .small: 943
      case .medium: 6_040
      case .large: 162_541
      }
    }

    /// The number of items.
    public var itemCount: Int {
      switch self {
      case .tiny: 120
      case .small: 1_682
      case .medium: 3_706
      case .large: 62_423
      }
    }

    /// The number of ratings.
    public var ratingCount: Int {
      switch self {
      case .tiny: 2_000
      case .small: 100_000
      case .medium: 1_000_209
      case .large: 25_000_095
      }
    }
  }

  /// How much is generated.
  public var size: Size
  /// The seed of all that is drawn.
  public var seed: UInt64

  /// Ratings of that size; nothing is generated yet.
  public init(size: Size, seed: UInt64 = 1) {
    self.size = size
    self.seed = seed
  }

  /// `generated:SIZE` or `generated:SIZE:SEED`.
  public init(named text: String) throws(DataError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, parts[0] == "generated",
      let size = Size(rawValue: String(parts[1])),
      let seed = parts.count == 3 ? UInt64(parts[2]) : 1
    else {
      throw .unknownGenerated(name: text, known: Size.allCases.map(\.rawValue))
    }
    self.init(size: size, seed: seed)
  }

  /// What people call them, such as `generated-tiny`.
  public var name: String {
    "generated-\(size.rawValue)" + (seed == 1 ? "" : "-\(seed)")
  }

  /// The whole log in memory.
  public static func generate(size: Size, seed: UInt64 = 1) -> RatingsLog {
    GeneratedRatings(size: size, seed: seed).generate()
  }

  /// The log in memory, of it the ratings of a share of the users; progress counts rows.
  public func generate(
    share: UserShare = .all, progress: RatingsSource.Progress? = nil
  ) -> RatingsLog {
    var world = GeneratedWorld(size: size, seed: seed)
    var columns = RatingsColumns()
    columns.reserve(share.part(of: size.ratingCount))
    // Of a share the checksum is that of all rows as they come. Without a file behind it, writing
    // cannot fail.
    let all = share.isWhole ? nil : OutputFile()
    try? all?.write(CSVText.header)
    let itemTexts = (1...size.itemCount).map(\.description)
    var done = 0
    for user in 0..<size.userCount {
      let events = world.events(ofUser: user)
      done += events.count
      if let all { try? Self.write(events, ofUser: user, itemTexts, to: all) }
      if share.holds(user) {
        for event in events {
          columns.users.append(Int32(user))
          columns.items.append(event.item)
          columns.ratings.append(Float(event.stars))
          columns.times.append(event.time)
        }
      }
      progress?(done, size.ratingCount)
    }
    var log = RatingsLog(
      name: name, format: "generated", checksum: "", ratingRange: 1...5, hasTimes: true,
      columns: columns, userIDs: RawIDs(numbered: size.userCount),
      itemIDs: RawIDs(numbered: size.itemCount))
    log.titles = (0..<size.itemCount).map { world.title(ofItem: $0) }
    log.genres = ItemGenres(
      lists: (0..<size.itemCount).map { world.genreNames(ofItem: $0) },
      order: GeneratedWorld.genreNames)
    try? all?.flush()
    log.checksum =
      all.map { UInt32(truncatingIfNeeded: $0.crc).hexadecimal } ?? log.contentChecksum()
    return log
  }

  private static func write(
    _ events: [GeneratedWorld.Event], ofUser user: Int, _ itemTexts: [String], to file: OutputFile
  ) throws(DataError) {
    let userText = (user + 1).description
    for event in events {
      try CSVText.row(file, userText, itemTexts[Int(event.item)], Float(event.stars), event.time)
    }
  }

  /// Writes `ratings.csv` and `movies.csv` one user at a time, the same rows
  /// ``generate(share:progress:)`` gives; progress counts rows. Returns the checksum of the ratings file.
  @discardableResult
  public func write(
    to folder: String, progress: RatingsSource.Progress? = nil
  ) throws(DataError) -> String {
    var world = GeneratedWorld(size: size, seed: seed)
    let writer = try FolderWriter(ratingsIn: folder)
    let itemTexts = (1...size.itemCount).map(\.description)
    let checksum = try writer.write("ratings.csv") { (file: OutputFile) throws(DataError) in
      try file.write(CSVText.header)
      var done = 0
      for user in 0..<size.userCount {
        let events = world.events(ofUser: user)
        try Self.write(events, ofUser: user, itemTexts, to: file)
        done += events.count
        progress?(done, size.ratingCount)
      }
    }
    try writer.write("movies.csv") { (file: OutputFile) throws(DataError) in
      try CSVText.movies(file, size.itemCount, withGenres: true) { item in
        (itemTexts[item], world.title(ofItem: item), world.genreNames(ofItem: item))
      }
    }
    try writer.commit()
    return checksum.hexadecimal
  }
}
