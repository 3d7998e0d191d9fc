import Agents
import DRRCore
import DRRData
import Evaluation
import Factorization
import Tensor

/// What the leaks of the published protocol are worth: an ablation from it to the default protocol,
/// a leak less at every stage, with each ranker measured at all of them.
public struct ProtocolAblation: Sendable {
  /// A protocol between the published one and the default one.
  public enum Rung: String, Codable, Hashable, Sendable, CaseIterable {
    /// As it was published.
    case asPublished = "as published"
    /// Less the exploration in evaluation.
    case greedy = "ε 0"
    /// Less the items of the history among the candidates.
    case historyRemoved = "history out of the candidates"
    /// Less the test ratings in the factorization.
    case visibleFit = "PMF on visible ratings"
    /// The default protocol.
    case honest = "the default protocol"

    /// The published protocol minus the leaks of this stage and those before it; the last stage is
    /// the default protocol.
    public func evaluation(honest: EvaluationProtocol) -> EvaluationProtocol {
      if self == .honest { return honest }
      var evaluation = EvaluationProtocol.asPublished
      evaluation.testShare = honest.testShare
      evaluation.cutoffs = honest.cutoffs
      evaluation.minimumCandidates = honest.cutoffs.min()!
      evaluation.splitSeed = honest.splitSeed
      evaluation.withoutTimes = honest.withoutTimes
      let removed = Self.allCases[...Self.allCases.firstIndex(of: self)!]
      if removed.contains(.greedy) { evaluation.exploration = 0 }
      if removed.contains(.historyRemoved) { evaluation.keepsHistory = false }
      if removed.contains(.visibleFit) { evaluation.pmfRows = .visible }
      return evaluation
    }

    /// The first stage that learns from the same ratings.
    var trained: Rung {
      switch self {
      case .asPublished, .greedy, .historyRemoved: .asPublished
      case .visibleFit, .honest: self
      }
    }
  }

  /// The first seed, the default protocol and the settings of every training.
  public let configuration: RunConfiguration
  /// All ratings.
  public let log: RatingsLog
  /// Where the runs of the ablation are kept.
  public let folder: RunFolder
  /// Whether what was trained stays in the folder once it is measured.
  public var keepsRuns = false
  /// An ablation of the same ratings and seeds, with another agent, that keeps its runs: what it
  /// factorized is taken over.
  public var elder: RunFolder?

