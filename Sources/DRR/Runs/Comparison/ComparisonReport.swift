import DRRCore
import DRRData
import Evaluation

/// What a comparison found, with all that it depends on.
public struct ComparisonReport: Codable, Sendable {
  /// A run that stands in the table.
  public struct Run: Codable, Sendable {
    /// The run's folder.
    public var folder: String
    /// The names of its rows.
    public var contestants: [String]

    /// A run by its parts.
    public init(folder: String, contestants: [String]) {
      self.folder = folder
      self.contestants = contestants
    }
  }

  /// Next items at one K.
  public struct Cutoff: Codable, Sendable {
    /// K.
    public var k: Int
    /// HR@K: the fraction of targets among the first K.
    public var hitRate: Estimate
    /// NDCG@K: the mean of 1 / log₂(rank + 1), 0 beyond K.
    public var ndcg: Estimate
    /// MRR@K: the mean of 1 / rank, 0 beyond K; of sessions of clicks alone.
    public var reciprocalRank: Estimate?
  }

  /// Targets of one group of items.
  public struct Group: Codable, Sendable {
    /// The group's name: head, middle or tail; same second, same session or later.
    public var name: String
    /// HR of its targets.
    public var hitRate: Estimate
    /// NDCG of its targets.
    public var ndcg: Estimate
  }

  /// Held-out ratings put in order, at one K.
  public struct Reranking: Codable, Sendable {
    /// K.
    public var k: Int
    /// P@K; nil where no user has K candidates.
    public var precision: Estimate?
    /// NDCG@K with binary gain; nil where no user has K candidates, a liked one among them.
    public var ndcg: Estimate?
  }

  /// The figures of one method.
  public struct Row: Codable, Sendable {
    /// The method's name.
    public var name: String
    /// Next items, a K at a time.
    public var cutoffs: [Cutoff]
    /// MRR: the mean of 1 / rank.
    public var reciprocalRank: Estimate
    /// Share of the catalogue that its lists show.
    public var coverage: Double
    /// How unevenly they show it.
    public var gini: Double
    /// Next items by the popularity of the target.
    public var groups: [Group]
    /// Next items by the time since the previous rating; nil where the data have no times.
    public var pauses: [Group]?
    /// Held-out ratings put in order, a K at a time.
    public var reranking: [Reranking]
    /// By how much it is above the baseline, at the same targets; nil of the baseline itself.
    public var hitRateDifference: Estimate?
    /// The same of NDCG; nil of the baseline itself.
    public var ndcgDifference: Estimate?
    /// The same of NDCG at the largest K of re-ranking.
    public var rerankingDifference: Estimate?
  }

  /// The ratings.
  public var data: DataIdentity
  /// What all methods have learned from.
  public var training: Comparison.Training
  /// How they were compared.
  public var settings: Comparison.Settings
  /// What the figures mean, in a line.
  public var protocolSummary: String
  /// The device that computed them.
  public var device: String
  /// The seeds of the splits.
  public var splitSeeds: [UInt64]
  /// Of each split.
  public var targets: [Int]
  /// The users of each split who have targets.
  public var users: [Int]
  /// The users whose items were ranked in each split, and why others were left out.
  public var admissions: [Session.Admission]
  /// Liked items that the sessions to re-rank begin with.
  public var window: Int
  /// The runs that stand in the table.
  public var runs: [Run]
  /// The table, a method a row.
  public var rows: [Row]

  /// The rows of one method, one of each of its runs; those of `name` among them.
  public func runs(of name: String) -> [Row] {
    func method(_ name: String) -> String? {
      guard let run = runs.first(where: { $0.contestants.contains(name) }) else { return nil }
      let suffix = ", \(run.folder)"
      return name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
    }
    guard let own = method(name) else { return [] }
    return rows.filter { method($0.name) == own }
  }

  /// Whether next items are those of sessions of clicks.
  public var isOfSessions: Bool { training.evaluation.split == .sessions }

  /// The K of the differences, lists and groups.
  public var cutoff: Int { settings.cutoff }

  /// - Parameters:
  ///   - parts: comparisons that differ in their split seeds alone, and the results of the same
  ///     methods in each.
  ///   - data: where the ratings came from.
  /// - Throws: `RunError` if no method has the baseline's name.
  public init(
    _ parts: [(comparison: Comparison, results: Comparison.Results)], runs: [Run],
    data: DataIdentity, device: String
  ) throws {
    let first = parts[0].comparison
    self.data = data
    training = first.training
    settings = first.settings
    protocolSummary = first.protocolSummary
    self.device = device
    splitSeeds = parts.map { $0.comparison.training.evaluation.splitSeed }
    targets = parts.map { $0.comparison.nextItem.queries.count }
    users = parts.map { Set($0.comparison.nextItem.queries.map(\.user)).count }
    admissions = parts.map(\.results.admission)
    window = first.window
    self.runs = runs
    let names = parts[0].results.nextItem.map(\.name)
    guard let baseline = names.firstIndex(of: settings.baseline) else {
      throw RunError(
        "there is no \(settings.baseline) to compare with; there are \(names.joined(separator: ", "))"
      )
    }
    let seed = settings.seed
    let queries = Bootstrap(clusters: parts.flatMap { $0.results.nextItem[0].users }, seed: seed)
    let sessions = Bootstrap(
      clusters: parts.flatMap { $0.results.reranking.first?.users ?? [] }, seed: seed)
    let columns = names.indices.map { at in
      Column(
        nextItem: parts.map { $0.results.nextItem[at] },
        reranking: parts.compactMap {
          $0.results.reranking.isEmpty ? nil : $0.results.reranking[at]
        })
    }
    let (settings, ofSessions) = (settings, first.log.isOfSessions)
    rows = concurrentMap(names.count) { at in
      ColumnFigures(column: columns[at], targets: queries, sessions: sessions, settings: settings)
        .row(less: at == baseline ? nil : columns[baseline], ofSessions: ofSessions)
    }
  }
}

