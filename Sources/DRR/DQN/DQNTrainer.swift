import Tensor

/// How a deep agent acts while it learns by values, beside what `DQNConfiguration` says.
public struct DQNSchedule: Hashable, Sendable {
  public var steps = 20_000
  public var learningStarts = 1_000
  public var updatesPerStep = 1
  public var epsilon = EpsilonSchedule(1, to: 0.05, share: 0.5)

  public init() {}
}

/// Acts ε-greedily in environments, or follows a log, remembers and updates. Every random number is
/// drawn from the seed and the step, so a trainer that is saved and restored goes on to the same
/// bits.
public final class DQNTrainer {
  public let dqn: DQN
  public let schedule: DQNSchedule
  public internal(set) var environments: any ActionEnvironments
  public let memory: ReplayMemory
  let returns: NStepReturns
  let mask: DeviceMask?
  let seed: UInt64
  /// Actions so far, in all environments.
  public internal(set) var step = 0
  public internal(set) var lastLoss: Tensor?
  /// Since the last report: steps, rewards, and the sums of episodes that ended.
  var tally = Tally()
  var sums: [Double]

  struct Tally {
    var steps = 0
    var reward = 0.0
    var episodes = 0
    var sum = 0.0
  }

  public init(
    _ dqn: DQN, _ schedule: DQNSchedule, environments: any ActionEnvironments, seed: UInt64
  ) {
    self.dqn = dqn
    self.schedule = schedule
    self.environments = environments
    self.seed = seed
    let (c, count) = (dqn.configuration, environments.count)
    // The action is part of a state's row; the ring of actions has nothing to hold.
    memory = ReplayMemory(
      ReplayMemory.Configuration(
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
    sums = Array(repeating: 0, count: count)
  }

  private let none: Tensor

  /// One step of every environment and, once `learningStarts` are past, the updates. Reads back
  /// nothing but the actions.
  public func advance() throws(BackendError) {
    let before = environments.rows
    let actions: [Int32]
    if let logged = environments.logged {
      actions = logged
    } else {
      actions = try choose(before)
    }
    let outcomes = environments.step(actions)
    returns.append(
      before.indices.map { row in
        ReplayMemory.Transition(
          state: DQN.replayRow(before[row], action: actions[row]),
          nextState: DQN.replayRow(outcomes[row].observation), reward: outcomes[row].reward,
          terminated: outcomes[row].terminated)
      }, isLast: outcomes.map(\.isLast), actions: none)
    step += outcomes.count
    for (row, outcome) in outcomes.enumerated() {
      sums[row] += Double(outcome.reward)
      tally.steps += 1
      tally.reward += Double(outcome.reward)
      if outcome.isLast {
        tally.episodes += 1
        tally.sum += sums[row]
        sums[row] = 0
      }
    }
    guard step > schedule.learningStarts, memory.count >= dqn.configuration.batchSize else {
      return
    }
    for number in 0..<schedule.updatesPerStep { lastLoss = update(number) }
  }

  /// The best of the actions allowed, or with probability ε any of them.
  private func choose(_ rows: [[Int32]]) throws(BackendError) -> [Int32] {
    let epsilon = schedule.epsilon(step, of: schedule.steps)
    var random = Philox(key: seed, stream: Streams.deepExploration, counter: UInt64(step) * 64)
    let allowed = environments.allowed
    if let mask, let allowed { mask.upload(allowed) }
    let index = IndexTensor(
      rows.flatMap { $0 }, shape: [rows.count, environments.rowWidth], on: dqn.backend)
    var actions = try dqn.best(index, allowed: mask).host()
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

  /// The update of that number after the latest step. Never waits for the device.
  public func update(_ number: Int = 0) -> Tensor {
    let c = dqn.configuration
    let counter = UInt64(step) * UInt64(schedule.updatesPerStep) + UInt64(number)
    let progress = min(1, Float(step) / Float(max(schedule.steps - 1, 1)))
    let batch = memory.sample(
      c.batchSize,
      importanceExponent: c.importanceExponent + (1 - c.importanceExponent) * progress,
      RandomKey(seed: seed, stream: Streams.deepReplay, counter: counter))
    return dqn.update(batch, memory)
  }

  public func save(to file: inout SafetensorsWriter) throws {
    try dqn.save(to: &file, "dqn")
    try memory.save(to: &file, "replay")
    try returns.save(to: &file, "returns")
    try environments.save(to: &file, "environments")
    try file.add("trainer.counters", [Int64(step), Int64(tally.steps), Int64(tally.episodes)])
    try file.add("trainer.sums", [tally.reward, tally.sum] + sums)
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.int64s("trainer.counters", shape: [3]).map { Int($0) }
    let sums = try file.doubles("trainer.sums", shape: [2 + self.sums.count])
    guard counters.allSatisfy({ $0 >= 0 }) else {
      throw CheckpointError.malformed(
        path: file.path, reason: "the trainer's counters are \(counters), expected 0 or more")
    }
    let restores = try [
      dqn.prepareRestore(from: file, "dqn"), memory.prepareRestore(from: file, "replay"),
      returns.prepareRestore(from: file, "returns"),
    ]
    var environments = environments
    try environments.restore(from: file, "environments")
    for restore in restores { restore() }
    self.environments = environments
    step = counters[0]
    tally = Tally(steps: counters[1], reward: sums[0], episodes: counters[2], sum: sums[1])
    self.sums = Array(sums.dropFirst(2))
    lastLoss = nil
  }
}
