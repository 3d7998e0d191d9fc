/// An item and a user's reward of it.
public struct ItemReward: Hashable, Sendable {
  /// The item's index.
  public var item: Int32
  /// The user's reward; liked is above 0.
  public var reward: Float

  /// An item with its reward.
  public init(item: Int32, reward: Float) {
    (self.item, self.reward) = (item, reward)
  }

  /// The item of a log's row with its reward on a scale.
  package init(row: Int, of log: RatingsLog, on scale: RewardScale) {
    self.init(item: log.items[row], reward: scale.reward(log.ratings[row]))
  }
}
