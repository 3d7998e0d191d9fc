import DRRCore
import DRRData
import Tensor

/// The decision process that a log makes: of every sub-state and every item watched in it, how
/// often, the mean reward, and in which shares the next sub-states followed.
///
///     Q(s, a) = r̄(s, a) + γ Σ_s' p(s' | s, a) max_a' Q(s', a')
///
/// Its solution by synchronous value iteration depends on no order and no step size: it is what
/// Q-learning with 1/n comes to, and the trainer that needs only a few passes over the counts.
public struct EmpiricalProcess: Sendable {
  /// In ascending order.
  public private(set) var keys: [UInt64] = []
  /// `keys.count + 1` entries: where the cells of a row begin.
  public private(set) var rowOffsets = [0]
  /// By cell; in ascending order in a row.
  public private(set) var actions: [UInt32] = []
  public private(set) var visits: [UInt32] = []
  public private(set) var meanRewards: [Double] = []
  /// `actions.count + 1` entries: where the next sub-states of a cell begin.
  public private(set) var nextOffsets = [0]
  public private(set) var nextRows: [Int32] = []
  public private(set) var nextShares: [Double] = []

  public private(set) var eventCount = 0

  public var cellCount: Int { actions.count }
  /// Sub-states of all events' states.
  public var subStateCount: Int { visits.reduce(0) { $0 + Int($1) } }

  /// One visit of a cell, or one of its next sub-states.
  fileprivate struct Record {
    var key: UInt64
    var action: UInt32
    /// 0 in the record of the visit itself.
    var next: UInt64
    /// The reward of a visit; the share of a next sub-state.
    var amount: Float
  }

  /// What the log's visits take at least while they are counted.
  ///
  /// - Parameters:
  ///   - subStates: those of all states.
  ///   - visits: those of the states that an item followed.
  static func bytes(subStates: Int, visits: Int) -> Int {
    subStates * (MemoryLayout<SubState>.stride + MemoryLayout<QTable.Best>.stride)
      + visits * MemoryLayout<Record>.stride
  }

  public init(
    _ configuration: MultiTableConfiguration, _ histories: Histories, _ tables: ItemTables,
    scale: RewardScale
  ) {
    var records: [Record]
    (records, eventCount) = Self.records(configuration, histories, tables, scale: scale)
    // Equal records in one order, so that sums of their amounts have equal bits.
    records.sort {
      ($0.key, UInt64($0.action), $0.next, $0.amount)
        < ($1.key, UInt64($1.action), $1.next, $1.amount)
    }
    var nextKeys: [UInt64] = []
    var at = 0
    while at < records.count {
      let first = records[at]
      if keys.last != first.key {
        keys.append(first.key)
        rowOffsets.append(rowOffsets.last!)
      }
      var (count, reward) = (0, 0.0)
      while at < records.count, records[at].isSameCell(as: first), records[at].next == 0 {
        count += 1
        reward += Double(records[at].amount)
        at += 1
      }
      while at < records.count, records[at].isSameCell(as: first) {
        let next = records[at].next
        var share = 0.0
        while at < records.count, records[at].isSameCell(as: first), records[at].next == next {
          share += Double(records[at].amount)
          at += 1
        }
        nextKeys.append(next)
        nextShares.append(share / Double(count))
      }
      actions.append(first.action)
      visits.append(UInt32(count))
      meanRewards.append(reward / Double(count))
      nextOffsets.append(nextKeys.count)
      rowOffsets[rowOffsets.count - 1] = actions.count
    }
    // A state at the end of a log may never have been left: it has no row, and is worth the start.
    nextRows = nextKeys.map { Int32(row(of: $0) ?? -1) }
  }

  private static func records(
    _ configuration: MultiTableConfiguration, _ histories: Histories, _ tables: ItemTables,
    scale: RewardScale
  ) -> (records: [Record], events: Int) {
    let splitter = SubStateSplitter(configuration, tables)
    var batch = EventBatch()
    batch.collect(0..<histories.count, histories, splitter, lookedUp: .none)
    var records: [Record] = []
    for event in batch.events {
      let reward = configuration.value(of: event.rating, on: scale)
      let isLooking = !(event.isLast && configuration.endsAreTerminal)
      for place in event.state {
        let subState = batch.subStates[place]
        records.append(
          Record(key: subState.key, action: UInt32(event.item), next: 0, amount: reward))
        guard isLooking else { continue }
        let next = event.next.map { batch.subStates[$0] }
        let wanted = configuration.bootstrap.subStates(of: next, table: subState.table)
        let weights = wanted.reduce(0) { $0 + $1.weight }
        for following in wanted {
          records.append(
            Record(
              key: subState.key, action: UInt32(event.item), next: following.key,
              amount: following.weight / weights))
        }
      }
    }
    return (records, batch.events.count)
  }

  private func row(of key: UInt64) -> Int? {
    var (low, high) = (0, keys.count)
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low < keys.count && keys[low] == key ? low : nil
  }

  /// Q by cell: sweeps over all cells from the values of the sweep before, until no Q moves by more
  /// than `tolerance`, or `progress` says no.
  ///
  /// - Parameter start: what a state without a row is worth, and with `optimistic` every state at
  ///   least.
  public func solve(
    discount: Double, start: Double? = nil, tolerance: Double = 1e-9,
    progress: (_ sweeps: Int, _ change: Double) -> Bool = { _, _ in true }
  ) -> [Double] {
    var values = [Double](repeating: start ?? 0, count: cellCount)
    var sweeps = 0
    while true {
      let worths = keys.indices.map { row in
        let best = values[rowOffsets[row]..<rowOffsets[row + 1]].max()!
        return start.map { max($0, best) } ?? best
      }
      var change = 0.0
      for cell in 0..<cellCount {
        var ahead = 0.0
        for at in nextOffsets[cell]..<nextOffsets[cell + 1] {
          ahead += nextShares[at] * (nextRows[at] < 0 ? start ?? 0 : worths[Int(nextRows[at])])
        }
        let value = meanRewards[cell] + discount * ahead
        change = max(change, abs(value - values[cell]))
        values[cell] = value
      }
      sweeps += 1
      if !progress(sweeps, change) || change <= tolerance || discount == 0 { return values }
    }
  }

  /// The process's tables with these values.
  public func table(_ values: [Double]) -> QTable {
    let table = QTable()
    for (row, key) in keys.enumerated() {
      for cell in rowOffsets[row]..<rowOffsets[row + 1] {
        table.set(
          key,
          QTable.Cell(action: actions[cell], value: Float(values[cell]), visits: visits[cell]))
      }
    }
    return table
  }
}

extension EmpiricalProcess.Record {
  fileprivate func isSameCell(as other: Self) -> Bool {
    key == other.key && action == other.action
  }
}

extension MultiTableConfiguration.Bootstrap {
  /// Those of the next state that a target of a table looks ahead to.
  func subStates(of next: [SubState], table: Int) -> [SubState] {
    let own = next.filter { $0.newest == 1 }
    switch self {
    case .actionTable: return own
    case .meanOfSubstates: return next
    case .sameGenre:
      let same = next.filter { $0.table == table }
      return same.isEmpty ? own : same
    }
  }
}