  /// An ablation of these settings.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: RunConfiguration, log: RatingsLog, folder: RunFolder
  ) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.log = log
    self.folder = folder
  }

  /// Makes the folder this process's own.
  public func begin() throws {
    try folder.create()
    try folder.lock()
    folder.removeTemporaries()
  }

  /// Measures every stage with `seeds` seeds, of the split and of all training. What the folder
  /// holds of the same configuration is read back, and an interrupted training goes on.
  public func climb(
    seeds: Int, on backend: any Backend, _ observer: Observer = Observer()
  ) throws -> ProtocolAblationReport {
    let known =
      folder.read(ProtocolAblationReport.self, from: folder.leakLadder)?.measurements ?? []
    var report = ProtocolAblationReport(seeds: seeds, measurements: [])
    let trainings = Rung.allCases.filter { $0.trained == $0 }
    for seed in 0..<seeds {
      for (place, training) in trainings.enumerated() {
        let rungs = Rung.allCases.filter { $0.trained == training }
        let wanted = rungs.map { (rung: $0, configuration: settings($0, seed: seed)) }
        let found = wanted.compactMap { rung, configuration in
          known.first { $0.rung == rung && $0.configuration.identity == configuration.identity }
        }
        // What is measured may have been killed before it was removed.
        let run = RunFolder(path(of: settings(training, seed: seed), training))
        if found.count == wanted.count {
          report.measurements += found
          if !keepsRuns { run.delete() }
          continue
        }
        let stage = Stage(
          number: seed * trainings.count + place, count: seeds * trainings.count,
          note: "\(training.rawValue), seed \(settings(training, seed: seed).seed)")
        report.measurements += try measure(
          rungs, settings(training, seed: seed), on: backend, observer, stage)
        // Seeds beyond those asked for are kept.
        let others = known.filter { old in
          !report.measurements.contains {
            $0.rung == old.rung && $0.configuration.identity == old.configuration.identity
          }
        }
        try folder.write(
          ProtocolAblationReport(seeds: seeds, measurements: report.measurements + others),
          to: folder.leakLadder)
        if !keepsRuns { run.delete() }
      }
    }
    return report
  }

  /// The run that a stage trains for the first seed.
  public func experiment(_ rung: Rung) throws -> Experiment {
    let settings = settings(rung.trained, seed: 0)
    return try Experiment(
      settings, log: log, folder: RunFolder(path(of: settings, rung.trained)))
  }

  private func settings(_ rung: Rung, seed: Int) -> RunConfiguration {
    var settings = configuration
    settings.seed &+= UInt64(seed)
    var honest = configuration.evaluation
    honest.splitSeed &+= UInt64(seed)
    settings.evaluation = rung.evaluation(honest: honest)
    return settings
  }

  private func path(
    of settings: RunConfiguration, _ training: Rung, in folder: RunFolder? = nil
  ) -> String {
    "\((folder ?? self.folder).path)/leak-ladder-\(training)-\(settings.seed)"
  }

  /// A training among all, on one bar.
  private struct Stage {
    var number: Int
    var count: Int
    var note: String
  }

  /// Fits a PMF, trains an agent on it, and ranks with both under each stage's protocol.
  private func measure(
    _ rungs: [Rung], _ settings: RunConfiguration, on backend: any Backend,
    _ observer: Observer, _ stage: Stage
  ) throws -> [ProtocolAblationReport.Measurement] {
    let experiment = try Experiment(
      settings, log: log, folder: RunFolder(path(of: settings, rungs[0])))
    try experiment.requireHistories()
    let begun = try experiment.folder.read(RunConfiguration.self)
    try experiment.prepare(fresh: begun != settings)
    // The PMF counts as a fifth of a training.
    var (fitting, training) = (observer, observer)
    func show(_ share: Double) {
      let done = (Double(stage.number) + share) / Double(stage.count)
      observer.progress(Int(done * 10_000), 10_000, "of the ladder: \(stage.note)")
    }
    fitting.progress = { done, total, _ in show(0.2 * Double(done) / Double(total)) }
    training.progress = { done, total, _ in show(0.2 + 0.8 * Double(done) / Double(total)) }
    if let elder {
      let folder = RunFolder(path(of: settings, rungs[0], in: elder))
      let found = try Experiment(settings, log: log, folder: folder).readModel()
      if let found { try experiment.take(found, on: backend) }
    }
    let model = try experiment.readModel() ?? experiment.trainPMF(on: backend, fitting)
    _ = try experiment.trainAgent(model, on: backend, training)
    let agent = try experiment.readAgent(model, on: backend)
    return try rungs.map { rung in
      var configuration = settings
      configuration.evaluation = self.settings(rung, seed: 0).evaluation
      configuration.evaluation.splitSeed = settings.evaluation.splitSeed
      return try measurement(rung, configuration, experiment, model, agent)
    }
  }

  private func measurement(
    _ rung: Rung, _ configuration: RunConfiguration, _ experiment: Experiment, _ model: PMFModel,
    _ agent: any SessionAgent
  ) throws -> ProtocolAblationReport.Measurement {
    let window = try experiment.agent.training.window
    let evaluation = configuration.evaluation
    let (sessions, admission) = try Session.measurable(
      log, experiment.split, evaluation, window: window, scale: configuration.scale)
    let seed = configuration.seed
    let offline = OfflineEvaluation(sessions: sessions, cutoffs: evaluation.cutoffs)
    let untrained = try experiment.makeAgent(model, on: agent.backend)
    let baselines: [any Ranker] = [
      RandomOrder(seed: seed), Popularity(experiment.statistics), ItemMean(experiment.statistics),
      PMFRating(model), RandomAction(.positive, model, seed: seed),
    ]
    let agents = [AgentRanker("DRR untrained", untrained), AgentRanker("DRR trained", agent)]
      .map { $0.exploring(evaluation.exploration, seed: seed) }
    let scores =
      try baselines.map { try offline.evaluate($0) }
      + agents.map { try offline.evaluate($0) }
    let bootstrap = Bootstrap(clusters: sessions.map(\.user), seed: seed)
    return ProtocolAblationReport.Measurement(
      rung: rung, configuration: configuration,
      protocolSummary: evaluation.summary(
        scale: configuration.scale, window: window, hasTimes: log.hasTimes),
      admission: admission,
      rankers: scores.map { RankerResult([$0], RankerResult.estimates([$0], bootstrap)) })
  }
}

/// The ablation's figures: every stage with every seed.
public struct ProtocolAblationReport: Codable, Sendable {
  /// One stage of the ablation with one seed.
  public struct Measurement: Codable, Sendable {
    /// The stage.
    public var rung: ProtocolAblation.Rung
    /// The settings of its run.
    public var configuration: RunConfiguration
    /// What the figures mean, in a line.
    public var protocolSummary: String
    /// The users whose items were ranked, and why others were left out.
    public var admission: Session.Admission
    /// The figures of each ranker.
    public var rankers: [RankerResult]
  }

  /// How many seeds there are.
  public var seeds: Int
  /// All of them, seed by seed.
  public var measurements: [Measurement]

  /// Those of one stage, a seed each.
  public func measurements(of rung: ProtocolAblation.Rung) -> [Measurement] {
    measurements.filter { $0.rung == rung }
  }

  /// A ranker's precision at a stage, with each seed; fewer where no session had K candidates.
  public func precisions(of ranker: String, on rung: ProtocolAblation.Rung, at k: Int) -> [Double] {
    measurements(of: rung).compactMap { measurement in
      measurement.rankers.first { $0.name == ranker }?.rows.first { $0.k == k }?.precision?.mean
    }
  }
}
