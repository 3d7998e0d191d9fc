import Agents
import DRRCore
import Environments
import Tensor

/// DDPG in worlds whose actions are vectors in [−1, 1]: environments that step together, each of
/// which strays from the policy by a noise of its own, a replay of all they meet, and updates, which
/// the device does while the environments step.
///
/// Every random number is drawn from the seed and the step, so a trainer that is saved and restored
/// goes on to the same bits.
public final class ContinuousTrainer<World: VectorEnvironments>: ActingLearner {
  /// What learns.
  public let ddpg: DDPG
  /// How it acts.
  public let schedule: ContinuousSchedule
  /// Where it acts.
  public private(set) var world: World
  /// What it remembers.
  public let memory: ReplayBuffer
  /// Actions so far, in all environments.
  public private(set) var step = 0
  /// Of the latest update, on the device; nil before the first.
  public private(set) var lastLosses: DDPG.Losses?
  /// Since the last report, in the world's rewards.
  package private(set) var tally: EpisodeTally
  private let returns: NStepReturns
  /// [B, 1], σ of each environment.
  private let deviations: Tensor
  /// [B, A], what the noise of each environment has gathered over σ; nil where θ is 1.
  private let process: Tensor?
  private let rewardScale: Float
  private let seed: UInt64

  /// A trainer at step 0.
  ///
  /// - Parameters:
  ///   - rewardScale: what rewards are multiplied by before they are learned from.
  ///   - world: as many environments as the schedule says, in their first episodes.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DDPGConfiguration, _ schedule: ContinuousSchedule, in world: World,
    rewardScale: Float = 1, seed: UInt64, on backend: any Backend
  ) throws(ConfigurationError) {
    try schedule.validate()
    let (width, count) = (world.observationWidth, world.count)
    require(
      count == schedule.environments,
      "trainer: \(count) environments of \(schedule.environments)")
    ddpg = try DDPG(configuration, actionWidth: world.actionWidth, seed: seed, on: backend) { _ in
      FeatureState(width: width)
    }
    memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: max(configuration.replayCapacity, configuration.returnSteps * count),
        stateWidth: width, actionWidth: world.actionWidth,
        priorityExponent: configuration.priorityExponent),
      on: backend)
    returns = NStepReturns(
      steps: configuration.returnSteps, discount: configuration.discount, environments: count,
      into: memory)
    deviations = Tensor(schedule.deviations, shape: [count, 1], on: backend)
    process =
      schedule.reversion < 1
      ? Tensor(repeating: 0, shape: [count, world.actionWidth], on: backend) : nil
    tally = EpisodeTally(environments: count)
    (self.schedule, self.world) = (schedule, world)
    (self.rewardScale, self.seed) = (rewardScale, seed)
  }

  /// One step of every environment and, once `learningStarts` are past, the updates, from what was
  /// remembered before it. Reads back nothing but the actions.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where the actor is of no numbers; what
  ///   the environments throw.
  public func advance() throws {
    let before = world.observations.map { FeatureState.row($0) }
    let actions = ddpg.act(
      IndexTensor(
        before.flatMap { $0 }, shape: [before.count, ddpg.actor.state.rowWidth],
        on: ddpg.backend))
    explore(actions)
    let chosen = actions.startHost()
    if step >= schedule.learningStarts && memory.count >= ddpg.configuration.batchSize {
      for number in 0..<schedule.updatesPerStep { lastLosses = update(number) }
    }
    let outcomes = try world.take(try chosen.wait().numbers()).map {
      $0.map { FeatureState.row($0) }
    }
    returns.append(
      zip(before, outcomes).map { state, outcome in
        ReplayBuffer.Transition(
          state: state, nextState: outcome.observation, reward: rewardScale * outcome.reward,
          terminated: outcome.terminated)
      }, isLast: outcomes.map(\.isLast), actions: actions)
    tally.add(outcomes)
    step += outcomes.count
    // What begins strays by nothing that went before.
    if let process {
      let width = process.shape[1]
      for (row, outcome) in outcomes.enumerated() where outcome.isLast {
        process.backend.fill(0, into: process.view[row * width..<(row + 1) * width])
      }
    }
  }

  /// Strays from π, in place.
  private func explore(_ actions: Tensor) {
    func key(_ stream: UInt64) -> RandomKey {
      RandomKey(seed: seed, stream: stream, counter: UInt64(step))
    }
    let noise: Tensor
    if let process {
      let kept = 1 - schedule.reversion
      process.stepOrnsteinUhlenbeck(
        reversion: schedule.reversion, deviation: (1 - kept * kept).squareRoot(),
        key(Streams.explorationNoise))
      noise = process
    } else {
      noise = .normal(actions.shape, key(Streams.explorationNoise), on: actions.backend)
    }
    actions.perturb(by: noise * deviations, bound: Actor.bound)
    actions.replaceRows(
      probability: step < schedule.learningStarts ? 1 : schedule.uniformShare, low: -Actor.bound,
      high: Actor.bound, coin: key(Streams.explorationCoin), values: key(Streams.explorationVector))
  }

  /// The update of that number after the latest step. Never waits for the device.
  private func update(_ number: Int) -> DDPG.Losses {
    let configuration = ddpg.configuration
    let counter = UInt64(step) * UInt64(schedule.updatesPerStep) + UInt64(number)
    let batch = memory.sample(
      configuration.batchSize,
      importanceExponent: configuration.importanceExponent(at: step, of: schedule.steps),
      RandomKey(seed: seed, stream: Streams.replay, counter: counter))
    return ddpg.update(batch, memory)
  }

  package func report() throws -> EpisodeReport {
    defer { tally.begin() }
    return EpisodeReport(
      step: step, meanReturn: tally.meanReturn, loss: try lastLosses?.critic.host()[0],
      actorLoss: try lastLosses?.actor?.host()[0], qHistogram: try lastLosses?.histogram())
  }

  package func isFinite() throws -> Bool { try ddpg.isFinite() }
  package func share(_ updates: SharedUpdates) { ddpg.sharing = updates }
}

