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

  /// The posterior of the items' vectors, given the visible ratings: read where the folder has it,
  /// else fitted and kept.
  func beliefs(
    _ beliefs: BeliefModel.Configuration, on backend: any Backend,
    _ observer: Observer = Observer()
  ) throws -> BeliefModel {
    if folder.exists(folder.beliefs) {
      let file = try SafetensorsFile(ofRun: folder.beliefs)
      try check(file, holds: .beliefs)
      return try BeliefModel(
        beliefs, contentsOf: file, userCount: log.userCount, itemCount: log.itemCount)
    }
    let model = try BeliefModel(
      beliefs, log, split, scale: configuration.scale, seed: configuration.seed
    ) {
      observer.progress($0, $1, "sweeps of the beliefs")
      if observer.shouldStop() { throw Interrupted(step: 0) }
    }
    var file = SafetensorsWriter(metadata: try metadata(.beliefs, on: backend))
    try model.save(to: &file)
    try file.write(to: folder.beliefs)
    return model
  }
}
