import ActorCritic
import DRRData
import Environments
import Factorization
import Tensor
import TestSupport

/// Small worlds that several suites use.
package enum Worlds {
  /// A model of small random vectors: enough where only the machinery is looked at.
  package static func model(_ log: RatingsLog, dimension: Int, seed: UInt64 = 1) -> PMFModel {
    var random = SeededGenerator(seed)
    return PMFModel(
      dimension: dimension, mean: 0.1,
      userFactors: random.floats(log.userCount * dimension, in: -0.5...0.5),
      itemFactors: random.floats(log.itemCount * dimension, in: -0.5...0.5),
      userBiases: random.floats(log.userCount, in: -0.2...0.2),
      itemBiases: random.floats(log.itemCount, in: -0.2...0.2))
  }

  package static let tiny = GeneratedRatings.generate(size: .tiny)

  /// Settings for a few hundred steps.
  package static func drr(_ change: (inout DRRConfiguration) -> Void = { _ in }) -> DRRConfiguration
  {
    var drr = DRRConfiguration()
    drr.choice = .best
    drr.ddpg.hidden = 16
    drr.ddpg.batchSize = 8
    drr.ddpg.replayCapacity = 48
    drr.window = 3
    drr.sessionLength = 7
    drr.steps = 200
    drr.learningStarts = 12
    drr.explorationSteps = 40
    change(&drr)
    return drr
  }

  /// The whole tiny log, else a small random model, with kinds in turn.
  package static func world(consecutive: Float = 0, dimension: Int = 8) -> World {
    World(
      logged: LoggedRewards(tiny, scale: .fiveStars) { tiny.rows(ofUser: $0) },
      model: model(tiny, dimension: dimension, seed: 9),
      satisfaction: Satisfaction(
        strength: consecutive, kinds: (0..<Int32(tiny.itemCount)).map { $0 % 3 }))
  }

  /// Settings that hold out each user's latest ratings.
  package static func latest(seed: UInt64 = 0, ties: TieOrder? = nil) -> EvaluationProtocol {
    var evaluation = EvaluationProtocol()
    evaluation.split = .latest
    evaluation.splitSeed = seed
    evaluation.ties = ties
    return evaluation
  }

  /// The log with nonsense in every row that the split holds out.
  package static func poisoned(_ log: RatingsLog, _ split: UserSplit) -> RatingsLog {
    var poisoned = log
    for row in 0..<log.count where split.heldOut(row: row) != nil {
      poisoned.items[row] = 0
      poisoned.ratings[row] = .nan
    }
    return poisoned
  }

  /// A trainer on the generated tiny log.
  package static func trainer(
    _ drr: DRRConfiguration, on backend: any Backend, dimension: Int = 8, seed: UInt64 = 5,
    world: World? = nil
  ) throws -> DRRTrainer {
    let split = UserSplit(tiny, EvaluationProtocol())
    let environment = try RatingEnvironment(
      log: tiny, split: split, model: model(tiny, dimension: dimension),
      statistics: ItemStatistics(tiny, split, scale: .fiveStars), window: drr.window,
      sessionLength: drr.sessionLength, scale: .fiveStars, seed: seed, world: world)
    return try DRRTrainer(drr, environment: environment, seed: seed, on: backend)
  }
}

extension DDPG {
  /// Every set with a name, the targets too.
  package var sets: [(String, ParameterSet)] {
    [
      ("actor", actor.parameters), ("critic", critic.parameters),
      ("target actor", targetActor.parameters), ("target critic", targetCritic.parameters),
    ]
  }

  /// The bits of every weight.
  package func weights() throws -> [[Float]] { try sets.map { try backend.read($0.1.values) } }
}
