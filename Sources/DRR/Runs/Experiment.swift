import ActorCritic
import Agents
import DRRCore
import DRRData
import Environments
import Evaluation
import Factorization
import Tensor

/// A run at work: its data, split and reward scale, and the stages that its folder remembers.
public struct Experiment: Sendable {
  /// The settings of the run.
  public internal(set) var configuration: RunConfiguration
  /// All ratings; less each user's mean where rewards count from that. Where ranks share the
  /// ratings, those of this one, without times.
  public let log: RatingsLog
  /// All ratings as they were read.
  package let source: RatingsLog
  /// Which users train, validate and test, and which of their ratings may be seen.
  public let split: UserSplit
  /// Counts and mean rewards of items, from the ratings that may be seen; where ranks share the
  /// ratings, from those of this one.
  public let statistics: ItemStatistics
  /// Where the run is kept.
  public internal(set) var folder: RunFolder

  /// - Parameters:
  ///   - log: all ratings, or what this rank holds of them, of a protocol that is by user.
  ///   - ranks: who make an experiment of them together.
  /// - Throws: `ConfigurationError`; `RunError` where the data are not those that the run began on.
  public init(
    _ configuration: RunConfiguration, log: RatingsLog, folder: RunFolder,
    among ranks: any Collective = SoleCollective()
  ) throws {
    try configuration.validate()
    try configuration.data.requireContents(of: log)
    self.configuration = configuration
    self.folder = folder
    split = try UserSplit(log, configuration.evaluation, among: ranks)
    try split.requireEveryPart()
    var source = log
    // They have told the split what it needs.
    if log.whole != nil { source.times = [] }
    self.source = source
    self.log = source.counted(split, on: configuration.scale)
    statistics = ItemStatistics(self.log, split, scale: configuration.scale)
  }

  /// What training takes of memory at least.
  public var memory: MemoryNeed { memory(ranks: 1) }

  /// The same of one of so many ranks, who share the ratings and the vectors of users.
  public func memory(ranks: Int) -> MemoryNeed {
    var need = MemoryNeed()
    let users = log.userCount / ranks
    let (items, k) = (log.itemCount, configuration.pmf.dimension)
    // A model and its best so far; a device has the tables.
    let vectors = Double(users + items) * Double(k)
    need.add(
      "the vectors of users and items", host: 2 * vectors, device: vectors, lower: "--dimension",
      k)
    configuration.agent?.addMemory(to: &need, users: users, items: items, dimension: k)
    return need
  }

  // MARK: - PMF

  /// The fitted model of the folder, if there is one.
  public func readModel() throws -> PMFModel? {
    guard folder.exists(folder.model) else { return nil }
    let file = try SafetensorsFile(ofRun: folder.model)
    try check(file, holds: .model)
    return try PMFModel(
      contentsOf: file, dimension: configuration.pmf.dimension, userCount: log.userCount,
      itemCount: log.itemCount)
  }

  /// Keeps a factorisation of the same ratings and settings as this run's own, unless it has one.
  func take(_ model: PMFModel, on backend: any Backend) throws {
    guard try readModel() == nil else { return }
    try model.write(to: folder.model, metadata: metadata(.model, on: backend))
  }

  /// Fits the factorisation, going on where an interrupted run stopped.
  public func trainPMF(
    on backend: any Backend, _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) throws -> PMFModel {
    let model = try fit(on: backend, observer, among: ranks)
    guard ranks.size > 1, configuration.pmf.solver == .adam else { return model }
    // Each has the vectors of some of the users, and no trainer any more.
    try ranks.barrier()
    guard let whole = try readModel() else { throw RunError("\(folder.model) is missing") }
    return whole
  }

  /// Fits the factorisation and writes it.
  ///
  /// - Returns: the model, in ranks that share the vectors of users with those of this one.
  private func fit(
    on backend: any Backend, _ observer: Observer, among ranks: any Collective
  ) throws -> PMFModel {
    // Stochastic gradient descent is short, and each does all of it.
    let isShared = configuration.pmf.solver == .adam
    let trainer = PMFStage(
      try PMFTrainer(
        configuration.pmf, log: log, rows: split.pmfRows(in: log), scale: configuration.scale,
        from: try readStart(), seed: configuration.seed, on: backend,
        among: isShared ? ranks : SoleCollective()))
    do {
      try run.train(
        trainer, stage(.pmfCheckpoint), device: "\(backend.device.id)", observer, among: ranks)
    } catch let interrupted as Interrupted {
      throw Interrupted(step: interrupted.step / trainer.trainer.batchesPerEpoch)
    }
    try tellOfBiases(trainer.trainer, observer)
    // Until then each may look for what there is to go on from.
    try ranks.barrier()
    if isShared || ranks.leads {
      try trainer.trainer.writeBest(to: folder.model, metadata: metadata(.model, on: backend))
    }
    if ranks.leads { folder.remove(folder.pmfCheckpoint) }
    return trainer.trainer.best!.model
  }

  /// Notes where a fit is no better than biases.
  private func tellOfBiases(_ trainer: PMFTrainer, _ observer: Observer) throws {
    let error = trainer.best!.error
    // A fit of a few epochs is not meant to be good.
    if configuration.pmf.epochs >= 20, let biases = try trainer.biasError, error > 0,
      error >= biases
    {
      observer.note(
        "PMF is no better than biases: its RMSE on held-out ratings is \(decimal(error, 4)), and "
          + "\(decimal(biases, 4)) by the mean and the offsets of users and items alone; what ranks "
          + "by its vectors ranks by noise; try a larger --pmf-regularization or more ratings")
    }
  }

