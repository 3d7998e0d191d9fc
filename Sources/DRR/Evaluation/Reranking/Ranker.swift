import DRRCore
import DRRData

/// Puts the candidates of sessions in order, one pick after another.
public protocol Ranker {
  /// What tables call it.
  var name: String { get }
  /// Ranks each session by itself.
  func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists
  /// The same by ranks that share the sessions: each makes some lists and has all of them, to the
  /// bit as one would make them alone.
  func rank(
    _ sessions: [Session], length: Int, among ranks: any Collective,
    progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists
}

extension Ranker {
  public func rank(
    _ sessions: [Session], length: Int, among ranks: any Collective,
    progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    if ranks.size == 1 { return try rank(sessions, length: length, progress: progress) }
    let own = Array(sessions[ranks.share(of: sessions)])
    let lists = try rank(own, length: length) { progress(min($0 * ranks.size, sessions.count)) }
    return RankedLists(picks: try ranks.gather(lists.picks))
  }
}

extension Collective {
  /// This rank's sessions, which have about as many candidates as any other's.
  func share(of sessions: [Session]) -> Range<Int> {
    shares(ofWork: sessions.map { 1 + $0.candidates.count })[rank]
  }
}

/// What a ranker answers.
public struct RankedLists: Sendable {
  /// The items picked in each session, best first: as many as asked for, all where there are fewer.
  public var picks: [[Int32]]
  /// Of an agent.
  public var policy: PolicyStatistics?

  /// Lists, one a session in the sessions' order.
  public init(picks: [[Int32]], policy: PolicyStatistics? = nil) {
    self.picks = picks
    self.policy = policy
  }
}

/// Ranks one session at a time, on the host: it may learn from the reward of each pick before the
/// next, and of nothing else in the session.
public protocol SessionRanker: Ranker, Sendable {
  /// Candidates, best first: `length` of them, or all where there are fewer.
  func picks(_ session: Session, length: Int) -> [Int32]
}

extension SessionRanker {
  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) -> RankedLists {
    RankedLists(picks: concurrentMap(sessions.count) { picks(sessions[$0], length: length) })
  }
}

/// Scores the candidates once.
public protocol Scorer: SessionRanker {
  /// One score a candidate, higher first.
  func scores(_ session: Session) -> [Float]
}

extension Scorer {
  public func picks(_ session: Session, length: Int) -> [Int32] {
    best(of: session, by: scores(session), length)
  }
}

/// The candidates of the highest scores. They ascend, so a stable order gives ties to the lower
/// item.
func best(of session: Session, by scores: [Float], _ length: Int) -> [Int32] {
  let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
  return order.prefix(length).map { session.candidates[$0] }
}
