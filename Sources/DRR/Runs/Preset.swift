import ActorCritic
import Evaluation

/// Settings that belong together.
public enum Preset: String, CaseIterable, Sendable, CustomStringConvertible {
  /// DRR as it was published, and the agent of its last step.
  case paper
  /// Actions that start from the user's belief state, trained on logged sessions.
  case best

  public var description: String { rawValue }

  /// The algorithm that it trains.
  public var algorithm: String {
    switch self {
    case .paper: DRRConfiguration.algorithm
    case .best: ResidualAgentConfiguration.algorithm
    }
  }

  /// Gives a run the preset's agent and, unless it has one already, its factorisation.
  public func configure(_ run: inout RunConfiguration, keepsPMF: Bool = false) {
    switch self {
    case .paper:
      if !keepsPMF {
        run.pmf.choose(.adam, ratings: run.data.ratings)
        run.pmf.shareRegularization()
      }
      var drr = DRRConfiguration()
      drr.choice = .last
      run.agent = drr
    case .best:
      var agent = ResidualAgentConfiguration()
      agent.world = .log
      agent.environments = 16
      agent.steps = 5_000
      agent.epsilonStart = 0.3
      agent.epsilonEnd = 0.05
      agent.ddpg.replayCapacity = 20_000
      agent.ddpg.twinCritics = true
      agent.ddpg.policyDelay = 2
      agent.ddpg.targetRate = 0.005
      agent.ddpg.actorLearningRate = 1e-4
      agent.ddpg.weightDecay = 1e-4
      run.agent = agent
    }
  }
}
