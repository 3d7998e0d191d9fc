import DRRData
import Factorization

/// The same scores for every user.
public struct ItemScores: NextItemHostScorer {
  public let name: String
  /// By item.
  let scores: [Float]

  /// Scores by item, and what tables call them.
  public init(_ name: String, _ scores: [Float]) {
    self.name = name
    self.scores = scores
  }

  public func scores(_ query: NextItemQuery) -> [Float] { scores }

  /// Any item as likely as any other: the base rate.
  public static func random(items: Int) -> ItemScores {
    ItemScores(RandomOrder.title, [Float](repeating: 0, count: items))
  }

  /// The most rated first.
  public static func popularity(_ statistics: ItemStatistics) -> ItemScores {
    ItemScores("popularity", statistics.counts.map { Float($0) })
  }

  /// The highest damped mean first.
  public static func mean(_ statistics: ItemStatistics) -> ItemScores {
    ItemScores("item mean", statistics.means)
  }
}

/// What a factorisation expects of every item, with its biases or by the vectors alone.
public struct PMFScores: NextItemHostScorer {
  public let name: String
  let model: PMFModel
  let biased: Bool

  /// A model, with biases or without.
  public init(_ model: PMFModel, biased: Bool) {
    name = biased ? "PMF rating" : "PMF dot"
    self.model = model
    self.biased = biased
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    let user = Int(query.user)
    return (0..<model.itemCount).map { item in
      let reward = model.reward(user: user, item: item)
      return biased ? reward : reward - model.itemBiases[item]
    }
  }
}

/// Knows the target: the ceiling.
public struct NextItemOracle: NextItemHostScorer {
  public let name = Oracle.title
  let items: Int
  /// An oracle over so many items.
  public init(items: Int) { self.items = items }

  public func scores(_ query: NextItemQuery) -> [Float] {
    var scores = [Float](repeating: 0, count: items)
    scores[Int(query.target)] = 1
    return scores
  }
}
