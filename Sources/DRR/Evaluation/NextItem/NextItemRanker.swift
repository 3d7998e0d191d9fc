import DRRCore
import DRRData
import Tensor

/// Puts the candidates of sessions in order by a scorer of next items, which is told the user's
/// reward of each item before the next. Equal scores are in an order drawn from a seed.
public struct NextItemRanker: Ranker {
  public let name: String
  let scorer: any NextItemScorer
  let log: RatingsLog
  let split: UserSplit
  let scale: RewardScale
  let seed: UInt64

  /// A ranker by a scorer, whose ties are in an order of the seed's.
  public init(
    _ scorer: any NextItemScorer, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    seed: UInt64 = 0
  ) {
    name = scorer.name
    self.scorer = scorer
    self.log = log
    self.split = split
    self.scale = scale
    self.seed = seed
  }

  public func rank(
    _ sessions: [Session], length: Int, progress: (_ sessionsDone: Int) -> Void
  ) throws -> RankedLists {
    var picks: [[Int32]] = []
    for start in stride(from: 0, to: sessions.count, by: 256) {
      picks += try rank(sessions[start..<min(start + 256, sessions.count)], length)
      progress(picks.count)
    }
    return RankedLists(picks: picks)
  }

  private func rank(_ sessions: ArraySlice<Session>, _ length: Int) throws -> [[Int32]] {
    var open = sessions.map { OpenSession($0, profile(of: $0), seed: seed) }
    for _ in 0..<length {
      let asked = open.indices.filter { !open[$0].left.isEmpty }
      let scores = try scorer.scores(asked.map { open[$0].query })
      for (session, scores) in zip(asked, scores) { open[session].pick(by: scores) }
    }
    return open.map(\.picks)
  }

  /// The user's visible ratings, as items and rewards.
  private func profile(of session: Session) -> (items: [Int32], rewards: [Float]) {
    let rows = Array(split.visibleRows(of: Int(session.user), in: log))
    return (rows.map { log.items[$0] }, rows.map { scale.reward(log.ratings[$0]) })
  }
}

/// A session while it is ranked.
private struct OpenSession {
  let user: Int32
  let visibleCount: Int
  var items: [Int32]
  var rewards: [Float]
  var picks: [Int32] = []
  /// Candidates that are not picked yet, in an order that settles ties.
  var left: [(item: Int32, reward: Float)]

  init(_ session: Session, _ profile: (items: [Int32], rewards: [Float]), seed: UInt64) {
    user = session.user
    (items, rewards) = profile
    visibleCount = items.count
    var random = Philox(
      seed: seed, stream: Streams.nextItemRanker &+ UInt64(session.user) << 8)
    left = zip(session.candidates, session.rewards).map { ($0, $1) }.shuffled(using: &random)
  }

  var query: NextItemQuery {
    NextItemQuery(
      user: user, items: items[...], rewards: rewards[...], visibleCount: visibleCount,
      target: -1, targetReward: 0)
  }

  mutating func pick(by scores: [Float]) {
    var best = 0
    for at in left.indices where scores[Int(left[at].item)] > scores[Int(left[best].item)] {
      best = at
    }
    let (item, reward) = left.remove(at: best)
    picks.append(item)
    items.append(item)
    rewards.append(reward)
  }
}
