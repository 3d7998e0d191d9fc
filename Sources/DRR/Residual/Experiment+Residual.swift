import Tensor

extension Experiment {
  /// What is believed of items and users from the visible ratings.
  func beliefs(_ configuration: BeliefModel.Configuration) throws -> BeliefModel {
    try BeliefModel(
      configuration, log, split, scale: self.configuration.scale, seed: self.configuration.seed)
  }

  /// The run's agent before any training.
  func untrainedAgent(_ model: PMFModel, on backend: any Backend) throws -> any SessionAgent {
    let drr = try drr
    if let residual = drr.residual { return try residualAgent(residual, on: backend) }
    return try DRRAgent(drr, model: model, seed: configuration.seed, on: backend)
  }

  func residualAgent(
    _ residual: ResidualConfiguration, on backend: any Backend
  ) throws -> ResidualAgent {
    let profiles = LoggedRewards(log, scale: configuration.scale) {
      split.visibleRows(of: $0, in: log)
    }
    return try ResidualAgent(
      residual, drr.ddpg, model: beliefs(residual.beliefs), profiles: profiles,
      seed: configuration.seed, on: backend)
  }
}
