import DRRCore
import DRRData
import Tables
import Tensor

/// A trained run of many tables.
public struct ComparedMultiTable: ComparedRun {
  public static let algorithms = MultiTableRunConfiguration.algorithms
  let run: Run<MultiTableRunConfiguration>

  public init(_ folder: RunFolder) throws { run = try Run(reading: folder) }

  public var data: DataIdentity { run.settings.data }
  public var evaluation: EvaluationProtocol { run.settings.evaluation }
  public var scale: RewardScale { run.settings.scale }

  /// Its Q as the run's settings merge them, and its visits alone.
  public func contestants(
    _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
  ) throws -> [Contestant] {
    let training = try MultiTableTraining(run, log, split)
    let (table, rounds) = try training.readTable()
    let settings = run.settings.settings
    let remark =
      rounds < training.roundCount
      ? "\(run.folder.path): not fully trained: \(rounds) of \(training.roundCount) rounds" : nil
    var visits = settings
    visits.aggregation = .visits
    let kinds = settings.aggregation == .visits ? [visits] : [settings, visits]
    return kinds.map { settings in
      Contestant(
        training.scorer(table, settings), log, split, scale: scale, seed: seed, remark: remark)
    }
  }
}

extension MultiTableTraining {
  var roundCount: Int {
    let settings = run.settings.settings
    if settings.solver == .iteration { return 1 }
    return (histories.count + settings.roundSize - 1) / settings.roundSize * settings.epochs
  }

  /// What was trained so far, all shards together; of double Q's two tables the mean.
  public func readTable() throws -> (table: QTable, rounds: Int) {
    let isDouble = run.settings.settings.doubleQ
    let tables = (0..<(isDouble ? 2 : 1)).map { _ in QTable() }
    let (round, _) = try MultiTableCheckpoint(run).read(into: tables)
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
        let visits = mine.visits + theirs.visits
        let sum = Float(mine.visits) * mine.value + Float(theirs.visits) * theirs.value
        set(key, Cell(action: mine.action, value: sum / Float(visits), visits: visits))
      }
    }
  }
}
