import ActorCritic
import DRRData
import Environments
import Factorization
import Tensor

/// Small residual agents that several suites use.
package enum ResidualWorlds {
  /// Twelve updates by cloning, then three sessions of seven items at a time.
  package static func drr(_ change: (inout DRRConfiguration) -> Void = { _ in }) -> DRRConfiguration
  {
    Worlds.drr {
      var residual = ResidualConfiguration()
      residual.beliefs = BeliefWorlds.configuration
      residual.hidden = 8
      residual.cloningSteps = 12
      residual.candidates = 5
      $0.residual = residual
      $0.world = .log
      $0.environments = 3
      $0.ddpg.replayCapacity = 24
      $0.ddpg.twinCritics = true
      $0.ddpg.policyDelay = 2
      change(&$0)
    }
  }

  /// The run's PMF: of an item vector's 22 numbers the last five.
  package static let factorization = Worlds.model(Worlds.tiny, dimension: 3, seed: 8)

  package static func trainer(
    _ drr: DRRConfiguration = drr(), log: RatingsLog = Worlds.tiny,
    model: BeliefModel? = nil,
    evaluation: EvaluationProtocol = BeliefWorlds.evaluation, consecutive: Float = 0,
    seed: UInt64 = 5, on backend: any Backend
  ) throws -> ResidualTrainer {
    let split = UserSplit(log, evaluation)
    let world = World(
      logged: LoggedRewards(log, scale: .fiveStars) { log.rows(ofUser: $0) },
      model: Worlds.model(log, dimension: 4, seed: 9),
      satisfaction: Satisfaction(
        strength: consecutive, kinds: (0..<Int32(log.itemCount)).map { $0 % 3 }))
    return try ResidualTrainer(
      drr, drr.residual!, model: model ?? BeliefWorlds.model,
      factorization: log.itemCount == factorization.itemCount
        ? factorization : Worlds.model(log, dimension: 3), world: world, log: log, split: split,
      statistics: ItemStatistics(log, split, scale: .fiveStars), evaluation: evaluation,
      scale: .fiveStars, seed: seed, on: backend)
  }
}
