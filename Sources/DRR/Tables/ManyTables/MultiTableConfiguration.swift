import DRRCore
import DRRData

/// Q-learning in one table a genre (Kumar & Ranjan 2020, "Deep reinforcement learning based
/// recommender system using distributed Q-table"), and how what was learned recommends.
public struct MultiTableConfiguration: Codable, Hashable, Sendable {
  /// Which tables an item's sub-states belong to.
  public enum Genres: String, Codable, CaseIterable, Hashable, Sendable {
    /// The first genre that the data list.
    case primary
    /// Every genre, each of g with weight 1 / g.
    case all
    /// Learned in place of genres, by which item follows which.
    case clusters
  }

  /// Which combinations of a table's items in the window are its sub-states.
  public enum SubStates: String, Codable, CaseIterable, Hashable, Sendable {
    /// The largest up to the order: of three alike the three pairs, as published.
    case largest
    /// Of every size up to the order.
    case all
  }

  /// What watching an item is worth.
  public enum Reward: String, Codable, CaseIterable, Hashable, Sendable {
    /// −1 ... 1 on the run's scale: (r − 3) / 2 of one to five stars.
    case stars
    /// 1 where that is a half or more, r ≥ 4 of one to five stars; otherwise 0.
    case liked
    /// 1.
    case watched
    /// At each step a list is recommended, an item a sub-state: what was watched is worth
    /// `clickReward` in all sub-states, what was recommended and not watched `passReward` in its
    /// own.
    case clicks
  }

  /// The sub-states of the next state whose largest Q a target discounts, the mean of them.
  public enum Bootstrap: String, Codable, CaseIterable, Hashable, Sendable {
    /// Those with the item that was watched, in its own tables, as published.
    case actionTable
    /// Those of the table that is updated; where there is none, as `actionTable`.
    case sameGenre
    /// All.
    case meanOfSubstates
  }

  public enum Aggregation: String, Codable, CaseIterable, Hashable, Sendable {
    case sum, mean, max
    /// The sum of Q · n / (n + m) for n visits.
    case shrunk
    /// The sum of visits; no Q at all.
    case visits
  }

  /// What stands in for sub-states that were never met.
  public enum BackOff: String, Codable, CaseIterable, Hashable, Sendable {
    case none
    /// How often an item was watched.
    case popularity
    /// What followed the last item; where nothing did, popularity.
    case markov
    /// The sub-state's smaller parts; where none was met, popularity.
    case lowerOrder
  }

  public enum Solver: String, Codable, CaseIterable, Hashable, Sendable {
    /// Q-learning, update by update.
    case learning
    /// Value iteration on the process that the log's counts make.
    case iteration
  }

  // The state.

  /// w, the last items that a state is made of.
  public var window = 3
  /// k, the most items of a sub-state.
  public var order = 2
  public var subStates = SubStates.all
  public var genres = Genres.primary
  /// Of `Genres.clusters`.
  public var clusters = 16
  /// The genres that have a table; empty for all. Items of no other genre are recommended, but are
  /// in no sub-state.
  public var tables: [String] = []
  /// Keeps the items rated most often, so many; nil for all.
  public var topItems: Int?

  // The rule.

  public var solver = Solver.learning
  public var reward = Reward.watched
  public var clickReward: Float = 15
  public var passReward: Float = -5
  public var stepSize = StepSize.inverse
  /// γ.
  public var discount: Float = 0.4
  public var bootstrap = Bootstrap.actionTable
  /// Q of what was never tried, and so the least that a state is worth; nil: 0 where a state is
  /// new, and a state that was met is worth its best action that was tried.
  public var optimisticStart: Float?
  /// Two tables, each taught the other's value of its own best action, in turn by round (van
  /// Hasselt 2010).
  public var doubleQ = false
  /// Whether the end of a user's log ends the user: its state is then worth 0. Otherwise the log is
  /// only cut off there, and the last target looks ahead like the others.
  public var endsAreTerminal = false
  /// Of `Reward.clicks`: chance that an item is drawn rather than chosen; it is drawn too where
  /// the largest Q is below.
  public var epsilon: Float = 0.3
  /// Passes over the log.
  public var epochs = 1
  /// Events that are learned from together: their targets look at the values from before the round.
  /// The results depend on it, and not on how many shards share the work.
  public var roundSize = 1_024
  public var seed: UInt64 = 0

  // Recommending.

