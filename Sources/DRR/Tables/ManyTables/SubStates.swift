/// A part of a user's state that one table knows: up to k of the last w items, all of the table's
/// genre, in no order.
public struct SubState: Equatable, Sendable {
  public var key: UInt64
  /// 1 over the genres of each of its items, multiplied.
  public var weight: Float
  /// How many items ago its youngest and its oldest were watched; 1 is the last one.
  public var newest: UInt8
  public var oldest: UInt8

  @inline(__always)
  public var table: Int { SubStateKey.table(key) }
}

/// Keys of sub-states, so that equal ones are equal numbers and no two others are: the table in 8
/// bits, then the items in ascending order, each plus one, in 56 / k bits (28 where k is 1 or 2).
/// For orders up to two that is genre | low id | high id.
public struct SubStateKey: Sendable {
  public let bits: Int

  /// - Parameter order: the most items of a sub-state, k.
  public init(order: Int) { bits = order <= 2 ? 28 : 56 / order }

  /// How many items have a place in a key.
  public var itemLimit: Int { 1 << bits - 1 }

  @inline(__always)
  public static func table(_ key: UInt64) -> Int { Int(key >> 56) }

  /// - Parameter items: in ascending order.
  @inline(__always)
  func key(table: UInt8, items: UnsafeBufferPointer<Int32>) -> UInt64 {
    var key = UInt64(table) << 56
    var shift = 56
    for item in items {
      shift -= bits
      key |= UInt64(item + 1) << UInt64(shift)
    }
    return key
  }

  /// The items of a key, in ascending order.
  public func items(_ key: UInt64) -> [Int32] {
    var items: [Int32] = []
    var shift = 56 - bits
    while shift >= 0 {
      let item = (key >> UInt64(shift)) & (1 << UInt64(bits) - 1)
      if item == 0 { break }
      items.append(Int32(item) - 1)
      shift -= bits
    }
    return items
  }
}

/// Lists the sub-states of windows, one at a time, in buffers of its own.
package final class SubStateSplitter {
  /// Where the tables of an item begin; one more than there are items.
  private let starts: UnsafeMutablePointer<Int32>
  private let tables: UnsafeMutablePointer<UInt8>
  private let code: SubStateKey
  private let window: Int
  private let order: Int
  private let keepsAllOrders: Bool
  /// Of the window, newest first, without repeats.
  private let items: UnsafeMutablePointer<Int32>
  private let lags: UnsafeMutablePointer<UInt8>
  /// Of one table.
  private let members: UnsafeMutablePointer<Int>
  private let chosen: UnsafeMutablePointer<Int>
  private let sorted: UnsafeMutablePointer<Int32>

  package init(_ configuration: MultiTableConfiguration, _ tables: ItemTables) {
    starts = .allocate(capacity: tables.itemCount + 1)
    starts[0] = 0
    var all: [UInt8] = []
    for item in 0..<tables.itemCount {
      all += tables.ofItem(item)
      starts[item + 1] = Int32(all.count)
    }
    self.tables = .allocate(capacity: max(all.count, 1))
    self.tables.initialize(from: all, count: all.count)
    window = configuration.window
    order = configuration.order
    keepsAllOrders = configuration.subStates == .all
    code = SubStateKey(order: order)
    items = .allocate(capacity: window)
    lags = .allocate(capacity: window)
    members = .allocate(capacity: window)
    chosen = .allocate(capacity: order)
    sorted = .allocate(capacity: order)
  }

  deinit {
    starts.deallocate()
    tables.deallocate()
    items.deallocate()
    lags.deallocate()
    members.deallocate()
    chosen.deallocate()
    sorted.deallocate()
  }

  /// Calls `body` with each sub-state of the last items of a history, oldest first.
  @inline(__always)
  package func forEach(_ history: UnsafeBufferPointer<Int32>, _ body: (SubState) -> Void) {
    var count = 0
    var usedTables: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for lag in 1...max(window, 1) where lag <= history.count {
      let item = history[history.count - lag]
      var isNew = true
      for at in 0..<count where items[at] == item { isNew = false }
      if isNew {
        items[count] = item
        lags[count] = UInt8(lag)
        count += 1
      }
    }
    for first in 0..<count {
      for at in tables(of: items[first]) where insert(tables[at], in: &usedTables) {
        let table = tables[at]
        var memberCount = 0
        for at in first..<count where tables(of: items[at]).contains(where: { tables[$0] == table })
        {
          members[memberCount] = at
          memberCount += 1
        }
        let largest = min(memberCount, order)
        for size in (keepsAllOrders ? 1 : largest)...largest {
          choose(size, of: memberCount, table, body)
        }
      }
    }
  }

  @inline(__always)
  private func tables(of item: Int32) -> Range<Int> {
    Int(starts[Int(item)])..<Int(starts[Int(item) + 1])
  }

  @inline(__always)
  private func insert(
    _ table: UInt8, in used: inout (UInt64, UInt64, UInt64, UInt64)
  ) -> Bool {
    let bit: UInt64 = 1 << UInt64(table & 63)
    func set(_ word: inout UInt64) -> Bool {
      let isNew = word & bit == 0
      word |= bit
      return isNew
    }
    switch table >> 6 {
    case 0: return set(&used.0)
    case 1: return set(&used.1)
    case 2: return set(&used.2)
    default: return set(&used.3)
    }
  }

  /// All combinations of `size` of the table's members, in lexical order of their lags.
  @inline(__always)
  private func choose(
    _ size: Int, of memberCount: Int, _ table: UInt8, _ body: (SubState) -> Void
  ) {
    for at in 0..<size { chosen[at] = at }
    while true {
      body(subState(size, table))
      var at = size - 1
      while at >= 0 && chosen[at] == memberCount - size + at { at -= 1 }
      if at < 0 { return }
      chosen[at] += 1
      for next in at + 1..<max(size, at + 1) { chosen[next] = chosen[next - 1] + 1 }
    }
  }

  @inline(__always)
  private func subState(_ size: Int, _ table: UInt8) -> SubState {
    var weight: Float = 1
    for at in 0..<size {
      let item = items[members[chosen[at]]]
      weight /= Float(tables(of: item).count)
      var place = at
      while place > 0 && sorted[place - 1] > item {
        sorted[place] = sorted[place - 1]
        place -= 1
      }
      sorted[place] = item
    }
    return SubState(
      key: code.key(table: table, items: UnsafeBufferPointer(start: sorted, count: size)),
      weight: weight, newest: lags[members[chosen[0]]], oldest: lags[members[chosen[size - 1]]])
  }
}
