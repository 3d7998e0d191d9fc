import DRRCore
import Tensor

extension RatingsLog {
  /// All ratings of some users, drawn at random.
  ///
  /// - Parameter fraction: of the users, above 0 and at most 1; one at least.
  public func sampling(users fraction: Double, seed: UInt64) -> RatingsLog {
    var random = Philox(seed: seed, stream: Streams.sampledUsers)
    let order = Array(0..<userCount).shuffled(using: &random)
    let drawn = max(1, Int((fraction * Double(userCount)).rounded()))
    var isDrawn = [Bool](repeating: false, count: userCount)
    for user in order.prefix(drawn) { isDrawn[user] = true }
    var log = keeping { isDrawn[Int(users[$0])] }
    log.notes.append("\(log.userCount) of \(userCount) users, drawn with the seed \(seed)")
    return log
  }

  /// The ratings of users and items that have enough of them.
  ///
  /// - Parameters:
  ///   - least: how many each must have, at least.
  ///   - repeatedly: whether what is left is counted again until all have so many, which gives the
  ///     k-core; otherwise users and items are counted once, all ratings given.
  /// - Throws: where none are left.
  public func keeping(atLeast least: Int, repeatedly: Bool) throws(DataError) -> RatingsLog {
    var isKept = [Bool](repeating: true, count: count)
    var left = count
    repeat {
      var (ofUser, ofItem) = (
        [Int](repeating: 0, count: userCount), [Int](repeating: 0, count: itemCount)
      )
      for row in 0..<count where isKept[row] {
        ofUser[Int(users[row])] += 1
        ofItem[Int(items[row])] += 1
      }
      let before = left
      for row in 0..<count
      where isKept[row] && (ofUser[Int(users[row])] < least || ofItem[Int(items[row])] < least) {
        isKept[row] = false
        left -= 1
      }
      if left == before { break }
    } while repeatedly
    guard left > 0 else {
      throw .setting(
        name: "the least number of ratings", value: "\(least)",
        expected: "one that some users and items of \(name) have")
    }
    var log = keeping { isKept[$0] }
    if left < count {
      log.notes.append(
        "users and items with fewer than \(least) ratings left out"
          + (repeatedly ? ", until all have so many" : "")
          + ": \(count - left) ratings, \(userCount - log.userCount) users, "
          + "\(itemCount - log.itemCount) items")
    }
    return log
  }

  /// The rows that `isKept` takes, and their users and items.
  func keeping(rows isKept: (_ row: Int) -> Bool) -> RatingsLog {
    var columns = RatingsColumns()
    var (userPlaces, itemPlaces) = (
      [Int32](repeating: -1, count: userCount), [Int32](repeating: -1, count: itemCount)
    )
    for row in 0..<count where isKept(row) {
      columns.users.append(users[row])
      columns.items.append(items[row])
      columns.ratings.append(ratings[row])
      columns.times.append(times[row])
      (userPlaces[Int(users[row])], itemPlaces[Int(items[row])]) = (0, 0)
    }
    // The order of the ids stays as it is.
    func number(_ places: inout [Int32]) -> [Int] {
      let kept = places.indices.filter { places[$0] == 0 }
      for (place, index) in kept.enumerated() { places[index] = Int32(place) }
      return kept
    }
    let (keptUsers, keptItems) = (number(&userPlaces), number(&itemPlaces))
    columns.renumber(users: userPlaces, items: itemPlaces)
    var log = RatingsLog(
      name: name, format: format, checksum: checksum, ratingRange: ratingRange, hasTimes: hasTimes,
      columns: columns, userIDs: RawIDs(keptUsers.map { userIDs[$0] }),
      itemIDs: RawIDs(keptItems.map { itemIDs[$0] }), isOfSessions: isOfSessions)
    if !titles.isEmpty { log.titles = keptItems.map { titles[$0] } }
    if !genres.isEmpty {
      log.genres = ItemGenres(
        lists: keptItems.map { genres.namesOfItem($0) }, order: genres.names)
    }
    (log.listedItemCount, log.duplicateCount, log.notes) = (listedItemCount, duplicateCount, notes)
    return log
  }
}
