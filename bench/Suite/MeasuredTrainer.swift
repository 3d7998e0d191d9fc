import DRR
import Tensor

/// A trainer past its exploration and before its end, on vectors that were drawn, not fitted, and
/// on ratings of MovieLens 100K's size.
package struct MeasuredTrainer {
  var hidden = 128
  var batch = 64
  var dimension = 100

  func make(
    on backend: any Backend, _ change: (inout DRRConfiguration) -> Void = { _ in }
  ) throws -> DRRTrainer {
    let log = GeneratedRatings.generate(size: .small)
    let split = UserSplit(log, EvaluationProtocol())
    let scale = RewardScale.fiveStars
    var random = Philox(seed: 0, stream: 0)
    func draws(_ count: Int) -> [Float] { (0..<count).map { _ in 0.05 * random.normal() } }
    let model = PMFModel(
      dimension: dimension, mean: 0, userFactors: draws(log.userCount * dimension),
      itemFactors: draws(log.itemCount * dimension), userBiases: draws(log.userCount),
      itemBiases: draws(log.itemCount))
    var configuration = DRRConfiguration()
    configuration.ddpg.hidden = hidden
    configuration.ddpg.batchSize = batch
    configuration.learningStarts = batch
    configuration.steps = 1_000_000_000
    change(&configuration)
    let environment = try RatingEnvironment(
      log: log, split: split, model: model,
      statistics: ItemStatistics(log, split, scale: scale), window: configuration.window,
      sessionLength: configuration.sessionLength, scale: scale, seed: 0)
    return try DRRTrainer(configuration, environment: environment, seed: 0, on: backend)
  }

  /// Operations of the products of one update.
  package static func flops(hidden: Int, batch: Int, dimension: Int) -> Double {
    MeasuredTrainer(hidden: hidden, batch: batch, dimension: dimension).products
      .reduce(0) { $0 + $1.flops }
  }

  /// The matrix products of one update, as the algorithm needs them (Lillicrap et al. 2016,
  /// algorithm 1, on the networks of Liu et al. 2018): nothing that computes the same twice.
  var products: [Product] {
    let (b, h, k, s, j) = (batch, hidden, dimension, 3 * dimension, hidden + dimension)
    func forward(_ widths: [Int]) -> [Product] { Product.forward(widths, rows: b) }
    func weightGradients(_ widths: [Int]) -> [Product] {
      Product.weightGradients(widths, rows: b)
    }
    func inputGradients(_ widths: [Int]) -> [Product] { Product.inputGradients(widths, rows: b) }
    let (actor, state, critic) = ([s, h, h, k], [s, h], [j, j, j, 1])
    let target = forward(actor) + forward(state) + forward(critic)
    let criticStep =
      forward(state) + forward(critic) + weightGradients(critic) + inputGradients(critic)
      + weightGradients(state)
    // Through the critic to the action, through the actor to the state's own weights.
    let actorStep =
      forward(actor) + forward(state) + forward(critic) + inputGradients(critic)
      + weightGradients(actor) + inputGradients(actor)
    return target + criticStep + actorStep
  }
}
