import DRRCore
import DRRData
import Evaluation
import NextItem
import Tensor

/// A trained run of GRUs on next items.
public struct ComparedGRU: ComparedRun {
  public static let algorithms = GRURunConfiguration.algorithms
  let run: Run<GRURunConfiguration>

  public init(_ folder: RunFolder) throws { run = try Run(reading: folder) }

  public var data: DataIdentity { run.settings.data }
  public var evaluation: EvaluationProtocol { run.settings.evaluation }
  public var scale: RewardScale { run.settings.scale }

  /// The networks alone; without a head also mixed with counts of what followed what as the
  /// validation ratings choose, those counts alone, and the counts that are best alone there.
  public func contestants(
    _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
  ) throws -> [Contestant] {
    let log = log.counted(split, on: scale)
    let networks = try GRUScorer(run, itemCount: log.itemCount, on: backend)
    let (done, wanted) = (
      try run.readCheckpoint().integer("finished", .count), run.settings.settings.networks
    )
    let own = Contestant(
      networks, log, split, scale: scale, seed: seed,
      remark: done < wanted
        ? "\(run.folder.path): not fully trained: \(done) of \(wanted) networks" : nil)
    if run.settings.settings.head != nil { return [own] }
    let statistics = ItemStatistics(log, split, scale: scale)
    var mixture = MixedScores.Settings()
    var alone: WindowedMarkov.Settings?
    var choice = "equal weights, since nothing is held out for validation"
    if !split.validationUsers.isEmpty {
      let validation = try NextItemEvaluation(log, split, scale: scale, of: .validation)
      mixture = try MixedScores.Settings(
        choosingFor: networks, log, split, statistics, on: validation)
      alone = try MixedScores.Settings(
        choosingFor: nil, log, split, statistics, on: validation
      ).counts
      choice =
        "GRU \(decimal(Double(mixture.share), 1)), counts of \(Self.text(mixture.counts)), chosen on "
        + "the validation ratings"
    }
    let counts = WindowedMarkov(log, split, statistics, mixture.counts, name: "chosen counts")
    let mixed = MixedScores(networks, counts, share: mixture.share)
    let best = alone.map { settings in
      Contestant(
        WindowedMarkov(log, split, statistics, settings, name: "best counts"), log, split,
        scale: scale, seed: seed,
        remark: "\(run.folder.path): best counts of \(Self.text(settings))")
    }
    return [
      own,
      Contestant(
        mixed, log, split, scale: scale, seed: seed,
        remark: "\(run.folder.path): mixture of \(choice)"),
      Contestant(counts, log, split, scale: scale, seed: seed),
    ] + [best].compactMap { $0 }
  }

  private static func text(_ counts: WindowedMarkov.Settings) -> String {
    "window \(counts.window), lag^-\(counts.lagExponent), backward \(counts.backward), shrinkage "
      + "\(counts.shrinkage), popularity^-\(counts.popularityExponent)"
  }
}
