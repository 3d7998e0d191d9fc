import DRRCore
import Tensor

extension MultiTableTraining {
  /// What training takes of memory at least: value iteration holds every visit of the log at once.
  /// What learning takes is what its tables come to, which shows on the way (``TableRoom``).
  public var memory: MemoryNeed {
    let settings = run.settings.settings
    var need = MemoryNeed()
    guard settings.solver == .iteration else { return need }
    let splitter = SubStateSplitter(settings, tables)
    var (subStates, visits) = (0, 0)
    histories.items.withUnsafeBufferPointer { items in
      for user in 0..<histories.userCount {
        let rows = histories.rows(ofUser: user)
        guard rows.count > 1 else { continue }
        for last in rows {
          let before = subStates
          splitter.forEach(UnsafeBufferPointer(rebasing: items[rows.lowerBound...last])) { _ in
            subStates += 1
          }
          if last + 1 < rows.upperBound { visits += subStates - before }
        }
      }
    }
    need.add(
      "the visits of states",
      host: Double(EmpiricalProcess.bytes(subStates: subStates, visits: visits)) / 4,
      lower: "--window", settings.window)
    return need
  }
}

/// Looks whether there is memory before tables grow by much, since nobody knows before how many
/// states a log has.
package struct TableRoom {
  /// Tables grow by so many bytes between two looks, or fewer.
  private static let step = 16 << 20
  /// How many learners of this process grow alike.
  let sharers: Int
  /// Bytes that can still be taken.
  package var free: () -> UInt64 = { HostMemory.freeBytes }
  /// The tables' at the last look.
  private var seen = 0

  package init(_ collective: any Collective) {
    sharers = (collective as? ThreadCollective)?.size ?? 1
  }

  /// To be called before a round.
  ///
  /// - Parameters:
  ///   - rows: how many it may add.
  ///   - progress: how far the training is, for people.
  /// - Throws: `ConfigurationError` where the tables might not find the memory.
  package mutating func require(
    for tables: [QTable], rows: Int, _ configuration: MultiTableConfiguration,
    _ progress: @autoclosure () -> String
  ) throws(ConfigurationError) {
    let bytes = tables.reduce(0) { $0 + $1.bytes }
    let growth = tables.reduce(0) { $0 + $1.growth(rows: rows) }
    guard bytes + growth >= seen + Self.step else { return }
    seen = bytes
    // What is saved is copied, part by part.
    let cells = min(tables.reduce(0) { $0 + $1.cellCount }, MultiTableCheckpoint.cellsPerPart)
    let wanted = Double(sharers * (growth + 4 * MemoryLayout<QTable.Cell>.stride * cells))
    let free = Double(free())
    guard wanted > free else { return }
    throw ConfigurationError(
      "the tables take \(byteText(Double(bytes * sharers))) of memory by \(progress()) and want "
        + "\(byteText(wanted)) more to grow and be saved, where \(byteText(free)) are free on this "
        + "machine; lower --window (\(configuration.window)) or --order (\(configuration.order)), "
        + "or keep fewer items by --top-items")
  }
}
