import Agents
import DRRCore
import Tensor

extension ItemActorCritic: Checkpointed {
  private var parts: [(String, any Checkpointed)] {
    [
      ("actor", actor.parameters), ("critic", critic.parameters),
      ("target_actor", targetActor.parameters), ("target_critic", targetCritic.parameters),
      ("actor_adam", actorOptimizer), ("critic_adam", criticOptimizer),
    ]
  }

  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    for (name, part) in parts { try part.save(to: &file, "\(prefix).\(name)") }
    try cloned?.save(to: &file, "\(prefix).cloned")
  }

  /// Makes the actor what cloning left; false where the file is from before.
  package func restoreCloned(from file: SafetensorsFile, _ prefix: String) throws -> Bool {
    guard Self.hasCloned(file, prefix) else { return false }
    try actor.parameters.restore(from: file, "\(prefix).cloned")
    return true
  }

  private static func hasCloned(_ file: SafetensorsFile, _ prefix: String) -> Bool {
    file.entry("\(prefix).cloned.actor.offset") != nil
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let restores = try parts.map { try $1.prepareRestore(from: file, "\(prefix).\($0)") }
    let clone = Self.hasCloned(file, prefix) ? actor.parameters.copy() : nil
    let restoreClone = try clone?.prepareRestore(from: file, "\(prefix).cloned")
    return { [self] in
      for restore in restores { restore() }
      restoreClone?()
      cloned = clone
    }
  }
}

extension ResidualTrainer {
  /// Everything that the next step depends on.
  public func save(to file: inout SafetensorsWriter) throws {
    try agent.networks.save(to: &file, "residual")
    try memory.save(to: &file, "replay")
    try file.add("trainer.states", states.host(), shape: [states.shape[0], states.shape[1]])
    try file.add(
      "trainer.counters",
      [
        Int64(step), Int64(begun), Int64(tally.steps), Int64(tally.logged), Int64(nextState),
        Int64(updates),
      ])
    try file.add("trainer.reward", [tally.reward])
    try file.add("trainer.trainees", sessions.map { Int64($0.trainee) })
    try file.add("trainer.rows", sessions.flatMap(\.row))
    try file.add("trainer.shown", sessions.flatMap { $0.feedback.map(\.item) })
    try file.add("trainer.shown_counts", sessions.map { Int64($0.feedback.count) })
  }

  /// A trainer of the same configuration, data and seed goes on where the saved one was. Everything
  /// is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.int64s("trainer.counters", shape: [6]).map { Int($0) }
    let reward = try file.doubles("trainer.reward", shape: [1])[0]
    let indices = try file.int64s("trainer.trainees").map { Int($0) }
    let counts = try file.int64s("trainer.shown_counts", shape: [indices.count]).map { Int($0) }
    let width = 1 + residual.candidates
    let rows = try file.int32s("trainer.rows")
    let shown = try file.int32s("trainer.shown")
    let vectors = try file.floats(
      "trainer.states", shape: [states.shape[0], states.shape[1]])
    /// Of a state's vector, then of its candidates.
    func bound(_ place: Int) -> Int {
      (place % width == 0 ? states : items).shape[0]
    }
    guard counters.allSatisfy({ $0 >= 0 }),
      counters[4] + 2 * configuration.environments <= states.shape[0],
      indices.isEmpty || indices.count == configuration.environments,
      indices.allSatisfy({ trainees.indices.contains($0) }), counts.allSatisfy({ $0 >= 0 }),
      counts.reduce(0, +) == shown.count, rows.count == indices.count * width,
      rows.indices.allSatisfy({ (0..<bound($0)).contains(Int(rows[$0])) }),
      shown.allSatisfy({ (0..<Int32(agent.itemCount)).contains($0) })
    else {
      throw CheckpointError.malformed(
        path: file.path, reason: "the trainer's counters, sessions or items are out of range")
    }
    let restoreMemory = try memory.prepareRestore(from: file, "replay")
    let restoreNetworks = try agent.networks.prepareRestore(from: file, "residual")
    restoreMemory()
    restoreNetworks()
    states.backend.write(vectors, to: states.view)
    lastLosses = nil
    lastCloningLoss = nil
    step = counters[0]
    begun = counters[1]
    nextState = counters[4]
    updates = counters[5]
    if step > residual.cloningSteps {
      agent.networks.actorOptimizer.learningRate = configuration.ddpg.actorLearningRate
    }
    var left = shown[...]
    sessions = indices.enumerated().map { place, index in
      var session = session(index)
      for item in left.prefix(counts[place]) { _ = show(item, &session) }
      left = left.dropFirst(counts[place])
      session.row = Array(rows[place * width..<(place + 1) * width])
      return session
    }
    tally = Tally(steps: counters[2], reward: reward, logged: counters[3])
  }

  /// Networks, moments, targets, replay and the states that it points to; none of the sessions.
  /// Where the run's agent is not that of the last step, targets begin at its weights.
  public func restoreLearning(from file: SafetensorsFile) throws {
    try prepareRestore(from: file)()
    guard configuration.training.keepsEarlier else { return }
    try agent.restorePolicy(from: file, BestCheckpoint.prefix)
    agent.networks.startTargets()
  }

  public func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    let counters = try file.int64s("trainer.counters", shape: [6]).map { Int($0) }
    let vectors = try file.floats("trainer.states")
    let width = agent.stateWidth
    // As many rows as the trainer of that file had environments for.
    let rows = vectors.count / width
    guard counters.allSatisfy({ $0 >= 0 }), vectors.count == rows * width,
      counters[4] + 2 <= rows
    else {
      throw CheckpointError.malformed(
        path: file.path, reason: "the trainer's counters or states are out of range")
    }
    let restoreMemory = try memory.prepareRestore(from: file, "replay")
    let restoreNetworks = try agent.networks.prepareRestore(from: file, "residual")
    return { [self] in
      restoreMemory()
      restoreNetworks()
      if states.shape[0] != rows {
        states = Tensor(repeating: 0, shape: [rows, width], on: states.backend)
      }
      states.backend.write(vectors, to: states.view)
      agent.networks.actorOptimizer.learningRate = configuration.ddpg.actorLearningRate
      (lastLosses, lastCloningLoss) = (nil, nil)
      (step, nextState, updates) = (counters[0], counters[4], counters[5])
    }
  }
}
