import ClickSessions
import DRRCore
import Tensor

extension IRecGANTrainer {
  private var networks: [(name: String, state: any Checkpointed)] {
    [
      ("user", userTraining), ("agent", agentTraining), ("discriminator", discriminatorTraining),
    ]
  }

  /// Everything that the next batch depends on.
  public func save(to file: inout SafetensorsWriter) throws {
    // What is pending joins the tally; whether D rests is decided where it would have been.
    let (wasResting, unsettled) = (isResting, tally.unsettled)
    let (right, judged) = (tally.right, tally.judged)
    try settle()
    isResting = wasResting
    tally.unsettled = (
      unsettled.right + tally.right - right, unsettled.judged + tally.judged - judged
    )
    for (name, state) in networks { try state.save(to: &file, name) }
    try file.add(
      "trainer.place",
      [
        Int64(segment), Int64(batch), Int64(draws.count), isResting ? 1 : 0, Int64(best.waited),
      ])
    try file.add("tally.loss", [tally.loss])
    try file.add(
      "tally.counts", [Int64(tally.batches), Int64(tally.right), Int64(tally.judged)])
    try file.add(
      "tally.unsettled", [Int64(tally.unsettled.right), Int64(tally.unsettled.judged)])
    for (name, best) in [("user", best.user), ("agent", best.agent)] {
      try file.add("best.\(name)_score", [best?.score ?? -.infinity])
      try best?.weights.save(to: &file, "best.\(name)")
    }
    if let pool {
      let lengths = (0..<pool.log.count).map { Int64(pool.log.steps(of: $0).count) }
      try file.add("pool.lengths", lengths)
      try file.add("pool.ended", pool.log.ended.map { $0 ? Int32(1) : 0 })
      try file.add("pool.clicks", pool.log.clicks)
      try file.add("pool.rewards", pool.log.rewards)
      try file.add(
        "pool.list_lengths", (0..<pool.log.stepCount).map { Int64(pool.log.list(of: $0).count) })
      try file.add("pool.shown", pool.log.shown)
      try file.add("pool.realness", pool.realness)
    }
  }

  /// A trainer of the same configuration, part, sessions and seed goes on where the saved one was.
  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let restores = try networks.map { try $0.state.prepareRestore(from: file, $0.name) }
    let place = try file.integers("trainer.place", .count, shape: [5])
    let loss = try file.doubles("tally.loss", shape: [1])[0]
    let counts = try file.integers("tally.counts", .count, shape: [3])
    let unsettled = try file.integers("tally.unsettled", .count, shape: [2])
    try file.require(
      place[0] <= plan.count && place[3] <= 1, "trainer.place", "is \(place)",
      "a segment 0 ... \(plan.count) and whether D rests, 0 ... 1")
    var best = Best()
    best.user = try restoredBest("user", user.weights, from: file)
    best.agent = try restoredBest("agent", agent.weights, from: file)
    best.waited = place[4]
    let pool = try restoredPool(from: file)

    for restore in restores { restore() }
    self.best = best
    self.pool = pool
    (segment, batch) = (place[0], place[1])
    draws = DrawSequence(
      seed: seed, stream: Streams.sessionDraws, count: UInt64(place[2]))
    isResting = place[3] != 0
    tally = Tally()
    tally.loss = loss
    (tally.batches, tally.right, tally.judged) = (counts[0], counts[1], counts[2])
    tally.unsettled = (unsettled[0], unsettled[1])
    batches = nil
    guard !isFinished && batch > 0 else { return }
    try prepare(plan[segment])
    // Only now is it known how many there are.
    let count =
      switch batches! {
      case .sessions(let sessions): sessions.count
      case .discriminator(_, let judged): judged.count
      }
    try file.require(
      batch < count, "trainer.place", "is \(place)", "a batch 0 ..< \(count)")
  }

  /// Begins where another part has ended: its networks, and fresh optimizers.
  public func begin(from file: SafetensorsFile) throws {
    let networks = [("user", userTraining), ("agent", agentTraining)]
    for restore in try networks.map({ try $1.weights.prepareRestore(from: file, $0) }) { restore() }
    for (_, training) in networks { training.take(training.weights.copy()) }
  }

  /// The same, of a trainer in memory.
  public func begin(from other: IRecGANTrainer) {
    userTraining.take(other.user.weights)
    agentTraining.take(other.agent.weights)
  }

  private func restoredBest(
    _ name: String, _ like: ParameterSet, from file: SafetensorsFile
  ) throws -> (score: Double, weights: ParameterSet)? {
    let score = try file.doubles("best.\(name)_score", .finite.orNone, shape: [1])[0]
    guard score.isFinite else { return nil }
    let weights = like.copy()
    try weights.restore(from: file, "best.\(name)")
    return (score, weights)
  }

  private func restoredPool(
    from file: SafetensorsFile
  ) throws -> (log: SessionLog, realness: [Float])? {
    guard file.entry("pool.lengths") != nil else { return nil }
    let clicks = try file.int32s("pool.clicks", .below(train.itemCount))
    let steps = clicks.count
    let lengths = try file.integers("pool.lengths", .in(1...Int64(configuration.longestSession)))
    try file.requireSum(of: lengths, "pool.lengths", is: steps)
    let ended = try file.int32s("pool.ended", .flag, shape: [lengths.count])
    let rewards = try file.floats("pool.rewards", shape: [steps])
    let lists = try file.lists(
      "pool.shown", .below(train.itemCount), lengths: "pool.list_lengths", count: steps)
    let realness = try file.floats("pool.realness", .in(0...1))
    try file.require(
      realness.isEmpty || realness.count == steps, "pool.realness", "has \(realness.count) numbers",
      "0 or \(steps)")
    var log = SessionLog(
      name: "simulated", format: "simulated", checksum: "", itemCount: train.itemCount)
    var step = 0
    for (session, length) in lengths.enumerated() {
      for _ in 0..<length {
        log.addStep(click: clicks[step], reward: rewards[step], list: lists[step])
        step += 1
      }
      log.endSession(ended: ended[session] != 0)
    }
    return (log, realness)
  }

  /// Whether training has kept to numbers. Waits for the device.
  public func isFinite() throws -> Bool {
    try user.weights.isFinite() && agent.weights.isFinite() && discriminator.weights.isFinite()
  }
}
