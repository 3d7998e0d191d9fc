import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import Synchronization
import Tables
import Tensor
import Testing

@Suite("Runs of many tables") struct MultiTableTrainingTests {
  struct Killed: Error, CustomStringConvertible { var description: String { "killed" } }

  private static func run(
    _ log: RatingsLog = Worlds.tiny,
    _ change: (inout MultiTableConfiguration) -> Void = { _ in }
  ) -> MultiTableRunConfiguration {
    var run = MultiTableRunConfiguration(source: "generated:tiny", log: log)
    run.settings.roundSize = 100
    run.settings.epochs = 2
    change(&run.settings)
    return run
  }

  private static func training(
    _ folder: TemporaryFolder, _ log: RatingsLog = Worlds.tiny,
    _ change: (inout MultiTableConfiguration) -> Void = { _ in }
  ) throws -> MultiTableTraining {
    let configuration = run(log, change)
    let run = try Run(configuration, folder: RunFolder(folder.path))
    return try MultiTableTraining(run, log, UserSplit(log, configuration.evaluation))
  }

  private static func finish(
    _ training: MultiTableTraining, shards: Int
  ) throws -> MultiTableReport {
    try training.run.folder.create()
    let outcome = try ThreadCollective.run(shards) { try training.train($0) }[0]
    guard case .finished(let report) = outcome else { throw Killed() }
    return report
  }

