import DRRCore
import DRRData
import Tensor

/// Predicts, for each held-out rating, which item it is of: all items that the user has not rated
/// before are candidates, none is sampled (Krichene & Rendle 2020).
public struct NextItemEvaluation: Sendable {
  /// How the measures are taken.
  public struct Settings: Codable, Hashable, Sendable {
    /// The Ks.
    public var cutoffs = [1, 5, 10, 20]
    /// Items of the lists that coverage and Gini are of.
    public var listLength = 10
    /// Whether only liked targets are to be found.
    public var likedOnly = false
    /// Users asked at most, drawn; nil: all.
    public var users: Int?
    /// Draws those users, and ties in the lists.
    public var seed: UInt64 = 0

    /// The default settings.
    public init() {}

    /// - Throws: `ConfigurationError` for a setting that cannot work.
    public func validate() throws(ConfigurationError) {
      try ConfigurationError.require("cutoffs", cutoffs, "at least one K, each 1 or more") {
        !$0.isEmpty && $0.allSatisfy { $0 >= 1 }
      }
      try ConfigurationError.require("list length", listLength, in: 1...)
      if let users {
        try ConfigurationError.require("users", users, in: 1...)
      }
    }
  }

  /// By user, oldest target first.
  public let queries: [NextItemQuery]
  /// Of each query the seconds since the user's previous rating; empty where the data have no
  /// times.
  public let pauses: [Int64]
  /// How the measures are taken.
  public let settings: Settings
  /// The number of candidates before a user's own are left out.
  public let itemCount: Int
  /// Items by popularity.
  public let groups: PopularityGroups

  /// - Throws: `RunError` where no held-out rating can be asked for.
  public init(
    _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    of part: UserSplit.HeldOut = .test, _ settings: Settings = Settings()
  ) throws {
    try settings.validate()
    try split.requireHeldOut()
    if split.isAtRandom {
      throw RunError(
        "the next item cannot be asked for where ratings are held out at random: what comes after "
          + "it has been learned from; split by latest, time or users")
    }
    self.settings = settings
    itemCount = log.itemCount
    groups = PopularityGroups(log, split)
    var users = split.users(of: part)
    if let limit = settings.users, limit < users.count {
      var random = Philox(seed: settings.seed, stream: Streams.nextItemUsers)
      users = users.shuffled(using: &random).prefix(limit).sorted()
    }
    let asked = users.flatMap {
      Self.queries(of: Int($0), log, split, scale: scale, part, likedOnly: settings.likedOnly)
    }
    queries = asked.map(\.query)
    pauses = log.hasTimes ? asked.map(\.pause) : []
    if queries.isEmpty {
      throw RunError(
        "there is no next item to ask for: none of \(users.count) \(part) users has a held-out "
          + (settings.likedOnly ? "liked rating" : "rating") + " after another one")
    }
  }

  private static func queries(
    of user: Int, _ log: RatingsLog, _ split: UserSplit, scale: RewardScale,
    _ part: UserSplit.HeldOut, likedOnly: Bool
  ) -> [(query: NextItemQuery, pause: Int64)] {
    let rows = Array(split.rows(of: user, in: log))
    let items = rows.map { log.items[$0] }
    let rewards = rows.map { scale.reward(log.ratings[$0]) }
    let visible = rows.count { split.heldOut(row: $0) == nil }
    return rows.indices.compactMap { at in
      guard at > 0, split.heldOut(row: rows[at]) == part, !likedOnly || rewards[at] > 0
      else { return nil }
      let query = NextItemQuery(
        user: Int32(user), items: items[..<at], rewards: rewards[..<at],
        visibleCount: min(visible, at), target: items[at], targetReward: rewards[at],
        repeats: log.isOfSessions)
      return (query, log.times[rows[at]] &- log.times[rows[at - 1]])
    }
  }

  /// Asks a scorer for every target.
  ///
  /// - Parameter ranks: who share the blocks of queries that a scorer is asked at once, since its
  ///   bits may depend on how many they are; each has the answers to all.
  /// - Throws: what the scorer throws; `RunError` where a score is not a number; `CollectiveError`.
  public func evaluate(
    _ scorer: any NextItemScorer, among ranks: any Collective = SoleCollective(),
    progress: (_ queriesDone: Int) throws -> Void = { _ in }
  ) throws -> NextItemScores {
    let block = max(16, min(1_024, 4_000_000 / max(itemCount, 1)))
    let starts = Array(stride(from: 0, to: queries.count, by: block))
    var answers: [Answer?] = []
    answers.reserveCapacity(queries.count)
    for start in starts[ranks.share(of: starts.count)] {
      let asked = Array(queries[start..<min(start + block, queries.count)])
      let scores = try scorer.scores(asked)
      require(
        scores.count == asked.count && scores.allSatisfy { $0.count == itemCount },
        "\(scorer.name): one row of \(itemCount) scores is wanted for each of \(asked.count) queries"
      )
      answers += concurrentMap(asked.count) {
        answer(asked[$0], scores[$0], draw: UInt64(start + $0))
      }
      try progress(min(answers.count * ranks.size, queries.count))
    }
    answers = try gather(answers, among: ranks)
    if let bad = answers.firstIndex(where: { $0 == nil }) {
      throw RunError(
        "\(scorer.name): a score for user \(queries[bad].user) is not a number; has it diverged?")
    }
    return NextItemScores(scorer.name, answers.map { $0! }, self)
  }

  struct Answer: Sendable {
    var rank: TargetRank
    /// In no order.
    var list: [Int32]
  }

  /// What all ranks have found.
  private func gather(
    _ answers: [Answer?], among ranks: any Collective
  ) throws(CollectiveError) -> [Answer?] {
    guard ranks.size > 1 else { return answers }
    let lists: [[Int32]] = answers.map { answer in
      answer.map { [Int32($0.rank.above), Int32($0.rank.tied)] + $0.list } ?? []
    }
    return try ranks.gather(lists).map { list in
      list.isEmpty
        ? nil
        : Answer(
          rank: TargetRank(above: Int(list[0]), tied: Int(list[1])), list: Array(list[2...]))
    }
  }

  /// Nil where a score is not a number.
  private func answer(_ query: NextItemQuery, _ scores: [Float], draw: UInt64) -> Answer? {
    var scores = scores
    let found = TargetRank(of: query, in: &scores)
    return found.map {
      Answer(rank: $0, list: Self.best(settings.listLength, of: scores, settings.seed, draw: draw))
    }
  }

  /// The items of the highest scores, those of the last one drawn where not all fit.
  private static func best(
    _ count: Int, of scores: [Float], _ seed: UInt64, draw: UInt64
  ) -> [Int32] {
    var highest: [Float] = []
    for score in scores where score > -.infinity {
      if highest.count == count, score <= highest[count - 1] { continue }
      if highest.count == count { highest.removeLast() }
      highest.insert(score, at: highest.firstIndex { $0 < score } ?? highest.count)
    }
    guard let last = highest.last else { return [] }
    var list: [Int32] = []
    var tied: [Int32] = []
    for (item, score) in scores.enumerated() where score >= last {
      if score > last { list.append(Int32(item)) } else { tied.append(Int32(item)) }
    }
    var random = Philox(seed: seed, stream: Streams.nextItemLists &+ draw << 8)
    while list.count < count, !tied.isEmpty {
      list.append(tied.remove(at: random.index(below: tied.count)))
    }
    return list
  }
}
