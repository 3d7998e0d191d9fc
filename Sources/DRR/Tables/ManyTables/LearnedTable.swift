import DRRCore

/// What one of many tables learned, in a few numbers.
package struct LearnedTable: Sendable {
  /// The genre, or the cluster.
  package var name: String
  /// States that were met.
  package var rows = 0
  /// State-action entries that were visited.
  package var cells = 0
  /// Visits of all entries.
  package var visits = 0
  /// Mean Q of the entries, each as often as it was visited; 0 where there is none.
  package var meanValue = 0.0
  /// What its entries add to the scores of items, as far as that is above 0, by the table of the item
  /// that is valued. An item of several tables counts for each in part. [tables], and one more for
  /// items that have no table.
  package var gains: [Double]
  /// The entries that add most to a score, the first the most.
  package var strongest: [Entry] = []

  /// What one state learned of one item.
  package struct Entry: Sendable {
    /// Of the state, in ascending order.
    package var items: [Int32]
    /// What may come next.
    package var next: Int32
    package var value: Double
    package var visits: Int
    /// What it adds to a score.
    package var gain: Double
  }
}

extension MultiTableScorer {
  /// What every table that has an entry learned, those with the most visits first.
  ///
  /// - Parameter count: how many of the strongest entries are named.
  package func learned(strongest count: Int) -> [LearnedTable] {
    let unknown = configuration.optimisticStart ?? 0
    let code = SubStateKey(order: configuration.order)
    let none = tables.names.count
    var found = tables.names.map {
      LearnedTable(name: $0, gains: Array(repeating: 0, count: none + 1))
    }
    var strongest: [[(key: UInt64, cell: QTable.Cell, gain: Float)]] = Array(
      repeating: [], count: none)
    table.forEachKey { key, cells in
      let place = SubStateKey.table(key)
      found[place].rows += 1
      found[place].cells += cells
      table.forEachCell(of: key) { cell in
        let gain = value(of: cell, unknown: unknown)
        found[place].visits += Int(cell.visits)
        found[place].meanValue += Double(cell.value) * Double(cell.visits)
        let valued = tables.ofItem(Int(cell.action))
        let share = Double(max(gain, 0)) / Double(max(valued.count, 1))
        for table in valued { found[place].gains[Int(table)] += share }
        if valued.isEmpty { found[place].gains[none] += share }
        strongest[place].append((key, cell, gain))
        // Now and then the weakest are forgotten.
        if strongest[place].count > 4 * (count + 16) { Self.keep(count, of: &strongest[place]) }
      }
    }
    for place in found.indices {
      found[place].meanValue /= Double(max(found[place].visits, 1))
      Self.keep(count, of: &strongest[place])
      found[place].strongest = strongest[place].map { key, cell, gain in
        LearnedTable.Entry(
          items: code.items(key), next: Int32(cell.action), value: Double(cell.value),
          visits: Int(cell.visits), gain: Double(gain))
      }
    }
    return found.filter { $0.cells > 0 }
      .sorted { ($1.visits, $0.name) < ($0.visits, $1.name) }
  }

  /// Of equal gains what was visited more, then the lower key and item: whatever order they came in.
  private static func keep(
    _ count: Int, of entries: inout [(key: UInt64, cell: QTable.Cell, gain: Float)]
  ) {
    entries.sort {
      ($1.gain, $1.cell.visits, $0.key, $0.cell.action)
        < ($0.gain, $0.cell.visits, $1.key, $1.cell.action)
    }
    entries = Array(entries.prefix(count))
  }
}
