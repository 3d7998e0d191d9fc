import DRRCore
import Tensor

/// Adam over whole tables on shuffled batches, the penalties as means over a batch.
///
/// Ranks that share a batch each have the ratings of some of the users, and keep these users'
/// weights: what they sum are the gradients of the items. After a pass each has all weights.
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
  private let ranks: any Collective
  /// By user, which part of a batch has the ratings.
  private let parts: [Int]
  private let partCount: Int
  /// The parts, and the users, that are this rank's.
  private let ownParts: Range<Int>
  private let ownUsers: Range<Int>

  init(
    _ configuration: PMFConfiguration, _ ratings: PMFRatings, seed: UInt64,
    on backend: any Backend, among ranks: any Collective
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
    self.ranks = ranks
    partCount = configuration.batchParts ?? ranks.size
    let parts = ratings.parts(partCount)
    self.parts = parts
    let own = ranks.share(of: partCount)
    ownParts = own
    // Parts ascend with users.
    let first = parts.firstIndex { own.contains($0) } ?? 0
    ownUsers = first..<(parts.lastIndex { own.contains($0) }.map { $0 + 1 } ?? first)
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
      let rows = order[start..<min(start + configuration.batchSize, order.count)]
      if partCount == 1 {
        addGradients(of: rows)
        optimizer.step()
      } else {
        try share(rows)
      }
      try progress(batch + 1)
    }
    if ranks.size > 1 {
      for flat in [parameters.values, optimizer.moments.first, optimizer.moments.second] {
        try gatherUsers(flat)
      }
    }
  }

  // MARK: Shared

  private func share(_ batch: ArraySlice<Int32>) throws {
    let places = [itemFactors.table, itemBiases.table].map {
      $0.place(ofRows: 0..<ratings.log.itemCount)
    }
    var rows = [[Int32]](repeating: [], count: ownParts.count)
    for row in batch {
      let part = parts[Int(ratings.user(row))]
      if ownParts.contains(part) { rows[part - ownParts.lowerBound].append(row) }
    }
    var sum = OrderedSum()
    for rows in rows {
      if !rows.isEmpty { addGradients(of: rows[...], among: batch.count) }
      sum.add(try places.flatMap { try backend.read(parameters.gradients[$0]) })
      for place in places { backend.fill(0, into: parameters.gradients[place]) }
    }
    var gradients = sum.total
    try ranks.allReduce(&gradients)
    var first = 0
    for place in places {
      backend.write(Array(gradients[first..<first + place.count]), to: parameters.gradients[place])
      first += place.count
    }
    optimizer.step(
      in: places + [userFactors.table, userBiases.table].map { $0.place(ofRows: ownUsers) })
  }

  /// Gives each rank what the others keep of the users.
  private func gatherUsers(_ flat: Floats) throws {
    for table in [userFactors.table, userBiases.table] {
      let own = try backend.read(flat[table.place(ofRows: ownUsers)])
      let all = try ranks.allGather(own).flatMap { $0 }
      backend.write(all, to: flat[table.place(ofRows: 0..<ratings.log.userCount)])
    }
  }

  /// - Parameter whole: the size of the batch that these rows are a part of; nil: they are all.
  private func addGradients(of batch: ArraySlice<Int32>, among whole: Int? = nil) {
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
    let size = Float(whole ?? b)
    let vectors = (configuration.regularization / size) * (p.squaredNorm() + q.squaredNorm())
    let biases =
      (configuration.biasRegularization / size)
      * (userBias.squaredNorm() + itemBias.squaredNorm())
    let error = prediction.squaredError(residuals)
    let loss = (whole == nil ? error : (Float(b) / size) * error) + vectors + biases
    tape.backward(from: loss)
  }

  func model(mean: Float) throws -> PMFModel {
    PMFModel(
      dimension: configuration.dimension, mean: mean,
      userFactors: try userFactors.table.tensor.host(),
      itemFactors: try itemFactors.table.tensor.host(),
      userBiases: try userBiases.table.tensor.host(),
      itemBiases: try itemBiases.table.tensor.host())
  }

  func take(_ model: PMFModel) {
    userFactors.table.set(model.userFactors)
    itemFactors.table.set(model.itemFactors)
    userBiases.table.set(model.userBiases)
    itemBiases.table.set(model.itemBiases)
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
