import Charts
import DRRCore
import DRRData
import Tables

/// What many tables learned, by genre.
struct TableSections {
  /// Those with the most visits first.
  let learned: [LearnedTable]
  /// Their names in the order of the tables' numbers.
  let names: [String]
  let kind: String
  /// Of how many trainings it is the first.
  let trainings: Int
  /// By item.
  let titles: [String]

  /// Of a finished or an interrupted training.
  ///
  /// - Throws: `ConfigurationError` where the log does not bear the settings; what reading the tables
  ///   does.
  init(_ run: Run<MultiTableRunConfiguration>, _ log: RatingsLog, of trainings: Int) throws {
    self.trainings = trainings
    let settings = run.settings.settings
    let training = try MultiTableTraining(run, log, UserSplit(log, run.settings.evaluation))
    let scorer = training.scorer(try training.readTable().table, settings)
    learned = scorer.learned(strongest: 1)
    names = scorer.tables.names
    kind = settings.genres == .clusters ? "cluster" : "genre"
    titles = (0..<log.itemCount).map { item in
      log.titles.isEmpty || log.titles[item].isEmpty ? log.itemIDs[item] : log.titles[item]
    }
  }

  var all: [Section] { learned.isEmpty ? [] : [table, flows] }

  private var table: Section {
    var table = HTMLTable(
      [kind, "states", "entries", "visits", "mean Q", "after", "comes", "Q", "visits"],
      words: [5, 6])
    for found in learned {
      let best = found.strongest.first
      table.add([
        found.name, grouped(found.rows), grouped(found.cells), grouped(found.visits),
        decimal(found.meanValue, 3),
        best.map { $0.items.map { titles[Int($0)] }.joined(separator: " + ") } ?? "–",
        best.map { titles[Int($0.next)] } ?? "–", best.map { decimal($0.value, 3) } ?? "–",
        best.map { grouped($0.visits) } ?? "–",
      ])
    }
    return Section(
      "What the tables learned, by \(kind)",
      "States: item tuples of a table's \(kind) that were met; entries: items that followed them. Mean Q "
        + "is over visits. Last the entry of each table that adds most to a score."
        + (trainings > 1 ? " Of the first of \(trainings) trainings." : ""),
      isWide: true, table.html)
  }

  /// Of what a table's entries add to scores, where it goes; of the largest tables.
  private var flows: Section {
    let rows = Array(learned.prefix(10))
    let shown = rows.map(\.name)
    let places = shown.map { name in names.firstIndex(of: name)! }
    let shares = rows.map { row -> [Double] in
      let total = row.gains.reduce(0, +)
      let own = places.map { total > 0 ? row.gains[$0] / total : 0 }
      return own + [total > 0 ? max(1 - own.reduce(0, +), 0) : 0]
    }
    return Section(
      "What the tables recommend, by \(kind)",
      "A row a table: of what its entries add to the scores of items, the percentage that goes to items "
        + "of each \(kind).",
      HeatChart(
        "What the tables recommend, by \(kind)", rows: shown, columns: shown + ["others"],
        shares: shares
      ).picture)
  }
}
