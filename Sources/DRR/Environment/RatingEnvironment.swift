import Tensor

/// A user and the items that she liked latest, oldest first: what DRR's state is made from.
public struct SessionState: Hashable, Sendable {
  public var user: Int32
  public var history: [Int32]

  public init(user: Int32, history: [Int32]) {
    self.user = user
    self.history = history
  }

  /// The rows that the state module gathers.
  public var rows: [Int32] { [user] + history }
}

/// Sessions of training users (Liu et al. 2018, algorithm 1, lines 5 to 12): an item that the user
/// has rated earns that rating's reward, any other the reward that PMF predicts, within ±1. A
/// liked item enters the history and pushes the oldest out; no item is recommended twice.
///
/// A session is truncated after `sessionLength` items and terminates when nothing is left.
public struct RatingEnvironment: Environment, Sendable {
  public let model: PMFModel
  public let sessionLength: Int
  let log: RatingsLog
  let split: UserSplit
  let scale: RewardScale
  let seed: UInt64
  /// Users who can start a session and their first `window` liked items.
  let starts: [SessionState]
  /// Items that somebody's visible ratings contain; of the others nothing is known.
  let catalogue: ItemMask

  public private(set) var state = SessionState(user: 0, history: [])
  /// What may be recommended next.
  public private(set) var allowed: ItemMask
  /// Items of this session so far.
  public private(set) var chosen: [Int32] = []
  private var ratings: [Int32: Float] = [:]
  private var order: (epoch: Int, starts: [Int])?

  public init(
    log: RatingsLog, split: UserSplit, model: PMFModel, statistics: ItemStatistics, window: Int,
    sessionLength: Int, scale: RewardScale, seed: UInt64
  ) throws(ConfigurationError) {
    self.log = log
    self.split = split
    self.model = model
    self.sessionLength = sessionLength
    self.scale = scale
    self.seed = seed
    starts = try Self.starts(
      log: log, split: split, statistics: statistics, window: window, scale: scale)
    catalogue = statistics.ratedItems
    allowed = catalogue
  }

  /// Training users who can start a session, with their first `window` liked items.
  ///
  /// - Throws: where nobody's history fills the window, or the items do not outlast it.
  static func starts(
    log: RatingsLog, split: UserSplit, statistics: ItemStatistics, window: Int, scale: RewardScale
  ) throws(ConfigurationError) -> [SessionState] {
    var longest = 0
    let starts: [SessionState] = split.trainUsers.compactMap { user in
      let liked = split.visibleRows(of: Int(user), in: log).lazy
        .filter { scale.reward(log.ratings[$0]) > 0 }.map { log.items[$0] }
      longest = max(longest, liked.count)
      let history = Array(liked.prefix(window))
      return history.count == window ? SessionState(user: user, history: history) : nil
    }
    if starts.isEmpty {
      throw ConfigurationError(
        "window is \(window), but the longest history of a training user has \(longest) liked items"
      )
    }
    let rated = statistics.ratedItems.count(row: 0)
    if rated <= window {
      throw ConfigurationError(
        "window is \(window), but only \(rated) items have ratings to learn from")
    }
    return starts
  }

  public mutating func reset(episode: Int) -> SessionState {
    let epoch = episode / starts.count
    if order?.epoch != epoch {
      var random = Philox(seed: seed, stream: Streams.sessions &+ UInt64(epoch) << 8)
      order = (epoch, starts.indices.shuffled(using: &random))
    }
    let start = starts[order!.starts[episode % starts.count]]
    state = start
    chosen = []
    allowed = catalogue
    for item in start.history { allowed[0, Int(item)] = false }
    ratings = [:]
    for row in split.visibleRows(of: Int(start.user), in: log) {
      ratings[log.items[row]] = scale.reward(log.ratings[row])
    }
    return state
  }

  /// Whether the user's own log says what she thinks of `item`.
  public func isLogged(_ item: Int32) -> Bool { ratings[item] != nil }

  public mutating func step(_ item: Int32) -> Step<SessionState> {
    let predicted = model.reward(user: Int(state.user), item: Int(item))
    let reward = ratings[item] ?? min(max(predicted, -1), 1)
    chosen.append(item)
    allowed[0, Int(item)] = false
    if reward > 0 { state.history = state.history.dropFirst() + [item] }
    let terminated = allowed.count(row: 0) == 0
    return Step(
      observation: state, reward: reward, terminated: terminated,
      truncated: !terminated && chosen.count >= sessionLength)
  }
}
