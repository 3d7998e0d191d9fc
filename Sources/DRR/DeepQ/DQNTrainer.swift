import Agents
import DRRCore
import Environments
import Tensor

/// How a deep agent acts while it learns by values, beside what `DQNConfiguration` says.
public struct DQNSchedule: Hashable, Sendable {
  /// Steps of all environments together.
  public var steps = 20_000
  /// Steps before the first update.
  public var learningStarts = 1_000
  /// Updates after each step that the environments take together.
  public var updatesPerStep = 1
  /// ε, with which an action is drawn at random.
  public var epsilon = EpsilonSchedule(1, to: 0.05, share: 0.5)

  /// The default schedule.
  public init() {}
}

/// Acts ε-greedily in environments, or follows a log, remembers and updates. Every random number is
/// drawn from the seed and the step, so a trainer that is saved and restored goes on to the same
/// bits.
public final class DQNTrainer: ItemLearner {
  /// What learns.
  public let dqn: DQN
  /// How it acts.
  public let schedule: DQNSchedule
  /// Where it acts.
  public internal(set) var environments: any ActionEnvironments
  /// What it remembers.
  public let memory: ReplayBuffer
  let returns: NStepReturns
  let mask: DeviceMask?
  let seed: UInt64
  /// Actions so far, in all environments.
  public internal(set) var step = 0
  /// What the latest update produced, on the device; nil before the first.
  public internal(set) var lastLosses: DQN.Losses?
  /// Since the last report.
  private var tally: EpisodeTally

  /// A trainer at step 0, whose environments are in their first episodes.
  public init(
    _ dqn: DQN, _ schedule: DQNSchedule, environments: any ActionEnvironments, seed: UInt64
  ) {
    self.dqn = dqn
    self.schedule = schedule
    self.environments = environments
    self.seed = seed
    let (c, count) = (dqn.configuration, environments.count)
    // The action is part of a state's row; the ring of actions has nothing to hold.
    memory = ReplayBuffer(
      ReplayBuffer.Configuration(
        capacity: max(c.replayCapacity, c.returnSteps * count),
        stateWidth: environments.rowWidth + 1, actionWidth: 1,
        priorityExponent: c.priorityExponent),
      on: dqn.backend)
    returns = NStepReturns(
      steps: c.returnSteps, discount: c.discount, environments: count, into: memory)
    mask = environments.allowed.map {
      DeviceMask(rows: count, items: $0.items, on: dqn.backend)
    }
    none = Tensor(repeating: 0, shape: [count, 1], on: dqn.backend)
    tally = EpisodeTally(environments: count)
  }

  private let none: Tensor

  /// One step of every environment and, once `learningStarts` are past, the updates. Reads back
  /// nothing but the actions.
  ///
  /// - Throws: `BackendError` if the device fails; `Diverged` where Q is of no numbers; what the
  ///   environments throw.
  public func advance() throws {
    let before = environments.rows
    let actions: [Int32]
    if let logged = environments.logged {
      actions = logged
    } else {
      actions = try choose(before)
    }
    let outcomes = try environments.step(actions)
    remember(before, actions, outcomes)
    tally.add(outcomes)
    guard step > schedule.learningStarts, memory.count >= dqn.configuration.batchSize else {
      return
    }
    for number in 0..<schedule.updatesPerStep { lastLosses = update(number) }
  }

  /// The best of the actions allowed, or with probability ε any of them.
  private func choose(_ rows: [[Int32]]) throws -> [Int32] {
    let epsilon = schedule.epsilon(step, of: schedule.steps)
    var random = Philox(key: seed, stream: Streams.deepExploration, counter: UInt64(step) * 64)
    let allowed = environments.allowed
    if let mask, let allowed { mask.upload(allowed) }
    let index = IndexTensor(
      rows.flatMap { $0 }, shape: [rows.count, environments.rowWidth], on: dqn.backend)
    var actions = try dqn.best(index, allowed: mask).host().chosen()
    for row in actions.indices where Double.random(in: 0..<1, using: &random) < epsilon {
      actions[row] = Self.any(row, environments.actionCount, allowed, &random)
    }
    return actions
  }

