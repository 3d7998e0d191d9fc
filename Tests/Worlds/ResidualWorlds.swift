import ActorCritic
import DRRData
import Environments
import Factorization
import Tensor

/// Small residual agents that several suites use.
package enum ResidualWorlds {
  /// Twelve updates by cloning, then three sessions of seven items at a time.
  package static func drr(
    _ change: (inout ResidualAgentConfiguration) -> Void = { _ in }
  ) -> ResidualAgentConfiguration {
    let drr = Worlds.drr()
    var agent = ResidualAgentConfiguration()
    agent.training = drr.training
    agent.ddpg = drr.ddpg
    agent.residual.beliefs = BeliefWorlds.configuration
    agent.residual.hidden = 8
    agent.residual.cloningSteps = 12
    agent.residual.candidates = 5
    agent.world = .log
    agent.environments = 3
    agent.ddpg.replayCapacity = 24
    agent.ddpg.twinCritics = true
    agent.ddpg.policyDelay = 2
    change(&agent)
    return agent
  }

  /// The run's PMF: of an item vector's 22 numbers the last five.
  package static let factorization = Worlds.model(Worlds.tiny, dimension: 3, seed: 8)

  package static func trainer(
    _ drr: ResidualAgentConfiguration = drr(), log: RatingsLog = Worlds.tiny,
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
      drr, model: model ?? BeliefWorlds.model,
      factorization: log.itemCount == factorization.itemCount
        ? factorization : Worlds.model(log, dimension: 3), world: world, log: log, split: split,
      statistics: ItemStatistics(log, split, scale: .fiveStars), evaluation: evaluation,
      scale: .fiveStars, seed: seed, on: backend)
  }
}
