import DRRCore
import Tensor

extension RatingsLog {
  /// A row as a program has it at hand.
  public struct Row: Hashable, Sendable {
    public var user: String
    public var item: String
    /// On the scale of the data.
    public var rating: Float
    /// Seconds since 1970.
    public var time: Int64

    /// A rating by its parts.
    public init(user: String, item: String, rating: Float, time: Int64) {
      (self.user, self.item, self.rating, self.time) = (user, item, rating, time)
    }
  }

  /// Ratings by the ids of their users and items, within `range`. Of several of one user and item
  /// the latest counts.
  public init(name: String, rows: some Sequence<Row>, range: ClosedRange<Float>) {
    var (users, items, columns) = (RawIDs(), RawIDs(), RatingsColumns())
    for row in rows {
      columns.users.append(users.intern(row.user))
      columns.items.append(items.intern(row.item))
      columns.ratings.append(row.rating)
      columns.times.append(row.time)
    }
    columns.renumber(users: users.sort(), items: items.sort())
    self.init(
      name: name, format: "rows", checksum: "", ratingRange: range, hasTimes: true,
      columns: columns, userIDs: users, itemIDs: items)
    checksum = contentChecksum()
  }

  /// These ratings and others: users and items of both by their ids, and of two ratings of one user
  /// and item the later. Titles and genres are kept.
  ///
  /// - Parameter others: what comes after, where the data have no times.
  /// - Throws: where one of the two has times and the other none, or `others` has a rating outside
  ///   the scale.
  public func joined(with others: RatingsLog) throws(DataError) -> RatingsLog {
    guard hasTimes == others.hasTimes else {
      throw .setting(
        name: "the second of \(name) and \(others.name)",
        value: others.hasTimes ? "with times" : "without times",
        expected: "\(hasTimes ? "times" : "none") as the first has, so that it can be told which "
          + "rating is later")
    }
    if let bad = others.ratings.first(where: { !ratingRange.contains($0) }) {
      throw .setting(
        name: "a rating of \(others.name)", value: "\(bad)",
        expected: "\(ratingRange.spelled), the scale of \(name)")
    }
    var (users, items) = (userIDs, itemIDs)
    let userPlaces = others.userIDs.map { users.intern($0) }
    let itemPlaces = others.itemIDs.map { items.intern($0) }
    // Where the order stands in for time, the others come last.
    let start = hasTimes ? 0 : (times.max() ?? -1) + 1
    var columns = RatingsColumns(
      users: self.users + others.users.map { userPlaces[Int($0)] },
      items: self.items + others.items.map { itemPlaces[Int($0)] },
      ratings: ratings + others.ratings, times: times + others.times.map { $0 + start })
    columns.renumber(users: users.sort(), items: items.sort())
    var checksum = Checksum()
    checksum.update(Array("\(self.checksum)+\(others.checksum)".utf8))
    var joined = RatingsLog(
      name: "\(name) + \(others.name)", format: format, checksum: checksum.text,
      ratingRange: ratingRange, hasTimes: hasTimes, columns: columns, userIDs: users,
      itemIDs: items)
    joined.duplicateCount += duplicateCount + others.duplicateCount
    joined.notes = notes + others.notes
    if !titles.isEmpty || !others.titles.isEmpty {
      var list = ItemList()
      list.genreOrder = genres.names
      for log in [self, others] where !log.titles.isEmpty {
        for item in 0..<log.itemCount {
          list.add(
            id: log.itemIDs[item], title: log.titles[item], genres: log.genres.namesOfItem(item))
        }
      }
      list.attach(to: &joined)
    }
    joined.listedItemCount = listedItemCount + joined.itemCount - itemCount
    return joined
  }
}
