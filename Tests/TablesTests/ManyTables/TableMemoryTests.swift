import DRRCore
import DRRData
import DRRTestSupport
import Tables
import Tensor
import TestSupport
import Testing

@Suite("The memory of many tables") struct TableMemoryTests {
  /// A table of so many rows of a cell.
  private static func table(rows: Int) -> QTable {
    let table = QTable()
    for key in 1...UInt64(rows) { table.learn(key, 3, target: 1, start: 0) { _ in 1 } }
    return table
  }

  @Test("a table grows by no more than it says", arguments: [1, 47, 48, 49, 1_000, 3_072])
  func growth(rows: Int) {
    let table = Self.table(rows: rows)
    for more in [1, 10, 1_000] {
      let (before, growth) = (table.bytes, table.growth(rows: more))
      let first = UInt64(table.rowCount + 1)
      for key in first..<first + UInt64(more) {
        table.learn(key, 3, target: 1, start: 0) { _ in 1 }
      }
      #expect(table.bytes - before <= growth, "\(more) beside \(rows)")
    }
  }

  @Test("a learner that would find no room for its tables says what to lower")
  func short() throws {
    // Three quarters of 2¹⁹ slots are 393,216: the next rows need twice as many, of 32 bytes.
    let table = Self.table(rows: 390_000)
    let settings = MultiTableWorlds.settings()
    func look(free: UInt64, rows: Int) throws(ConfigurationError) -> Int {
      var (room, looks) = (TableRoom(SoleCollective()), 0)
      room.free = {
        looks += 1
        return free
      }
      for round in 7...9 {
        try room.require(for: [table], rows: rows, settings, "round \(round) of 90")
      }
      return looks
    }
    let error = try #require(throws: ConfigurationError.self) {
      try look(free: 50_000_000, rows: 10_000)
    }
    // A cell of 12 bytes is copied four times at most while it is saved.
    let growth = byteText(Double(32 * (1 << 20) + 320_000 + 48 * 390_000))
    #expect(
      error.description
        == "the tables take \(byteText(Double(table.bytes))) of memory by round 7 of 90 and want "
        + "\(growth) more to grow and be saved, where 50.0 MB are free on this machine; lower "
        + "--window (3) or --order (2), or keep fewer items by --top-items")
    #expect(try look(free: 53_000_000, rows: 10_000) == 3)
    // Few more rows find their slots: looked at once, and not again.
    #expect(try look(free: 20_000_000, rows: 10) == 1)
    // Small tables grow without a look.
    var room = TableRoom(SoleCollective())
    room.free = { 0 }
    try room.require(for: [Self.table(rows: 100)], rows: 1_000, settings, "round 0 of 90")
  }

  @Test("value iteration needs what all visits of the log take")
  func iteration() throws {
    let log = Worlds.tiny
    func training(_ solver: MultiTableConfiguration.Solver) throws -> MultiTableTraining {
      var run = MultiTableRunConfiguration(source: "generated:tiny", log: log)
      run.settings.solver = solver
      return try MultiTableTraining(
        Run(run, folder: RunFolder(TemporaryFolder().path)), log, UserSplit(log, run.evaluation))
    }
    #expect(try training(.learning).memory.hostBytes == 0)
    let iteration = try training(.iteration)
    let settings = iteration.run.settings.settings
    let process = EmpiricalProcess(
      settings, iteration.histories, iteration.tables, scale: iteration.run.settings.scale)
    var subStates = process.subStateCount
    // Nothing follows a user's last state, which is there all the same.
    for user in 0..<iteration.histories.userCount {
      let rows = iteration.histories.rows(ofUser: user)
      guard rows.count > 1 else { continue }
      subStates +=
        MultiTableWorlds.subStates(
          Array(iteration.histories.items[rows]), settings, iteration.tables
        ).count
    }
    // A sub-state is 16 bytes, its best action 8, a visit 32.
    #expect(
      iteration.memory.hostBytes == Double(24 * subStates + 32 * process.subStateCount))
  }
}
