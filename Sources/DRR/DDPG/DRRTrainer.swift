import Tensor

/// DRR's training (Liu et al. 2018, algorithm 1): recommend, observe, remember, update.
///
/// Every random number is drawn from the seed and the step, so a trainer that is saved and
/// restored goes on to the same bits.
public final class DRRTrainer {
  public let configuration: DRRConfiguration
  public let agent: DRRAgent
  public internal(set) var environment: RatingEnvironment
  public let memory: ReplayMemory
  let seed: UInt64
  let mask: DeviceMask
  let exploration: ExplorationNoise
  let returns: NStepReturns

  /// Items recommended so far, and sessions begun.
  public internal(set) var step = 0
  var episode = 0
  var tally = Tally()
  var lastLosses: DDPG.Losses?

  /// What has been seen since the last report.
  struct Tally {
    var steps = 0
    var reward = 0.0
    var logged = 0
  }

  /// A line of the metrics.
  public struct Report: Codable, Hashable, Sendable {
    public var step: Int
    /// Mean reward of a step since the last report.
    public var reward: Double
    /// Share of the items that the user's own log contains.
    public var inLog: Double
    public var epsilon: Float
    /// Of the last update; absent before the first, the actor's also where that update left it out.
    public var criticLoss: Float?
    public var actorLoss: Float?
  }

  public init(
    _ configuration: DRRConfiguration, environment: RatingEnvironment, seed: UInt64,
    on backend: any Backend
  ) throws(ConfigurationError) {
    self.configuration = configuration
    self.environment = environment
    self.seed = seed
    agent = try DRRAgent(configuration, model: environment.model, seed: seed, on: backend)
    memory = ReplayMemory(
      ReplayMemory.Configuration(
        capacity: configuration.ddpg.replayCapacity, stateWidth: 1 + configuration.window,
        actionWidth: agent.items.shape[1],
        priorityExponent: configuration.ddpg.priorityExponent),
      on: backend)
    mask = DeviceMask(rows: 1, items: agent.itemCount, on: backend)
    exploration = ExplorationNoise(
      configuration, rows: 1, width: agent.items.shape[1], seed: seed, on: backend)
    returns = NStepReturns(
      steps: configuration.ddpg.returnSteps, discount: configuration.ddpg.discount,
      environments: 1, into: memory)
    _ = self.environment.reset(episode: 0)
    episode = 1
  }

  public var isFinished: Bool { step >= configuration.steps }

  /// One item recommended and, once `learningStarts` are past, one update. Reads back nothing but
  /// the item.
  public func advance() throws(BackendError) {
    let before = environment.state
    let action = agent.act([before.rows])
    exploration.apply(to: action, step: step)
    mask.upload(environment.allowed)
    let item = try action.topK(1, items: agent.items, allowed: mask).items.host()[0]

    tally.logged += environment.isLogged(item) ? 1 : 0
    let outcome = environment.step(item)
    returns.append(
      [
        ReplayMemory.Transition(
          state: before.rows, nextState: outcome.observation.rows, reward: outcome.reward,
          terminated: outcome.terminated)
      ], isLast: [outcome.isLast], actions: action)
    tally.steps += 1
    tally.reward += Double(outcome.reward)
    if outcome.isLast {
      exploration.sessionEnded(row: 0)
      _ = environment.reset(episode: episode)
      episode += 1
    }
    step += 1
    if step > configuration.learningStarts && memory.count >= configuration.ddpg.batchSize {
      lastLosses = update()
    }
  }

  /// One update from prioritised replay. Never waits for the device.
  public func update() -> DDPG.Losses {
    let batch = memory.sample(
      configuration.ddpg.batchSize,
      importanceExponent: configuration.importanceExponent(at: step),
      RandomKey(seed: seed, stream: Streams.replay, counter: UInt64(step)))
    return agent.ddpg.update(batch, memory)
  }

  /// What happened since the last report. Waits for the device.
  public func report() throws(BackendError) -> Report {
    defer { tally = Tally() }
    let steps = Double(max(tally.steps, 1))
    return Report(
      step: step, reward: tally.reward / steps, inLog: Double(tally.logged) / steps,
      epsilon: configuration.epsilon(at: max(step - 1, 0)),
      criticLoss: try lastLosses?.critic.host()[0], actorLoss: try lastLosses?.actor?.host()[0])
  }
}
