import DRRCore
import DRRData
import Evaluation
import Factorization
import Tensor

/// Puts methods on one split into one table: whether they predict the next item out of the whole
/// catalogue, and how they order a user's held-out items.
public struct Comparison: Sendable {
  /// How methods are compared, beside the split.
  public struct Settings: Codable, Hashable, Sendable {
    /// How next items are asked for.
    public var nextItem = NextItemEvaluation.Settings()
    /// Ks of re-ranking, whose sessions have as many candidates as the largest at least.
    public var rerankingCutoffs = [5, 10]
    /// The method that the differences are from.
    public var baseline = MarkovChain.title
    /// Whether LinUCB is among the baselines: it learns from every rating of every user in turn, in
    /// the time of all items each.
    public var linUCB = false
    /// Draws the random order of re-ranking, ties and the intervals.
    public var seed: UInt64 = 0

    /// The default settings.
    public init() {}

    /// - Throws: `ConfigurationError` for a setting that cannot work.
    public func validate() throws(ConfigurationError) {
      try nextItem.validate()
      try ConfigurationError.require("cutoffs", rerankingCutoffs, "at least one K, each 1 or more")
      {
        !$0.isEmpty && $0.allSatisfy { $0 >= 1 }
      }
    }

    /// The K that differences are at; nil: 10, or the largest where that is none of them.
    public var differenceCutoff: Int?
    var cutoff: Int {
      differenceCutoff ?? (nextItem.cutoffs.contains(10) ? 10 : nextItem.cutoffs.max()!)
    }
  }

  /// What all methods of a table have learned from.
  public struct Training: Codable, Hashable, Sendable {
    /// The split.
    public var evaluation: EvaluationProtocol
    /// How ratings became rewards.
    public var scale: RewardScale

    /// What was learned from, by its parts.
    public init(evaluation: EvaluationProtocol, scale: RewardScale) {
      self.evaluation = evaluation
      self.scale = scale
    }

    /// Without what measures alone depend on.
    private var learned: Training {
      let defaults = EvaluationProtocol()
      var learned = self
      learned.evaluation.ties = evaluation.tieOrder
      learned.evaluation.history = defaults.history
      learned.evaluation.keepsHistory = defaults.keepsHistory
      learned.evaluation.minimumCandidates = defaults.minimumCandidates
      learned.evaluation.population = defaults.population
      learned.evaluation.cutoffs = defaults.cutoffs
      learned.evaluation.exploration = defaults.exploration
      if evaluation.split != .users { learned.evaluation.profileShare = defaults.profileShare }
      return learned
    }

    /// The first setting in which two have learned from other ratings.
    func firstDifference(
      from other: Training
    ) -> SettingDifference? {
      firstSettingThatDiffers(learned, other.learned)
    }
  }

  /// What all methods have learned from.
  public let training: Training
  /// How they are compared.
  public let settings: Settings
  /// All ratings; less each user's mean where rewards count from that.
  public let log: RatingsLog
  /// Which of them may be seen.
  public let split: UserSplit
  /// Counts and mean rewards of items, from the ratings that may be seen.
  public let statistics: ItemStatistics
  /// The next items that are asked for.
  public let nextItem: NextItemEvaluation
  /// The test users' items to rank.
  public let sessions: [Session]
  /// How many test users those are, and why others are left out.
  public let admission: Session.Admission
  let window: Int

  /// - Parameter window: liked items that every session to re-rank begins with.
  /// - Throws: `ConfigurationError`; `RunError` where there is no next item to ask for.
  public init(
    _ log: RatingsLog, _ training: Training, window: Int = 0, _ settings: Settings = Settings()
  ) throws {
    try settings.validate()
    try training.evaluation.validate()
    self.training = training
    var settings = settings
    if log.isOfSessions { settings.differenceCutoff = settings.nextItem.cutoffs.max() }
    self.settings = settings
    self.window = window
    split = UserSplit(log, training.evaluation)
    try split.requireEveryPart()
    let log = log.counted(split, on: training.scale)
    self.log = log
    statistics = ItemStatistics(log, split, scale: training.scale)
    nextItem = try NextItemEvaluation(
      log, split, scale: training.scale, settings.nextItem)
    // Clicks say nothing of how much an item is liked: there is nothing to put in order.
    (sessions, admission) =
      log.isOfSessions
      ? ([], Session.Admission())
      : Session.admitted(
        log, split, Self.reranking(training.evaluation, settings), window: window,
        scale: training.scale)
  }

  /// - Throws: `RunError` where nothing or everything is liked, and orders of items mean nothing.
  public func requireLikes() throws(RunError) { try log.requireLikes(on: training.scale) }

  /// The protocol of the sessions to re-rank.
  private static func reranking(
    _ evaluation: EvaluationProtocol, _ settings: Settings
  ) -> EvaluationProtocol {
    var reranking = evaluation
    reranking.history = .profile
    reranking.keepsHistory = false
    reranking.cutoffs = settings.rerankingCutoffs
    reranking.minimumCandidates = settings.rerankingCutoffs.max()!
    reranking.population = .shared
    reranking.exploration = 0
    return reranking
  }

