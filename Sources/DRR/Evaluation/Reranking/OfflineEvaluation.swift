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

  /// - Parameter ranks: who share the sessions to measure, once each has all lists.
  init(
    _ name: String, _ ranked: RankedLists, _ evaluation: OfflineEvaluation,
    among ranks: any Collective
  ) throws(CollectiveError) {
    self.name = name
    let cutoffs = evaluation.cutoffs
    self.cutoffs = cutoffs
    users = evaluation.sessions.map(\.user)
    policy = ranked.policy
    picks = ranked.picks
    let own = ranks.share(of: evaluation.sessions)
    let figures = try ranks.gather(
      concurrentMap(own.count) {
        evaluation.figures(of: own.lowerBound + $0, picks: ranked.picks[own.lowerBound + $0])
      })
    var values: [Measure: [[Double?]]] = [:]
    for (number, measure) in Measure.allCases.enumerated() {
      values[measure] = cutoffs.indices.map { place in
        figures.map { $0[number * cutoffs.count + place] }
      }
    }
    self.values = values
    lists = try ranks.allGather(
      ranks.share(of: cutoffs.count).map { place in
        ListStatistics(
          ranked.picks, at: cutoffs[place], candidates: evaluation.candidates,
          catalogue: evaluation.catalogue,
          diversities: figures.compactMap { $0[Measure.allCases.count * cutoffs.count + place] })
      }
    ).flatMap { $0 }
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

  /// Of a session's list each measure by cutoff, and behind them its diversity by cutoff.
  fileprivate func figures(of session: Int, picks: [Int32]) -> [Double?] {
    let session = sessions[session]
    let rewards = picks.map { session.reward(of: $0)! }
    let liked = session.likedCount
    let measured = Measure.allCases.flatMap { measure in
      cutoffs.map { k -> Double? in
        guard session.candidates.count >= k else { return nil }
        return switch measure {
        case .precision: RankingMetrics.precision(rewards, at: k)
        case .ndcg: RankingMetrics.normalizedGain(rewards, at: k, likedCandidates: liked)
        case .dcg: RankingMetrics.discountedGain(rewards, at: k)
        case .recall: RankingMetrics.recall(rewards, at: k, likedCandidates: liked)
        case .reward: RankingMetrics.averageReward(rewards, at: k)
        }
      }
    }
    return measured + cutoffs.map { catalogue?.diversity(picks.prefix($0)) }
  }

  /// Ranks every session and measures the lists.
  ///
  /// - Parameter ranks: who share the sessions; each has the scores of all.
  /// - Throws: what the ranker does; `CollectiveError`.
  public func evaluate(
    _ ranker: any Ranker, among ranks: any Collective = SoleCollective(),
    progress: (_ sessionsDone: Int) -> Void = { _ in }
  ) throws -> RankerScores {
    try RankerScores(
      ranker.name,
      try ranker.rank(sessions, length: length, among: ranks, progress: progress), self,
      among: ranks)
  }
}
