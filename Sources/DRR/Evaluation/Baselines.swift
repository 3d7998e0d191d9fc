import Tensor

/// Ranks a session's candidates once, without looking at the answers: what an agent must beat.
public protocol Baseline {
  var name: String { get }
  /// One score a candidate, higher first.
  func scores(_ session: Session) -> [Float]
}

/// A fresh random order.
public struct RandomOrder: Baseline {
  public let name = "random"
  let seed: UInt64
  public init(seed: UInt64) { self.seed = seed }

  public func scores(_ session: Session) -> [Float] {
    var random = Philox(
      seed: seed, stream: Streams.randomRanker &+ UInt64(session.user) << 8)
    return session.candidates.map { _ in random.uniform() }
  }
}

/// The order in which the user went on to rate them.
public struct LoggedOrder: Baseline {
  public let name = "logged order"
  public init() {}

  public func scores(_ session: Session) -> [Float] {
    var scores = [Float](repeating: 0, count: session.candidates.count)
    for (rank, position) in session.logged.enumerated() { scores[position] = -Float(rank) }
    return scores
  }
}

/// How many visible ratings an item has, and their mean pulled towards the mean of all by
/// `damping` pretended ratings.
public struct ItemStatistics: Sendable {
  public let counts: [Int32]
  public let means: [Float]
  /// The mean reward of everything visible.
  public let mean: Float

  /// Items with a visible rating; of the others nothing is known.
  public var ratedItems: ItemMask {
    var rated = ItemMask(rows: 1, items: counts.count, allowed: false)
    for (item, count) in counts.enumerated() where count > 0 { rated[0, item] = true }
    return rated
  }

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

public struct Popularity: Baseline {
  public let name = "popularity"
  let statistics: ItemStatistics
  public init(_ statistics: ItemStatistics) { self.statistics = statistics }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { Float(statistics.counts[Int($0)]) }
  }
}

public struct ItemMean: Baseline {
  public let name = "item mean"
  let statistics: ItemStatistics
  public init(_ statistics: ItemStatistics) { self.statistics = statistics }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { statistics.means[Int($0)] }
  }
}

/// The rating that PMF predicts.
public struct PMFRating: Baseline {
  public let name = "PMF rating"
  let model: PMFModel
  public init(_ model: PMFModel) { self.model = model }

  public func scores(_ session: Session) -> [Float] {
    session.candidates.map { model.reward(user: Int(session.user), item: Int($0)) }
  }
}

/// The order that knows the answers: the ceiling.
public struct Oracle: Baseline {
  public let name = "oracle"
  public init() {}
  public func scores(_ session: Session) -> [Float] { session.rewards }
}
