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
  public internal(set) var configuration: RunConfiguration
  public let log: RatingsLog
  public let split: UserSplit
  public let statistics: ItemStatistics
  public internal(set) var folder: RunFolder

  /// - Throws: `ConfigurationError`; `RunError` where the data are not those that the run began on.
  public init(_ configuration: RunConfiguration, log: RatingsLog, folder: RunFolder) throws {
    try configuration.validate()
    try configuration.data.requireContents(of: log)
    self.configuration = configuration
    self.log = log
    self.folder = folder
    split = UserSplit(log, configuration.evaluation)
    try split.requireEveryPart()
    statistics = ItemStatistics(log, split, scale: configuration.scale)
  }

  // MARK: - PMF

  /// The fitted model of the folder, if there is one.
  public func readModel() throws -> PMFModel? {
    guard folder.exists(folder.model) else { return nil }
    let file = try SafetensorsFile(contentsOf: folder.model, requireChecksum: true)
    try check(file, holds: .model)
    return try PMFModel(
      contentsOf: file, userCount: log.userCount, itemCount: log.itemCount)
  }

  /// Fits the factorisation, going on where an interrupted run stopped.
  public func trainPMF(
    on backend: any Backend, _ observer: Observer = Observer()
  ) throws -> PMFModel {
    let trainer = try PMFTrainer(
      configuration.pmf, log: log, rows: split.pmfRows(in: log), scale: configuration.scale,
      seed: configuration.seed, on: backend)
    if folder.exists(folder.pmfCheckpoint) {
      let file = try SafetensorsFile(contentsOf: folder.pmfCheckpoint, requireChecksum: true)
      try check(file, holds: .pmfCheckpoint)
      try trainer.restore(from: file)
      try restoreMetrics(from: file, observer)
    } else {
      try folder.truncateMetrics(to: 0)
    }
    let (batches, epochs) = (trainer.batchesPerEpoch, configuration.pmf.epochs)
    while !trainer.isFinished {
      let error = trainer.best.map { ", RMSE \(decimal($0.error, 4))" } ?? ""
      let done = trainer.epoch * batches
      let start = ContinuousClock.now
      let report = try trainer.runEpoch {
        observer.progress(done + $0, epochs * batches, "PMF batches\(error)")
        // An epoch that would keep a person waiting is given up.
        let left = (ContinuousClock.now - start).seconds / Double($0) * Double(batches - $0)
        if left > 3 && observer.shouldStop() { throw Interrupted(step: trainer.epoch) }
      }
      guard report.error.isFinite else {
        throw RunError(
          "PMF diverged in epoch \(report.epoch): its error is \(report.error); lower its learning "
            + "rate, \(configuration.pmf.learningRate)")
      }
      try folder.append(report)
      var file = SafetensorsWriter(metadata: try metadata(.pmfCheckpoint, on: backend))
      try trainer.save(to: &file)
      try file.write(to: folder.pmfCheckpoint)
      if observer.shouldStop() { throw Interrupted(step: trainer.epoch) }
    }
    observer.progress(epochs * batches, epochs * batches, "PMF batches")
    let model = trainer.best!.model
    try model.write(to: folder.model, metadata: metadata(.model, on: backend))
    folder.remove(folder.pmfCheckpoint)
    return model
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

  /// The model's error on the test sessions, of which it has seen nothing, in stars.
  public func sessionError(_ model: PMFModel) -> Double {
    model.rootMeanSquaredError(
      log, rows: split.testUsers.lazy.flatMap { split.sessionRows(of: Int($0), in: log) },
      scale: configuration.scale)
  }

  // MARK: - DRR

  var drr: DRRConfiguration {
    get throws {
      guard let drr = configuration.drr else {
        throw RunError("\(folder.path): no agent has been trained in this run; use `drr train drr`")
      }
      return drr
    }
  }

  /// - Parameter environments: how many step together; nil: as many as configured.
  public func makeTrainer(
    _ model: PMFModel, environments: Int? = nil, on backend: any Backend
  ) throws -> any AgentTrainer {
    var drr = try drr
    if let environments { drr.environments = environments }
    if let residual = drr.residual {
      return try ResidualTrainer(
        drr, residual, model: beliefs(on: backend), factorization: model,
        world: trainingWorld(model), log: log,
        split: split, statistics: statistics, evaluation: configuration.evaluation,
        scale: configuration.scale, seed: configuration.seed, on: backend)
    }
    if let trainer = try makeItemVectorTrainer(drr, model, on: backend) { return trainer }
    return try DRRTrainer(
      drr, environment: trainingEnvironment(drr, model), seed: configuration.seed, on: backend)
  }

  func trainingEnvironment(
    _ drr: DRRConfiguration, _ model: PMFModel
  ) throws -> RatingEnvironment {
    try RatingEnvironment(
      log: log, split: split, model: model, statistics: statistics, window: drr.window,
      sessionLength: drr.sessionLength, scale: configuration.scale, seed: configuration.seed,
      world: trainingWorld(model))
  }

  /// Trains the agent, going on where an interrupted run stopped.
  public func trainDRR(
    _ model: PMFModel, on backend: any Backend, _ observer: Observer = Observer()
  ) throws -> (trainer: any AgentTrainer, last: TrainingProgress?) {
    let trainer = try makeTrainer(model, on: backend)
    var kept = KeptPolicy(try drr.choice)
    var last: TrainingProgress?
    if folder.exists(folder.checkpoint) {
      let file = try SafetensorsFile(contentsOf: folder.checkpoint, requireChecksum: true)
      try check(file, holds: .checkpoint)
      try trainer.restore(from: file)
      try kept.restore(from: file, like: trainer.sessionAgent)
      try restoreMetrics(from: file, observer)
    } else if folder.exists(folder.model) {
      try restoreMetrics(from: SafetensorsFile(contentsOf: folder.model), observer)
    }
    if trainer.isFinished { last = folder.lastMetrics(TrainingProgress.self) }
    let validation = trainer.isFinished ? nil : try validation(observer)
    func save() throws {
      // A checkpoint of numbers is not given up for one without.
      guard try trainer.isFinite() else { throw divergence(at: trainer.step) }
      var file = SafetensorsWriter(metadata: try metadata(.checkpoint, on: backend))
      try trainer.save(to: &file)
      try kept.save(to: &file, trainer)
      try file.write(to: folder.checkpoint)
    }
    if let validation, trainer.step == 0 {
      // What is learned is kept only where it is better than nothing learned.
      let point = try validation.point(trainer.sessionAgent, step: 0)
      kept.add(point, of: trainer.sessionAgent)
      try folder.append(point)
    }
    let reportSteps = max(1, min(1_000, trainer.steps / 20))
    var note = "\(trainingName) steps"
    var lastSave = ContinuousClock.now
    var savedStep = trainer.step
    while !trainer.isFinished {
      let before = trainer.step
      try trainer.advance()
      /// Whether the steps just made reached a multiple of `interval`.
      func passed(_ interval: Int) -> Bool { trainer.step / interval > before / interval }
      if let validation, try drr.validates(after: before, upTo: trainer.step, of: trainer.steps) {
        let point = try validation.point(trainer.sessionAgent, step: trainer.step)
        kept.add(point, of: trainer.sessionAgent)
        try folder.append(point)
      }
      if passed(reportSteps) || trainer.isFinished {
        let report = try trainer.report()
        guard report.reward.isFinite, (report.criticLoss ?? 0).isFinite,
          (report.actorLoss ?? 0).isFinite
        else { throw divergence(at: trainer.step) }
        last = report
        try folder.append(report)
        note = "\(trainingName) steps, reward \(decimal(report.reward, 3))"
      }
      observer.progress(trainer.step, trainer.steps, note)
      let stop = observer.shouldStop()
      let due =
        observer.checkpointSteps.map { passed($0) }
        ?? (passed(64) && ContinuousClock.now - lastSave > .seconds(30))
      if stop || due || trainer.isFinished {
        try save()
        lastSave = .now
        savedStep = trainer.step
      }
      if stop && !trainer.isFinished { throw Interrupted(step: savedStep) }
    }
    return (trainer, last)
  }

  /// What is trained, behind a progress bar.
  private var trainingName: String {
    guard let drr = configuration.drr, drr.dqn != nil || drr.policyGradient != nil else {
      return "DRR"
    }
    return drr.agentName
  }

  private func divergence(at step: Int) -> RunError {
    let drr = configuration.drr ?? DRRConfiguration()
    let rate = drr.dqn?.learningRate ?? drr.policyGradient?.learningRate
    return RunError(
      "\(trainingName) diverged by step \(step): its losses or weights are no longer numbers; lower the "
        + (rate.map { "learning rate, \($0)" }
          ?? "learning rates, \(drr.ddpg.actorLearningRate) of the actor and "
          + "\(drr.ddpg.criticLearningRate) of the critic"))
  }

  /// An agent that has learned nothing.
  public func makeAgent(_ model: PMFModel, on backend: any Backend) throws -> any SessionAgent {
    let drr = try drr
    if let residual = drr.residual {
      return try ResidualAgent(
        residual, drr.ddpg, model: beliefs(on: backend), factorization: model,
        profiles: visibleRewards,
        seed: configuration.seed, on: backend)
    }
    if let agent = try makeItemVectorAgent(drr, model, on: backend) { return agent }
    return try DRRAgent(drr, model: model, seed: configuration.seed, on: backend)
  }

  /// The trained agent of the folder.
  public func readAgent(_ model: PMFModel, on backend: any Backend) throws -> any SessionAgent {
    let file = try readCheckpoint()
    let agent = try makeAgent(model, on: backend)
    try agent.restorePolicy(from: file, KeptPolicy.prefix)
    return agent
  }

  /// - Throws: `RunError` where no agent was trained, or another run's.
  func readCheckpoint() throws -> SafetensorsFile {
    _ = try drr
    guard folder.exists(folder.checkpoint) else {
      throw RunError("\(folder.path): no agent has been trained in this run; use `drr train drr`")
    }
    let file = try SafetensorsFile(contentsOf: folder.checkpoint, requireChecksum: true)
    try check(file, holds: .checkpoint)
    return file
  }
}
