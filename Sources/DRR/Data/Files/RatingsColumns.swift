import DRRCore

/// The four columns of a log while it is put in order.
struct RatingsColumns {
  var users: [Int32] = []
  var items: [Int32] = []
  var ratings: [Float] = []
  var times: [Int64] = []
  /// Of ``times``.
  var unit = TimeUnit.seconds
  /// Whether of a user's rows with an item the one rated highest is kept, the last of equals, and
  /// not the last of all.
  var keepsHighest = false

  var count: Int { ratings.count }

  mutating func reserve(_ rows: Int) {
    users.reserveCapacity(rows)
    items.reserveCapacity(rows)
    ratings.reserveCapacity(rows)
    times.reserveCapacity(rows)
  }

  /// Drops the rows from `first` on of users that a share is without.
  mutating func keep(_ share: UserShare, from first: Int) {
    if share.isWhole { return }
    var write = first
    for row in first..<count where share.holds(Int(users[row])) {
      (users[write], items[write]) = (users[row], items[row])
      (ratings[write], times[write]) = (ratings[row], times[row])
      write += 1
    }
    let dropped = count - write
    users.removeLast(dropped)
    items.removeLast(dropped)
    ratings.removeLast(dropped)
    times.removeLast(dropped)
  }

  /// Replaces every index by its place, on all cores.
  mutating func renumber(users userPlaces: [Int32], items itemPlaces: [Int32]) {
    Self.replace(&users, userPlaces)
    Self.replace(&items, itemPlaces)
  }

  private static func replace(_ column: inout [Int32], _ places: [Int32]) {
    if places.indices.allSatisfy({ places[$0] == Int32($0) }) { return }
    column.withUnsafeMutableBufferPointer { column in
      nonisolated(unsafe) let cells = column
      _ = concurrentMap(parts) { part in
        for row in cells.count * part / parts..<cells.count * (part + 1) / parts {
          cells[row] = places[Int(cells[row])]
        }
      }
    }
  }

  /// Orders rows by user, then time, then their place, and returns the offsets of the users.
  ///
  /// Rows in order of user, as most files have them, are sorted in place, one user at a time;
  /// otherwise one column after the other moves through a copy, to keep the peak low.
  mutating func order(userCount: Int) -> [Int] {
    var offsets = [Int](repeating: 0, count: userCount + 1)
    var grouped = true
    var last: Int32 = 0
    for user in users {
      offsets[Int(user) + 1] += 1
      if user < last { grouped = false }
      last = user
    }
    for user in 0..<userCount { offsets[user + 1] += offsets[user] }
    if !grouped { groupByUser(offsets) }
    orderByTime(offsets)
    return offsets
  }

  private mutating func groupByUser(_ offsets: [Int]) {
    var next = offsets
    var source = [Int32](repeating: 0, count: count)
    for row in 0..<count {
      let user = Int(users[row])
      source[next[user]] = Int32(row)
      next[user] += 1
    }
    users = []
    items = Self.gathered(items, source)
    ratings = Self.gathered(ratings, source)
    times = Self.gathered(times, source)
    users.reserveCapacity(count)
    for user in 0..<(offsets.count - 1) {
      users.append(contentsOf: repeatElement(Int32(user), count: offsets[user + 1] - offsets[user]))
    }
  }

  private static func gathered<Value>(_ column: [Value], _ source: [Int32]) -> [Value] {
    [Value](unsafeUninitializedCapacity: source.count) { out, filled in
      guard let target = out.baseAddress else { return }
      for row in 0..<source.count {
        (target + row).initialize(to: column[Int(source[row])])
      }
      filled = source.count
    }
  }

  /// Orders each user's rows, on all cores.
  private mutating func orderByTime(_ offsets: [Int]) {
    items.withUnsafeMutableBufferPointer { items in
      ratings.withUnsafeMutableBufferPointer { ratings in
        times.withUnsafeMutableBufferPointer { times in
          nonisolated(unsafe) let order = TimeOrder(items: items, ratings: ratings, times: times)
          _ = concurrentMap(Self.parts) { part in
            order.sort(offsets, users: Self.users(offsets, part))
          }
        }
      }
    }
  }

