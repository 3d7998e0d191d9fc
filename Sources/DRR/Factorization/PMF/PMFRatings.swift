import DRRCore
import DRRData
import Tensor

/// Ratings in an order of their own. Ranks that share them hold each those of some users, with the
/// places that these have among all.
struct PMFRatings {
  private enum Order {
    /// All, as rows of the columns.
    case rows([Int32])
    /// Every row of the columns is held, and this is its place among all.
    case places([Int32])
  }

  private let users: [Int32]
  private let items: [Int32]
  private let ratings: [Float]
  private let order: Order
  /// How many there are in all ranks.
  let count: Int

  /// Rows of a log, in order.
  init(_ log: RatingsLog, rows: [Int32]) {
    (users, items, ratings) = (log.users, log.items, log.ratings)
    (order, count) = (.rows(rows), rows.count)
  }

  /// Those that a rank holds, one entry each.
  ///
  /// - Parameter places: of 0 ..< `count`.
  init(users: [Int32], items: [Int32], ratings: [Float], places: [Int32], count: Int) {
    (self.users, self.items, self.ratings) = (users, items, ratings)
    (order, self.count) = (.places(places), count)
  }

  /// The rows that are here: those of one rank in order, those of several in any.
  var rows: [Int32] {
    switch order {
    case .rows(let rows): rows
    case .places(let places): (0..<Int32(places.count)).map { $0 }
    }
  }

  func user(_ row: Int32) -> Int32 { users[Int(row)] }
  func item(_ row: Int32) -> Int32 { items[Int(row)] }
  func rating(_ row: Int32) -> Float { ratings[Int(row)] }

  /// The sum over all ranks of a number a rating, in their order; every rank calls it.
  func sum(
    among ranks: any Collective, _ value: (_ row: Int32) -> Float
  ) throws(CollectiveError) -> Double {
    switch order {
    case .rows(let rows): rows.reduce(0.0) { $0 + Double(value($1)) }
    case .places(let places):
      try ranks.sumInOrder(
        (0..<Int32(places.count)).map(value), at: places, count: count)
    }
  }

  /// How many ratings each of so many users has here.
  func counts(users count: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: count)
    switch order {
    case .rows(let rows): for row in rows { counts[Int(user(row))] += 1 }
    case .places: for user in users { counts[Int(user)] += 1 }
    }
    return counts
  }

  /// All in a drawn order, in batches of `size`: the rows that are here, those of batch b from
  /// `starts[b]` to `starts[b + 1]`. A rank draws the order of all, and keeps of it its own.
  func shuffled(
    inBatchesOf size: Int, using random: inout Philox
  ) -> (rows: [Int32], starts: [Int]) {
    switch order {
    case .rows(let rows):
      return (
        rows.shuffled(using: &random), Array(stride(from: 0, to: count, by: size)) + [count]
      )
    case .places(let places):
      var order = Self.spread(0..<Int32(places.count), places, count)
      order.shuffle(using: &random)
      return Self.kept(order, of: size, rows: places.count)
    }
  }

  /// Rows at their places among so many, and −1 at those of other ranks.
  static func spread(
    _ rows: some Sequence<Int32>, _ places: [Int32], _ count: Int
  ) -> [Int32] {
    var order = [Int32](repeating: -1, count: count)
    for (row, place) in zip(rows, places) { order[Int(place)] = row }
    return order
  }

  private static func kept(
    _ order: [Int32], of size: Int, rows count: Int
  ) -> (rows: [Int32], starts: [Int]) {
    var (rows, starts) = ([Int32](), [0])
    rows.reserveCapacity(count)
    for first in stride(from: 0, to: order.count, by: size) {
      for row in order[first..<min(first + size, order.count)] where row >= 0 { rows.append(row) }
      starts.append(rows.count)
    }
    return (rows, starts)
  }
}

/// Which part of a batch has the ratings of which users: parts ascend with the users and have about
/// equally many ratings. Each begins with a multiple of 16 users, as the flat weights of tables do.
struct UserParts {
  /// By user.
  let ofUser: [Int]
  let count: Int

  /// - Parameter ratings: how many each user has.
  init(_ count: Int, ratings: [Int]) {
    self.count = count
    let all = max(ratings.reduce(0, +), 1)
    var (before, part) = (0, 0)
    ofUser = ratings.indices.map { user in
      if user % 16 == 0 { part = max(part, before * count / all) }
      before += ratings[user]
      return min(part, count - 1)
    }
  }

  /// The users of some parts in a row.
  func users(of parts: Range<Int>) -> Range<Int> {
    guard let first = ofUser.firstIndex(where: parts.contains) else { return 0..<0 }
    return first..<ofUser.lastIndex(where: parts.contains)! + 1
  }
}
