import DRRCore
import Tensor

/// Adam over whole tables on shuffled batches, the penalties as means over a batch.
///
/// Ranks that share a batch each have the ratings and the weights of some of the users: what they
/// sum are the gradients of the items.
final class PMFAdam: PMFSolver {
  let configuration: PMFConfiguration
  let lesson: PMFLesson
  let seed: UInt64
  let backend: any Backend
  let parameters: ParameterSet
  let userFactors: Embedding
  let itemFactors: Embedding
  let userBiases: Embedding
  let itemBiases: Embedding
  let optimizer: Adam
  private let parts: UserParts
  /// Of the items' gradients.
  private let sums: PartSums
  /// The parts, and the users, that are this rank's.
  private let ownParts: Range<Int>
  private let ownUsers: Range<Int>
  /// The first user whose row is held.
  private let firstUser: Int32

  /// - Parameter shared: the rows of users where ranks share the ratings; nil: all are held.
  init(
    _ configuration: PMFConfiguration, _ lesson: PMFLesson, _ parts: UserParts,
    sharing shared: UserRows?, seed: UInt64, on backend: any Backend, among ranks: any Collective
  ) {
    self.configuration = configuration
    self.lesson = lesson
    self.seed = seed
    self.backend = backend
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.pmfWeights)
    if let shared {
      parameters.addShared = { try shared.add($0, $1, $2, to: &$3) }
    }
    let (users, items) = (lesson.userCount, lesson.itemCount)
    let vectors = configuration.start.initializer
    let (k, held) = (configuration.dimension, shared?.held)
    userFactors = Embedding(
      "users", rows: users, width: k, vectors, in: parameters, holding: held)
    itemFactors = Embedding("items", rows: items, width: k, vectors, in: parameters)
    userBiases = Embedding(
      "user_biases", rows: users, width: 1, .zeros, in: parameters, holding: held)
    itemBiases = Embedding("item_biases", rows: items, width: 1, .zeros, in: parameters)
    optimizer = Adam(parameters, learningRate: configuration.learningRate)
    self.parts = parts
    ownParts = ranks.share(of: parts.count)
    sums = PartSums(ranks, own: ownParts.count)
    ownUsers = shared?.own ?? 0..<users
    firstUser = Int32(held?.lowerBound ?? 0)
  }

  private var ratings: PMFRatings { lesson.ratings }

  var batchesPerEpoch: Int {
    (ratings.count + configuration.batchSize - 1) / configuration.batchSize
  }

  func pass(epoch: Int, progress: (_ batchesDone: Int) throws -> Void) throws {
    var random = Philox(seed: seed, stream: Streams.pmfOrder &+ UInt64(epoch) << 8)
    let (order, starts) = ratings.shuffled(
      inBatchesOf: configuration.batchSize, using: &random)
    optimizer.learningRate =
      configuration.learningRate * (1 - 0.9 * Float(epoch) / Float(configuration.epochs))
    for batch in 0..<batchesPerEpoch {
      let rows = order[starts[batch]..<starts[batch + 1]]
      if parts.count == 1 {
        addGradients(of: rows)
        optimizer.step()
      } else {
        let first = batch * configuration.batchSize
        try share(rows, among: min(configuration.batchSize, ratings.count - first))
      }
      try progress(batch + 1)
    }
  }

  // MARK: Shared

  /// - Parameters:
  ///   - batch: what is here of it.
  ///   - whole: its size.
  private func share(_ batch: ArraySlice<Int32>, among whole: Int) throws {
    var rows = [[Int32]](repeating: [], count: ownParts.count)
    for row in batch {
      rows[parts.ofUser[Int(ratings.user(row))] - ownParts.lowerBound].append(row)
    }
    let places = [itemFactors.table, itemBiases.table].map {
      $0.place(ofRows: 0..<lesson.itemCount)
    }
    sums.begin(width: places.reduce(0) { $0 + $1.count })
    for (part, rows) in rows.enumerated() {
      if !rows.isEmpty { addGradients(of: rows[...], among: whole) }
      try each(of: places, in: sums[part: part]) { place, numbers in
        try backend.read(parameters.gradients[place], into: numbers)
        // The next part's are added to them; behind the last, the sum takes their place.
        if part + 1 < ownParts.count { backend.fill(0, into: parameters.gradients[place]) }
      }
    }
    try sums.add()
    each(of: places, in: sums[part: 0]) { place, numbers in
      backend.write(UnsafeBufferPointer(numbers), to: parameters.gradients[place])
    }
    optimizer.step(
      in: places
        + [userFactors.table, userBiases.table].map { $0.place(ofRows: 0..<ownUsers.count) })
  }

  /// Calls `body` for each of the places, with its own of numbers that lie one after another.
  private func each(
    of places: [Range<Int>], in numbers: UnsafeMutableBufferPointer<Float>,
    _ body: (Range<Int>, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    var first = 0
    for place in places {
      try body(
        place, UnsafeMutableBufferPointer(rebasing: numbers[first..<first + place.count]))
      first += place.count
    }
  }

  /// - Parameter whole: the size of the batch that these rows are a part of; nil: they are all.
  private func addGradients(of batch: ArraySlice<Int32>, among whole: Int? = nil) {
    let b = batch.count
    let users = IndexTensor(
      batch.map { ratings.user($0) - firstUser }, shape: [b], on: backend)
    let items = IndexTensor(batch.map { ratings.item($0) }, shape: [b], on: backend)
    let residuals = Tensor(batch.map { lesson.residual($0) }, shape: [b], on: backend)

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
