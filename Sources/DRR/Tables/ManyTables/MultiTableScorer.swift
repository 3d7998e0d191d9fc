import DRRData
import Platform
import Tensor

/// What many tables recommend next: the merged scores of the sub-states of what was watched last.
public struct MultiTableScorer: NextItemHostScorer {
  public let name: String
  let configuration: MultiTableConfiguration
  package let tables: ItemTables
  /// What was learned; nothing changes it any more.
  nonisolated(unsafe) let table: QTable
  package let backOff: MultiTableBackOff

  public init(
    _ configuration: MultiTableConfiguration, _ tables: ItemTables, _ table: QTable,
    _ backOff: MultiTableBackOff
  ) {
    self.configuration = configuration
    self.tables = tables
    self.table = table
    self.backOff = backOff
    name =
      configuration.aggregation == .visits
      ? "multi-table visits" : "multi-table Q, \(configuration.aggregation.rawValue)"
  }

  public func scores(_ query: NextItemQuery) -> [Float] {
    scores(query, SubStateSplitter(configuration, tables))
  }

  /// The scores of one query after another, on the caller's thread.
  package func scores(inTurn queries: [NextItemQuery]) -> [[Float]] {
    let splitter = SubStateSplitter(configuration, tables)
    return queries.map { scores($0, splitter) }
  }

  private func scores(_ query: NextItemQuery, _ splitter: SubStateSplitter) -> [Float] {
    Array(query.items).withUnsafeBufferPointer { scores($0, splitter) }
  }

  /// - Parameter history: what was watched, oldest first.
  private func scores(
    _ history: UnsafeBufferPointer<Int32>, _ splitter: SubStateSplitter
  ) -> [Float] {
    let unknown = configuration.optimisticStart ?? 0
    var scores = Aggregate(configuration.aggregation, itemCount: tables.itemCount)
    var isKnown = false
    splitter.forEach(history) { subState in
      let weight = subState.weight * pow(Float(subState.oldest), -configuration.lagExponent)
      for (key, share) in keys(of: subState) {
        table.forEachCell(of: key) { cell in
          isKnown = true
          scores.add(
            value(of: cell, unknown: unknown), weight: weight * share, to: Int(cell.action))
        }
      }
    }
    guard configuration.backOff != .none else { return scores.values(unknown: unknown) }
    if !isKnown { return backOff.scores(after: history.last) }
    return scores.values(unknown: unknown, tieBreak: backOff.popularity)
  }

  /// The row to look at: that of the sub-state, or where it has none and the setting is so, those
  /// of its items.
  private func keys(of subState: SubState) -> [(key: UInt64, share: Float)] {
    let code = SubStateKey(order: configuration.order)
    guard configuration.backOff == .lowerOrder, !table.contains(subState.key) else {
      return [(subState.key, 1)]
    }
    let items = code.items(subState.key)
    return items.map { item in
      let key = withUnsafePointer(to: item) {
        code.key(
          table: UInt8(subState.table), items: UnsafeBufferPointer(start: $0, count: 1))
      }
      return (key, 1 / Float(items.count))
    }
  }

  func value(of cell: QTable.Cell, unknown: Float) -> Float {
    let visits = Float(cell.visits)
    return switch configuration.aggregation {
    case .mean, .max: cell.value
    // A sub-state that does not know the item adds nothing.
    case .sum: cell.value - unknown
    case .shrunk: (cell.value - unknown) * visits / (visits + configuration.shrinkage)
    case .visits: visits
    }
  }
}

/// Scores of items from several sub-states.
private struct Aggregate {
  private let kind: MultiTableConfiguration.Aggregation
  private var sums: [Float]
  /// Of the sub-states that know an item; with `max` 1 where one does.
  private var weights: [Float]

  init(_ kind: MultiTableConfiguration.Aggregation, itemCount: Int) {
    self.kind = kind
    sums = [Float](repeating: 0, count: itemCount)
    weights = sums
  }

  mutating func add(_ value: Float, weight: Float, to item: Int) {
    if kind == .max {
      sums[item] = weights[item] == 0 ? value : Swift.max(sums[item], value)
      weights[item] = 1
    } else {
      sums[item] += weight * value
      weights[item] += weight
    }
  }

  /// An item that no sub-state knows is worth `unknown`; of such, what ranks higher by `tieBreak`
  /// does.
  func values(unknown: Float, tieBreak: [Float]? = nil) -> [Float] {
    sums.indices.map { item in
      guard weights[item] > 0 else { return unknown + 1e-6 * (tieBreak?[item] ?? 0) }
      return switch kind {
      case .mean: sums[item] / weights[item]
      case .max, .visits: sums[item]
      case .sum, .shrunk: unknown + sums[item]
      }
    }
  }
}

/// What stands in for states that no table knows: what was watched most, and what followed what.
public struct MultiTableBackOff: Sendable {
  /// Shares of the training events, by item.
  public let popularity: [Float]
  /// By item, how often others came right after it; empty but for `markov`.
  package let followers: [Int32: [Int32: Float]]

  package init(popularity: [Float], followers: [Int32: [Int32: Float]]) {
    self.popularity = popularity
    self.followers = followers
  }

  /// - Parameter kind: followers are counted for `markov` alone.
  public init(
    _ histories: Histories, itemCount: Int, _ kind: MultiTableConfiguration.BackOff
  ) {
    var counts = [Float](repeating: 0, count: itemCount)
    for item in histories.items { counts[Int(item)] += 1 }
    popularity = counts.map { $0 / Float(max(histories.count, 1)) }
    var followers: [Int32: [Int32: Float]] = [:]
    if kind == .markov {
      for user in 0..<histories.userCount {
        let rows = histories.rows(ofUser: user)
        for row in rows.dropFirst() {
          followers[histories.items[row - 1], default: [:]][histories.items[row], default: 0] += 1
        }
      }
    }
    self.followers = followers
  }

  /// Counts of what followed the last item, where any did; popularity below them.
  func scores(after last: Int32?) -> [Float] {
    var scores = popularity
    if let last, let found = followers[last] {
      for (item, count) in found { scores[Int(item)] += count }
    }
    return scores
  }
}
