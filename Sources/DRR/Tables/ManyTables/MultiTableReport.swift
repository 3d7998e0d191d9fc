import DRRCore
import Platform
import Tensor

/// What a training of many tables leaves to say.
public struct MultiTableReport: Codable, Hashable, Sendable {
  public var rows: Int
  public var cells: Int
  /// Of the tables, in all shards.
  public var bytes: Int
  /// Cells that tables with a row for every combination of their items would have.
  public var denseCells: Double
  public var rounds: Int
  public var counts: MultiTableLearner.Counts
  public var subStatesPerEvent: Double
  /// In this process and those with it, since it was started.
  public var updatesPerSecond: Double
  /// A second of work of one core, checkpoints and messages within.
  public var updatesPerCoreSecond: Double
  public var messagesPerRound: Double
  public var shards: Int
  /// The cells of the largest shard over those of a shard in the mean.
  public var shardSkew: Double
  /// Shares of the cells by table, largest first.
  public var tableShares: [TableShare]
  /// Of the sub-states that held-out events come after, the share that has a row; nil where nothing
  /// is held out.
  public var coverage: Double?
  /// Share of the held-out events none of whose sub-states has one: what is recommended is backed
  /// off.
  public var backOffRate: Double?
  /// Of lists recommended in training, the items that were watched.
  public var clickRate: Double?
  /// Of the tables' contents; the same for every number of shards.
  public var checksum: String

  public struct TableShare: Codable, Hashable, Sendable {
    public var table: String
    public var share: Double
  }
}

extension MultiTableTraining {
  /// All ranks make it together.
  func report(
    _ learner: MultiTableLearner, rounds: Int, updatesHere: Int,
    clocks: (wall: Double, cpu: Double)
  ) throws -> MultiTableReport {
    let collective = learner.collective
    let shards = learner.shards
    let sizes = try collective.allGather([
      shards.reduce(0) { $0 + $1.rowCount }, shards.reduce(0) { $0 + $1.cellCount },
      shards.reduce(0) { $0 + $1.bytes }, updatesHere,
    ])
    let work = try collective.allReduce([clocks.cpu])[0]
    func total(_ column: Int) -> Int { sizes.reduce(0) { $0 + $1[column] } }
    let cells = total(1)
    let checksums = try collective.allGather(
      [shards.enumerated().reduce(UInt64(0)) { $0 &+ $1.element.checksum &* UInt64($1.offset + 1) }]
    )
    let counts = try learner.countsOfAll()
    let coverage = try coverage(learner)
    let learnedCells = Double(max(cells, 1))
    return MultiTableReport(
      rows: total(0), cells: cells, bytes: total(2), denseCells: denseCells(),
      rounds: rounds, counts: counts,
      subStatesPerEvent: Double(counts.subStates) / Double(max(counts.events, 1)),
      updatesPerSecond: Double(total(3)) / max(clocks.wall, 1e-9),
      updatesPerCoreSecond: Double(total(3)) / max(work, 1e-9),
      messagesPerRound: Double(counts.messages) / Double(max(rounds, 1)),
      shards: collective.size,
      shardSkew: Double(sizes.map { $0[1] }.max()!) * Double(collective.size) / learnedCells,
      tableShares: try tableShares(learner),
      coverage: coverage.subStates > 0 ? Double(coverage.known) / Double(coverage.subStates) : nil,
      backOffRate: coverage.events > 0
        ? Double(coverage.backedOff) / Double(coverage.events) : nil,
      clickRate: counts.recommended > 0
        ? Double(counts.clicked) / Double(counts.recommended) : nil,
      checksum: String(checksums.reduce(0) { $0 &+ $1[0] }, radix: 16, digits: 16))
  }

  private func tableShares(
    _ learner: MultiTableLearner
  ) throws(CollectiveError) -> [MultiTableReport.TableShare] {
    var cells = [Double](repeating: 0, count: tables.names.count)
    for shard in learner.shards {
      shard.forEachKey { cells[SubStateKey.table($0)] += Double($1) }
    }
    cells = try learner.collective.allReduce(cells)
    let all = max(cells.reduce(0, +), 1)
    return zip(tables.names, cells).filter { $0.1 > 0 }
      .map { MultiTableReport.TableShare(table: $0.0, share: $0.1 / all) }
      .sorted { ($1.share, $0.table) < ($0.share, $1.table) }
  }

  /// Combinations up to the order of each table's items that were met, times all items met.
  private func denseCells() -> Double {
    var isMet = [Bool](repeating: false, count: itemCount)
    for item in histories.items { isMet[Int(item)] = true }
    var sizes = [Int](repeating: 0, count: tables.names.count)
    var met = 0
    for item in 0..<itemCount where isMet[item] {
      met += 1
      for table in tables.ofItem(item) { sizes[Int(table)] += 1 }
    }
    return sizes.reduce(0.0) { sum, size in
      var (rows, combinations) = (0.0, 1.0)
      for chosen in 1...run.settings.settings.order {
        combinations *= Double(size - chosen + 1) / Double(chosen)
        rows += max(combinations, 0)
      }
      return sum + rows * Double(met)
    }
  }

  private struct Coverage {
    var subStates = 0
    var known = 0
    var events = 0
    var backedOff = 0
  }

  /// Asks for the rows of the sub-states before each held-out event, the ranks a slice of the users
  /// each.
  private func coverage(_ learner: MultiTableLearner) throws(CollectiveError) -> Coverage {
    let (rank, size) = (learner.collective.rank, learner.collective.size)
    let splitter = SubStateSplitter(run.settings.settings, tables)
    let blockSize = 1_024
    var found = Coverage()
    for block in 0..<(heldOut.userCount + blockSize * size - 1) / (blockSize * size) {
      let first = min((block * size + rank) * blockSize, heldOut.userCount)
      var keys: [UInt64] = []
      var ends: [Int] = []
      heldOut.items.withUnsafeBufferPointer { items in
        for user in first..<min(first + blockSize, heldOut.userCount) {
          for row in heldOut.starts[user]..<heldOut.offsets[user + 1] {
            splitter.forEach(
              UnsafeBufferPointer(rebasing: items[heldOut.offsets[user]..<row])
            ) { keys.append($0.key) }
            ends.append(keys.count)
          }
        }
      }
      let isKnown = try learner.contains(keys)
      var start = 0
      for end in ends {
        let known = isKnown[start..<end].count { $0 }
        found.subStates += end - start
        found.known += known
        found.events += 1
        if known == 0 { found.backedOff += 1 }
        start = end
      }
    }
    let sums = try learner.collective.allReduce(
      [found.subStates, found.known, found.events, found.backedOff].map(Double.init)
    ).map { Int($0) }
    return Coverage(
      subStates: sums[0], known: sums[1], events: sums[2], backedOff: sums[3])
  }
}
