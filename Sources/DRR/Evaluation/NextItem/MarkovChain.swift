import DRRData

/// The first-order Markov chain of what was rated after what: an item's score is how often it came
/// right after the latest one. Of equal counts, and where the latest has none, the more popular
/// item comes first.
public struct MarkovChain: NextItemHostScorer {
  /// What tables call it.
  public static let title = "first-order Markov"
  public let name = title
  /// Successors of item i and how often: entries `offsets[i] ..< offsets[i + 1]`.
  let offsets: [Int]
  let successors: [(item: Int32, count: Float)]
  /// By item, below 1: less than one count.
  let popularity: [Float]

  /// Counts the neighbours among what may be seen of each user.
  public init(_ log: RatingsLog, _ split: UserSplit, _ statistics: ItemStatistics) {
    var pairs: [UInt64] = []
    for user in 0..<log.userCount {
      var previous: Int32?
      for row in split.visibleRows(of: user, in: log) {
        let item = log.items[row]
        if let previous { pairs.append(UInt64(previous) << 32 | UInt64(item)) }
        previous = item
      }
    }
    pairs.sort()
    var offsets = [Int](repeating: 0, count: log.itemCount + 1)
    var successors: [(item: Int32, count: Float)] = []
    var last: UInt64?
    for pair in pairs {
      if pair == last {
        successors[successors.count - 1].count += 1
      } else {
        successors.append((Int32(truncatingIfNeeded: pair), 1))
        offsets[Int(pair >> 32) + 1] = successors.count
      }
      last = pair
    }
    for item in 0..<log.itemCount { offsets[item + 1] = max(offsets[item + 1], offsets[item]) }
    self.offsets = offsets
    self.successors = successors
    let most = Float(statistics.counts.max() ?? 0) + 1
    popularity = statistics.counts.map { Float($0) / most }
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    var scores = popularity
    guard let last = query.items.last.map({ Int($0) }) else { return scores }
    for (item, count) in successors[offsets[last]..<offsets[last + 1]] {
      scores[Int(item)] += count
    }
    return scores
  }
}
