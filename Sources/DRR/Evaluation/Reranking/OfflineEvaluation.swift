import DRRCore
import DRRData
import Tensor

/// What one ranker earned in each session, and what its lists are like.
public struct RankerScores: Sendable {
  /// What tables call the ranker.
  public let name: String
  /// The Ks.
  public let cutoffs: [Int]
  /// Of each session.
  public let users: [Int32]
  /// The items that each session's ranking begins with, best first.
  public let picks: [[Int32]]
  /// By cutoff.
  public let lists: [ListStatistics]
  /// Of an agent.
  public let policy: PolicyStatistics?
  private let values: [Measure: [[Double?]]]

  /// A value a session at one of the cutoffs; nil where a session has fewer than K candidates, or
  /// the measure needs a liked candidate and there is none.
  public func values(_ measure: Measure, at k: Int) -> [Double?] {
    guard let index = cutoffs.firstIndex(of: k) else { return users.map { _ in nil } }
    return values[measure]![index]
  }

  /// The mean of those values; nil where there is none.
  public func mean(_ measure: Measure, at k: Int) -> Double? {
    let found = values(measure, at: k).compactMap { $0 }
    return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
  }

  init(
    _ name: String, _ ranked: RankedLists, _ evaluation: OfflineEvaluation
  ) {
    self.name = name
    cutoffs = evaluation.cutoffs
    users = evaluation.sessions.map(\.user)
    policy = ranked.policy
    picks = ranked.picks
    let rewards = zip(evaluation.sessions, ranked.picks).map { session, items in
      items.map { session.reward(of: $0)! }
    }
    var values: [Measure: [[Double?]]] = [:]
    for measure in Measure.allCases {
      values[measure] = cutoffs.map { k in
        zip(evaluation.sessions, rewards).map { session, rewards in
          guard session.candidates.count >= k else { return nil }
          let liked = session.likedCount
          return switch measure {
          case .precision: RankingMetrics.precision(rewards, at: k)
          case .ndcg: RankingMetrics.normalizedGain(rewards, at: k, likedCandidates: liked)
          case .dcg: RankingMetrics.discountedGain(rewards, at: k)
          case .recall: RankingMetrics.recall(rewards, at: k, likedCandidates: liked)
          case .reward: RankingMetrics.averageReward(rewards, at: k)
          }
        }
      }
    }
    self.values = values
    lists = cutoffs.map {
      ListStatistics(
        ranked.picks, at: $0, candidates: evaluation.candidates, catalogue: evaluation.catalogue)
    }
  }
}

/// Re-ranks logged sessions (Liu et al. 2018, algorithm 2), one set of users for every K.
public struct OfflineEvaluation: Sendable {
  /// The users' items to rank.
  public let sessions: [Session]
  /// The Ks.
  public let cutoffs: [Int]
  /// For novelty and diversity; nil leaves them out.
  let catalogue: ItemCatalogue?
  /// Items that are a candidate of some session.
  let candidates: Set<Int32>

  /// An evaluation of these sessions; `cutoffs` has one K at least.
  public init(sessions: [Session], cutoffs: [Int], catalogue: ItemCatalogue? = nil) {
    self.sessions = sessions
    self.cutoffs = cutoffs
    self.catalogue = catalogue
    candidates = Set(sessions.lazy.flatMap(\.candidates))
  }

  /// Picks a list is made of.
  public var length: Int { cutoffs.max()! }

  /// Ranks every session and measures the lists.
  ///
  /// - Parameter ranks: who share the sessions; each has the scores of all.
  /// - Throws: what the ranker does.
  public func evaluate(
    _ ranker: any Ranker, among ranks: any Collective = SoleCollective(),
    progress: (_ sessionsDone: Int) -> Void = { _ in }
  ) throws -> RankerScores {
    RankerScores(
      ranker.name,
      try ranker.rank(sessions, length: length, among: ranks, progress: progress), self)
  }
}
