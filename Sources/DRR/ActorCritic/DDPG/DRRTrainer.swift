import Agents
import DRRCore
import Environments
import Tensor

/// DRR's training (Liu et al. 2018, algorithm 1): recommend, observe, remember, update; in several
/// environments at once, with one action for all. Many environments step while the device does the
/// updates, which then draw from what was remembered before that step; one environment's update has
/// its latest transition too, as in the paper.
///
/// Every random number is drawn from the seed and the step, so a trainer that is saved and
/// restored goes on to the same bits.
public final class DRRTrainer: SessionLearner {
  /// The settings.
  public let configuration: DRRConfiguration
  /// The agent, which training changes.
  public let agent: DRRAgent
  /// Where it acts.
  public internal(set) var environments: EnvironmentBatch
  /// What it remembers.
  public let memory: ReplayBuffer
  let seed: UInt64
  let mask: DeviceMask
  let exploration: ExplorationNoise
  let returns: NStepReturns

  /// Items recommended so far, in all environments.
  public internal(set) var step = 0
  var tally = SessionTally()
  var lastLosses: DDPG.Losses?

  /// A trainer at step 0, of copies of an environment.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DRRConfiguration, environment: RatingEnvironment, seed: UInt64,
    on backend: any Backend
  ) throws(ConfigurationError) {
    self.configuration = configuration
    environments = EnvironmentBatch(environment, count: configuration.environments)
    self.seed = seed
    agent = try DRRAgent(configuration, model: environment.model, seed: seed, on: backend)
    memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: configuration.ddpg.replayCapacity, stateWidth: agent.rows.width,
        actionWidth: agent.items.shape[1],
        priorityExponent: configuration.ddpg.priorityExponent),
      on: backend)
    mask = DeviceMask(rows: environments.count, items: agent.itemCount, on: backend)
    exploration = ExplorationNoise(
      configuration, rows: environments.count, width: agent.items.shape[1], seed: seed,
      on: backend)
    returns = NStepReturns(
      steps: configuration.ddpg.returnSteps, discount: configuration.ddpg.discount,
      environments: environments.count, into: memory)
  }

  /// The first of the environments.
  public var environment: RatingEnvironment { environments.environments[0] }

  /// Steps to take; the last of many environments may go past them together.
  public var steps: Int { configuration.steps }
  public var sessionAgent: any SessionAgent { agent }
  public var hasLearned: Bool { agent.ddpg.actorOptimizer.stepCount > 0 }
  public func isFinite() throws -> Bool { try agent.ddpg.isFinite() }
  public func share(_ updates: SharedUpdates) { agent.ddpg.sharing = updates }

  /// One item recommended in every environment and, once `learningStarts` are past, the updates.
  /// Reads back nothing but the items.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where the actor is of no numbers.
  public func advance() throws {
    let before = environments.states
    let action = agent.act(before)
    exploration.apply(to: action, step: step)
    mask.upload(environments.allowed)
    let choice = action.topK(1, items: agent.items, allowed: mask).items.startHost()
    let overlaps = environments.count > 1
    if overlaps { updateWhereReady() }
    let items = try choice.wait().chosen()

    let outcomes = environments.step(items)
    for (row, outcome) in outcomes.enumerated() {
      let user = Int(before[row].user)
      tally.add(
        outcome.reward, isLogged: environment.world.isLogged(user: user, item: items[row]))
      if outcome.isLast { exploration.sessionEnded(row: row) }
    }
    remember(before, action, outcomes)
    if !overlaps { updateWhereReady() }
  }

  public func learn(
    _ before: [SessionState], _ actions: Tensor, _ outcomes: [Step<SessionState>]
  ) {
    remember(before, actions, outcomes)
    if memory.count > 0 { updates() }
  }

  private func updates() {
    for number in 0..<configuration.updatesPerStep { lastLosses = update(number) }
  }

  private func remember(
    _ before: [SessionState], _ actions: Tensor, _ outcomes: [Step<SessionState>]
  ) {
    let rows = agent.rows
    returns.append(
      zip(before, outcomes).map { state, outcome in
        ReplayBuffer.Transition(
          state: rows.row(of: state), nextState: rows.row(of: outcome.observation),
          reward: outcome.reward, terminated: outcome.terminated)
      }, isLast: outcomes.map(\.isLast), actions: actions)
    step += outcomes.count
  }

  private func updateWhereReady() {
    if step > configuration.learningStarts && memory.count >= configuration.ddpg.batchSize {
      updates()
    }
  }

  /// The update of that number after the latest step, from prioritised replay. Never waits for the
  /// device.
  public func update(_ number: Int = 0) -> DDPG.Losses {
    let counter = UInt64(step) * UInt64(configuration.updatesPerStep) + UInt64(number)
    let batch = memory.sample(
      configuration.ddpg.batchSize,
      importanceExponent: configuration.importanceExponent(at: step),
      RandomKey(seed: seed, stream: Streams.replay, counter: counter))
    return agent.ddpg.update(batch, memory)
  }

  /// What happened since the last report. Waits for the device.
  public func report() throws(BackendError) -> TrainingProgress {
    defer { tally = SessionTally() }
    return TrainingProgress(
      step: step, reward: tally.meanReward, inLog: tally.loggedShare,
      epsilon: configuration.epsilon(at: max(step - 1, 0)),
      criticLoss: try lastLosses?.critic.host()[0], actorLoss: try lastLosses?.actor?.host()[0],
      qHistogram: try lastLosses?.histogram())
  }
}
