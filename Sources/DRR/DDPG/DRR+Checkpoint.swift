import Tensor

extension DDPG: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try savePolicy(to: &file, prefix)
    try critic.parameters.save(to: &file, "\(prefix).critic")
    try targetActor.parameters.save(to: &file, "\(prefix).target_actor")
    try targetCritic.parameters.save(to: &file, "\(prefix).target_critic")
    try actorOptimizer.save(to: &file, "\(prefix).actor_adam")
    try criticOptimizer.save(to: &file, "\(prefix).critic_adam")
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let parts: [(String, any Checkpointed)] = [
      ("actor", actor.parameters), ("critic", critic.parameters),
      ("target_actor", targetActor.parameters), ("target_critic", targetCritic.parameters),
      ("actor_adam", actorOptimizer), ("critic_adam", criticOptimizer),
    ]
    let restores = try parts.map { try $1.prepareRestore(from: file, "\(prefix).\($0)") }
    return { for restore in restores { restore() } }
  }

  /// The actor alone: all that acting needs.
  public func savePolicy(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try actor.parameters.save(to: &file, "\(prefix).actor")
  }

  public func restorePolicy(from file: SafetensorsFile, _ prefix: String) throws {
    try actor.parameters.restore(from: file, "\(prefix).actor")
  }
}

extension DRRTrainer {
  /// Everything that the next step depends on: networks, moments, targets, replay, priorities,
  /// the session under way and the counters that the random streams follow from.
  public func save(to file: inout SafetensorsWriter) throws {
    try agent.ddpg.save(to: &file, "drr")
    try memory.save(to: &file, "replay")
    try exploration.save(to: &file, "exploration")
    try returns.save(to: &file, "returns")
    try file.add("trainer.chosen", environment.chosen)
    try file.add(
      "trainer.counters",
      [Int64(step), Int64(episode), Int64(tally.steps), Int64(tally.logged)])
    try file.add("trainer.reward", [tally.reward])
  }

  /// A trainer of the same configuration, data and seed goes on where the saved one was. Everything
  /// is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.int64s("trainer.counters", shape: [4]).map { Int($0) }
    let reward = try file.doubles("trainer.reward", shape: [1])[0]
    let chosen = try file.int32s("trainer.chosen")
    guard counters.allSatisfy({ $0 >= 0 }), counters[1] >= 1,
      chosen.allSatisfy({ (0..<Int32(agent.itemCount)).contains($0) })
    else {
      throw CheckpointError.malformed(
        path: file.path, reason: "the trainer's counters or items are out of range")
    }
    let restoreMemory = try memory.prepareRestore(from: file, "replay")
    let restoreNetworks = try agent.ddpg.prepareRestore(from: file, "drr")
    let restoreExploration = try exploration.prepareRestore(from: file, "exploration")
    let restoreReturns = try returns.prepareRestore(from: file, "returns")
    restoreMemory()
    restoreExploration()
    restoreReturns()
    restoreNetworks()
    lastLosses = nil
    step = counters[0]
    episode = counters[1]
    tally = Tally(steps: counters[2], reward: reward, logged: counters[3])
    // A session is its start and the items since.
    _ = environment.reset(episode: episode - 1)
    for item in chosen { _ = environment.step(item) }
  }
}
