/// How a table of ratings is read that no layout known by name describes, or not as it is wanted.
public struct ReadingOptions: Sendable, Equatable {
  /// A column by its name in the header, or by its place from 1 on.
  public enum Column: Sendable, Hashable {
    case named(String)
    case number(Int)
  }

  /// How text is encoded that is no UTF-8.
  public enum Encoding: String, CaseIterable, Sendable {
    case utf8 = "utf-8"
    case latin1 = "latin-1"
  }

  /// What happens to a row that lacks a user, item, rating, time or event.
  public enum Missing: String, CaseIterable, Sendable {
    /// The file is refused.
    case refuse
    /// The row is left out and counted.
    case skip
  }

  /// Where the users are; nil: where the layout has them. Likewise of the other columns.
  public var user: Column?
  public var item: Column?
  public var rating: Column?
  public var time: Column?
  /// Events in place of ratings.
  public var event: Column?
  /// Whether no column is the rating: every row is a positive, rated 1 of 0 ... 1.
  public var isImplicit = false
  /// The rating of each event.
  public var eventRatings: [EventRating] = []
  /// What parts fields; nil: what the first line has most of.
  public var separator: Separator?
  /// Whether the first line is a row.
  public var hasNoHeader = false
  public var encoding = Encoding.utf8
  public var missing = Missing.refuse
  /// The file to read of a folder or archive that has several.
  public var file: String?
  /// A file of titles and genres; nil: what the layout has beside the ratings.
  public var items: String?

  /// A reader that finds all of this by itself.
  public init() {}

  /// Whether a column or the form of the table is said.
  var namesColumns: Bool {
    [user, item, rating, time, event].contains { $0 != nil } || isImplicit || hasNoHeader
      || separator != nil
  }
}

/// An event and the rating that it stands for.
public struct EventRating: Sendable, Hashable {
  /// The event as the file spells it.
  public var event: String
  /// Its rating.
  public var rating: Float

  /// An event with its rating.
  public init(_ event: String, _ rating: Float) {
    (self.event, self.rating) = (event, rating)
  }
}
