/// The four columns of a log while it is put in order.
struct RatingsColumns {
  var users: [Int32] = []
  var items: [Int32] = []
  var ratings: [Float] = []
  var times: [Int64] = []

  var count: Int { ratings.count }

  mutating func reserve(_ rows: Int) {
    users.reserveCapacity(rows)
    items.reserveCapacity(rows)
    ratings.reserveCapacity(rows)
    times.reserveCapacity(rows)
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
    for user in 0..<userCount { orderByTime(offsets[user]..<offsets[user + 1]) }
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

  private mutating func orderByTime(_ rows: Range<Int>) {
    var sorted = true
    for row in rows.dropFirst() where times[row] < times[row - 1] {
      sorted = false
      break
    }
    if sorted { return }
    let places = rows.sorted {
      times[$0] != times[$1] ? times[$0] < times[$1] : $0 < $1
    }
    let movedItems = places.map { items[$0] }
    let movedRatings = places.map { ratings[$0] }
    let movedTimes = places.map { times[$0] }
    for (index, row) in rows.enumerated() {
      items[row] = movedItems[index]
      ratings[row] = movedRatings[index]
      times[row] = movedTimes[index]
    }
  }

  /// Keeps the last row of every (user, item); returns how many went. Rows are in order.
  mutating func dropDuplicates(offsets: inout [Int], itemCount: Int) -> Int {
    var seenBy = [Int32](repeating: -1, count: itemCount)
    var dropped: [Int] = []
    for user in 0..<(offsets.count - 1) {
      for row in (offsets[user]..<offsets[user + 1]).reversed() {
        let item = Int(items[row])
        if seenBy[item] == Int32(user) { dropped.append(row) }
        seenBy[item] = Int32(user)
      }
    }
    guard !dropped.isEmpty else { return 0 }
    dropped.sort()
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
}
