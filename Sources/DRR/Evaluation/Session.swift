/// One test user's held-out session: the items that she went on to rate, to be put in order.
public struct Session: Sendable {
  public let user: Int32
  /// Her latest liked profile items, oldest first: where the agent starts.
  public let history: [Int32]
  /// Items of the session in ascending order, and what she thought of each.
  public let candidates: [Int32]
  public let rewards: [Float]
  /// Position in `candidates` of each item in the order in which she rated them.
  public let logged: [Int]

  /// One value a candidate; candidates ascend.
  public init(
    user: Int32, history: [Int32], candidates: [Int32], rewards: [Float], logged: [Int]
  ) {
    self.user = user
    self.history = history
    self.candidates = candidates
    self.rewards = rewards
    self.logged = logged
  }

  public var likedCount: Int { rewards.count { $0 > 0 } }

  /// The sessions that a protocol admits: `window` liked items to start from, and enough left to
  /// rank once the history is taken out.
  public static func all(
    _ log: RatingsLog, _ split: UserSplit, _ evaluation: EvaluationProtocol, window: Int,
    scale: RewardScale
  ) -> [Session] {
    split.testUsers.compactMap { user in
      let profile = split.visibleRows(of: Int(user), in: log)
      let liked = profile.filter { scale.reward(log.ratings[$0]) > 0 }.map { log.items[$0] }
      guard liked.count >= window else { return nil }
      let history = Array(liked.suffix(window))
      let rows = split.sessionRows(of: Int(user), in: log)
        .filter { !history.contains(log.items[$0]) }
      guard rows.count >= evaluation.minimumCandidates else { return nil }
      let sorted = rows.sorted { log.items[$0] < log.items[$1] }
      let position = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
      return Session(
        user: user, history: history, candidates: sorted.map { log.items[$0] },
        rewards: sorted.map { scale.reward(log.ratings[$0]) },
        logged: rows.map { position[$0]! })
    }
  }
}
