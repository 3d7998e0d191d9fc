import DRRCore
import DRRData
import Environments
import Evaluation
import Factorization
import Tensor

/// The simulators of a run. A policy that is scored in one was trained in another: the training
/// simulators know the training users alone, the scoring simulators have the test users' whole
/// logs.
extension Experiment {
  var visibleRewards: LoggedRewards {
    LoggedRewards(log, scale: configuration.scale) { split.visibleRows(of: $0, in: log) }
  }

  /// The users with the most ratings, as many as memory for their likeness to others bears.
  private func raters(among users: [Int32]) -> [Int32] {
    func count(_ user: Int32) -> Int { log.rows(ofUser: Int(user)).count }
    return users.sorted { (-count($0), $0) < (-count($1), $1) }.prefix(2_000).sorted()
  }

  /// Effects of consecutive items on clusters that all simulators of the run share: those of the
  /// visible ratings.
  private func satisfaction(_ strength: Float) -> Satisfaction {
    guard strength != 0 else { return .none }
    let users = (0..<Int32(log.userCount)).map { $0 }
    return Satisfaction(
      strength: strength,
      kinds: ItemClusters.fit(visibleRewards, users: users, itemCount: log.itemCount))
  }

  /// The simulator that the agent is trained in, of the training users.
  ///
  /// - Parameter ranks: who share the regressions on items; each has the whole simulator.
  func trainingWorld(
    _ model: PMFModel, among ranks: any Collective = SoleCollective()
  ) throws -> World {
    let training = try agent.training
    let visible = visibleRewards
    var satisfaction = satisfaction(training.consecutive)
    satisfaction.isTold = training.tellsClusters == true
    return World(
      logged: visible,
      model: training.world == .items
        ? try ItemRidge(
          visible, raters: raters(among: split.trainUsers), simulated: split.trainUsers,
          itemCount: log.itemCount, among: ranks) : model,
      satisfaction: satisfaction, isLogOnly: training.world == .log)
  }

  /// The simulator of a factorization, with the effect of consecutive items on clusters.
  public func simulator(_ model: PMFModel, consecutive strength: Float) -> World {
    World(logged: visibleRewards, model: model, satisfaction: satisfaction(strength))
  }

  /// The simulator that policies are scored in: a PMF of every rating from other seeds, or kernel
  /// ridge regression on the test users, of whom the agent's own PMF saw the profiles alone.
  ///
  /// - Parameter ranks: who share the regressions; a PMF each fits by itself.
  public func scoringWorld(
    _ online: OnlineProtocol, on backend: any Backend, _ observer: Observer = Observer(),
    among ranks: any Collective = SoleCollective()
  ) throws -> World {
    let logged = LoggedRewards(log, scale: configuration.scale) { log.rows(ofUser: $0) }
    let model: any RewardModel =
      switch online.world {
      case .pmf: try worldPMF(on: backend, observer)
      case .items:
        try ItemRidge(
          logged, raters: raters(among: split.testUsers), simulated: split.testUsers,
          itemCount: log.itemCount, among: ranks)
      }
    return World(
      logged: logged, model: model, satisfaction: satisfaction(online.consecutive))
  }

  /// The PMF of every rating; read where the folder has it, else fitted and kept.
  private func worldPMF(on backend: any Backend, _ observer: Observer) throws -> PMFModel {
    if folder.exists(folder.world) {
      let file = try SafetensorsFile(ofRun: folder.world)
      try check(file, holds: .world)
      return try PMFModel(
        contentsOf: file, dimension: configuration.pmf.dimension, userCount: log.userCount,
        itemCount: log.itemCount)
    }
    let trainer = try PMFTrainer(
      configuration.pmf, log: log, rows: (0..<Int32(log.count)).map { $0 },
      scale: configuration.scale, seed: configuration.seed &+ 1_000_003, on: backend)
    let (batches, epochs) = (trainer.batchesPerEpoch, configuration.pmf.epochs)
    while !trainer.isFinished {
      let done = trainer.epoch * batches
      _ = try trainer.runEpoch {
        observer.progress(done + $0, epochs * batches, "batches of the world's PMF")
      }
      try observer.checkStop()
    }
    observer.progress(epochs * batches, epochs * batches, "batches of the world's PMF")
    guard let best = trainer.best, best.error.isFinite else {
      throw RunError("the world's PMF diverged; lower the PMF's learning rate")
    }
    try best.model.write(to: folder.world, metadata: metadata(.world, on: backend))
    return best.model
  }
}
