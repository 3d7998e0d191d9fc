import DRRCore
import DRRData
import Factorization
import Tensor

/// A user, the items that they liked latest and those that they rated: what DRR's state is made
/// from.
public struct SessionState: Hashable, Sendable {
  /// The user's index; of a new user, the row that the agent keeps for one.
  public var user: Int32
  /// The latest liked items, oldest first; −1 where there are fewer than the window.
  public var history: [Int32]
  /// What the user had rated before the session, the latest last: as many as a state has, or all
  /// that is known.
  public var known: [ItemReward]
  /// All that this session has shown the user so far, and the reward of each.
  public private(set) var feedback: [Feedback] = []

  /// What came of one recommendation.
  public struct Feedback: Hashable, Sendable {
    /// The item's index.
    public var item: Int32
    /// The reward that is seen: what was earned, or to an agent that is told, what the item earns by
    /// itself.
    public var reward: Float
    /// What it earned.
    public var earned: Float

    /// Feedback by its parts.
    public init(item: Int32, reward: Float, earned: Float) {
      self.item = item
      self.reward = reward
      self.earned = earned
    }
  }

  /// The start of an episode, in which nothing has been shown.
  public init(user: Int32, history: [Int32], known: [ItemReward] = []) {
    self.user = user
    self.history = history
    self.known = known
  }

  /// The start of a held-out user's session.
  public init(_ session: Session) {
    self.init(user: session.user, history: session.history, known: session.known)
  }

  /// Takes in the user's reward of an item: a liked one enters the history and pushes the oldest
  /// out.
  public mutating func observe(_ item: Int32, _ reward: Float, earning earned: Float? = nil) {
    feedback.append(Feedback(item: item, reward: reward, earned: earned ?? reward))
    if reward > 0 { history = history.dropFirst() + [item] }
  }
}

/// Sessions of training users (Liu et al. 2018, algorithm 1, lines 5 to 12) in a simulator. A liked
/// item enters the history and pushes the oldest out; no item is recommended twice.
///
/// A session is truncated after `sessionLength` items and terminates when nothing is left.
public struct RatingEnvironment: Environment, Sendable {
  /// What the agent's vectors come from.
  public let model: PMFModel
  /// Where rewards come from.
  public internal(set) var world: World
  /// T, the items after which an episode is truncated.
  public let sessionLength: Int
  /// Users who can start a session and their first `window` liked items.
  package let starts: [SessionState]
  /// Items that some user's visible ratings contain; of the others nothing is known.
  let catalogue: ItemMask
  /// How many those are.
  private let rated: Int

  /// The user, the liked items, and all that was shown so far.
  public private(set) var state = SessionState(user: 0, history: [])
  /// What may be recommended next.
  public private(set) var allowed: ItemMask
  /// Whether what was shown changes what the next item earns.
  public var hasMemory: Bool { world.satisfaction.strength != 0 }
  /// Items of this session so far.
  public private(set) var chosen: [Int32] = []
  /// The runs of liked and disliked items that the session is in.
  public private(set) var run = Satisfaction.Run()
  /// Items that are still allowed.
  private var remaining = 0
  var order: SessionOrder

  /// - Parameter world: where rewards come from; nil: the users' visible ratings and `model`.
  public init(
    log: RatingsLog, split: UserSplit, model: PMFModel, statistics: ItemStatistics, window: Int,
    sessionLength: Int, scale: RewardScale, seed: UInt64, world: World? = nil
  ) throws(ConfigurationError) {
    self.init(
      model: model,
      world: world
        ?? World(
          logged: LoggedRewards(log, scale: scale) { split.visibleRows(of: $0, in: log) },
          model: model),
      starts: try Self.starts(
        log: log, split: split, statistics: statistics, window: window, scale: scale),
      catalogue: statistics.ratedItems, sessionLength: sessionLength, seed: seed)
  }

  package init(
    model: PMFModel, world: World, starts: [SessionState], catalogue: ItemMask,
    sessionLength: Int, seed: UInt64
  ) {
    self.model = model
    self.world = world
    self.starts = starts
    self.catalogue = catalogue
    self.sessionLength = sessionLength
    rated = catalogue.count(row: 0)
    allowed = catalogue
    order = SessionOrder(seed: seed, count: starts.count)
  }

  /// Training users who can start a session, with their first `window` liked items. Nothing else is
  /// known of them: what they disliked may be recommended.
  ///
  /// - Throws: if no user's history fills the window, or the items do not outlast it.
  package static func starts(
    log: RatingsLog, split: UserSplit, statistics: ItemStatistics, window: Int, scale: RewardScale
  ) throws(ConfigurationError) -> [SessionState] {
    var longest = 0
    let starts: [SessionState] = split.trainUsers.compactMap { user in
      let liked = split.visibleRows(of: Int(user), in: log).lazy
        .filter { scale.reward(log.ratings[$0]) > 0 }
      longest = max(longest, liked.count)
      let known: [ItemReward] = liked.prefix(window).map {
        ItemReward(row: $0, of: log, on: scale)
      }
      return known.count == window
        ? SessionState(user: user, history: known.map(\.item), known: known) : nil
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

  @discardableResult
  public mutating func reset(episode: Int) -> SessionState {
    reset(to: order.start(ofEpisode: episode))
    return state
  }

  /// Begins a session of the user and history of that number.
  mutating func reset(to start: Int) {
    state = starts[start]
    chosen = []
    run = Satisfaction.Run()
    allowed = catalogue
    remaining = rated
    if world.isLogOnly {
      allowed = ItemMask(rows: 1, items: catalogue.items, allowed: false)
      let logged = world.logged.row(ofUser: Int(state.user)).items
      for item in logged where catalogue[0, Int(item)] { allowed[0, Int(item)] = true }
      remaining = allowed.count(row: 0)
    }
    for item in state.history { forbid(item) }
  }

  /// The same environment, of sessions in which an agent is told what items earn by themselves, or
  /// not.
  package func telling(_ isTold: Bool) -> RatingEnvironment {
    var environment = self
    environment.world.satisfaction.isTold = isTold
    return environment
  }

  /// Takes an item out of what may be recommended in this session.
  mutating func forbid(_ item: Int32) {
    remaining -= allowed[0, Int(item)] ? 1 : 0
    allowed[0, Int(item)] = false
  }

  /// Whether the user's own log says what they think of `item`.
  public func isLogged(_ item: Int32) -> Bool {
    world.isLogged(user: Int(state.user), item: item)
  }

  /// Recommends an allowed item: its reward, in −1 ... 1 but for streak effects, and the state
  /// after it.
  public mutating func step(_ item: Int32) -> Step<SessionState> {
    step(item, earning: world.reward(user: Int(state.user), item: item))
  }

  /// A step whose item would earn `reward` from a user whose streak has no effect.
  mutating func step(_ item: Int32, earning reward: Float) -> Step<SessionState> {
    let earned = world.satisfaction.reward(reward, after: run)
    run = world.satisfaction.run(run, showing: item, earning: reward)
    chosen.append(item)
    forbid(item)
    state.observe(item, world.satisfaction.isTold ? reward : earned, earning: earned)
    let terminated = remaining == 0
    return Step(
      observation: state, reward: earned, terminated: terminated,
      truncated: !terminated && chosen.count >= sessionLength)
  }
}
