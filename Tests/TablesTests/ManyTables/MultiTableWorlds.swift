import DRRCore
import Tables
import Tensor
import TestSupport

/// Small logs for many tables.
enum MultiTableWorlds {
  /// Items 0 1 2 of genre 0, 3 4 of genre 1, 5 of genre 2.
  static let tables = ItemTables(
    names: ["Drama", "Comedy", "Action"], ofItems: [[0], [0], [0], [1], [1], [2]])

  static func settings(
    _ change: (inout MultiTableConfiguration) -> Void = { _ in }
  ) -> MultiTableConfiguration {
    var settings = MultiTableConfiguration()
    settings.window = 3
    settings.order = 2
    settings.reward = .stars
    change(&settings)
    return settings
  }

  static func subStates(
    _ history: [Int32], _ settings: MultiTableConfiguration, _ tables: ItemTables = tables
  ) -> [SubState] {
    var found: [SubState] = []
    history.withUnsafeBufferPointer { history in
      SubStateSplitter(settings, tables).forEach(history) { found.append($0) }
    }
    return found
  }

  static func key(_ table: UInt64, _ items: Int...) -> UInt64 {
    table << 56 | UInt64(items[0] + 1) << 28 | (items.count > 1 ? UInt64(items[1] + 1) : 0)
  }

  static func histories(_ users: [[(item: Int32, rating: Float)]]) -> Histories {
    Histories(users)
  }

  /// Users who watch items at random.
  static func random(
    users: Int, events: Int, items: Int = 6, seed: UInt64
  ) -> Histories {
    var random = SeededGenerator(seed)
    return Histories(
      (0..<users).map { _ in
        (0..<events).map { _ in
          (Int32(random.next() % UInt64(items)), Float(1 + random.next() % 5))
        }
      })
  }

  static func learner(
    _ settings: MultiTableConfiguration, _ histories: Histories,
    _ collective: any Collective = SoleCollective(), tables: ItemTables = tables
  ) -> MultiTableLearner {
    MultiTableLearner(
      settings, histories, tables, scale: .fiveStars, itemCount: tables.itemCount,
      collective: collective)
  }

  /// All rounds by so many threads: the sum of the shards' checksums, and the rows of each.
  static func learned(
    _ settings: MultiTableConfiguration, _ histories: Histories, shards: Int,
    tables: ItemTables = tables
  ) throws -> (checksum: UInt64, rows: [Int], counts: [MultiTableLearner.Counts]) {
    let results = try ThreadCollective.run(shards) { collective in
      let learner = learner(settings, histories, collective, tables: tables)
      for round in 0..<learner.roundCount { try learner.learn(round: round) }
      return (
        learner.shards.enumerated().reduce(UInt64(0)) {
          $0 &+ $1.element.checksum &* UInt64($1.offset + 1)
        }, learner.shards[0].rowCount, learner.counts
      )
    }
    return (results.reduce(0) { $0 &+ $1.0 }, results.map(\.1), results.map(\.2))
  }
}

extension QTable {
  /// Everything in it, by key and action.
  var contents: [UInt64: [UInt32: Cell]] {
    var all: [UInt64: [UInt32: Cell]] = [:]
    forEachKey { key, count in
      var row: [UInt32: Cell] = [:]
      forEachCell(of: key) { row[$0.action] = $0 }
      all[key] = row
    }
    return all
  }
}
