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
  /// validation ratings choose, those counts alone, and the counts that are best alone there; then
  /// the nearest sessions, alone and as a third member of the mixture, and both once more where
  /// sessions and counts are those of the validation ratings too.
  public func contestants(
    _ log: RatingsLog, _ split: UserSplit, seed: UInt64, on backend: any Backend
  ) throws -> [Contestant] {
    let log = log.counted(split, on: scale)
    let networks = try GRUScorer(run, itemCount: log.itemCount, on: backend)
    let (done, wanted) = (
      try run.readCheckpoint().integer("finished", .count), run.settings.settings.networks
    )
    func contestant(_ scorer: any NextItemScorer, _ remark: String? = nil) -> Contestant {
      Contestant(
        scorer, log, split, scale: scale, seed: seed,
        remark: remark.map { "\(run.folder.path): \($0)" })
    }
    let own = contestant(
      networks, done < wanted ? "not fully trained: \(done) of \(wanted) networks" : nil)
    if run.settings.settings.head != nil { return [own] }
    let statistics = ItemStatistics(log, split, scale: scale)
    guard !split.validationUsers.isEmpty else {
      let mixture = MixedScores.Settings()
      let counts = WindowedMarkov(log, split, statistics, mixture.counts, name: "chosen counts")
      return [
        own,
        contestant(
          MixedScores(networks, counts, mixture),
          "mixture of equal weights, since nothing is held out for validation"),
        contestant(counts),
      ]
    }
    let validation = try NextItemEvaluation(log, split, scale: scale, of: .validation)
    let mixture = try MixedScores.Settings(
      choosingFor: networks, log, split, statistics, on: validation)
    let alone = try MixedScores.Settings(
      choosingFor: nil, log, split, statistics, on: validation
    ).counts
    let counts = WindowedMarkov(log, split, statistics, mixture.counts, name: "chosen counts")
    let best = WindowedMarkov(log, split, statistics, alone, name: "best counts")
    let near = try neighbours(
      beside: networks, counts, mixture, log, split, validation, contestant)
    return [
      own,
      contestant(
        MixedScores(networks, counts, mixture),
        "mixture of GRU \(decimal(Double(mixture.share), 1)), counts of "
          + "\(Self.text(mixture.counts)), chosen on the validation ratings"),
      contestant(counts),
      contestant(best, "best counts of \(Self.text(alone))"),
    ] + near
  }

  /// The nearest sessions alone and in the mixture, and both where sessions and counts are also
  /// those of what was held out for validation.
  private func neighbours(
    beside networks: GRUScorer, _ counts: WindowedMarkov, _ mixture: MixedScores.Settings,
    _ log: RatingsLog, _ split: UserSplit, _ validation: NextItemEvaluation,
    _ contestant: (any NextItemScorer, String?) -> Contestant
  ) throws -> [Contestant] {
    let index = SessionIndex(log, split)
    let settings = SessionNeighbours.Settings(choosingFrom: index, on: validation)
    let neighbours = SessionNeighbours(index, settings, name: "best session kNN")
    var mixture = mixture
    try mixture.chooseShares(networks, counts, neighbours, on: validation)
    let all = split.withoutValidation
    let more = SessionNeighbours(
      SessionIndex(log, all), settings, name: "best session kNN, refitted")
    let moreCounts = WindowedMarkov(
      log, all, ItemStatistics(log, all, scale: scale), mixture.counts, name: counts.name)
    return [
      contestant(neighbours, "best session kNN of \(Self.text(settings))"),
      contestant(
        MixedScores(networks, counts, mixture, neighbours: neighbours),
        "mixture of three: GRU \(decimal(Double(mixture.share), 1)), and session kNN "
          + "\(decimal(Double(mixture.neighbourShare), 2)) of what is not the GRU's, chosen on the "
          + "validation ratings"),
      contestant(
        more,
        "refitted: sessions and counts are those of the validation ratings too, by the settings "
          + "chosen on them; the networks have not learned from these"),
      contestant(MixedScores(networks, moreCounts, mixture, neighbours: more), nil),
    ]
  }

  private static func text(_ counts: WindowedMarkov.Settings) -> String {
    "window \(counts.window), lag^-\(counts.lagExponent), backward \(counts.backward), shrinkage "
      + "\(counts.shrinkage), popularity^-\(counts.popularityExponent)"
  }

  private static func text(_ near: SessionNeighbours.Settings) -> String {
    "window \(near.window), \(near.neighbours) of the latest \(near.latest), "
      + "lag^-\(near.lagExponent), distance^-\(near.distanceExponent), rarity \(near.rarity)"
  }
}