  /// A factorisation of what may be seen, where no run brings one.
  public func fitFactorization(
    on backend: any Backend, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> PMFModel {
    var pmf = PMFConfiguration()
    pmf.choose(.sgd, ratings: log.count)
    let trainer = try PMFTrainer(
      pmf, log: log, rows: split.pmfRows(in: log), scale: training.scale, seed: settings.seed,
      on: backend)
    while !trainer.isFinished {
      _ = try trainer.runEpoch()
      progress(trainer.epoch, pmf.epochs)
    }
    return trainer.best!.model
  }

  /// What a method must beat, and the oracle.
  ///
  /// - Parameter model: nil where there are no ratings to factorise.
  public func baselines(_ model: PMFModel?) -> [Contestant] {
    let seed = settings.seed
    func reranking(_ scorer: any NextItemScorer) -> Contestant {
      Contestant(scorer, log, split, scale: training.scale, seed: seed)
    }
    func ranking(_ scorer: any NextItemScorer, _ ranker: any Ranker) -> Contestant {
      Contestant(scorer.name, scorer, ranker)
    }
    var baselines = [
      ranking(ItemScores.random(items: log.itemCount), RandomOrder(seed: seed)),
      ranking(ItemScores.popularity(statistics), Popularity(statistics)),
      reranking(MarkovChain(log, split, statistics)),
      reranking(WindowedMarkov(log, split, statistics)),
      reranking(SessionNeighbours(SessionIndex(log, split))),
      reranking(Cooccurrence(log, split)),
    ]
    if let model {
      baselines.insert(
        ranking(ItemScores.mean(statistics), ItemMean(statistics)), at: 2)
      baselines += [
        ranking(PMFScores(model, biased: true), PMFRating(model)),
        ranking(PMFScores(model, biased: false), PMFDot(model)),
      ]
    }
    if let model, settings.linUCB {
      baselines.append(
        ranking(LinUCBScores(model), LinUCB(model, log, split, scale: training.scale)))
    }
    return baselines + [ranking(NextItemOracle(items: log.itemCount), Oracle())]
  }

  /// The results of each method.
  public struct Results: Sendable {
    let nextItem: [NextItemScores]
    /// Empty if no user has a session to re-rank.
    let reranking: [RankerScores]
    let admission: Session.Admission

    /// How each method ranked the sessions, by its name in the table.
    public var rankings: [(name: String, scores: RankerScores)] {
      zip(nextItem, reranking).map { ($0.name, $1) }
    }
  }

  /// - Parameter progress: (done, total, what) of all methods together.
  public func evaluate(
    _ contestants: [Contestant],
    progress: (_ done: Int, _ total: Int, _ note: String) -> Void = { _, _, _ in }
  ) throws -> Results {
    let reranking = OfflineEvaluation(sessions: sessions, cutoffs: settings.rerankingCutoffs)
    let each = nextItem.queries.count + sessions.count
    let total = each * contestants.count
    var results: (nextItem: [NextItemScores], reranking: [RankerScores]) = ([], [])
    for (number, contestant) in contestants.enumerated() {
      let note = "targets, \(contestant.name)"
      var scores = try nextItem.evaluate(contestant.scorer) {
        progress(number * each + $0, total, note)
      }
      scores.name = contestant.name
      results.nextItem.append(scores)
      guard !sessions.isEmpty else { continue }
      let done = number * each + nextItem.queries.count
      results.reranking.append(
        try reranking.evaluate(contestant.ranker) { progress(done + $0, total, note) })
      progress(done + sessions.count, total, note)
    }
    return Results(
      nextItem: results.nextItem, reranking: results.reranking, admission: admission)
  }
}

extension Comparison {
  /// What runs have learned from, which is the same for all.
  ///
  /// - Throws: `RunError` with the first setting in which one differs from the first of them.
  public static func training(
    of runs: [(folder: RunFolder, run: any ComparedRun)]
  ) throws -> Training {
    let all = runs.map { Training(evaluation: $0.run.evaluation, scale: $0.run.scale) }
    let first = runs[0]
    for (other, training) in zip(runs, all).dropFirst() {
      if other.run.data.checksum != first.run.data.checksum {
        throw RunError(
          "\(other.folder.path) was trained on \(other.run.data.name) with checksum "
            + "\(other.run.data.checksum), \(first.folder.path) on \(first.run.data.name) with "
            + "\(first.run.data.checksum); one table needs the same ratings")
      }
      if let change = all[0].firstDifference(from: training) {
        throw RunError(
          "\(other.folder.path) was trained with \(change.name) \(change.wanted), "
            + "\(first.folder.path) with \(change.begun); one table needs the same split")
      }
    }
    return all[0]
  }
}
