import Agents
import DRRCore
import Tensor

/// Settings of a softmax policy over the items of users' sessions.
public struct PolicyGradientAgentConfiguration: AgentConfiguration {
  public static let algorithm = "pg"
  public static let title = "a policy gradient run"
  public static let command = "train pg"

  public var training = SessionTraining.playback
  /// Settings of the policy gradient.
  public var policyGradient = PolicyGradientConfiguration()

  /// Without a baseline, which would take the choices of a log that all earn alike for nothing
  /// learned.
  public init() { policyGradient.baseline = .none }

  public var name: String {
    policyGradient.method == .a2c
      ? "A2C" : policyGradient.topK > 1 ? "REINFORCE top-\(policyGradient.topK)" : "REINFORCE"
  }
  public var discount: Float {
    get { policyGradient.discount }
    set { policyGradient.discount = newValue }
  }
  public var learningRates: String { "\(policyGradient.learningRate)" }

  public func validate() throws(ConfigurationError) {
    try policyGradient.validate()
    if policyGradient.method == .a2c, training.world == .playback {
      throw ConfigurationError(
        "the method is a2c, which learns nothing from a log's choices; it must be reinforce")
    }
    try training.validate()
  }

  public func addMemory(to need: inout MemoryNeed, users: Int, items: Int, dimension: Int) {
    let (n, k) = (Double(training.window), Double(dimension))
    policyGradient.addMemory(
      to: &need, state: training.state.width(window: n, dimension: k),
      weights: training.state.weights(window: n, dimension: k), actions: items,
      actionWidth: dimension)
  }

  public func makeAgent(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any SessionAgent { try make(task, on: backend).agent }

  public func makeTrainer(
    _ task: AgentTask, on backend: any Backend
  ) throws -> any AgentTrainer {
    let (gradient, agent) = try make(task, on: backend)
    return ItemSessionTrainer(
      try PolicyGradientTrainer(
        gradient, steps: training.steps, environments: try task.itemEnvironments(training),
        seed: task.seed), agent, training)
  }

  private func make(
    _ task: AgentTask, on backend: any Backend
  ) throws -> (gradient: PolicyGradient, agent: ItemVectorAgent) {
    let (users, items) = task.model.tables(on: backend)
    let gradient = try PolicyGradient(
      policyGradient, actionCount: task.model.itemCount, actionWidth: task.model.dimension,
      vectors: task.model.itemFactors, learnsFromLog: training.world == .playback,
      seed: task.seed, on: backend
    ) { training.state.make(users: users, items: items, window: training.window, in: $0) }
    let policy = gradient.policy
    let agent = ItemVectorAgent(
      policy.parameters, table: policy.actions.table, rows: training.rows,
      discount: policyGradient.discount, query: { policy.query(policy.state($0, nil)) },
      expectation: { rows, _ in gradient.values(rows) })
    return (gradient, agent)
  }

  private enum Keys: CodingKey { case policyGradient }

  public init(from decoder: any Decoder) throws {
    training = try SessionTraining(from: decoder)
    policyGradient = try decoder.container(keyedBy: Keys.self)
      .decode(PolicyGradientConfiguration.self, forKey: .policyGradient)
  }

  public func encode(to encoder: any Encoder) throws {
    try training.encode(to: encoder)
    var own = encoder.container(keyedBy: Keys.self)
    try own.encode(policyGradient, forKey: .policyGradient)
  }
}
