import DRRCore
import DRRData
import Environments
import Factorization
import Tensor

/// Settings of an agent that acts in users' sessions, and how it is made: an algorithm of ratings
/// is one type that conforms, and one entry in `Algorithms.agents`.
@dynamicMemberLookup
public protocol AgentConfiguration: Codable, Hashable, Sendable {
  /// The algorithm as the command line calls it.
  static var algorithm: String { get }
  /// What a run of it is, such as "a DQN run".
  static var title: String { get }
  /// The command that trains it, such as "train dqn".
  static var command: String { get }
  /// The default settings.
  init()
  /// The settings that all agents share: episodes, steps, exploration, validation.
  var training: SessionTraining { get set }
  /// What result tables call the agent.
  var name: String { get }
  /// What is counted behind its progress bar.
  var stepsName: String { get }
  /// γ, a step.
  var discount: Float { get set }
  /// Updates before the first item is shown.
  var preparation: Int { get }
  /// Settings of the beliefs that it stands on; nil: it has none.
  var beliefs: BeliefModel.Configuration? { get }
  /// The learning rates, for the message of a training that diverged.
  var learningRates: String { get }
  /// Gives a factorisation of so many ratings that is to carry this agent the settings that belong
  /// to it.
  static func settle(_ pmf: inout PMFConfiguration, ratings: Int)
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  func validate() throws(ConfigurationError)
  /// Adds what training takes beside the factorization, whose vectors of so many users and items are
  /// `dimension` long.
  func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int)
  /// An agent that has learned nothing.
  func makeAgent(_ task: AgentTask, on backend: any Backend) throws -> any SessionAgent
  /// A trainer of an agent that has learned nothing.
  ///
  /// - Throws: `ConfigurationError` if no user has a history that an episode could start from.
  func makeTrainer(_ task: AgentTask, on backend: any Backend) throws -> any AgentTrainer
}

extension AgentConfiguration {
  /// A setting of ``training``, by its name.
  public subscript<Value>(dynamicMember path: WritableKeyPath<SessionTraining, Value>) -> Value {
    get { training[keyPath: path] }
    set { training[keyPath: path] = newValue }
  }

  public static func settle(_ pmf: inout PMFConfiguration, ratings: Int) {}
  public var preparation: Int { 0 }
  public var beliefs: BeliefModel.Configuration? { nil }
  public var stepsName: String { "\(name) steps" }

  /// Steps behind a trained agent; of settings with more than a number holds, the greatest.
  public var totalSteps: Int {
    let (steps, isTooMany) = preparation.addingReportingOverflow(training.steps)
    return isTooMany ? .max : steps
  }

  /// The myopic copy of this agent (γ = 0): what it earns less is what planning is worth; nil for
  /// an agent with γ = 0 itself.
  public var myopic: Self? {
    guard discount > 0 else { return nil }
    var myopic = self
    myopic.discount = 0
    return myopic
  }
}

/// What an agent is made from: the ratings, what of them may be seen, the factorisation, and the
/// simulator to learn in.
public struct AgentTask {
  /// All ratings; those that may not be seen are told by `split`.
  public let log: RatingsLog
  /// Which users train, validate and test, and which of their ratings may be seen.
  public let split: UserSplit
  /// Counts and mean rewards of items, from the ratings that may be seen.
  public let statistics: ItemStatistics
  /// The protocol that the agent will be evaluated by.
  public let evaluation: EvaluationProtocol
  /// How a rating becomes a reward in −1 ... 1.
  public let scale: RewardScale
  /// The seed of all that is drawn.
  public let seed: UInt64
  /// The factorization, fitted on the ratings that may be seen.
  public let model: PMFModel
  /// The simulator that agents are trained in.
  public let world: () throws -> World
  /// The posterior of the items' vectors, given the visible ratings.
  public let beliefs: (BeliefModel.Configuration) throws -> BeliefModel

  /// A task by its parts, all of which are of the same ratings.
  public init(
    log: RatingsLog, split: UserSplit, statistics: ItemStatistics, evaluation: EvaluationProtocol,
    scale: RewardScale, seed: UInt64, model: PMFModel, world: @escaping () throws -> World,
    beliefs: @escaping (BeliefModel.Configuration) throws -> BeliefModel
  ) {
    self.log = log
    self.split = split
    self.statistics = statistics
    self.evaluation = evaluation
    self.scale = scale
    self.seed = seed
    self.model = model
    self.world = world
    self.beliefs = beliefs
  }

  /// What may be seen of every user.
  public var visibleRewards: LoggedRewards {
    LoggedRewards(log, scale: scale) { split.visibleRows(of: $0, in: log) }
  }

  /// The environment of training users' episodes.
  ///
  /// - Throws: `ConfigurationError` if no user has as many liked items as the window is long.
  public func environment(_ training: SessionTraining) throws -> RatingEnvironment {
    try RatingEnvironment(
      log: log, split: split, model: model, statistics: statistics, window: training.window,
      sessionLength: training.sessionLength, scale: scale, seed: seed, world: world())
  }

  /// Training users' logs in the split's order.
  private func sequences() -> [LoggedEnvironments.Sequence] {
    split.trainUsers.map { user in
      let rows = Array(split.visibleRows(of: Int(user), in: log))
      return LoggedEnvironments.Sequence(
        user: user, items: rows.map { log.items[$0] },
        rewards: rows.map { scale.reward(log.ratings[$0]) })
    }
  }

  /// Environments whose actions are items: logs played back, or a simulator.
  package func itemEnvironments(_ training: SessionTraining) throws -> any ActionEnvironments {
    guard training.world == .playback else {
      return RatingEnvironments(
        try environment(training), window: training.window,
        readsRewards: training.state.readsRewards, count: training.environments)
    }
    return LoggedEnvironments(
      sequences(), window: training.window, readsRewards: training.state.readsRewards,
      itemCount: log.itemCount, userCount: log.userCount, count: training.environments,
      watchReward: training.rewardsWatching == true ? 1 : nil, seed: seed)
  }
}
