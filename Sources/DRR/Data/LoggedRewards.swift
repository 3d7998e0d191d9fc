/// What users are on record as thinking of items: a row a user, sorted by item, so that a pair is
/// found in O(log n).
public struct LoggedRewards: Sendable {
  private let offsets: [Int]
  private let items: [Int32]
  private let rewards: [Float]

  /// The rows of every user that `rows` admits.
  public init<Rows: Sequence<Int>>(
    _ log: RatingsLog, scale: RewardScale, rows: (_ user: Int) -> Rows
  ) {
    var (offsets, items, rewards) = ([0], [Int32](), [Float]())
    items.reserveCapacity(log.count)
    rewards.reserveCapacity(log.count)
    for user in 0..<log.userCount {
      for row in rows(user).sorted(by: { log.items[$0] < log.items[$1] }) {
        items.append(log.items[row])
        rewards.append(scale.reward(log.ratings[row]))
      }
      offsets.append(items.count)
    }
    (self.offsets, self.items, self.rewards) = (offsets, items, rewards)
  }

  /// The number of users, those without a reward among them.
  public var userCount: Int { offsets.count - 1 }

  /// The reward on record; nil where the user has not rated the item.
  public func reward(user: Int, item: Int32) -> Float? {
    var (low, high) = (offsets[user], offsets[user + 1])
    while low < high {
      let middle = (low + high) / 2
      if items[middle] < item { low = middle + 1 } else { high = middle }
    }
    return low < offsets[user + 1] && items[low] == item ? rewards[low] : nil
  }

  /// A user's items in ascending order, and the user's reward of each.
  public func row(ofUser user: Int) -> (items: ArraySlice<Int32>, rewards: ArraySlice<Float>) {
    let range = offsets[user]..<offsets[user + 1]
    return (items[range], rewards[range])
  }
}
