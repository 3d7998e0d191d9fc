import Tensor

/// How many visible ratings an item has, and their mean pulled towards the mean of all by
/// `damping` pretended ratings.
public struct ItemStatistics: Sendable {
  /// Visible ratings by item.
  public let counts: [Int32]
  /// Damped mean reward by item.
  public let means: [Float]
  /// The mean reward of everything visible.
  public let mean: Float

  /// Items with a visible rating; of the others nothing is known.
  public var ratedItems: ItemMask {
    var rated = ItemMask(rows: 1, items: counts.count, allowed: false)
    for (item, count) in counts.enumerated() where count > 0 { rated[0, item] = true }
    return rated
  }

  /// The statistics of what a split lets be seen.
  public init(_ log: RatingsLog, _ split: UserSplit, scale: RewardScale, damping: Float = 5) {
    var counts = [Int32](repeating: 0, count: log.itemCount)
    var sums = [Double](repeating: 0, count: log.itemCount)
    var total = (count: 0, sum: 0.0)
    for user in 0..<log.userCount {
      for row in split.visibleRows(of: user, in: log) {
        let reward = Double(scale.reward(log.ratings[row]))
        counts[Int(log.items[row])] += 1
        sums[Int(log.items[row])] += reward
        total = (total.count + 1, total.sum + reward)
      }
    }
    let mean = total.sum / Double(max(total.count, 1))
    self.mean = Float(mean)
    self.counts = counts
    means = zip(counts, sums).map { count, sum in
      Float((sum + Double(damping) * mean) / (Double(count) + Double(damping)))
    }
  }
}
