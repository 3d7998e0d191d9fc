import Agents
import Environments
import Tensor

extension DDPG: Checkpointed {
  private var parts: [(String, any Checkpointed)] {
    [
      ("actor", actor.parameters), ("critic", critic.parameters),
      ("target_actor", targetActor.parameters), ("target_critic", targetCritic.parameters),
      ("actor_adam", actorOptimizer), ("critic_adam", criticOptimizer),
    ]
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    for (name, part) in parts { try part.save(to: &file, "\(prefix).\(name)") }
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let restores = try parts.map { try $1.prepareRestore(from: file, "\(prefix).\($0)") }
    return { for restore in restores { restore() } }
  }
}

extension DRRTrainer {
  /// Everything that the next step depends on: networks, moments, targets, replay, priorities,
  /// the sessions under way and the counters that the random streams follow from.
  public func save(to file: inout SafetensorsWriter) throws {
    try agent.ddpg.save(to: &file, "drr")
    try memory.save(to: &file, "replay")
    try exploration.save(to: &file, "exploration")
    try returns.save(to: &file, "returns")
    try environments.save(to: &file, "trainer")
    try file.add(
      "trainer.counters",
      [Int64(step), Int64(environments.begun), Int64(tally.steps), Int64(tally.logged)])
    try file.add("trainer.reward", [tally.reward])
  }

  /// A trainer of the same configuration, data and seed goes on where the saved one was. Everything
  /// is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let restore = try prepareRestore(from: file)
    try file.requireSteps(of: counters(of: file)[0], "trainer.counters", steps, environments.count)
    restore()
  }

  /// Networks, moments, targets, replay and the steps behind them; no session, and no return that
  /// one has not completed. Where the run's agent is not that of the last step, targets begin at
  /// its weights.
  public func restoreLearning(from file: SafetensorsFile) throws {
    let restore = try prepareLearning(from: file)
    restore()
    guard configuration.training.keepsEarlier else { return }
    try agent.restorePolicy(from: file, BestCheckpoint.prefix)
    agent.ddpg.startTargets()
  }

  private func prepareLearning(from file: SafetensorsFile) throws -> () -> Void {
    let step = try counters(of: file)[0]
    let restoreMemory = try memory.prepareRestore(from: file, "replay", columns: columns)
    let restoreNetworks = try agent.ddpg.prepareRestore(from: file, "drr")
    return { [self] in
      restoreMemory()
      restoreNetworks()
      lastLosses = nil
      self.step = step
    }
  }

  private func counters(of file: SafetensorsFile) throws -> [Int] {
    try file.integers("trainer.counters", .count, shape: [4])
  }

  private var columns: [Expected<Int32>] {
    agent.rows.columns(users: environment.model.userCount, items: agent.itemCount)
  }

  /// What it returns puts the saved state in place, as often as it is called.
  public func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    let counters = try counters(of: file)
    let reward = try file.doubles("trainer.reward", shape: [1])[0]
    let restoreLearning = try prepareLearning(from: file)
    let restoreExploration = try exploration.prepareRestore(from: file, "exploration")
    let restoreReturns = try returns.prepareRestore(from: file, "returns", columns: columns)
    // A session is its start and the items since.
    let sessions = try environments.restored(from: file, "trainer", begun: counters[1])
    return { [self] in
      restoreLearning()
      restoreExploration()
      restoreReturns()
      tally = SessionTally(steps: counters[2], reward: reward, logged: counters[3])
      environments = sessions
    }
  }
}