/// One method in every split.
private struct Column: Sendable {
  let nextItem: [NextItemScores]
  let reranking: [RankerScores]
}

/// What a method comes to, with intervals over the targets and the sessions of all splits.
private struct ColumnFigures {
  let column: Column
  let targets: Bootstrap
  let sessions: Bootstrap
  let settings: Comparison.Settings

  func row(less baseline: Column?, ofSessions: Bool) -> ComparisonReport.Row {
    let (k, nextItem) = (settings.cutoff, column.nextItem)
    return ComparisonReport.Row(
      name: nextItem[0].name,
      cutoffs: settings.nextItem.cutoffs.map { k in
        ComparisonReport.Cutoff(
          k: k, hitRate: estimate { $0.values(.hit, at: k) },
          ndcg: estimate { $0.values(.gain, at: k) },
          reciprocalRank: ofSessions ? estimate { $0.values(.reciprocalRank, at: k) } : nil)
      },
      reciprocalRank: estimate { $0.values(.reciprocalRank) },
      coverage: nextItem.reduce(0) { $0 + $1.lists.coverage } / Double(nextItem.count),
      gini: nextItem.reduce(0) { $0 + $1.lists.gini } / Double(nextItem.count),
      groups: groups(.popularity, at: k),
      pauses: nextItem[0].has(.pause) ? groups(.pause, at: k) : nil,
      reranking: column.reranking.isEmpty
        ? []
        : settings.rerankingCutoffs.map {
          ComparisonReport.Reranking(
            k: $0, precision: ordered(.precision, at: $0), ndcg: ordered(.ndcg, at: $0))
        },
      hitRateDifference: baseline.map { difference(.hit, $0) },
      ndcgDifference: baseline.map { difference(.gain, $0) },
      rerankingDifference: baseline.flatMap {
        column.reranking.isEmpty ? nil : orderedDifference($0)
      })
  }

  private func groups(_ grouping: TargetGrouping, at k: Int) -> [ComparisonReport.Group] {
    grouping.names.enumerated().map { group, name in
      ComparisonReport.Group(
        name: name, hitRate: estimate { $0.values(.hit, at: k, group: group, of: grouping) },
        ndcg: estimate { $0.values(.gain, at: k, group: group, of: grouping) })
    }
  }

  private func estimate(_ values: (NextItemScores) -> [Double?]) -> Estimate {
    let splits = column.nextItem.map(values)
    var estimate =
      targets.estimate(splits.flatMap { $0 })
      ?? Estimate(mean: 0, low: 0, high: 0, deviation: nil, count: 0)
    estimate.deviation = standardDeviation(splits.compactMap { mean($0) })
    return estimate
  }

  private func difference(_ measure: NextItemMeasure, _ baseline: Column) -> Estimate {
    let other = baseline.nextItem.map { $0.values(measure, at: settings.cutoff) }
    let splits = zip(column.nextItem, other).map {
      zip($0.values(measure, at: settings.cutoff), $1).map { $0 - $1 }
    }
    var estimate = targets.estimate(splits.flatMap { $0 })!
    estimate.deviation = standardDeviation(splits.compactMap { mean($0) })
    return estimate
  }

  private func ordered(_ measure: Measure, at k: Int) -> Estimate? {
    let splits = column.reranking.map { $0.values(measure, at: k) }
    var estimate = sessions.estimate(splits.flatMap { $0 })
    estimate?.deviation = standardDeviation(splits.compactMap { mean($0) })
    return estimate
  }

  private func orderedDifference(_ baseline: Column) -> Estimate? {
    let k = settings.rerankingCutoffs.max()!
    return sessions.estimate(
      zip(column.reranking, baseline.reranking).flatMap { own, other in
        zip(own.values(.ndcg, at: k), other.values(.ndcg, at: k)).map { a, b in
          a.flatMap { a in b.map { a - $0 } }
        }
      })
  }

  private func mean(_ values: [Double?]) -> Double? {
    let found = values.compactMap { $0 }
    return found.isEmpty ? nil : found.reduce(0, +) / Double(found.count)
  }
}

extension Comparison {
  /// Two lines for people: what is held out, and what is asked.
  var protocolSummary: String {
    if log.isOfSessions {
      return training.evaluation.splitSummary
        + "\nnext item: of every click after the first of a session for test, given all before it; "
        + "candidates = all \(log.itemCount) items, those clicked before among them; equal scores: "
        + "the mean over their random orders"
    }
    let targets = settings.nextItem.likedOnly ? "liked held-out rating" : "held-out rating"
    let limit = settings.nextItem.users.map { " of \($0) users drawn" } ?? ""
    let summary = training.evaluation.splitSummary + "; liked = \(training.scale) > 0"
    return summary + "\nnext item: of every \(targets)\(limit), given all before it; candidates = "
      + "all \(log.itemCount) items but those that the user had rated; equal scores: the mean over "
      + "their random orders"
      + (training.evaluation.untimedNote(hasTimes: log.hasTimes).map { "\n" + $0 } ?? "")
  }
}
