import Agents
import DRRCore
import Environments
import Factorization
import Tensor

/// Settings of the planner beside those that all agents share: of its model of sessions, of the
/// affinity beside it, and of the search.
public struct PlanningConfiguration: Codable, Hashable, Sendable {
  /// Networks of the ensemble, which differ in the weights that they begin with.
  public var members = 3
  /// Width of an item's learned vector.
  public var width = 16
  /// Units of the recurrent state.
  public var units = 48
  /// Adam's; it falls linearly to 0.
  public var learningRate: Float = 4e-3
  /// Largest norm of the gradient.
  public var gradientNorm: Float = 1
  /// Settings of the user posteriors that a held-out user's affinity is from.
  public var beliefs = BeliefModel.Configuration()
  /// How much the run's PMF counts beside each belief's 1.
  public var anchor: Float = 2
  /// Ratings that an answer in a session counts as.
  public var answerWeight: Float = 6
  /// Items of the largest affinity among which a plan chooses.
  public var candidates = 24
  /// Plans that are followed up at every step of the search.
  public var beam = 8
  /// Items of a plan.
  public var horizon = 3
  /// Standard deviations of the ensemble that are taken off what it predicts.
  public var caution: Float = 0
  /// γ, a step; 0: the next reward alone.
  public var discount: Float = 1

  /// The default settings.
  public init() {}

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("members", members, in: 1...64)
    try ConfigurationError.require("item width", width, in: 1...65_536)
    try ConfigurationError.require("units", units, in: 1...65_536)
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("largest gradient norm", gradientNorm, .positive)
    try beliefs.validate()
    try ConfigurationError.require("anchor", anchor, .notNegative)
    try ConfigurationError.require("answer weight", answerWeight, .notNegative)
    try ConfigurationError.require("candidates", candidates, in: 1...1_024)
    try ConfigurationError.require("beam", beam, in: 1...1_024)
    try ConfigurationError.require("horizon", horizon, in: 1...1_000)
    try ConfigurationError.require("caution", caution, .notNegative)
    try ConfigurationError.require("discount", discount, .share)
  }
}

/// Settings of the planner and of the training of its model.
public struct PlannerConfiguration: AgentConfiguration {
  public static let algorithm = "planner"
  public static let title = "a planner's run"
  public static let command = "train planner"

  public var training = SessionTraining()
  /// Settings of the planner alone.
  public var planning = PlanningConfiguration()

  /// Its model is trained in the PMF simulator, by updates of 256 sessions each.
  public init() {
    training.sessionLength = 20
    training.environments = 256
    training.steps = 7_680_000
    training.validations = 0
    training.choice = .last
  }

  public var name: String { "planner" }
  public var discount: Float {
    get { planning.discount }
    set { planning.discount = newValue }
  }
  /// Not trained: with γ = 0 the same model serves.
  public var myopic: PlannerConfiguration? { nil }
  public var learningRates: String { "\(planning.learningRate)" }
  public var beliefs: BeliefModel.Configuration? { planning.beliefs }

  public func validate() throws(ConfigurationError) {
    try planning.validate()
    try training.requireChoosing()
    try training.validate()
    if training.tellsClusters == true {
      throw ConfigurationError("the planner learns from what is earned alone; tell it no clusters")
    }
  }

  public func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int) {
    let (d, h) = (Double(planning.width), Double(planning.units))
    need.addNetworks(
      "the ensemble",
      weights: Double(planning.members) * (Double(items) * d + 3 * h * (d + h + 4) + h * (h + 2)),
      haveTargets: false, lower: "--members", planning.members)
    need.add(
      "the items in each user's order", host: Double(users) * Double(items),
      lower: "the number of users", users)
  }

  public func makeAgent(_ task: AgentTask, on backend: any Backend) throws -> any SessionAgent {
    try planner(task, on: backend)
  }

  public func makeTrainer(_ task: AgentTask, on backend: any Backend) throws -> any AgentTrainer {
    try PlannerTrainer(
      self, planner(task, on: backend), world: task.world(), users: task.split.trainUsers,
      items: (0..<Int32(task.log.itemCount)).filter { [rated = task.statistics.ratedItems] in
        rated[0, Int($0)]
      }, seed: task.seed)
  }

  private func planner(_ task: AgentTask, on backend: any Backend) throws -> Planner {
    Planner(
      planning,
      Affinity(
        try task.beliefs(planning.beliefs), task.model, anchor: planning.anchor,
        answerWeight: planning.answerWeight, profiles: task.visibleRewards),
      sessionLength: training.sessionLength, seed: task.seed, on: backend)
  }

  private enum Keys: CodingKey { case planning }

  public init(from decoder: any Decoder) throws {
    training = try SessionTraining(from: decoder)
    planning = try decoder.container(keyedBy: Keys.self)
      .decode(PlanningConfiguration.self, forKey: .planning)
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var own = encoder.container(keyedBy: Keys.self)
    try own.encode(planning, forKey: .planning)
  }
}
