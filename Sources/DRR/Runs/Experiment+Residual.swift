import ActorCritic
import Agents
import DRRCore
import Factorization
import Tensor

extension Experiment {
  /// What tables call the agent as cloning left it.
  public var clonedName: String { "\(agentName) cloned" }

  /// The run's agent as behaviour cloning left it, before it acted; nil where nothing was cloned.
  public func readCloned(
    _ model: PMFModel, on backend: any Backend
  ) throws -> (any SessionAgent)? {
    guard try self.agent.preparation > 0,
      let agent = try makeAgent(model, on: backend) as? ResidualAgent
    else { return nil }
    return try agent.networks.restoreCloned(from: readCheckpoint(), "residual") ? agent : nil
  }

  /// The beliefs that the folder has; nil: none yet.
  func readBeliefs(_ beliefs: BeliefModel.Configuration) throws -> BeliefModel? {
    guard folder.exists(folder.beliefs) else { return nil }
    let file = try SafetensorsFile(ofRun: folder.beliefs)
    try check(file, holds: .beliefs)
    return try BeliefModel(
      beliefs, contentsOf: file, userCount: log.userCount, itemCount: log.itemCount)
  }

  /// The sweeps that each factorization of the beliefs took; nil where they did not begin with an
  /// earlier run's.
  public func beliefSweeps() throws -> [Int]? {
    guard configuration.warm?.beliefs != nil, let beliefs = configuration.agent?.beliefs else {
      return nil
    }
    return try readBeliefs(beliefs)?.factorizations.map(\.sweeps)
  }

  /// The posterior of the items' vectors, given the visible ratings: read where the folder has it,
  /// else fitted, from an earlier run's where this one has them, and kept.
  func beliefs(
    _ beliefs: BeliefModel.Configuration, on backend: any Backend,
    _ observer: Observer = Observer()
  ) throws -> BeliefModel {
    if let model = try readBeliefs(beliefs) { return model }
    let model = try BeliefModel(
      beliefs, log, split, scale: configuration.scale, from: readBeliefStart(),
      seed: configuration.seed
    ) {
      observer.progress($0, $1, "sweeps of the beliefs")
      try observer.checkStop()
    }
    try keep(model, on: backend)
    return model
  }

  private func keep(_ beliefs: BeliefModel, on backend: any Backend) throws {
    var file = SafetensorsWriter(metadata: try metadata(.beliefs, on: backend))
    try beliefs.save(to: &file)
    try file.write(to: folder.beliefs)
  }

  /// Keeps the beliefs of a run of the same ratings and settings as this run's own, unless it has
  /// some, or the other has none: a fit would come to the same bits.
  func takeBeliefs(of other: Experiment, on backend: any Backend) throws {
    guard !folder.exists(folder.beliefs), let settings = configuration.agent?.beliefs,
      let model = try other.readBeliefs(settings)
    else { return }
    try keep(model, on: backend)
  }
}
