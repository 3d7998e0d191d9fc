/// How well a next item was predicted.
public enum NextItemMeasure: String, Codable, CaseIterable, Hashable, Sendable {
  /// Share of the targets among the first K: HR@K.
  case hit
  /// 1 / log₂(rank + 1) up to rank K: NDCG@K.
  case gain
  /// 1 / rank up to rank K: MRR@K.
  case reciprocalRank
}

/// Where one scorer put each target, and what its lists are like.
public struct NextItemScores: Sendable {
  /// What tables call the scorer.
  public package(set) var name: String
  /// Of each query.
  public let users: [Int32]
  /// The rank of each query's target.
  public let ranks: [TargetRank]
  /// What the lists are like.
  public let lists: ListStatistics
  /// Of each query the group of its target; a grouping that the data do not tell is not there.
  let groups: [TargetGrouping: [Int]]

  init(_ name: String, _ answers: [NextItemEvaluation.Answer], _ evaluation: NextItemEvaluation) {
    self.name = name
    users = evaluation.queries.map(\.user)
    ranks = answers.map(\.rank)
    var groups = [
      TargetGrouping.popularity: evaluation.queries.map {
        evaluation.groups.groups[Int($0.target)]
      }
    ]
    if !evaluation.pauses.isEmpty {
      groups[.pause] = evaluation.pauses.map { TargetGrouping.group(ofPause: $0) }
    }
    self.groups = groups
    lists = ListStatistics(
      answers.map(\.list), at: evaluation.settings.listLength,
      candidates: Set(0..<Int32(evaluation.itemCount)), catalogue: nil)
  }

  /// A value a query.
  public func values(_ measure: NextItemMeasure, at k: Int = .max) -> [Double] {
    ranks.map { rank in
      switch measure {
      case .hit: rank.hit(at: k)
      case .gain: rank.gain(at: k)
      case .reciprocalRank: rank.reciprocal(at: k)
      }
    }
  }

  /// The mean over queries, 0 ... 1.
  public func mean(_ measure: NextItemMeasure, at k: Int = .max) -> Double {
    values(measure, at: k).reduce(0, +) / Double(max(ranks.count, 1))
  }

  /// The values of the queries whose targets are of a group; nil for the others.
  package func values(
    _ measure: NextItemMeasure, at k: Int, group: Int, of grouping: TargetGrouping = .popularity
  ) -> [Double?] {
    zip(values(measure, at: k), groups[grouping] ?? []).map { $1 == group ? $0 : nil }
  }

  /// Whether the data tell the groups of a grouping.
  package func has(_ grouping: TargetGrouping) -> Bool { groups[grouping] != nil }
}
