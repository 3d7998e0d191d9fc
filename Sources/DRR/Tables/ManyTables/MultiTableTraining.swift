import DRRCore
import DRRData
import Platform
import Tensor

/// The training of a run of many tables, by one rank or several. All call the same; rank 0 speaks for
/// them.
public struct MultiTableTraining: Sendable {
  public let run: KindRun<MultiTableRunConfiguration>
  public let histories: Histories
  public let tables: ItemTables
  public let heldOut: HeldOutHistories
  public let itemCount: Int
  /// Told of a rank and a round before it learns it; what it throws stops the rank.
  package var watch: @Sendable (_ rank: Int, _ round: Int) throws -> Void = { _, _ in }

  /// How a training ended.
  public enum Outcome: Sendable {
    case finished(MultiTableReport)
    /// Asked to stop; so many rounds are saved.
    case interrupted(round: Int)
  }

  /// - Throws: `ConfigurationError` where the log does not bear the settings.
  public init(
    _ run: KindRun<MultiTableRunConfiguration>, _ log: RatingsLog, _ split: UserSplit
  ) throws {
    let settings = run.configuration.settings
    try settings.requireKeys(for: log.itemCount)
    let kept = settings.topItems.map { log.mostRated($0) }
    let histories = Histories(log, split, keeping: kept)
    if histories.count == histories.userCount || histories.count == 0 {
      throw ConfigurationError(
        "\(log.name) has no user with two ratings to learn from; many tables learn what follows what"
      )
    }
    self.run = run
    self.histories = histories
    tables = try ItemTables(log, settings, histories)
    heldOut = HeldOutHistories(log, split, keeping: kept, window: settings.window)
    itemCount = log.itemCount
  }

  /// Trains to the end, going on from the last checkpoint.
  public func train(
    _ collective: any Collective, _ observer: Observer = Observer()
  ) throws -> Outcome {
    let learner = MultiTableLearner(
      run.configuration.settings, histories, tables, scale: run.configuration.scale,
      itemCount: itemCount, collective: collective)
    let checkpoint = MultiTableCheckpoint(run)
    var round = try checkpoint.restore(learner)
    if run.configuration.settings.solver == .iteration {
      return try solve(learner, checkpoint, observer)
    }
    let (start, begun) = (Clocks(), learner.counts.updates)
    var (lastSave, savedRound) = (start.wall, round)
    let total = learner.roundCount
    while round < total {
      try watch(collective.rank, round)
      try learner.learn(round: round)
      round += 1
      var order = Order.goOn
      if collective.rank == 0 {
        observer.progress(
          min(round * run.configuration.settings.roundSize, histories.count * learner.epochs),
          histories.count * learner.epochs, "multi-q events")
        let due =
          observer.checkpointSteps.map { round / $0 > savedRound / $0 }
          ?? (ContinuousClock.now - lastSave > .seconds(30))
        order = observer.shouldStop() ? .stop : due ? .save : .goOn
      }
      order = Order(rawValue: try collective.broadcast([order.rawValue], root: 0)[0])!
      if order == .goOn && round < total { continue }
      try checkpoint.save(learner, round: round)
      (lastSave, savedRound) = (.now, round)
      if order == .stop && round < total { return .interrupted(round: round) }
    }
    return .finished(
      try report(
        learner, rounds: total, updatesHere: learner.counts.updates - begun,
        clocks: start.untilNow))
  }

  private enum Order: UInt8 {
    case goOn, save, stop
  }

  private func solve(
    _ learner: MultiTableLearner, _ checkpoint: MultiTableCheckpoint,
    _ observer: Observer
  ) throws -> Outcome {
    let settings = run.configuration.settings
    guard learner.collective.size == 1 else {
      throw ConfigurationError(
        "solver is iteration, which works in one process; shards are \(learner.collective.size)")
    }
    let start = Clocks()
    let process = EmpiricalProcess(settings, histories, tables, scale: run.configuration.scale)
    var sweeps = 0
    let values = process.solve(
      discount: Double(settings.discount), start: settings.optimisticStart.map(Double.init)
    ) { done, change in
      sweeps = done
      observer.progress(done, done + 1, "multi-q sweeps, last change \(decimal(change, 9))")
      return !observer.shouldStop()
    }
    if observer.shouldStop() { return .interrupted(round: 0) }
    learner.take(process.table(values))
    learner.counts.updates = sweeps * process.cellCount
    learner.counts.events = process.eventCount
    learner.counts.subStates = process.subStateCount
    try checkpoint.save(learner, round: sweeps)
    return .finished(
      try report(
        learner, rounds: sweeps, updatesHere: learner.counts.updates, clocks: start.untilNow))
  }
}

/// The time of day, and that which this thread has worked.
struct Clocks {
  let wall = ContinuousClock.now
  private let cpu = Clocks.threadSeconds()

  private static func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Seconds of both.
  var untilNow: (wall: Double, cpu: Double) {
    ((ContinuousClock.now - wall).seconds, Self.threadSeconds() - cpu)
  }
}

extension MultiTableLearner {
  var epochs: Int { configuration.epochs }

  /// Puts the rows of a table in place of the shard's.
  func take(_ table: QTable) {
    table.forEachKey { key, _ in
      table.forEachCell(of: key) { shards[0].set(key, $0) }
    }
  }
}

/// What is held out of each user, with as much of what came before as a state is made of.
public struct HeldOutHistories: Sendable {
  private(set) var items: [Int32] = []
  private(set) var offsets = [0]
  /// By user, where the held-out events begin.
  private(set) var starts: [Int] = []

  var userCount: Int { starts.count }

  init(_ log: RatingsLog, _ split: UserSplit, keeping kept: [Bool]?, window: Int) {
    for user in 0..<log.userCount {
      var before: [Int32] = []
      var later: [Int32] = []
      for row in split.rows(of: user, in: log) where kept?[Int(log.items[row])] ?? true {
        if split.heldOut(row: row) == .test {
          later.append(log.items[row])
        } else if later.isEmpty {
          before.append(log.items[row])
        }
      }
      if later.isEmpty { continue }
      let context = before.suffix(window)
      starts.append(items.count + context.count)
      items += context
      items += later
      offsets.append(items.count)
    }
  }
}
