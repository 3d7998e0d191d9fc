import ArgumentParser
import DRR

extension Separator: ExpressibleByArgument {
  private static let words: [(word: String, separator: Separator)] = [
    ("comma", .comma), ("tab", .tab), ("semicolon", .semicolon), ("pipe", .pipe),
    ("::", .doubleColon), ("blank", .blank),
  ]

  /// A word, or the sign itself.
  public init?(argument: String) {
    let found = Self.words.first { $0.word == argument }?.separator
    guard let found = found ?? Separator(rawValue: argument) else { return nil }
    self = found
  }

  public static var allValueStrings: [String] { words.map(\.word) }
}

extension ReadingOptions.Encoding: ExpressibleByArgument {}
extension ReadingOptions.Missing: ExpressibleByArgument {}

/// A column by its name or its number, or `none`.
struct ColumnName: FormedArgument {
  static let form = "a column's name, or its number from 1 on"
  /// Nil: none.
  let column: ReadingOptions.Column?

  init?(argument: String) {
    if argument.isEmpty { return nil }
    column =
      argument == "none" ? nil : Int(argument).map { .number($0) } ?? .named(argument)
  }
}

/// `view=1,cart=3,buy=5`
struct EventRatings: FormedArgument {
  static let form = "events with their ratings, as view=1,cart=3,buy=5"
  let ratings: [EventRating]

  init?(argument: String) {
    var ratings: [EventRating] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let at = part.lastIndex(of: "="), at > part.startIndex,
        let rating = Float(part[part.index(after: at)...]), rating.isFinite,
        case let event = String(part[..<at]), !ratings.contains(where: { $0.event == event })
      else { return nil }
      ratings.append(EventRating(event, rating))
    }
    self.ratings = ratings
  }
}

/// How ratings are read that no known layout describes, and which of them are kept.
struct RatingsReadingOptions: ParsableArguments {
  @Option(help: "The users' column, by its name or its number from 1 on.")
  var userColumn: ColumnName?
  @Option(help: "The items' column.")
  var itemColumn: ColumnName?
  @Option(help: "The ratings' column; none: every row is a positive.")
  var ratingColumn: ColumnName?
  @Option(help: "The times' column: seconds, milli-, micro- or nanoseconds, or dates.")
  var timeColumn: ColumnName?
  @Option(help: "A column of events, which stand for ratings.")
  var eventColumn: ColumnName?
  @Option(
    help: ArgumentHelp(
      "The rating of each event, as view=1,cart=3,buy=5.", valueName: "event=rating,..."))
  var eventRatings: EventRatings?
  @Option(
    help: "What parts fields, by name or as it is. (default: what the first line has)")
  var separator: Separator?
  @Flag(help: "The first line is a row; columns are numbers.")
  var noHeader = false
  @Option(help: "How ids are encoded.")
  var encoding = ReadingOptions.Encoding.utf8
  @Option(help: "What happens to a row that lacks a user, item, rating or time.")
  var missing = ReadingOptions.Missing.refuse
  @Option(help: "The file to read of a folder or archive that has several.", completion: .file())
  var file: String?
  @Option(
    help: ArgumentHelp(
      "A file of titles and genres. (default: what is beside the ratings)", valueName: "file"),
    completion: .file())
  var items: String?
  @Option(
    help: ArgumentHelp(
      "Keep all ratings of a fraction of the users, drawn at random. (default: 1)",
      valueName: "fraction"))
  var sampleUsers: Double?
  @Option(help: "Seed of that draw.")
  var sampleSeed: UInt64 = 0
  @Option(help: "Leave out users and items with fewer ratings, counted once.")
  var minimumCount: Int?
  @Option(
    help: ArgumentHelp(
      "Leave out users and items with fewer ratings, until all have so many.", valueName: "k"))
  var kcore: Int?

  var options: ReadingOptions {
    var options = ReadingOptions()
    options.user = userColumn?.column
    options.item = itemColumn?.column
    options.rating = ratingColumn?.column
    options.isImplicit = ratingColumn.map { $0.column == nil } ?? false
    options.time = timeColumn?.column
    options.event = eventColumn?.column
    options.eventRatings = eventRatings?.ratings ?? []
    options.separator = separator
    options.hasNoHeader = noHeader
    options.encoding = encoding
    options.missing = missing
    options.file = file
    options.items = items
    return options
  }

  func validate() throws {
    for (option, name) in [
      ("--user-column", userColumn), ("--item-column", itemColumn), ("--time-column", timeColumn),
      ("--event-column", eventColumn),
    ] where name != nil && name?.column == nil {
      throw ValidationError("\(option) is none; name a column, or leave it out.")
    }
    if ratingColumn != nil, eventColumn != nil {
      throw ValidationError(
        "--rating-column and --event-column both say what the ratings are; leave one of them out.")
    }
    if minimumCount != nil, kcore != nil {
      throw ValidationError(
        "--minimum-count and --kcore both say how many ratings are enough; leave one of them out.")
    }
    if let sampleUsers, !(sampleUsers > 0 && sampleUsers <= 1) {
      throw ValidationError(
        "--sample-users is \(sampleUsers); it must be above 0 and at most 1.")
    }
    for (option, value) in [("--minimum-count", minimumCount), ("--kcore", kcore)] {
      if let value, value < 1 {
        throw ValidationError("\(option) is \(value); it must be at least 1.")
      }
    }
  }

  /// Reads ratings, showing progress.
  func load(_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog {
    let options = options
    if source.hasPrefix("generated:"), options != ReadingOptions() {
      throw ValidationError(
        "\(source) is no file, and options say how one is read; leave these out.")
    }
    var log = try loadRatings(source, range, reading: options)
    if let sampleUsers { log = log.sampling(users: sampleUsers, seed: sampleSeed) }
    guard let least = kcore ?? minimumCount else { return log }
    return try log.keeping(atLeast: least, repeatedly: kcore != nil)
  }
}
