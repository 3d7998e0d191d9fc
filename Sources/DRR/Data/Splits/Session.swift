import DRRCore

/// One held-out user's session: the held-out items that they rated, to be put in order.
public struct Session: Sendable {
  /// The user's index.
  public let user: Int32
  /// Liked items, oldest first: where the agent starts.
  public let history: [Int32]
  /// The latest items that the user had rated before, oldest first: where an agent starts that sees
  /// rewards. No candidate is among them but an item of the history.
  public let known: [ItemReward]
  /// Items of the session in ascending order, and the user's reward of each.
  public let candidates: [Int32]
  /// The user's reward for each candidate.
  public let rewards: [Float]
  /// Position in `candidates` of each item in the order in which the user rated them.
  public let logged: [Int]

  /// One value a candidate; candidates ascend.
  public init(
    user: Int32, history: [Int32], known: [ItemReward] = [], candidates: [Int32],
    rewards: [Float], logged: [Int]
  ) {
    self.user = user
    self.history = history
    self.known = known
    self.candidates = candidates
    self.rewards = rewards
    self.logged = logged
  }

  /// The user's reward of an item; nil of one that is no candidate.
  public func reward(of item: Int32) -> Float? {
    var (low, high) = (0, candidates.count)
    while low < high {
      let middle = (low + high) / 2
      if candidates[middle] < item { low = middle + 1 } else { high = middle }
    }
    return low < candidates.count && candidates[low] == item ? rewards[low] : nil
  }

  /// Candidates with a reward above 0.
  public var likedCount: Int { rewards.count { $0 > 0 } }

  /// How many held-out users have a session, and why the others have none.
  public struct Admission: Codable, Hashable, Sendable {
    /// Held-out users.
    public var users = 0
    /// Users without a window of liked items to start from.
    public var tooFewLiked = 0
    /// Users who can start, with too few items left to rank.
    public var tooFewCandidates = 0
    /// By cutoff: sessions that have K candidates.
    public var measured: [Int] = []
    /// Sessions of which nothing is liked: they have no NDCG and no recall.
    public var withoutLiked = 0

    /// No users.
    public init() {}

    /// Held-out users with a session.
    public var sessions: Int { users - tooFewLiked - tooFewCandidates }

    /// One line for people.
    public func summary(
      of part: UserSplit.HeldOut, _ evaluation: EvaluationProtocol, window: Int
    ) -> String {
      var reasons: [String] = []
      if tooFewLiked > 0 {
        reasons.append("\(tooFewLiked) with fewer than \(window) liked items to start from")
      }
      if tooFewCandidates > 0 {
        reasons.append(
          "\(tooFewCandidates) with fewer than \(evaluation.minimumCandidates) items to rank")
      }
      let counts = zip(evaluation.cutoffs, measured).map { "\($1) @\($0)" }
      return "\(sessions) of \(users) \(part) users"
        + (reasons.isEmpty ? "" : "; left out: " + reasons.joined(separator: ", "))
        + (Set(measured).count > 1
          ? "; with K candidates: " + counts.joined(separator: ", ") : "")
        + (withoutLiked > 0 ? "; \(withoutLiked) like no candidate: no NDCG, no recall" : "")
    }
  }

  /// The sessions that a protocol admits: `window` liked items to start from, and enough to rank.
  public static func all(
    of part: UserSplit.HeldOut = .test, _ log: RatingsLog, _ split: UserSplit,
    _ evaluation: EvaluationProtocol, window: Int, scale: RewardScale
  ) -> [Session] {
    admitted(of: part, log, split, evaluation, window: window, scale: scale).sessions
  }

  /// The sessions that a protocol admits, and the users that it leaves out.
  public static func admitted(
    of part: UserSplit.HeldOut = .test, _ log: RatingsLog, _ split: UserSplit,
    _ evaluation: EvaluationProtocol, window: Int, scale: RewardScale
  ) -> (sessions: [Session], admission: Admission) {
    var admission = Admission()
    let sessions: [Session] = split.users(of: part).compactMap { user in
      admission.users += 1
      let all = split.sessionRows(of: Int(user), in: log, for: part)
      func liked(_ rows: UserSplit.Rows) -> [Int] {
        rows.filter { scale.reward(log.ratings[$0]) > 0 }
      }
      let (start, before): (ArraySlice<Int>, ArraySlice<Int>)
      switch evaluation.history {
      case .profile:
        let visible = split.visibleRows(of: Int(user), in: log)
        (start, before) = (liked(visible).suffix(window), Array(visible).suffix(window))
      case .session:
        // What else came before it is to be ranked.
        start = liked(all).prefix(window)
        before = start
      }
      let history = start.map { log.items[$0] }
      guard history.count == window else {
        admission.tooFewLiked += 1
        return nil
      }
      let rows = all.filter { evaluation.keepsHistory || !history.contains(log.items[$0]) }
      guard rows.count >= evaluation.minimumCandidates else {
        admission.tooFewCandidates += 1
        return nil
      }
      let sorted = rows.sorted { log.items[$0] < log.items[$1] }
      let position = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
      return Session(
        user: user, history: history,
        known: before.map { ItemReward(row: $0, of: log, on: scale) },
        candidates: sorted.map { log.items[$0] },
        rewards: sorted.map { scale.reward(log.ratings[$0]) },
        logged: rows.map { position[$0]! })
    }
    admission.measured = evaluation.cutoffs.map { k in
      sessions.count { $0.candidates.count >= k }
    }
    admission.withoutLiked = sessions.count { $0.likedCount == 0 }
    return (sessions, admission)
  }

  /// The sessions that a protocol admits.
  ///
  /// - Throws: `RunError` where there is none, or none that one order serves better than another.
  package static func measurable(
    of part: UserSplit.HeldOut = .test, _ log: RatingsLog, _ split: UserSplit,
    _ evaluation: EvaluationProtocol, window: Int, scale: RewardScale
  ) throws -> (sessions: [Session], admission: Admission) {
    try evaluation.requireHeldOut()
    try log.requireLikes(on: scale)
    let (sessions, admission) = admitted(
      of: part, log, split, evaluation, window: window, scale: scale)
    if sessions.isEmpty {
      throw RunError(
        "no \(part) user can be evaluated: "
          + admission.summary(of: part, evaluation, window: window)
          + "; lower --minimum-candidates or --window, hold more out, or use --split none")
    }
    if sessions.allSatisfy({ $0.likedCount == 0 }) {
      throw RunError(
        "nothing that the \(sessions.count) \(part) sessions could recommend is liked, so no order "
          + "is better than another: no reward \(scale) is above 0")
    }
    return (sessions, admission)
  }
}
