import DRR
import Tensor
import TestSupport

/// Test inputs that are the same in every run.
typealias Draws = TestSupport.SeededGenerator

/// Small worlds that several suites use.
enum Worlds {
  /// A model of small random vectors: enough where only the machinery is looked at.
  static func model(_ log: RatingsLog, dimension: Int, seed: UInt64 = 1) -> PMFModel {
    var random = Draws(seed)
    return PMFModel(
      dimension: dimension, mean: 0.1,
      userFactors: random.floats(log.userCount * dimension, in: -0.5...0.5),
      itemFactors: random.floats(log.itemCount * dimension, in: -0.5...0.5),
      userBiases: random.floats(log.userCount, in: -0.2...0.2),
      itemBiases: random.floats(log.itemCount, in: -0.2...0.2))
  }

  static let tiny = GeneratedRatings.generate(size: .tiny)

  static func drr(_ change: (inout DRRConfiguration) -> Void = { _ in }) -> DRRConfiguration {
    var drr = DRRConfiguration()
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
  static func world(consecutive: Float = 0, dimension: Int = 8) -> World {
    World(
      logged: LoggedRewards(tiny, scale: .fiveStars) { tiny.rows(ofUser: $0) },
      model: model(tiny, dimension: dimension, seed: 9),
      satisfaction: Satisfaction(
        strength: consecutive, kinds: (0..<Int32(tiny.itemCount)).map { $0 % 3 }))
  }

  /// A trainer on the generated tiny log.
  static func trainer(
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
  var sets: [(String, ParameterSet)] {
    [
      ("actor", actor.parameters), ("critic", critic.parameters),
      ("target actor", targetActor.parameters), ("target critic", targetCritic.parameters),
    ]
  }

  /// The bits of every weight.
  func weights() throws -> [[Float]] { try sets.map { try backend.read($0.1.values) } }
}
