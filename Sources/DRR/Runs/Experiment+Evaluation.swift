import DRRCore
import DRRData
import Evaluation
import Factorization
import Tensor

/// How an evaluation is drawn, beside the protocol.
public struct EvaluationSettings: Sendable {
  /// Draws the random rankers and the intervals; nil: the run's.
  public var seed: UInt64?
  /// α of LinUCB.
  public var exploration = 0.25

  /// The default settings.
  public init() {}

  /// - Throws: `ConfigurationError` unless α is a number of 0 or more.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("LinUCB's alpha", exploration, .notNegative)
  }
}

extension Experiment {
  /// The name of the run's own agent.
  public var agentName: String {
    configuration.agent?.name ?? "DRR"
  }

  /// The sessions of the protocol.
  public func sessions(of part: UserSplit.HeldOut = .test) throws -> [Session] {
    try admitted(part).sessions
  }

  /// The sessions of the protocol, and the users that it leaves out.
  ///
  /// - Throws: `RunError` where none can be measured.
  public func admitted(
    _ part: UserSplit.HeldOut = .test
  ) throws -> (sessions: [Session], admission: Session.Admission) {
    try Session.measurable(
      of: part, log, split, configuration.evaluation, window: agent.training.window,
      scale: configuration.scale)
  }

  /// What an agent must beat; the oracle, the other end of the scale, is not among them.
  public func baselines(
    _ model: PMFModel, seed: UInt64, _ settings: EvaluationSettings = EvaluationSettings(),
    among ranks: any Collective = SoleCollective()
  ) throws -> [any Ranker] {
    let scale = configuration.scale
    let validation = (try? admitted(.validation).sessions) ?? []
    let knn = try ItemKNN(log, split, statistics, scale: scale)
      .remembering(validation + ((try? admitted().sessions) ?? []), among: ranks)
    func adaptive(_ name: String, weight: Float) -> AdaptiveBlend {
      AdaptiveBlend(name, knn, model, log, split, scale: scale, weight: weight)
    }
    return [
      RandomOrder(seed: seed), LoggedOrder(), Popularity(statistics), ItemMean(statistics), knn,
      PMFRating(model), PMFDot(model), adaptive(AdaptiveBlend.adaptiveKNN, weight: 0),
      try adaptive(AdaptiveBlend.blend, weight: 0.5).chosen(on: validation, ranks: ranks),
      LinUCB(model, log, split, scale: scale, alpha: settings.exploration),
      FixedDirection(model, log, split, scale: scale),
      RandomAction(.positive, model, seed: seed), RandomAction(.normal, model, seed: seed),
    ]
  }

  /// Agents beside every baseline and the run's own untrained network, over the same sessions.
  ///
  /// - Parameter ranks: who share the sessions; each has the whole result.
  public func evaluate(
    _ model: PMFModel, _ agents: [AgentRanker],
    _ settings: EvaluationSettings = EvaluationSettings(), _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) throws -> RunEvaluation {
    try settings.validate()
    let (sessions, admission) = try admitted()
    let catalogue = ItemCatalogue(
      statistics, users: log.userCount, model: model)
    let evaluation = OfflineEvaluation(
      sessions: sessions, cutoffs: configuration.evaluation.cutoffs, catalogue: catalogue)
    let exploration = configuration.evaluation.exploration
    let seed = settings.seed ?? configuration.seed
    var agents = agents
    if let backend = agents.first?.agent.backend {
      let untrained = try makeAgent(model, on: backend)
      agents.insert(AgentRanker("\(agentName) untrained", untrained, isValued: false), at: 0)
    }
    agents = agents.map { $0.exploring(exploration, seed: seed) }
    let baselines = try baselines(model, seed: seed, settings, among: ranks)
    let total = (baselines.count + agents.count + 1) * sessions.count
    var done = 0
    var scores: [RankerScores] = []
    for ranker in baselines + agents + [Oracle()] {
      observer.progress(done, total, "sessions, \(ranker.name)")
      scores.append(
        try evaluation.evaluate(ranker, among: ranks) {
          observer.progress(done + $0, total, "sessions, \(ranker.name)")
        })
      done += sessions.count
    }
    let candidates = sessions.reduce(0) { $0 + $1.candidates.count }
    return RunEvaluation(
      run: RunEvaluation.Run(
        seed: configuration.seed, splitSeed: configuration.evaluation.splitSeed,
        steps: try trainedSteps() ?? 0, policy: try policyHistory(),
        admission: admission,
        candidatesPerSession: Double(candidates) / Double(sessions.count),
        sessionRMSE: try sessionError(model)),
      scores: scores,
      observed: sessions.map { split.visibleRows(of: Int($0.user), in: log).count },
      ratings: heldOutRatings(model))
  }

  /// The runs of one evaluation as a report; this one is the first of them.
  ///
  /// - Parameter ranks: who share the intervals; each has the whole report.
  public func report(
    _ runs: [RunEvaluation], on backend: any Backend,
    _ settings: EvaluationSettings = EvaluationSettings(),
    among ranks: any Collective = SoleCollective()
  ) throws -> EvaluationReport {
    var report = try EvaluationReport(
      runs, agent: agentName, configuration: configuration,
      seed: settings.seed ?? configuration.seed,
      protocolSummary: try configuration.evaluation.summary(
        scale: configuration.scale, window: agent.training.window, hasTimes: log.hasTimes)
        + startSummary(),
      device: "\(backend.device.id): \(backend.device.name), \(backend.device.driver)",
      among: ranks)
    report.ratingUnit = ratingUnit
    return report
  }
}
