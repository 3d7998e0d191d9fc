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
    let environments = configuration.environments
    let counters = try self.counters(of: file, rows: states.shape[0], sessions: environments)
    try file.requireSteps(of: counters[0], "trainer.counters", steps, environments)
    let reward = try file.doubles("trainer.reward", shape: [1])[0]
    let indices = try file.integers("trainer.trainees", .below(trainees.count))
    try file.require(
      indices.isEmpty || indices.count == environments, "trainer.trainees",
      "has \(indices.count) sessions", "0 or \(environments)")
    let shown = try file.lists(
      "trainer.shown", .below(agent.itemCount), lengths: "trainer.shown_counts",
      count: indices.count)
    let width = 1 + residual.candidates
    let rows = try file.int32s("trainer.rows", .count, shape: [indices.count * width])
    for (place, row) in rows.enumerated() {
      // Of a state's vector, then of its candidates, as the session's user sees them.
      let fold = trainees[indices[place / width]].fold
      let bound =
        place % width == 0
        ? 0..<states.shape[0] : fold * agent.itemCount..<(fold + 1) * agent.itemCount
      try file.require(
        bound.contains(Int(row)), "trainer.rows", "is \(row) at place \(place) of \(rows.count)",
        "\(bound.lowerBound) ..< \(bound.upperBound)")
    }
    for (index, items) in zip(indices, shown) {
      let pool = catalogue.isEmpty ? Set(trainees[index].session.map(\.item)) : nil
      let limit = min(configuration.sessionLength, pool?.count ?? .max)
      try file.require(
        items.count < limit && Set(items).count == items.count
          && pool?.isSuperset(of: items) ?? true, "trainer.shown",
        "has a session of \(items)", "fewer than \(limit) different items that its user rated")
    }
    let vectors = try file.floats(
      "trainer.states", shape: [states.shape[0], states.shape[1]])
    let restoreMemory = try memory.prepareRestore(
      from: file, "replay", columns: columns(rows: states.shape[0], items: items.shape[0]))
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
    sessions = indices.enumerated().map { place, index in
      var session = session(index)
      for item in shown[place] { _ = show(item, &session) }
      session.row = Array(rows[place * width..<(place + 1) * width])
      return session
    }
    tally = SessionTally(steps: counters[2], reward: reward, logged: counters[3])
  }

  /// Steps, sessions begun, steps and logged items of the tally, the next state of so many rows,
  /// updates.
  private func counters(
    of file: SafetensorsFile, rows: Int, sessions: Int = 1
  ) throws -> [Int] {
    let counters = try file.integers("trainer.counters", .count, shape: [6])
    // A step writes the next states of all sessions side by side.
    try file.require(
      counters[4] + 2 * sessions <= rows, "trainer.counters",
      "has \(counters[4]) for the next state", "0 ... \(rows - 2 * sessions)")
    return counters
  }

  /// Of a replayed row: where a state's vector is of so many, then candidates of so many items.
  private func columns(rows: Int, items: Int) -> [Expected<Int32>] {
    [.below(rows)] + Array(repeating: .below(items), count: residual.candidates)
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
    let width = agent.stateWidth
    // As many rows as the trainer of that file had environments for.
    let rows = file.entry("trainer.states")?.shape.first ?? 0
    let vectors = try file.floats("trainer.states", shape: [rows, width])
    let counters = try self.counters(of: file, rows: rows)
    let restoreMemory = try memory.prepareRestore(
      from: file, "replay",
      // Behind the folds' the items as users outside of them see them.
      columns: columns(rows: rows, items: items.shape[0] + agent.itemCount))
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
