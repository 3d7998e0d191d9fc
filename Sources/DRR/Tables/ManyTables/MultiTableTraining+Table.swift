extension MultiTableTraining {
  package var roundCount: Int {
    let settings = run.settings.settings
    if settings.solver == .iteration { return 1 }
    return (histories.count + settings.roundSize - 1) / settings.roundSize * settings.epochs
  }

  /// What was trained so far, all shards together; of double Q's two tables the mean.
  public func readTable() throws -> (table: QTable, rounds: Int) {
    let isDouble = run.settings.settings.doubleQ
    let tables = (0..<(isDouble ? 2 : 1)).map { _ in QTable() }
    let (round, _) = try MultiTableCheckpoint(self).read(into: tables)
    if isDouble { tables[0].average(with: tables[1]) }
    return (tables[0], round)
  }

  public func scorer(_ table: QTable, _ settings: MultiTableConfiguration) -> MultiTableScorer {
    MultiTableScorer(
      settings, tables, table,
      MultiTableBackOff(histories, itemCount: itemCount, settings.backOff))
  }
}

extension QTable {
  /// Q of both, weighted by visits, and their visits together.
  func average(with other: QTable) {
    other.forEachKey { key, _ in
      other.forEachCell(of: key) { theirs in
        guard let mine = cell(key, theirs.action) else { return set(key, theirs) }
        let visits = UInt32(clamping: UInt64(mine.visits) + UInt64(theirs.visits))
        let sum = Float(mine.visits) * mine.value + Float(theirs.visits) * theirs.value
        set(key, Cell(action: mine.action, value: sum / Float(visits), visits: visits))
      }
    }
  }
}
