import DRRCore
import DRRData
import Platform
import Tensor

/// The training of a run of many tables, by one rank or several. All call the same; rank 0 speaks
/// for them.
public struct MultiTableTraining: Sendable {
  public let run: Run<MultiTableRunConfiguration>
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
    _ run: Run<MultiTableRunConfiguration>, _ log: RatingsLog, _ split: UserSplit
  ) throws {
    let settings = run.settings.settings
    try settings.requireKeys(for: log.itemCount)
    try split.requireTimes()
    let log = log.counted(split, on: run.settings.scale)
    if settings.reward == .liked { try log.requireLikes(on: run.settings.scale) }
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
    let start = Clocks()
    let trainer = try MultiTableTrainer(self, collective)
    do {
      try run.train(trainer, stage, device: "cpu", observer, among: collective)
    } catch let interrupted as Interrupted {
      return .interrupted(round: interrupted.step)
    }
    return .finished(
      try report(
        trainer.learner, rounds: trainer.step,
        updatesHere: trainer.learner.counts.updates - trainer.begun, clocks: start.untilNow))
  }

  private var stage: Stage<MultiTableRunConfiguration> {
    var stage = run.stage
    stage.unit = run.settings.settings.solver == .iteration ? "multi-q sweeps" : "multi-q rounds"
    return stage
  }
}

/// A rank's part in the training of many tables: a step is a round, or the whole of value
/// iteration.
final class MultiTableTrainer: Trainer {
  /// Nothing is told before the end, since counting takes all ranks.
  struct Report: Codable, Sendable {}

  let training: MultiTableTraining
  let learner: MultiTableLearner
  let checkpoint: MultiTableCheckpoint
  /// Updates that were made before this process.
  private(set) var begun = 0
  private(set) var step = 0
  private var observer = Observer()
  private var room: TableRoom
  /// The most updates that a round made: each may add a row.
  private var mostUpdates: Int

  init(_ training: MultiTableTraining, _ collective: any Collective) throws {
    let settings = training.run.settings
    self.training = training
    room = TableRoom(collective)
    mostUpdates = settings.settings.roundSize
    learner = MultiTableLearner(
      settings.settings, training.histories, training.tables, scale: settings.scale,
      itemCount: training.itemCount, collective: collective)
    checkpoint = MultiTableCheckpoint(training)
    if settings.settings.solver == .iteration, collective.size > 1 {
      throw ConfigurationError(
        "solver is iteration, which works in one process; shards are \(collective.size)")
    }
  }

  private var isIteration: Bool { training.run.settings.settings.solver == .iteration }
  private var collective: any Collective { learner.collective }
  var steps: Int { isIteration ? 1 : learner.roundCount }
  var savesEachStep: Bool { isIteration }
  func watch(_ observer: Observer) { self.observer = observer }
  func summary(of report: Report) -> String { "" }
  func isFinite() -> Bool { learner.shards.allSatisfy(\.isFinite) }

  func advance() throws -> Report? {
    try training.watch(collective.rank, step)
    if isIteration {
      try solve()
    } else {
      try learn()
      step += 1
    }
    return nil
  }

  private func learn() throws {
    try room.require(
      for: learner.shards, rows: mostUpdates, learner.configuration,
      "round \(grouped(step)) of \(grouped(steps))")
    let before = learner.counts.updates
    try learner.learn(round: step)
    mostUpdates = max(mostUpdates, learner.counts.updates - before)
  }

  private func solve() throws {
    let settings = training.run.settings.settings
    let process = EmpiricalProcess(
      settings, training.histories, training.tables, scale: training.run.settings.scale)
    var sweeps = 0
    let values = process.solve(
      discount: Double(settings.discount), start: settings.optimisticStart.map(Double.init)
    ) { done, change in
      sweeps = done
      observer.progress(done, done + 1, "multi-q sweeps, last change \(decimal(change, 9))")
      return !observer.shouldStop()
    }
    try observer.checkStop()
    learner.take(process.table(values))
    learner.counts.updates = sweeps * process.cellCount
    learner.counts.events = process.eventCount
    learner.counts.subStates = process.subStateCount
    step = sweeps
  }

  func begin() throws { try checkpoint.begin(learner) }

  func save(to file: inout SafetensorsWriter) throws {
    try checkpoint.save(learner, round: step, to: &file)
  }

  func saved() throws {
    if collective.rank == 0 { checkpoint.removeFiles(except: step) }
  }

  func restore(from file: SafetensorsFile) throws {
    step = try checkpoint.restore(learner, from: file)
    begun = learner.counts.updates
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