  @Test("stop where a shard dies, name it, and go on to the same bits with any number of shards")
  func deadShard() throws {
    let whole = TemporaryFolder()
    let expected = try Self.finish(Self.training(whole), shards: 1)
    for (shards, victim, later) in [(2, 1, 2), (4, 2, 1), (1, 0, 3)] {
      let folder = TemporaryFolder()
      var training = try Self.training(folder)
      try training.run.folder.create()
      training.watch = { rank, round in
        if rank == victim && round == 17 { throw Killed() }
      }
      let broken = training
      #expect(throws: CollectiveError.lost(rank: victim, reason: "killed")) {
        try ThreadCollective.run(shards) { collective in
          var observer = Observer()
          observer.checkpointSteps = 5
          return try broken.train(collective, observer)
        }
      }
      let rounds = Mutex<Set<Int>>([])
      training.watch = { _, round in rounds.withLock { _ = $0.insert(round) } }
      let report = try Self.finish(training, shards: later)
      #expect(rounds.withLock { $0.min() } == 15)
      #expect(report.checksum == expected.checksum && report.cells == expected.cells)
      #expect(report.counts.updates == expected.counts.updates && report.shards == later)
      #expect(report.coverage == expected.coverage && report.backOffRate == expected.backOffRate)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(files.filter { $0.hasPrefix("table-") }.count == later)
    }
  }

  @Test("asked to stop, save and go on to the same bits")
  func interrupted() throws {
    let (whole, parts) = (TemporaryFolder(), TemporaryFolder())
    let expected = try Self.finish(Self.training(whole), shards: 1)
    let training = try Self.training(parts)
    try training.run.folder.create()
    var observer = Observer()
    var asked = 0
    observer.shouldStop = {
      asked += 1
      return asked == 9
    }
    guard case .interrupted(let round) = try training.train(SoleCollective(), observer) else {
      return #expect(Bool(false), "it was not interrupted")
    }
    #expect(round == 9)
    #expect(try Self.finish(training, shards: 1).checksum == expected.checksum)
    let (table, rounds) = try training.readTable()
    #expect(table.checksum == (try Self.training(whole).readTable().table.checksum))
    #expect(rounds == expected.rounds)
  }

  @Test("count rows, cells, coverage and what is backed off")
  func report() throws {
    let folder = TemporaryFolder()
    let training = try Self.training(folder)
    let report = try Self.finish(training, shards: 2)
    let (table, _) = try training.readTable()
    #expect(report.rows == table.rowCount && report.cells == table.cellCount)
    #expect(report.counts.events == 2 * (training.histories.count - training.histories.userCount))
    #expect(abs(report.tableShares.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    #expect(report.shardSkew >= 1 && report.shardSkew < 1.5 && report.messagesPerRound > 0)
    // Coverage counted another way: from the log itself.
    let log = Worlds.tiny
    let split = UserSplit(log, training.run.settings.evaluation)
    var (known, all, none, events) = (0, 0, 0, 0)
    for user in 0..<log.userCount {
      let rows = Array(split.rows(of: user, in: log))
      for at in rows.indices where split.heldOut(row: rows[at]) == .test {
        let found = MultiTableWorlds.subStates(
          rows[..<at].map { log.items[$0] }, training.run.settings.settings, training.tables)
        let count = found.count { table.contains($0.key) }
        (known, all, events) = (known + count, all + found.count, events + 1)
        if count == 0 { none += 1 }
      }
    }
    #expect(report.coverage == Double(known) / Double(all))
    #expect(report.backOffRate == Double(none) / Double(events))
  }

  @Test(
    "by value iteration hold the process's solution, and the settings of recommending may change")
  func iteration() throws {
    let folder = TemporaryFolder()
    let training = try Self.training(folder) { $0.solver = .iteration }
    let report = try Self.finish(training, shards: 1)
    let settings = training.run.settings.settings
    let process = EmpiricalProcess(
      settings, training.histories, training.tables, scale: .fiveStars)
    let exact = process.table(process.solve(discount: Double(settings.discount)))
    #expect(try training.readTable().table.checksum == exact.checksum)
    #expect(report.cells == process.cellCount && report.counts.events == process.eventCount)
    let other = try Self.training(folder) {
      $0.solver = .iteration
      $0.aggregation = .sum
    }
    #expect(try other.readTable().table.checksum == exact.checksum)
    let another = try Self.training(folder) {
      $0.solver = .iteration
      $0.discount = 0.5
    }
    #expect(throws: RunError.self) { try another.readTable() }
    #expect(throws: CollectiveError.self) { try Self.finish(training, shards: 2) }
  }

  @Test("of clusters need no genres, and the same log gives the same clusters")
  func clusters() throws {
    var log = Worlds.tiny
    log.genres = ItemGenres()
    let (one, other) = (TemporaryFolder(), TemporaryFolder())
    func training(_ folder: TemporaryFolder) throws -> MultiTableTraining {
      try Self.training(folder, log) {
        $0.genres = .clusters
        $0.clusters = 5
      }
    }
    let report = try Self.finish(training(one), shards: 1)
    #expect(report.checksum == (try Self.finish(training(other), shards: 3)).checksum)
    #expect(report.tableShares.count > 1 && report.tableShares.count <= 5)
  }

  @Test("refuse what cannot work, in one sentence")
  func refusals() throws {
    func message(
      _ log: RatingsLog = Worlds.tiny, _ change: (inout MultiTableConfiguration) -> Void
    ) -> String {
      let folder = TemporaryFolder()
      do {
        _ = try Self.training(folder, log, change)
        return ""
      } catch {
        return "\(error)"
      }
    }
    var bare = Worlds.tiny
    bare.genres = ItemGenres()
    #expect(
      message(bare) { _ in } == "generated-tiny names no genres, and many tables need them; use "
        + "--genres clusters, which are learned")
    let unknown = message { $0.tables = ["Drama", "Dramma"] }
    #expect(unknown.hasPrefix("tables name the genre \"Dramma\", which generated-tiny has not; "))
    #expect(unknown.contains("Drama, "))
    #expect(message { $0.order = 4 } == "order is 4; it must be at most the window, 3")
    #expect(message { $0.window = 0 } == "window is 0; it must be 1 ... 64")
    #expect(message { $0.discount = 1 } == "discount is 1.0; it must be at least 0 and below 1")
    #expect(
      message {
        $0.window = 7
        $0.order = 7
      } == "")
    var many = RatingsLog(
      name: "many", users: (0..<600).map { _ in 0 }, items: (0..<600).map { $0 },
      ratings: (0..<600).map { _ in 3 })
    many.genres = ItemGenres(lists: (0..<600).map { ["genre \($0 % 300)"] })
    #expect(
      message(many) { _ in } == "many has 300 genres; at most 255 can have a table; use --genres "
        + "clusters")
    #expect(
      message(many) {
        $0.window = 7
        $0.order = 7
      }
        == "order is 7, for which a key holds ids of at most 255 items, and the log has 600; take a "
        + "smaller order, or fewer items by --top-items")
    let single = RatingsLog(name: "single", users: [0, 1], items: [0, 1], ratings: [3, 3])
    #expect(message(single) { $0.genres = .clusters }.hasPrefix("single has no user with two"))
  }

  @Test("find damage in a part of the tables")
  func damage() throws {
    let folder = TemporaryFolder()
    let training = try Self.training(folder)
    _ = try Self.finish(training, shards: 2)
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).first {
        $0.hasPrefix("table-")
      })
    let path = "\(folder.path)/\(name)"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 9] ^= 4
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect(throws: CheckpointError.checksum(path: path, part: "contents")) {
      try training.readTable()
    }
  }
}
