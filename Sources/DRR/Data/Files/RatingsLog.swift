import Tensor

/// A log of ratings in columns, rows ordered by user, then time, then the order of the file.
///
/// Users and items are dense indices `0 ..< count`; their order is that of the ids (by value
/// where all ids are whole numbers), whatever the order of rows. Every item of the data with a
/// rating is there; items that are only listed are counted in ``listedItemCount``.
public struct RatingsLog: Sendable {
  /// The name of the folder, archive or generated set.
  public var name: String
  /// What was read: `MovieLens 100K`, `MovieLens CSV`, `RecBole`, `generated` ...
  public var format: String
  /// CRC-32 of the ratings file in 8 hexadecimal digits, as `unzip -v` shows it.
  public var checksum: String
  /// The scale of the format: 1 ... 5, 0.5 ... 5, 0 ... 10.
  public var ratingRange: ClosedRange<Float>
  /// False where the file has no times: ``times`` are then the rows' places in the file.
  public var hasTimes: Bool

  /// How far ratings are from 0 at most.
  public static let ratingLimit: Float = 1e6

  /// One entry a row.
  public var users: [Int32]
  /// The item's index, one entry a row.
  public var items: [Int32]
  /// The rating, one entry a row, within ``ratingRange``.
  public var ratings: [Float]
  /// Seconds since 1970. Many events of a user share one; those stay in file order.
  public var times: [Int64]
  /// `userCount + 1` entries: user u has the rows `userOffsets[u] ..< userOffsets[u + 1]`.
  public var userOffsets: [Int]

  /// The users' ids as the files spell them, by index.
  public var userIDs: RawIDs
  /// The items' ids as the files spell them, by index.
  public var itemIDs: RawIDs
  /// By item; empty where the data have none.
  public var titles: [String]
  /// The items' genres; empty where the data have none.
  public var genres: ItemGenres
  /// Items in the list of items, rated or not; `itemCount` where there is no list.
  public var listedItemCount: Int
  /// Rows dropped because a later one rates the same item for the same user.
  public var duplicateCount: Int
  /// What reading did that the ratings do not show: rows left out, a unit of times, what stands for
  /// ratings.
  public var notes: [String] = []
  /// Rows of the file that were read as plain numbers, many at a time.
  package internal(set) var plainCount = 0
  /// Rows with text, dates or quotation marks that were read many at a time.
  package internal(set) var textCount = 0
  /// Whether users are sessions of clicks, which come back to items: a row a click, rated 1 of 0 ... 1.
  public private(set) var isOfSessions = false

  /// What is known of all ratings where these are those of some users, and other ranks hold the
  /// others'; nil: all are here. Ids, the checksum and the scale are always of all.
  package internal(set) var whole: Whole?

  package struct Whole: Sendable {
    var count: Int
    /// Whether all are half or whole stars, if they are stars.
    var isInHalves: Bool
  }

  /// The number of ratings that are here.
  public var count: Int { ratings.count }
  /// The number of ratings of all users, where several ranks each hold those of some.
  public var wholeCount: Int { whole?.count ?? count }
  /// The number of users.
  public var userCount: Int { userIDs.count }
  /// The number of items with a rating.
  public var itemCount: Int { itemIDs.count }

  /// The rows of a user's ratings, oldest first.
  public func rows(ofUser user: Int) -> Range<Int> {
    userOffsets[user]..<userOffsets[user + 1]
  }

  /// The dense index of an id as the files spell it.
  public func userIndex(_ id: String) -> Int? { userIDs.lookup(id) }
  /// The dense index of an item's id as the files spell it; nil where there is none.
  public func itemIndex(_ id: String) -> Int? { itemIDs.lookup(id) }

  /// The title, or `item ID` where the data have none.
  public func title(ofItem item: Int) -> String {
    titles.isEmpty || titles[item].isEmpty ? "item \(itemIDs[item])" : titles[item]
  }

  /// A log from rows at hand, in any order: dense indices, ids `1 ...`.
  ///
  /// All columns have one length, indices are not negative. Without times the order given stands.
  public init(
    name: String, ratingRange: ClosedRange<Float> = 1...5, users: [Int32], items: [Int32],
    ratings: [Float], times: [Int64]? = nil
  ) {
    require(
      users.count == items.count && users.count == ratings.count
        && times.map { $0.count == users.count } ?? true,
      "ratings: columns of \(users.count) users, \(items.count) items, \(ratings.count) ratings and "
        + "\(times?.count ?? users.count) times")
    require(
      users.allSatisfy { $0 >= 0 } && items.allSatisfy { $0 >= 0 }, "ratings: a negative index")
    let columns = RatingsColumns(
      users: users, items: items, ratings: ratings,
      times: times ?? (0..<Int64(users.count)).map { $0 })
    self.init(
      name: name, format: "rows", checksum: "", ratingRange: ratingRange,
      hasTimes: times != nil,
      columns: columns, userIDs: RawIDs(numbered: Int((users.max() ?? -1) + 1)),
      itemIDs: RawIDs(numbered: Int((items.max() ?? -1) + 1)))
    checksum = contentChecksum()
  }

  /// Sessions of clicks in the order of their files, session s as user s, whose id is s + 1. Their
  /// order stands in for time.
  ///
  /// - Parameter itemIDs: of the items that `sessions` name by index.
  public init(name: String, format: String, sessions: some Sequence<[Int32]>, itemIDs: [String]) {
    var columns = RatingsColumns()
    var count: Int32 = 0
    for session in sessions {
      columns.users += repeatElement(count, count: session.count)
      columns.items += session
      count += 1
    }
    columns.ratings = [Float](repeating: 1, count: columns.items.count)
    columns.times = (0..<Int64(columns.items.count)).map { $0 }
    var ids = RawIDs(itemIDs)
    columns.renumber(users: (0..<count).map { $0 }, items: ids.sort())
    self.init(
      name: name, format: format, checksum: "", ratingRange: 0...1, hasTimes: false,
      columns: columns, userIDs: RawIDs(numbered: Int(count)), itemIDs: ids, isOfSessions: true)
    checksum = contentChecksum()
  }

  init(
    name: String, format: String, checksum: String, ratingRange: ClosedRange<Float>,
    hasTimes: Bool, columns: consuming RatingsColumns, userIDs: RawIDs, itemIDs: RawIDs,
    isOfSessions: Bool = false
  ) {
    self.name = name
    self.format = format
    self.checksum = checksum
    self.ratingRange = ratingRange
    self.hasTimes = hasTimes
    self.userIDs = userIDs
    self.itemIDs = itemIDs
    var columns = columns
    userOffsets = columns.order(userCount: userIDs.count)
    duplicateCount =
      isOfSessions ? 0 : columns.dropDuplicates(offsets: &userOffsets, itemCount: itemIDs.count)
    columns.countSeconds()
    self.isOfSessions = isOfSessions
    users = columns.users
    items = columns.items
    ratings = columns.ratings
    times = columns.times
    titles = []
    genres = ItemGenres()
    listedItemCount = itemIDs.count
  }
}