  /// Parts that work on all users is cut into, and the users of one: about as many rows each.
  private static let parts = 16
  private static func users(_ offsets: [Int], _ part: Int) -> Range<Int> {
    func first(_ part: Int) -> Int {
      let row = offsets[offsets.count - 1] * part / parts
      // The first user whose rows begin at or after `row`.
      var (low, high) = (0, offsets.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if offsets[middle] < row { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return first(part)..<(part + 1 == parts ? offsets.count - 1 : first(part + 1))
  }

  /// Times in whole seconds, of rows that are in order.
  mutating func countSeconds() {
    if unit == .seconds { return }
    // Down, so that times before 1970 keep their order too.
    for row in times.indices {
      let (whole, rest) = times[row].quotientAndRemainder(dividingBy: unit.rawValue)
      times[row] = rest < 0 ? whole - 1 : whole
    }
    unit = .seconds
  }

  /// Keeps one row of every (user, item); returns how many went. Rows are in order.
  mutating func dropDuplicates(offsets: inout [Int], itemCount: Int) -> Int {
    let dropped = duplicates(offsets, itemCount: itemCount)
    guard !dropped.isEmpty else { return 0 }
    var nextDropped = 0
    var write = 0
    var starts = offsets
    for user in 0..<(offsets.count - 1) {
      starts[user] = write
      for row in offsets[user]..<offsets[user + 1] {
        if nextDropped < dropped.count, dropped[nextDropped] == row {
          nextDropped += 1
          continue
        }
        users[write] = users[row]
        items[write] = items[row]
        ratings[write] = ratings[row]
        times[write] = times[row]
        write += 1
      }
    }
    starts[offsets.count - 1] = write
    offsets = starts
    users.removeLast(dropped.count)
    items.removeLast(dropped.count)
    ratings.removeLast(dropped.count)
    times.removeLast(dropped.count)
    return dropped.count
  }

  private func duplicates(_ offsets: [Int], itemCount: Int) -> [Int] {
    concurrentMap(Self.parts) { part in
      duplicates(offsets, users: Self.users(offsets, part), itemCount: itemCount)
    }.flatMap { $0 }
  }

  /// Rows of `users` whose item another of the user's is kept of, in order.
  private func duplicates(_ offsets: [Int], users: Range<Int>, itemCount: Int) -> [Int] {
    var seenBy = [Int32](repeating: -1, count: itemCount)
    var kept = keepsHighest ? [Int](repeating: 0, count: itemCount) : []
    var dropped: [Int] = []
    for user in users {
      for row in (offsets[user]..<offsets[user + 1]).reversed() {
        let item = Int(items[row])
        if seenBy[item] == Int32(user) {
          if keepsHighest, ratings[row] > ratings[kept[item]] {
            dropped.append(kept[item])
            kept[item] = row
          } else {
            dropped.append(row)
          }
        } else if keepsHighest {
          kept[item] = row
        }
        seenBy[item] = Int32(user)
      }
    }
    dropped.sort()
    return dropped
  }
}

/// Columns whose rows are put in order of time, user by user, rows of one time in their own order.
private struct TimeOrder {
  let items: UnsafeMutableBufferPointer<Int32>
  let ratings: UnsafeMutableBufferPointer<Float>
  let times: UnsafeMutableBufferPointer<Int64>

  func sort(_ offsets: [Int], users: Range<Int>) {
    var keys: [UInt64] = []
    var moved: [(item: Int32, rating: Float, time: Int64)] = []
    for user in users {
      let (first, end) = (offsets[user], offsets[user + 1])
      var (earliest, latest, isSorted) = (Int64.max, Int64.min, true)
      for row in first..<end {
        if times[row] < latest { isSorted = false }
        earliest = min(earliest, times[row])
        latest = max(latest, times[row])
      }
      if isSorted { continue }
      // A row's time and place in one number, where they fit.
      let bits = UInt64(Int.bitWidth - (end - first).leadingZeroBitCount)
      let span = latest.subtractingReportingOverflow(earliest)
      keys.removeAll(keepingCapacity: true)
      if !span.overflow, UInt64(span.partialValue) >> (64 - bits) == 0 {
        for row in first..<end {
          keys.append(UInt64(times[row] - earliest) << bits | UInt64(row - first))
        }
        keys.sort()
        let mask = (1 << bits) as UInt64 - 1
        for at in keys.indices { keys[at] &= mask }
      } else {
        let order = (first..<end).sorted { (times[$0], $0) < (times[$1], $1) }
        keys += order.map { UInt64($0 - first) }
      }
      moved.removeAll(keepingCapacity: true)
      for key in keys {
        let row = first + Int(key)
        moved.append((items[row], ratings[row], times[row]))
      }
      for (at, row) in moved.enumerated() {
        items[first + at] = row.item
        ratings[first + at] = row.rating
        times[first + at] = row.time
      }
    }
  }
}
