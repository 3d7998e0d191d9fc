import DRRCore
import Essentials
import Tensor

/// A run's tables on the disk: parts of each shard in files of their own, and one file that names
/// the round they are of, written last. A run that was killed at any moment finds the last whole
/// one; how many shards wrote it, and how many read it, makes no difference.
package struct MultiTableCheckpoint {
  let training: MultiTableTraining
  private var run: Run<MultiTableRunConfiguration> { training.run }

  /// A part's arrays have about so many cells at most, to keep the copy that is written small.
  static let cellsPerPart = 2_000_000

  package init(_ training: MultiTableTraining) { self.training = training }

  private var folder: RunFolder { run.folder }
  private static let prefix = "table-"
  private static let names = ["table", "second"]

  private func path(round: Int, rank: Int, part: Int) -> String {
    "\(folder.path)/\(Self.prefix)\(round)-\(rank)-\(part).safetensors"
  }

  private func metadata() throws -> [String: String] {
    try run.metadata(run.stage, device: "cpu")
  }

  /// Writes a rank's tables, and adds to the file that all share which round they are of.
  func save(
    _ learner: MultiTableLearner, round: Int, to file: inout SafetensorsWriter
  ) throws {
    let collective = learner.collective
    let cells = learner.shards.reduce(0) { $0 + $1.cellCount }
    let parts = cells / Self.cellsPerPart + 1
    for part in 0..<parts {
      var file = SafetensorsWriter(metadata: try metadata())
      for (name, table) in zip(Self.names, learner.shards) {
        try table.add(to: &file, name, part: part, of: parts)
      }
      try file.write(to: path(round: round, rank: collective.rank, part: part))
    }
    // By then every rank's files are whole.
    let allParts = try collective.allGather([UInt64(parts)]).map { $0[0] }
    file.metadata["counts"] = try RunFolder.json(learner.countsOfAll())
    try file.add("round", [Int64(round)])
    try file.add("parts", allParts)
  }

  /// Forgets the tables that a process left which was killed before its first checkpoint was whole.
  func begin(_ learner: MultiTableLearner) throws {
    if learner.collective.rank == 0 { removeFiles(except: nil) }
    try learner.collective.barrier()
  }

  /// Gives the learner its shard of what was saved.
  ///
  /// - Returns: the rounds that were learned.
  func restore(_ learner: MultiTableLearner, from file: SafetensorsFile) throws -> Int {
    let collective = learner.collective
    let (round, counts) = try read(file, into: learner.shards, of: collective)
    if collective.rank == 0 {
      learner.counts = counts
      // Of a process that was killed before it did.
      removeFiles(except: round)
    }
    return round
  }

  /// - Returns: the round, and what was counted until then.
  package func read(
    into tables: [QTable]
  ) throws -> (round: Int, counts: MultiTableLearner.Counts) {
    try read(run.readCheckpoint(), into: tables)
  }

  /// - Parameter shard: the ranks, this one of which wants its rows; nil: all rows.
  private func read(
    _ file: SafetensorsFile, into tables: [QTable], of shard: (any Collective)? = nil
  ) throws -> (round: Int, counts: MultiTableLearner.Counts) {
    let settings = run.settings.settings
    // Of value iteration a round is a sweep, of which nobody knows how many it takes.
    let round = try file.integer(
      "round", settings.solver == .iteration ? .count : .in(0...Int64(training.roundCount)))
    let ranks = try file.values("parts", Expected<UInt64>.in(1...1 << 32))
    try file.require(!ranks.isEmpty, "parts", "names no rank", "one or more")
    let keys = SubStateKey(order: settings.order).keys(
      tables: training.tables.names.count, items: training.itemCount)
    // As many ranks as wrote them own what they owned.
    let isAlike = shard?.size == ranks.count
    for (rank, parts) in ranks.enumerated() where !isAlike || rank == shard?.rank {
      for part in 0..<Int(parts) {
        let file = try SafetensorsFile(ofRun: path(round: round, rank: rank, part: part))
        try run.check(file, is: run.stage)
        for (name, table) in zip(Self.names, tables) {
          try table.read(from: file, name, keys: keys, itemCount: training.itemCount) { key in
            shard.map { KeyHash.shard(of: key, count: $0.size) == $0.rank } ?? true
          }
        }
      }
    }
    // Older programs did not count.
    guard let text = file.metadata["counts"] else { return (round, MultiTableLearner.Counts()) }
    guard let counts = RunFolder.value(MultiTableLearner.Counts.self, json: text),
      counts.all.allSatisfy({ (0...1 << 48).contains($0) })
    else { throw CheckpointError.malformed(path: file.path, reason: "its counts are \(text)") }
    return (round, counts)
  }

  /// Forgets tables of other rounds.
  func removeFiles(except round: Int?) {
    let kept = round.map { "\(Self.prefix)\($0)-" }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    where name.hasPrefix(Self.prefix) && name.hasSuffix(".safetensors") {
      if let kept, name.hasPrefix(kept) { continue }
      folder.remove("\(folder.path)/\(name)")
    }
  }
}

extension MultiTableLearner.Counts {
  fileprivate var all: [Int] { [updates, events, subStates, messages, recommended, clicked] }
}

extension MultiTableLearner {
  /// What all ranks counted.
  func countsOfAll() throws(CollectiveError) -> Counts {
    let sums = try collective.allReduce(counts.all.map(Double.init)).map { Int($0) }
    var all = Counts()
    (all.updates, all.events, all.subStates) = (sums[0], sums[1], sums[2])
    (all.messages, all.recommended, all.clicked) = (sums[3], sums[4], sums[5])
    return all
  }
}