  /// Seconds of one PMF update on a device, after a warm-up.
  public func secondsPerPMFUpdate(on backend: any Backend) throws -> Double {
    var trial = configuration.pmf
    trial.holdoutShare = 0
    let rows = Array(split.visibleRows(in: log).prefix(trial.batchSize))
    let trainer = try PMFTrainer(
      trial, log: log, rows: rows, scale: configuration.scale, seed: 0, on: backend)
    _ = try trainer.runEpoch()
    let start = ContinuousClock.now
    _ = try trainer.runEpoch()
    return (ContinuousClock.now - start).seconds
  }

  /// The unit of ratings, for people.
  public var ratingUnit: String { source.ratingUnit }

  /// The model's error on the test sessions, of which it has seen nothing, in the unit of ratings.
  ///
  /// - Parameter ranks: who share the ratings, where they do: each asks for it, with the whole model.
  public func sessionError(
    _ model: PMFModel, among ranks: any Collective = SoleCollective()
  ) throws -> Double {
    let rows = split.testUsers.lazy.flatMap { split.sessionRows(of: Int($0), in: log) }
    guard log.whole != nil else {
      return model.rootMeanSquaredError(log, rows: rows, scale: configuration.scale)
    }
    var counts = [Int](repeating: 0, count: log.userCount)
    for row in rows { counts[Int(log.users[row])] += 1 }
    var next = try ranks.offsets(of: counts)
    let count = next[log.userCount]
    var (squares, places) = ([Float](), [Int32]())
    for row in rows {
      let user = Int(log.users[row])
      squares.append(
        model.squaredError(
          user: user, item: Int(log.items[row]), rating: log.ratings[row], log.ratingRange,
          configuration.scale))
      places.append(Int32(next[user]))
      next[user] += 1
    }
    return PMFModel.rootMeanSquare(
      try ranks.sumInOrder(squares, at: places, count: count), count, configuration.scale)
  }

  /// What the model predicts of the ratings of the test sessions, and what was given, in the unit of
  /// ratings.
  func heldOutRatings(_ model: PMFModel) -> [(predicted: Double, given: Double)] {
    let scale = configuration.scale
    let range = scale.reward(log.ratingRange.lowerBound)...scale.reward(log.ratingRange.upperBound)
    func rating(_ reward: Float) -> Double { Double(scale.center + scale.halfRange * reward) }
    return split.testUsers.lazy.flatMap { split.sessionRows(of: Int($0), in: log) }.map { row in
      let predicted = model.reward(user: Int(log.users[row]), item: Int(log.items[row]))
      return (
        rating(min(max(predicted, range.lowerBound), range.upperBound)), Double(log.ratings[row])
      )
    }
  }

  // MARK: - Agent

  /// - Throws: `RunError` if no agent is trained in this run.
  public var agent: any AgentConfiguration {
    get throws { try configuration.trainedAgent(in: folder) }
  }

  /// What an agent is made from. Beliefs that are fitted on the way are watched.
  func task(
    _ model: PMFModel, on backend: any Backend, _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) -> AgentTask {
    AgentTask(
      log: log, split: split, statistics: statistics, evaluation: configuration.evaluation,
      scale: configuration.scale, seed: configuration.seed, model: model,
      world: { try trainingWorld(model, among: ranks) },
      beliefs: { try beliefs($0, on: backend, observer) })
  }

  /// - Parameters:
  ///   - environments: how many step together; nil: as many as configured.
  ///   - ranks: who fit a simulator of regressions together; each has a trainer.
  public func makeTrainer(
    _ model: PMFModel, environments: Int? = nil, on backend: any Backend,
    _ observer: Observer = Observer(), among ranks: any Collective = SoleCollective()
  ) throws -> any AgentTrainer {
    var agent = try agent
    if let environments { agent.training.environments = environments }
    return try agent.makeTrainer(
      task(model, on: backend, observer, among: ranks), on: backend)
  }

  /// Trains the agent, going on where an interrupted run stopped.
  public func trainAgent(
    _ model: PMFModel, on backend: any Backend, _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) throws -> (trainer: any AgentTrainer, last: TrainingProgress?) {
    let trainer = try makeTrainer(model, on: backend, observer, among: ranks)
    try forgetBeliefStart(among: ranks)
    let stage = AgentStage(trainer, try agent.training) { try validation(observer) }
    let last = try run.train(
      stage, self.stage(.checkpoint), device: "\(backend.device.id)", observer, among: ranks)
    return (trainer, last)
  }

  /// An agent that has learned nothing.
  public func makeAgent(_ model: PMFModel, on backend: any Backend) throws -> any SessionAgent {
    try agent.makeAgent(task(model, on: backend), on: backend)
  }

  /// The trained agent of the folder.
  public func readAgent(_ model: PMFModel, on backend: any Backend) throws -> any SessionAgent {
    let file = try readCheckpoint()
    let agent = try makeAgent(model, on: backend)
    try agent.restorePolicy(from: file, BestCheckpoint.prefix)
    return agent
  }

  /// - Throws: `RunError` if no agent was trained, or another run's.
  func readCheckpoint() throws -> SafetensorsFile {
    _ = try agent
    return try run.readCheckpoint(stage(.checkpoint))
  }
}