extension DDPG {
  /// π of what each environment of a world shows, [B, A]. Waits for the device.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where the actor is of no numbers.
  public func act<World: FeatureEnvironments>(in world: World) throws -> [Float]
  where World.Action == Float {
    let rows = FeatureState.row(world.rows.observation.values)
    return try act(IndexTensor(rows, shape: [world.count, actor.state.rowWidth], on: backend))
      .host().numbers()
  }
}

extension [Float] {
  /// - Throws: `Diverged` where one is no number.
  fileprivate func numbers() throws(Diverged) -> [Float] {
    if contains(where: { !$0.isFinite }) { throw Diverged() }
    return self
  }
}

extension ContinuousTrainer {
  /// Adds all that the next step depends on to a file.
  ///
  /// - Throws: `BackendError` if the device fails.
  public func save(to file: inout SafetensorsWriter) throws {
    try ddpg.save(to: &file, "ddpg")
    try memory.save(to: &file, "replay")
    try returns.save(to: &file, "returns")
    try world.save(to: &file, "world")
    try tally.save(to: &file)
    if let process {
      try file.add("trainer.noise", process.host(), shape: process.shape.array)
    }
    try file.add("trainer.counters", [Int64(step)])
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let step = try file.integer("trainer.counters", .count)
    try file.requireSteps(of: step, "trainer.counters", schedule.steps, world.count)
    var (tally, world) = (tally, world)
    try tally.restore(from: file)
    try world.restore(from: file, "world")
    let columns = [Expected<Int32>](repeating: .finiteBits, count: ddpg.actor.state.rowWidth)
    let restores = try [
      ddpg.prepareRestore(from: file, "ddpg"),
      memory.prepareRestore(from: file, "replay", columns: columns),
      returns.prepareRestore(from: file, "returns", columns: columns),
    ]
    let noise = try process.map { try file.floats("trainer.noise", shape: $0.shape.array) }
    for restore in restores { restore() }
    if let process, let noise { process.backend.write(noise, to: process.view) }
    if !world.keepsEpisodes {
      returns.beginEpisodes()
      tally.beginEpisodes()
    }
    (self.step, self.tally, self.world) = (step, tally, world)
    lastLosses = nil
  }
}
