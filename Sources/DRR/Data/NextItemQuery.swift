import DRRCore

/// What a user has rated, and the item that the user rates next.
public struct NextItemQuery: Sendable {
  /// The user's index.
  public let user: Int32
  /// Everything before the target, oldest first; of what is held out too, since it has happened by
  /// then.
  public let items: ArraySlice<Int32>
  /// The user's reward of each; liked is > 0.
  public let rewards: ArraySlice<Float>
  /// How many of those, the first, training could see.
  public let visibleCount: Int
  /// The item that came next, by index.
  public let target: Int32
  /// The user's reward for it.
  public let targetReward: Float
  /// Whether what came before may come again: it is a candidate then.
  public let repeats: Bool

  /// A query by its parts; `rewards` has as many numbers as `items`.
  public init(
    user: Int32, items: ArraySlice<Int32>, rewards: ArraySlice<Float>, visibleCount: Int,
    target: Int32, targetReward: Float, repeats: Bool = false
  ) {
    self.user = user
    self.items = items
    self.rewards = rewards
    self.visibleCount = visibleCount
    self.target = target
    self.targetReward = targetReward
    self.repeats = repeats
  }
}

/// Scores every item as the one to come. To look at the target is the oracle's alone.
public protocol NextItemScorer {
  /// What tables call it.
  var name: String { get }
  /// A score for each of all items, a row a query: higher comes first, equal ones tie, −∞ is never
  /// recommended. Items that the user has seen may have any, unless they may come again.
  func scores(_ queries: [NextItemQuery]) throws -> [[Float]]
}

/// Scores on the host, one query at a time.
public protocol NextItemHostScorer: NextItemScorer, Sendable {
  /// A score for each of all items; called by several tasks at once.
  func scores(_ query: NextItemQuery) -> [Float]
}

extension NextItemHostScorer {
  public func scores(_ queries: [NextItemQuery]) -> [[Float]] {
    concurrentMap(queries.count) { scores(queries[$0]) }
  }
}
