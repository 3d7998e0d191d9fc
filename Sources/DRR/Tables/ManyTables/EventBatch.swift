/// The events of a block in order, with the sub-states before and after each.
struct EventBatch {
  struct Event {
    /// Its place in the histories, and its user's first.
    var row: Int
    var userStart: Int
    var item: Int32
    var rating: Float
    /// Places of the sub-states of the items before it, and with it.
    var state: Range<Int>
    var next: Range<Int>
    /// Whether it is its user's last.
    var isLast: Bool

    func windowStart(_ window: Int) -> Int { max(userStart, row - window) }
  }

  /// Which sub-states' best actions are wanted.
  enum LookedUp {
    case none
    /// Of those that hold the event's own item.
    case newest
    case all
  }

  private(set) var events: [Event] = []
  private(set) var subStates: [SubState] = []
  /// One a sub-state, `noAction` where none was wanted.
  private(set) var bests: [QTable.Best] = []
  private(set) var wantedKeys: [UInt64] = []
  private var wantedPlaces: [Int32] = []

  /// Takes the events of `block` that come after another of their user.
  mutating func collect(
    _ block: Range<Int>, _ histories: Histories, _ splitter: SubStateSplitter, lookedUp: LookedUp
  ) {
    events.removeAll(keepingCapacity: true)
    subStates.removeAll(keepingCapacity: true)
    wantedKeys.removeAll(keepingCapacity: true)
    wantedPlaces.removeAll(keepingCapacity: true)
    if block.isEmpty { return bests.removeAll() }
    histories.items.withUnsafeBufferPointer { items in
      var user = histories.user(ofRow: block.lowerBound)
      var rows = histories.rows(ofUser: user)
      var state: Range<Int>?
      for row in block {
        while row >= rows.upperBound {
          user += 1
          rows = histories.rows(ofUser: user)
          state = nil
        }
        if row == rows.lowerBound { continue }
        let before = state ?? add(items[rows.lowerBound..<row], splitter, nil)
        let next = add(items[rows.lowerBound...row], splitter, lookedUp)
        if lookedUp == .all && state == nil { want(before, .all) }
        events.append(
          Event(
            row: row, userStart: rows.lowerBound, item: items[row], rating: histories.ratings[row],
            state: before, next: next, isLast: row + 1 == rows.upperBound))
        state = next
      }
    }
    bests.removeAll(keepingCapacity: true)
    bests.append(
      contentsOf: repeatElement(
        QTable.Best(value: 0, action: QTable.noAction), count: subStates.count))
  }

  /// The best actions of the keys that were wanted, in their order.
  mutating func take(_ found: [QTable.Best]) {
    for (at, place) in wantedPlaces.enumerated() { bests[Int(place)] = found[at] }
  }

  private mutating func add(
    _ history: Slice<UnsafeBufferPointer<Int32>>, _ splitter: SubStateSplitter,
    _ lookedUp: LookedUp?
  ) -> Range<Int> {
    let first = subStates.count
    splitter.forEach(UnsafeBufferPointer(rebasing: history)) { subStates.append($0) }
    let places = first..<subStates.count
    if let lookedUp { want(places, lookedUp) }
    return places
  }

  private mutating func want(_ places: Range<Int>, _ lookedUp: LookedUp) {
    if lookedUp == .none { return }
    for place in places where lookedUp == .all || subStates[place].newest == 1 {
      wantedKeys.append(subStates[place].key)
      wantedPlaces.append(Int32(place))
    }
  }
}
