import DRRData
import Factorization
import Platform

/// What a ranker's lists are like as a whole, beyond whether they please.
public struct ListStatistics: Codable, Hashable, Sendable, BitwiseCopyable {
  /// Different items recommended.
  public var distinct: Double
  /// Their share of all that were candidates in some session.
  public var coverage: Double
  /// How unevenly recommendations fall on those candidates, 0 evenly ... 1 all on one.
  public var gini: Double
  /// Mean −log₂ of the share of users who have rated an item (self-information, Zhou et al.
  /// 2010), an unrated item counting as rated once.
  public var novelty: Double?
  /// Mean of 1 − cosine of the item vectors over all pairs of a list (Ziegler et al. 2005); nil
  /// for lists of one.
  public var diversity: Double?
}

/// What list statistics need to know of the items.
public struct ItemCatalogue: Sendable {
  /// Visible ratings by item, and users who gave them.
  let counts: [Int32]
  let users: Int
  /// Item vectors of length one.
  let directions: [Float]
  let dimension: Int

  /// The items of a model, for a data set of so many users.
  public init(_ statistics: ItemStatistics, users: Int, model: PMFModel) {
    counts = statistics.counts
    self.users = users
    dimension = model.dimension
    var directions = model.itemFactors
    let k = model.dimension
    for item in 0..<model.itemCount {
      let norm = directions[item * k..<(item + 1) * k].reduce(0) { $0 + $1 * $1 }.squareRoot()
      for j in item * k..<(item + 1) * k where norm > 0 { directions[j] /= norm }
    }
    self.directions = directions
  }

  func novelty(_ item: Int32) -> Double {
    -log2(Double(max(counts[Int(item)], 1)) / Double(max(users, 1)))
  }

  /// Mean 1 − cosine over the pairs: |Σ q|² is the number of items and twice the pairs' cosines.
  func diversity(_ items: some Collection<Int32>) -> Double? {
    guard items.count > 1 else { return nil }
    var sum = [Float](repeating: 0, count: dimension)
    var own: Float = 0
    for item in items {
      for j in 0..<dimension {
        let value = directions[Int(item) * dimension + j]
        sum[j] += value
        own += value * value
      }
    }
    let twice = Double(sum.reduce(0) { $0 + $1 * $1 } - own)
    return 1 - twice / Double(items.count * (items.count - 1))
  }
}

extension ListStatistics {
  /// Of the first K picks of every list; `candidates` are all that could be recommended.
  ///
  /// - Parameter diversities: of the lists that have one, in their order.
  init(
    _ picks: [[Int32]], at k: Int, candidates: Set<Int32>, catalogue: ItemCatalogue?,
    diversities: [Double] = []
  ) {
    var counts: [Int32: Int] = [:]
    for list in picks { for item in list.prefix(k) { counts[item, default: 0] += 1 } }
    distinct = Double(counts.count)
    coverage = distinct / Double(max(candidates.count, 1))
    gini = Self.gini(candidates.map { Double(counts[$0] ?? 0) })
    let total = Double(counts.values.reduce(0, +))
    novelty = catalogue.flatMap { catalogue in
      guard total > 0 else { return nil }
      // In the order of items, so that the sum is the same to the bit.
      return counts.sorted { $0.key < $1.key }.reduce(0) {
        $0 + Double($1.value) * catalogue.novelty($1.key)
      } / total
    }
    diversity = diversities.isEmpty ? nil : diversities.reduce(0, +) / Double(diversities.count)
  }

  /// The Gini coefficient: half the relative mean absolute difference.
  static func gini(_ values: [Double]) -> Double {
    let total = values.reduce(0, +)
    guard total > 0 else { return 0 }
    let weighted = values.sorted().enumerated().reduce(0) {
      $0 + Double(2 * $1.offset + 1 - values.count) * $1.element
    }
    return weighted / (Double(values.count) * total)
  }

  /// The mean over runs.
  package init?(mean runs: [ListStatistics]) {
    guard !runs.isEmpty else { return nil }
    func mean(_ value: (ListStatistics) -> Double?) -> Double? {
      let values = runs.compactMap(value)
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    distinct = mean(\.distinct) ?? 0
    coverage = mean(\.coverage) ?? 0
    gini = mean(\.gini) ?? 0
    novelty = mean(\.novelty)
    diversity = mean(\.diversity)
  }
}
