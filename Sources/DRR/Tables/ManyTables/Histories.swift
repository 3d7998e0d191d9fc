import DRRData
import Tensor

/// What is learned from: each user's items in order, and how they were rated.
///
/// 8 bytes an event; the log that it was made from is not needed any more.
public struct Histories: Sendable {
  public private(set) var items: [Int32] = []
  public private(set) var ratings: [Float] = []
  /// `userCount + 1` entries.
  public private(set) var offsets = [0]

  public var count: Int { items.count }
  public var userCount: Int { offsets.count - 1 }

  public func rows(ofUser user: Int) -> Range<Int> { offsets[user]..<offsets[user + 1] }

  /// The user that an event is of.
  func user(ofRow row: Int) -> Int {
    var (low, high) = (0, userCount)
    while low + 1 < high {
      let middle = (low + high) / 2
      if offsets[middle] <= row { low = middle } else { high = middle }
    }
    // Users of no events share their offset with the next.
    return low
  }

  /// Histories one after the other, oldest event first.
  public init(_ users: some Sequence<[(item: Int32, rating: Float)]>) {
    for events in users {
      for event in events {
        items.append(event.item)
        ratings.append(event.rating)
      }
      offsets.append(items.count)
    }
  }

  /// What may be learned from of a log, in the order of its split.
  ///
  /// - Parameter items: those that count, one flag an item; nil for all.
  public init(_ log: RatingsLog, _ split: UserSplit, keeping kept: [Bool]? = nil) {
    items.reserveCapacity(log.count)
    ratings.reserveCapacity(log.count)
    offsets.reserveCapacity(log.userCount + 1)
    for user in 0..<log.userCount {
      for row in split.visibleRows(of: user, in: log) where kept?[Int(log.items[row])] ?? true {
        items.append(log.items[row])
        ratings.append(log.ratings[row])
      }
      offsets.append(items.count)
    }
  }
}

extension RatingsLog {
  /// Flags the items rated most often, of equally often rated ones the lower item.
  public func mostRated(_ count: Int) -> [Bool] {
    var ratings = [Int](repeating: 0, count: itemCount)
    for item in items { ratings[Int(item)] += 1 }
    let order = (0..<itemCount).sorted { (-ratings[$0], $0) < (-ratings[$1], $1) }
    var kept = [Bool](repeating: false, count: itemCount)
    for item in order.prefix(count) { kept[item] = true }
    return kept
  }
}