  /// An action drawn evenly from those allowed in a row.
  static func any(
    _ row: Int, _ count: Int, _ allowed: ItemMask?, _ random: inout Philox
  ) -> Int32 {
    while true {
      let action = Int.random(in: 0..<count, using: &random)
      if allowed?[row, action] ?? true { return Int32(action) }
    }
  }

  package func learn(_ before: [[Int32]], _ actions: [Int32], _ outcomes: [Step<[Int32]>]) {
    remember(before, actions, outcomes)
    guard memory.count > 0 else { return }
    for number in 0..<schedule.updatesPerStep { lastLosses = update(number) }
  }

  private func remember(_ before: [[Int32]], _ actions: [Int32], _ outcomes: [Step<[Int32]>]) {
    returns.append(
      before.indices.map { row in
        ReplayBuffer.Transition(
          state: DQN.replayRow(before[row], action: actions[row]),
          nextState: DQN.replayRow(outcomes[row].observation), reward: outcomes[row].reward,
          terminated: outcomes[row].terminated)
      }, isLast: outcomes.map(\.isLast), actions: none)
    step += outcomes.count
  }

  /// Of a replayed row: a state's, and the action.
  private var columns: [Expected<Int32>] {
    environments.columns + [.below(environments.actionCount)]
  }

  package func prepareLearning(from file: SafetensorsFile) throws -> () -> Void {
    let step = try file.integer("trainer.counters", .count)
    let restores = try [
      dqn.prepareRestore(from: file, "dqn"),
      memory.prepareRestore(from: file, "replay", columns: columns),
    ]
    return { [self] in
      for restore in restores { restore() }
      self.step = step
      lastLosses = nil
    }
  }

  /// The update of that number after the latest step. Never waits for the device.
  public func update(_ number: Int = 0) -> DQN.Losses {
    let c = dqn.configuration
    let counter = UInt64(step) * UInt64(schedule.updatesPerStep) + UInt64(number)
    let batch = memory.sample(
      c.batchSize,
      importanceExponent: ReplayBuffer.importanceExponent(
        from: c.importanceExponent, at: step, of: steps),
      RandomKey(seed: seed, stream: Streams.deepReplay, counter: counter))
    return dqn.update(batch, memory)
  }

  package func report() throws -> EpisodeReport {
    defer { tally.begin() }
    return EpisodeReport(
      step: step, meanReturn: tally.meanReturn, loss: try lastLosses?.critic.host()[0],
      qHistogram: try lastLosses?.histogram())
  }

  package func progress() throws -> TrainingProgress {
    defer { tally.begin() }
    return TrainingProgress(
      step: step, reward: tally.meanReward,
      epsilon: Float(schedule.epsilon(max(step - 1, 0), of: steps)),
      criticLoss: try lastLosses?.critic.host()[0], qHistogram: try lastLosses?.histogram())
  }

  package var steps: Int { schedule.steps }
  package var hasLearned: Bool { dqn.optimizer.stepCount > 0 }
  package func policyWasReplaced() { dqn.startTarget() }
  package func isFinite() throws -> Bool { try dqn.isFinite() }
  package func share(_ updates: SharedUpdates) { dqn.sharing = updates }

  /// Adds all that the next step depends on to a file.
  ///
  /// - Throws: `BackendError` if the device fails.
  public func save(to file: inout SafetensorsWriter) throws {
    try dqn.save(to: &file, "dqn")
    try memory.save(to: &file, "replay")
    try returns.save(to: &file, "returns")
    try environments.save(to: &file, "environments")
    try tally.save(to: &file)
    try file.add("trainer.counters", [Int64(step)])
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let step = try file.integer("trainer.counters", .count)
    try file.requireSteps(of: step, "trainer.counters", schedule.steps, environments.count)
    var tally = tally
    try tally.restore(from: file)
    let restores = try [
      dqn.prepareRestore(from: file, "dqn"),
      memory.prepareRestore(from: file, "replay", columns: columns),
      returns.prepareRestore(from: file, "returns", columns: columns),
    ]
    var environments = environments
    try environments.restore(from: file, "environments")
    for restore in restores { restore() }
    if !environments.keepsEpisodes {
      returns.beginEpisodes()
      tally.beginEpisodes()
    }
    self.environments = environments
    self.tally = tally
    self.step = step
    lastLosses = nil
  }
}
