import Agents
import DRRCore
import Environments
import Tensor

/// Settings of deep Q-learning over the items of users' sessions.
public struct DQNAgentConfiguration: AgentConfiguration {
  public static let algorithm = "dqn"
  public static let title = "a DQN run"
  public static let command = "train dqn"

  public var training = SessionTraining.playback
  /// Settings of deep Q-learning.
  public var dqn = DQNConfiguration()

  /// Conservative, for a log that others chose.
  public init() { dqn.conservatism = 1 }

  public var name: String { "DQN" }
  public var discount: Float {
    get { dqn.discount }
    set { dqn.discount = newValue }
  }
  public var learningRates: String { "\(dqn.learningRate)" }

  public func validate() throws(ConfigurationError) {
    try dqn.validate()
    try training.validate(replayCapacity: dqn.replayCapacity)
  }

  public func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int) {
    let (n, k) = (Double(training.window), Double(dimension))
    dqn.addMemory(
      to: &need, state: training.state.width(window: n, dimension: k),
      weights: training.state.weights(window: n, dimension: k), rowWidth: training.rows.width,
      actions: items, actionWidth: dimension, steps: training.steps)
  }

  public func makeAgent(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any SessionAgent { try make(task, on: backend).agent }

  public func makeTrainer(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any AgentTrainer {
    let (dqn, agent) = try make(task, on: backend)
    return ItemSessionTrainer(
      DQNTrainer(
        dqn, schedule, environments: try task.itemEnvironments(training), seed: task.seed), agent,
      training)
  }

  private func make(
    _ task: AgentTask, on backend: any Backend
  ) throws -> (dqn: DQN, agent: ItemVectorAgent) {
    let (users, items) = task.model.tables(on: backend)
    let dqn = try DQN(
      dqn, actionCount: task.model.itemCount, actionWidth: task.model.dimension,
      vectors: task.model.itemFactors, excludingItemsFrom: training.rows.firstItem,
      seed: task.seed, on: backend
    ) { training.state.make(users: users, items: items, window: training.window, in: $0) }
    let network = dqn.network
    let agent = ItemVectorAgent(
      network.parameters, table: network.actions.table, rows: training.rows,
      discount: dqn.configuration.discount,
      query: { network.layers(network.state($0, nil)) },
      expectation: { network.values(network($0), of: $1) })
    return (dqn, agent)
  }

  private var schedule: DQNSchedule {
    var schedule = DQNSchedule()
    schedule.steps = training.steps
    schedule.learningStarts = training.learningStarts
    schedule.updatesPerStep = training.updatesPerStep
    schedule.epsilon = EpsilonSchedule(
      Double(training.epsilonStart), to: Double(training.epsilonEnd),
      share: min(Double(training.explorationSteps) / Double(training.steps), 1))
    return schedule
  }

  private enum Keys: CodingKey { case dqn }

  public init(from decoder: any Decoder) throws {
    training = try SessionTraining(from: decoder)
    dqn = try decoder.container(keyedBy: Keys.self).decode(DQNConfiguration.self, forKey: .dqn)
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var own = encoder.container(keyedBy: Keys.self)
    try own.encode(dqn, forKey: .dqn)
  }
}
