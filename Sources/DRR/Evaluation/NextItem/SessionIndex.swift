import DRRData

/// What may be seen of each user as one session, and of each item the sessions that it is in, the
/// latest first: 12 bytes an item of a session.
///
/// A session of clicks is a user. Sessions are numbered by their last item's time, 0 the latest; of
/// one time, and where the data have no times, by their place in the log.
public struct SessionIndex: Sendable {
  /// Of each session.
  let users: [Int32]
  /// The items of session s, each once, in the order in which they came last: entries
  /// `offsets[s] ..< offsets[s + 1]` of `items`.
  let offsets: [Int]
  let items: [Int32]
  /// The sessions of item i, and where it is among their items: entries
  /// `itemOffsets[i] ..< itemOffsets[i + 1]` of `sessions` and `places`.
  let itemOffsets: [Int]
  let sessions: [Int32]
  let places: [Int32]

  /// The sessions of what may be seen of each user; a user of whom nothing may be seen has none.
  public init(_ log: RatingsLog, _ split: UserSplit) {
    var ended: [(user: Int, time: Int64)] = []
    for user in 0..<log.userCount {
      var last: Int?
      for row in split.visibleRows(of: user, in: log) { last = row }
      if let last { ended.append((user, log.hasTimes ? log.times[last] : 0)) }
    }
    ended.sort { ($0.time, $0.user) > ($1.time, $1.user) }
    users = ended.map { Int32($0.user) }
    var (offsets, items) = ([0], [Int32]())
    var counts = [Int](repeating: 0, count: log.itemCount)
    // Of each item the last session that has it already.
    var met = [Int32](repeating: -1, count: log.itemCount)
    for (session, (user, _)) in ended.enumerated() {
      var latest: [Int32] = []
      for row in Array(split.visibleRows(of: user, in: log)).reversed() {
        let item = log.items[row]
        guard met[Int(item)] != session else { continue }
        met[Int(item)] = Int32(session)
        counts[Int(item)] += 1
        latest.append(item)
      }
      items += latest.reversed()
      offsets.append(items.count)
    }
    let itemOffsets = counts.reduce(into: [0]) { $0.append($0.last! + $1) }
    var (next, sessions) = (itemOffsets, [Int32](repeating: 0, count: items.count))
    var places = sessions
    for session in users.indices {
      for (place, item) in items[offsets[session]..<offsets[session + 1]].enumerated() {
        sessions[next[Int(item)]] = Int32(session)
        places[next[Int(item)]] = Int32(place)
        next[Int(item)] += 1
      }
    }
    (self.offsets, self.items, self.itemOffsets) = (offsets, items, itemOffsets)
    (self.sessions, self.places) = (sessions, places)
  }

  var itemCount: Int { itemOffsets.count - 1 }

  /// The most items of a session, each once.
  var longest: Int { zip(offsets, offsets.dropFirst()).reduce(0) { max($0, $1.1 - $1.0) } }

  /// How many items session s has, each once.
  func count(of session: Int) -> Int { offsets[session + 1] - offsets[session] }
}