  public var aggregation = Aggregation.shrunk
  /// m, the visits that weigh as much as the start, 0.
  public var shrinkage: Float = 50
  /// p: a sub-state whose oldest item is l items back counts l^−p.
  public var lagExponent: Float = 0.5
  public var backOff = BackOff.popularity

  public init() {}

  /// The published settings (Kumar & Ranjan 2020 and their program).
  public static var published: MultiTableConfiguration {
    var configuration = MultiTableConfiguration()
    configuration.subStates = .largest
    configuration.topItems = 627
    configuration.reward = .clicks
    configuration.stepSize = .constant(0.8)
    configuration.discount = 0.4
    configuration.epsilon = 0.3
    configuration.aggregation = .max
    configuration.lagExponent = 0
    return configuration
  }

  /// Of what the published program does, what is a defect and left out.
  public static let defectsLeftOut = [
    "it ends in an error at its first exploiting step: names of tables are looked up as items",
    "it credits the wrong item in three clicks of four: a set reorders the list after the click's "
      + "place in it was taken",
    "its update takes γQ off the target: the fixed point is (r + γM) / (1 + γ), not r + γM",
    "it compares the index of the best action with ε, where the paper compares its Q",
    "its α, γ and ε can only be whole numbers on the command line",
    "states that it does not know are read as row 0, and items above 999 as others",
    "what is watched without being recommended is credited to the last sub-state alone; here to all",
  ]

  /// What predicts MovieLens 100K's next items best on validation ratings, but for γ, which stays:
  /// with 0 it is as good or a little better. Makes three times the updates of the defaults.
  public static var best: MultiTableConfiguration {
    var configuration = MultiTableConfiguration()
    configuration.window = 10
    configuration.shrinkage = 10
    configuration.lagExponent = 0.75
    return configuration
  }

  public enum Preset: String, Codable, CaseIterable, Sendable {
    case published, best
  }

  public init(_ preset: Preset) {
    switch preset {
    case .published: self = .published
    case .best: self = .best
    }
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("window", window, in: 1...64)
    try ConfigurationError.require("order", order, in: 1...7)
    try ConfigurationError.require("order", order, "at most the window, \(window)") { $0 <= window }
    try ConfigurationError.require("clusters", clusters, "2 ... \(ItemTables.limit)") {
      (2...ItemTables.limit).contains($0)
    }
    if genres == .clusters && !tables.isEmpty {
      throw ConfigurationError("tables name genres, and with genres clusters there are none")
    }
    if let topItems { try ConfigurationError.require("top items", topItems, in: 1...) }
    try ConfigurationError.require("click reward", clickReward, "a number") { $0.isFinite }
    try ConfigurationError.require("pass reward", passReward, "a number") { $0.isFinite }
    try stepSize.validate()
    try ConfigurationError.require("discount", discount, "at least 0 and below 1") {
      $0 >= 0 && $0 < 1
    }
    if let optimisticStart {
      try ConfigurationError.require("optimistic start", optimisticStart, "a number") {
        $0.isFinite
      }
    }
    try ConfigurationError.require("epsilon", epsilon, .share)
    try ConfigurationError.require("epochs", epochs, in: 1...1_000_000)
    try ConfigurationError.require("round size", roundSize, "1 ... 1048576") {
      (1...1 << 20).contains($0)
    }
    try ConfigurationError.require("shrinkage", shrinkage, .notNegative)
    try ConfigurationError.require("lag exponent", lagExponent, .notNegative)
    if reward == .clicks && solver == .iteration {
      throw ConfigurationError(
        "solver is iteration, which needs no recommendations; leave --reward clicks out")
    }
    if reward == .clicks && doubleQ {
      throw ConfigurationError("double Q and reward clicks do not go together; choose one")
    }
    if solver == .iteration && doubleQ {
      throw ConfigurationError("solver is iteration, which has no use for double Q")
    }
  }

  /// Throws where items have no place in a key.
  func requireKeys(for itemCount: Int) throws(ConfigurationError) {
    let limit = SubStateKey(order: order).itemLimit
    guard itemCount <= limit else {
      throw ConfigurationError(
        "order is \(order), for which a key holds ids of at most \(limit) items, and the log has "
          + "\(itemCount); take a smaller order, or fewer items by --top-items")
    }
  }

  /// What watching an item that was rated so is worth.
  func value(of rating: Float, on scale: RewardScale) -> Float {
    switch reward {
    case .stars: scale.reward(rating)
    case .liked: scale.reward(rating) >= 0.5 ? 1 : 0
    case .watched: 1
    case .clicks: clickReward
    }
  }
}
