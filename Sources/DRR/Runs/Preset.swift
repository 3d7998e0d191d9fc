import ActorCritic
import Evaluation

/// Settings that belong together.
public enum Preset: String, CaseIterable, Sendable, CustomStringConvertible {
  /// DRR as it was published, and the agent of its last step.
  case paper
  /// Actions that start from what is believed of the user, trained on logged sessions.
  case best

  public var description: String { rawValue }

  /// Gives a run the preset's factorisation and agent.
  public func configure(_ run: inout RunConfiguration) {
    var (pmf, drr) = (run.pmf, DRRConfiguration())
    switch self {
    case .paper:
      pmf.shareRegularization()
      drr.choice = .last
    case .best:
      drr.residual = ResidualConfiguration()
      drr.world = .log
      drr.environments = 16
      drr.steps = 5_000
      drr.epsilonStart = 0.3
      drr.epsilonEnd = 0.05
      drr.ddpg.replayCapacity = 20_000
      drr.ddpg.twinCritics = true
      drr.ddpg.policyDelay = 2
      drr.ddpg.targetRate = 0.005
      drr.ddpg.actorLearningRate = 1e-4
      drr.ddpg.weightDecay = 1e-4
    }
    (run.pmf, run.drr) = (pmf, drr)
  }
}
