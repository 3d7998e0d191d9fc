import ActorCritic
import Agents
import Bandits
import ClickSessions
import DRRCore
import DRRData
import DeepQ
import Factorization
import IRecGAN
import NextItem
import PolicyGradients
import Serving
import Tables
import Tensor

/// Makes a model to recommend by out of a trained run, of whatever algorithm, or out of the best
/// run of a group.
public struct RunExport {
  /// Where the run's data are now; nil: where they were.
  public var data: String?
  /// Ids of the users who will be asked for; nil: all. Vectors of others may not know of ratings
  /// that were held out.
  public var users: [String]?
  /// Whether an agent recommends as it would before any training.
  public var isUntrained = false
  /// Told what a person should know.
  public var note: (String) -> Void = { _ in }
  private let backend: any Backend
  private let readRatings: (_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog
  private let readSessions: (IRecGANRunConfiguration) throws -> SessionLog

  /// - Parameters:
  ///   - backend: where networks are read that are not copied array by array.
  ///   - readRatings: the ratings of a source, on the scale that was named.
  ///   - readSessions: the click sessions of a run.
  public init(
    on backend: any Backend,
    readRatings: @escaping (_ source: String, _ range: ClosedRange<Float>?) throws -> RatingsLog,
    readSessions: @escaping (IRecGANRunConfiguration) throws -> SessionLog
  ) {
    self.backend = backend
    self.readRatings = readRatings
    self.readSessions = readSessions
  }

  /// Whether an agent's model can recommend by itself.
  public static func exports(_ agent: any AgentConfiguration) -> Bool {
    (try? served(agent)) != nil
  }

  /// The model of a run, or of the best run of a group.
  ///
  /// - Throws: `RunError` where there is no run, or one that recommends nothing.
  public func model(of folder: RunFolder) throws -> ExportedModel {
    if let group = try folder.readGroup() { return try model(of: best(of: group, in: folder)) }
    guard folder.exists(folder.configuration) else {
      throw folder.absence()
    }
    switch try Algorithms.settings(of: folder) {
    case let configuration as RunConfiguration: return try ofRatings(folder, configuration)
    case is MultiTableRunConfiguration: return try ofTables(folder)
    case is IRecGANRunConfiguration: return try ofSessions(folder)
    case is GRURunConfiguration: return try ofNextItems(folder)
    case let other:
      let uses = (other?.uses ?? []).map { "`drr \($0) --run \(folder.path)`" }
      throw RunError(
        "\(folder.path) is \(other?.title ?? "no run"), which recommends no items; use "
          + uses.joined(separator: " or "))
    }
  }

  // MARK: - Groups

  /// The run of the best value on the validation users or sessions; of equal ones the first.
  private func best(of group: RunGroup, in folder: RunFolder) -> RunFolder {
    let runs = group.members.map { $0.folder(in: folder) }
    let measured = runs.compactMap { run in validation(of: run).map { (run, $0) } }
    guard let best = measured.max(by: { $0.1.value < $1.1.value }) else {
      note(
        "\(folder.path): by \(runs[0].path), the first of \(runs.count) runs: none was validated")
      return runs[0]
    }
    note(
      "\(folder.path): by \(best.0.path), the best of \(runs.count) runs: \(best.1.measure) "
        + "\(decimal(best.1.value, 4)) in validation")
    return best.0
  }

  /// What a run's policy was worth where it was chosen; nil where it was not validated.
  private func validation(of run: RunFolder) -> (measure: String, value: Double)? {
    if run.readAlgorithm() == IRecGANRunConfiguration.algorithms[0] {
      let file = Self.parts.lazy.map { run.checkpoint(of: $0) }.first { run.exists($0) }
        .flatMap { try? SafetensorsFile(contentsOf: $0) }
      let score = try? file?.doubles("best.agent_score", .finite.orNone, shape: [1])[0]
      return score.flatMap { $0.isFinite ? ("the agent's score", $0) : nil }
    }
    guard let file = try? SafetensorsFile(contentsOf: run.checkpoint),
      let history = try? BestCheckpoint.history(in: file)
    else { return nil }
    return history.points.first { $0.step == history.step }.map { ("NDCG@10", $0.ndcg10) }
  }

  // MARK: - Ratings

  /// A run of PMF alone, or of an agent on it.
  private func ofRatings(
    _ folder: RunFolder, _ begun: RunConfiguration
  ) throws -> ExportedModel {
    var configuration = begun
    if let data { configuration.data.source = data }
    let log = try readRatings(configuration.data.source, configuration.data.ratingRange)
    let run = try Experiment(configuration, log: log, folder: folder)
    guard let fitted = try run.readModel() else {
      throw RunError(
        "\(folder.path): its PMF is not trained yet; use `drr train drr --run \(folder.path)`")
    }
    let file: SafetensorsFile? =
      if configuration.agent == nil { nil } else if isUntrained {
        try untrainedPolicy(run, fitted)
      } else {
        try run.readCheckpoint()
      }
    let header = ExportedModel.Header(
      algorithm: try configuration.agent.map(served) ?? .pmf,
      agent: configuration.agent?.name ?? "PMF",
      step: try run.policyHistory().flatMap { file == nil ? nil : $0.step },
      data: .init(
        name: log.name, checksum: log.checksum, items: log.itemCount, users: log.userCount,
        servedUntil: configuration.data.servedUntil),
      scale: configuration.scale, ratingRange: log.ratingRange,
      foldIn: .init(
        regularization: configuration.pmf.regularization,
        biasRegularization: configuration.pmf.biasRegularization))
    var parts = try parts(header, log, run.split, run.statistics)
    try parts.add(refreshed(fitted, run))
    if let file, let agent = configuration.agent {
      switch header.algorithm {
      case .residual:
        try parts.add(
          try run.beliefs(
            (agent as? ResidualAgentConfiguration)?.residual.beliefs ?? .init(), on: backend),
          of: asked(in: log))
        try parts.addPolicy(from: file, "\(BestCheckpoint.prefix).actor.")
      case .dqn:
        try parts.addPolicy(
          from: file, "\(BestCheckpoint.prefix).network.", leaving: ["q.value."])
      case .policyGradient: try parts.addPolicy(from: file, "\(BestCheckpoint.prefix).network.")
      default: try parts.addPolicy(from: file, "\(BestCheckpoint.prefix).actor.")
      }
      if !isUntrained, let steps = try run.trainedSteps(), steps < agent.totalSteps {
        note(
          "the agent is not fully trained: \(steps) of \(agent.totalSteps) steps; to go on: "
            + "drr \(configuration.command) --run \(folder.path)")
      }
    }
    return try parts.model(name: folder.path)
  }

  /// The policy as its training began with it.
  private func untrainedPolicy(_ run: Experiment, _ model: PMFModel) throws -> SafetensorsFile {
    var file = SafetensorsWriter()
    try run.makeAgent(model, on: backend).savePolicy(to: &file, BestCheckpoint.prefix)
    return try SafetensorsFile(bytes: file.bytes(), name: "an untrained agent")
  }

  private func parts(
    _ header: ExportedModel.Header, _ log: RatingsLog, _ split: UserSplit,
    _ statistics: ItemStatistics
  ) throws -> ModelParts {
    var parts = try ModelParts(
      header, itemIDs: Array(log.itemIDs), titles: log.titles,
      genres: log.genres.isEmpty
        ? [] : (0..<log.itemCount).map { log.genres.namesOfItem($0) },
      isKnown: statistics.counts.map { $0 > 0 })
    let rows = (0..<log.userCount).flatMap { Array(split.rows(of: $0, in: log)) }
    try parts.addUsers(
      Array(log.userIDs), offsets: log.userOffsets, items: rows.map { log.items[$0] },
      ratings: rows.map { log.ratings[$0] })
    return parts
  }

  /// The users that `users` names; nil: all.
  private func asked(in log: RatingsLog) -> Set<Int>? {
    users.map { Set($0.compactMap { log.userIndex($0) }) }
  }

  /// The factorization with vectors and biases of the users who have held-out ratings found anew,
  /// from all that each has rated: it was fitted on the rest.
  private func refreshed(_ model: PMFModel, _ run: Experiment) -> PMFModel {
    let (log, split, k) = (run.log, run.split, model.dimension)
    let asked = asked(in: log)
    let counts = run.statistics.counts
    let stale = (0..<log.userCount).filter { user in
      (asked?.contains(user) ?? true)
        && log.rows(ofUser: user).contains { split.heldOut(row: $0) != nil }
    }
    let pmf = run.configuration.pmf
    let scale = run.configuration.scale
    let found = concurrentMap(stale.count) { at in
      let rows = split.rows(of: stale[at], in: log).filter { counts[Int(log.items[$0])] > 0 }
      return model.foldIn(
        items: rows.map { log.items[$0] }, rewards: rows.map { scale.reward(log.ratings[$0]) },
        regularization: pmf.regularization, biasRegularization: pmf.biasRegularization)
    }
    var (factors, biases) = (model.userFactors, model.userBiases)
    for (user, found) in zip(stale, found) {
      factors.replaceSubrange(user * k..<(user + 1) * k, with: found.vector)
      biases[user] = found.bias
    }
    return PMFModel(
      dimension: k, mean: model.mean, userFactors: factors, itemFactors: model.itemFactors,
      userBiases: biases, itemBiases: model.itemBiases)
  }

  private func ofTables(_ folder: RunFolder) throws -> ExportedModel {
    let run = try Run<MultiTableRunConfiguration>(reading: folder)
    let configuration = run.settings
    let source = data ?? configuration.data.source
    let log = try readRatings(source, configuration.data.ratingRange)
    try configuration.data.requireContents(of: log, from: source)
    let split = UserSplit(log, configuration.evaluation)
    let training = try MultiTableTraining(run, log, split)
    let (table, rounds) = try training.readTable()
    let scorer = training.scorer(table, configuration.settings)
    if rounds < training.roundCount {
      note("not fully trained: \(rounds) of \(training.roundCount) rounds")
    }
    let header = ExportedModel.Header(
      algorithm: .multiTable(configuration.settings), agent: scorer.name, step: rounds,
      data: .init(
        name: log.name, checksum: log.checksum, items: log.itemCount, users: log.userCount,
        servedUntil: configuration.data.servedUntil),
      scale: configuration.scale, ratingRange: log.ratingRange)
    var parts = try parts(
      header, log, split,
      ItemStatistics(log.counted(split, on: configuration.scale), split, scale: configuration.scale)
    )
    try parts.add(scorer, table)
    return try parts.model(name: folder.path)
  }

  // MARK: - Next items

  /// GRUs on ratings, or on sessions of clicks, of which the model knows no users.
  private func ofNextItems(_ folder: RunFolder) throws -> ExportedModel {
    let run = try Run<GRURunConfiguration>(reading: folder)
    let (settings, own) = (run.settings.settings, run.settings.data)
    let source = data ?? own.source
    let ofSessions = run.settings.evaluation.split == .sessions
    let log =
      try ofSessions
      ? SessionSource.loadNextItems(source, test: data == nil ? own.test : nil).log
      : readRatings(source, own.ratingRange)
    try own.requireContents(of: log, from: source)
    let scorer = try GRUScorer(run, itemCount: log.itemCount, on: backend)
    let file = try run.readCheckpoint()
    let done = try file.integer("finished", .count)
    if done < settings.networks {
      note("not fully trained: \(done) of \(settings.networks) networks")
    }
    let header = ExportedModel.Header(
      algorithm: .gru(
        .init(
          dimension: settings.dimension, hidden: settings.hidden, window: settings.window,
          cosineScale: settings.cosineScale, networks: scorer.networks.count,
          readsSessions: ofSessions)),
      agent: scorer.name,
      data: .init(
        name: log.name, checksum: log.checksum, items: log.itemCount,
        users: ofSessions ? 0 : log.userCount, servedUntil: own.servedUntil),
      scale: ofSessions ? nil : run.settings.scale,
      ratingRange: ofSessions ? nil : log.ratingRange)
    var parts: ModelParts
    if ofSessions {
      parts = try ModelParts(
        header, itemIDs: Array(log.itemIDs), isKnown: [Bool](repeating: true, count: log.itemCount))
      try parts.addUsers([], offsets: [0], items: [], ratings: [])
    } else {
      let (split, scale) = (UserSplit(log, run.settings.evaluation), run.settings.scale)
      parts = try self.parts(
        header, log, split, ItemStatistics(log.counted(split, on: scale), split, scale: scale))
    }
    for number in 0..<scorer.networks.count {
      try parts.addPolicy(
        from: file, "\(GRUTrainer.prefix(number)).", leaving: ["values.", "count."], number: number)
    }
    return try parts.model(name: folder.path)
  }

  // MARK: - Click sessions

  /// The parts of a run of IRecGAN, the one to recommend by first.
  private static let parts: [IRecGANTrainer.Part] =
    [.irecgan, .pg, .ac, .pgu].map { .method($0) } + [.pretraining]

  /// The agent of IRecGAN where it is trained, else of another method that is.
  private func ofSessions(_ folder: RunFolder) throws -> ExportedModel {
    guard var configuration = try folder.read(IRecGANRunConfiguration.self) else {
      throw folder.absence("train irecgan")
    }
    if let data { configuration.data.source = data }
    let log = try readSessions(configuration)
    let run = try IRecGANExperiment(configuration, log: log, folder: folder)
    for part in Self.parts {
      guard let agent = try run.readNetworks(part, on: backend)?.agent else { continue }
      let title =
        if case .method(let method) = part { method.title } else { "the agent of the log (MLE)" }
      if part != Self.parts[0] {
        note("\(folder.path): IRecGAN is not trained to its end there; \(title) recommends")
      }
      let header = ExportedModel.Header(
        algorithm: .irecgan(configuration.settings.agent), agent: title,
        data: .init(name: log.name, checksum: log.checksum, items: log.itemCount, users: 0))
      var parts = try ModelParts(
        header, itemIDs: log.itemIDs, isKnown: [Bool](repeating: true, count: log.itemCount))
      try parts.addUsers([], offsets: [0], items: [], ratings: [])
      try parts.addPolicy(agent.weights)
      return try parts.model(name: folder.path)
    }
    throw RunError(
      "\(folder.path): it is not trained; use `drr train irecgan --run \(folder.path)`")
  }
}

/// What an agent is to a model.
private func served(_ agent: any AgentConfiguration) throws -> ServedAlgorithm {
  func network(_ hidden: Int) -> ServedAlgorithm.Network {
    .init(state: agent.training.state, window: agent.training.window, hidden: hidden)
  }
  switch agent {
  case let agent as DRRConfiguration: return .drr(network(agent.ddpg.hidden))
  case let agent as DQNAgentConfiguration: return .dqn(network(agent.dqn.hidden))
  case let agent as PolicyGradientAgentConfiguration:
    return .policyGradient(network(agent.policyGradient.hidden))
  case let agent as ResidualAgentConfiguration:
    let residual = agent.residual
    return .residual(
      .init(
        dimensions: residual.beliefs.factorizations.map(\.dimension), anchor: residual.anchor,
        hidden: residual.hidden, reach: residual.reach))
  default:
    throw RunError(
      "\(agent.name) cannot be exported: no network of a model is its; name a run of another agent")
  }
}
