import DRRCore
import Tensor

/// Stochastic gradient descent rating by rating, over disjoint blocks of users and items (Gemulla
/// et al. 2011; Chin et al. 2015): an epoch is one pass on the device in rounds, with the penalties
/// of the two rows that a rating touches. The learning rate falls linearly to 0.
final class PMFDescent: PMFSolver {
  let configuration: PMFConfiguration
  let seed: UInt64
  let factors: BiasedFactors
  let grid: RatingGrid
  /// The rounds of a pass.
  var batchesPerEpoch: Int { grid.side }
  /// Whether a pass takes so long that who waits is told of each round.
  private let isLong: Bool

  init(
    _ configuration: PMFConfiguration, _ lesson: PMFLesson, seed: UInt64,
    on backend: any Backend
  ) {
    self.configuration = configuration
    self.seed = seed
    let (ratings, users, items) = (lesson.ratings, lesson.userCount, lesson.itemCount)
    factors = BiasedFactors(
      dimension: configuration.dimension, userCount: users, itemCount: items,
      configuration.start.initializer, seed: seed, stream: Streams.pmfWeights, on: backend)
    var random = Philox(seed: seed, stream: Streams.pmfGrid)
    let order = ratings.rows.shuffled(using: &random)
    isLong = order.count > 2_000_000
    grid = RatingGrid(
      users: order.map { ratings.user($0) }, items: order.map { ratings.item($0) },
      values: order.map { lesson.residual($0) }, userCount: users, itemCount: items, on: backend)
  }

  func pass(epoch: Int, progress: (_ batchesDone: Int) throws -> Void) throws {
    var random = Philox(seed: seed, stream: Streams.pmfOrder &+ UInt64(epoch) << 8)
    let rate = configuration.learningRate * (1 - Float(epoch) / Float(configuration.epochs))
    let step = FactorizationStep(
      rate: rate, decay: configuration.regularization,
      biasDecay: configuration.biasRegularization)
    let shifts = (0..<Int32(grid.side)).shuffled(using: &random)
    var done = 0
    while done < shifts.count {
      let next = isLong ? done + 1 : shifts.count
      factors.descend(grid, shifts: Array(shifts[done..<next]), step)
      done = next
      try progress(done)
    }
  }

  func model(mean: Float) throws -> PMFModel {
    let host = try factors.host()
    return PMFModel(
      dimension: configuration.dimension, mean: mean, userFactors: host.userVectors,
      itemFactors: host.itemVectors, userBiases: host.userBiases, itemBiases: host.itemBiases)
  }

  func take(_ model: PMFModel) {
    factors.set(
      userVectors: model.userFactors, itemVectors: model.itemFactors, userBiases: model.userBiases,
      itemBiases: model.itemBiases)
  }

  func save(to file: inout SafetensorsWriter) throws { try factors.save(to: &file, "pmf.factors") }

  func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    try factors.prepareRestore(from: file, "pmf.factors")
  }
}
