import ActorCritic
import Agents
import DRRCore
import DeepQ
import Environments
import Factorization
import PolicyGradients
import Tensor

extension DRRConfiguration {
  /// What result tables call the agent.
  public var agentName: String {
    if residual != nil { return "residual agent" }
    if dqn != nil { return "DQN" }
    if let policyGradient {
      return policyGradient.method == .a2c
        ? "A2C" : policyGradient.topK > 1 ? "REINFORCE top-\(policyGradient.topK)" : "REINFORCE"
    }
    return state.name
  }

  /// ε as deep Q-learning has it.
  var schedule: DQNSchedule {
    var schedule = DQNSchedule()
    schedule.steps = steps
    schedule.learningStarts = learningStarts
    schedule.updatesPerStep = updatesPerStep
    schedule.epsilon = EpsilonSchedule(
      Double(epsilonStart), to: Double(epsilonEnd),
      share: min(Double(explorationSteps) / Double(steps), 1))
    return schedule
  }
}

/// Agents that learn the vectors of items with their network, from the same factorisation, states and
/// sessions as DRR.
extension Experiment {
  /// The users and the items of a state as constant tables.
  private func tables(
    _ model: PMFModel, on backend: any Backend
  ) -> (users: Tensor, items: Tensor) {
    let k = model.dimension
    return (
      Tensor(model.userFactors, shape: [model.userCount, k], on: backend),
      Tensor(model.itemFactors, shape: [model.itemCount, k], on: backend)
    )
  }

  /// Training users' logs in the split's order.
  private func sequences() -> [LoggedEnvironments.Sequence] {
    split.trainUsers.map { user in
      let rows = Array(split.visibleRows(of: Int(user), in: log))
      return LoggedEnvironments.Sequence(
        user: user, items: rows.map { log.items[$0] },
        rewards: rows.map { configuration.scale.reward(log.ratings[$0]) })
    }
  }

  private func environments(
    _ drr: DRRConfiguration, _ model: PMFModel
  ) throws -> any ActionEnvironments {
    guard drr.world == .playback else {
      return RatingEnvironments(
        try trainingEnvironment(drr, model), window: drr.window, count: drr.environments)
    }
    return LoggedEnvironments(
      sequences(), window: drr.window, itemCount: log.itemCount, count: drr.environments,
      watchReward: drr.rewardsWatching == true ? 1 : nil, seed: configuration.seed)
  }

  private func makeDQN(
    _ drr: DRRConfiguration, _ dqn: DQNConfiguration, _ model: PMFModel, on backend: any Backend
  ) throws -> (dqn: DQN, agent: ItemVectorAgent) {
    let (users, items) = tables(model, on: backend)
    let dqn = try DQN(
      dqn, actionCount: model.itemCount, actionWidth: model.dimension,
      vectors: model.itemFactors, excludingItemsFrom: 1, seed: configuration.seed, on: backend
    ) { drr.state.make(users: users, items: items, window: drr.window, in: $0) }
    let agent = ItemVectorAgent(
      dqn.network.parameters, table: dqn.network.actions.table, window: drr.window,
      discount: dqn.configuration.discount,
      query: { dqn.network.layers(dqn.network.state($0, nil)) },
      expectation: { dqn.network.values(dqn.network($0), of: $1) })
    return (dqn, agent)
  }

  private func makePolicyGradient(
    _ drr: DRRConfiguration, _ settings: PolicyGradientConfiguration, _ model: PMFModel,
    on backend: any Backend
  ) throws -> (gradient: PolicyGradient, agent: ItemVectorAgent) {
    let (users, items) = tables(model, on: backend)
    let gradient = try PolicyGradient(
      settings, actionCount: model.itemCount, actionWidth: model.dimension,
      vectors: model.itemFactors, learnsFromLog: drr.world == .playback,
      seed: configuration.seed, on: backend
    ) { drr.state.make(users: users, items: items, window: drr.window, in: $0) }
    let policy = gradient.policy
    let agent = ItemVectorAgent(
      policy.parameters, table: policy.actions.table, window: drr.window,
      discount: settings.discount, query: { policy.query(policy.state($0, nil)) },
      expectation: { rows, _ in gradient.values(rows) })
    return (gradient, agent)
  }

  func makeItemVectorAgent(
    _ drr: DRRConfiguration, _ model: PMFModel, on backend: any Backend
  ) throws -> ItemVectorAgent? {
    if let dqn = drr.dqn { return try makeDQN(drr, dqn, model, on: backend).agent }
    if let settings = drr.policyGradient {
      return try makePolicyGradient(drr, settings, model, on: backend).agent
    }
    return nil
  }

  func makeItemVectorTrainer(
    _ drr: DRRConfiguration, _ model: PMFModel, on backend: any Backend
  ) throws -> (any AgentTrainer)? {
    if let dqn = drr.dqn {
      let (dqn, agent) = try makeDQN(drr, dqn, model, on: backend)
      return DQNSessionTrainer(
        DQNTrainer(
          dqn, drr.schedule, environments: try environments(drr, model),
          seed: configuration.seed), agent)
    }
    if let settings = drr.policyGradient {
      let (gradient, agent) = try makePolicyGradient(drr, settings, model, on: backend)
      return PolicyGradientSessionTrainer(
        try PolicyGradientTrainer(
          gradient, steps: drr.steps, environments: try environments(drr, model),
          seed: configuration.seed), agent)
    }
    return nil
  }
}

/// Deep Q-learning in sessions.
final class DQNSessionTrainer: AgentTrainer {
  let trainer: DQNTrainer
  let agent: ItemVectorAgent

  init(_ trainer: DQNTrainer, _ agent: ItemVectorAgent) {
    self.trainer = trainer
    self.agent = agent
  }

  var sessionAgent: any SessionAgent { agent }
  var step: Int { trainer.step }
  var steps: Int { trainer.schedule.steps }
  func advance() throws { try trainer.advance() }
  func isFinite() throws -> Bool { try trainer.dqn.isFinite() }
  func save(to file: inout SafetensorsWriter) throws { try trainer.save(to: &file) }
  func restore(from file: SafetensorsFile) throws { try trainer.restore(from: file) }

  func report() throws -> TrainingProgress {
    defer { trainer.tally.begin() }
    let schedule = trainer.schedule
    return TrainingProgress(
      step: step, reward: trainer.tally.meanReward,
      epsilon: Float(schedule.epsilon(max(step - 1, 0), of: schedule.steps)),
      criticLoss: try trainer.lastLoss?.host()[0])
  }
}

/// Policy gradients in sessions.
final class PolicyGradientSessionTrainer: AgentTrainer {
  let trainer: PolicyGradientTrainer
  let agent: ItemVectorAgent

  init(_ trainer: PolicyGradientTrainer, _ agent: ItemVectorAgent) {
    self.trainer = trainer
    self.agent = agent
  }

  var sessionAgent: any SessionAgent { agent }
  var step: Int { trainer.step }
  var steps: Int { trainer.steps }
  func advance() throws { try trainer.advance() }
  func isFinite() throws -> Bool { try trainer.gradient.isFinite() }
  func save(to file: inout SafetensorsWriter) throws { try trainer.save(to: &file) }
  func restore(from file: SafetensorsFile) throws { try trainer.restore(from: file) }

  func report() throws -> TrainingProgress {
    defer { trainer.tally.begin() }
    return TrainingProgress(
      step: step, reward: trainer.tally.meanReward, epsilon: 0,
      criticLoss: try trainer.lastLosses?.value?.host()[0],
      actorLoss: try trainer.lastLosses?.policy.host()[0])
  }
}
