import DRRCore
import Tensor

/// Adam over whole tables on shuffled batches, the penalties as means over a batch.
final class PMFAdam: PMFSolver {
  let configuration: PMFConfiguration
  let ratings: PMFRatings
  let seed: UInt64
  let backend: any Backend
  let parameters: ParameterSet
  let userFactors: Embedding
  let itemFactors: Embedding
  let userBiases: Embedding
  let itemBiases: Embedding
  let optimizer: Adam

  init(
    _ configuration: PMFConfiguration, _ ratings: PMFRatings, seed: UInt64,
    on backend: any Backend
  ) {
    self.configuration = configuration
    self.ratings = ratings
    self.seed = seed
    self.backend = backend
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.pmfWeights)
    let (users, items) = (ratings.log.userCount, ratings.log.itemCount)
    let vectors = configuration.start.initializer
    let k = configuration.dimension
    userFactors = Embedding("users", rows: users, width: k, vectors, in: parameters)
    itemFactors = Embedding("items", rows: items, width: k, vectors, in: parameters)
    userBiases = Embedding("user_biases", rows: users, width: 1, .zeros, in: parameters)
    itemBiases = Embedding("item_biases", rows: items, width: 1, .zeros, in: parameters)
    optimizer = Adam(parameters, learningRate: configuration.learningRate)
  }

  var batchesPerEpoch: Int {
    (ratings.rows.count + configuration.batchSize - 1) / configuration.batchSize
  }

  func pass(epoch: Int, progress: (_ batchesDone: Int) throws -> Void) throws {
    var random = Philox(seed: seed, stream: Streams.pmfOrder &+ UInt64(epoch) << 8)
    let order = ratings.rows.shuffled(using: &random)
    optimizer.learningRate =
      configuration.learningRate * (1 - 0.9 * Float(epoch) / Float(configuration.epochs))
    for batch in 0..<batchesPerEpoch {
      let start = batch * configuration.batchSize
      update(order[start..<min(start + configuration.batchSize, order.count)])
      try progress(batch + 1)
    }
  }

  private func update(_ batch: ArraySlice<Int32>) {
    let b = batch.count
    let users = IndexTensor(batch.map { ratings.user($0) }, shape: [b], on: backend)
    let items = IndexTensor(batch.map { ratings.item($0) }, shape: [b], on: backend)
    let residuals = Tensor(batch.map { ratings.residual($0) }, shape: [b], on: backend)

    let tape = Tape(training: parameters)
    let p = userFactors(users, tape)
    let q = itemFactors(items, tape)
    let userBias = userBiases(users, tape)
    let itemBias = itemBiases(items, tape)
    let prediction = p.rowDot(q) + userBias.reshaped([b]) + itemBias.reshaped([b])
    let vectors = (configuration.regularization / Float(b)) * (p.squaredNorm() + q.squaredNorm())
    let biases =
      (configuration.biasRegularization / Float(b))
      * (userBias.squaredNorm() + itemBias.squaredNorm())
    let loss = prediction.squaredError(residuals) + vectors + biases
    tape.backward(from: loss)
    optimizer.step()
  }

  func model(mean: Float) throws -> PMFModel {
    PMFModel(
      dimension: configuration.dimension, mean: mean,
      userFactors: try userFactors.table.tensor.host(),
      itemFactors: try itemFactors.table.tensor.host(),
      userBiases: try userBiases.table.tensor.host(),
      itemBiases: try itemBiases.table.tensor.host())
  }

  func save(to file: inout SafetensorsWriter) throws {
    try parameters.save(to: &file, "pmf.weights")
    try optimizer.save(to: &file, "pmf.adam")
  }

  func prepareRestore(from file: SafetensorsFile) throws -> () -> Void {
    let restoreWeights = try parameters.prepareRestore(from: file, "pmf.weights")
    let restoreMoments = try optimizer.prepareRestore(from: file, "pmf.adam")
    return {
      restoreWeights()
      restoreMoments()
    }
  }
}
