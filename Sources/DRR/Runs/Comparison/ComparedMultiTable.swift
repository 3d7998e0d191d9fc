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
    let log = log.counted(split, on: scale)
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
