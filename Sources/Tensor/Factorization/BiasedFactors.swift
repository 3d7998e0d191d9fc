/// Vectors and biases of users and items in one buffer, as `FactorizationKernels` wants their rows.
public final class BiasedFactors {
  /// k, the length of a vector.
  public let dimension: Int
  /// The number of users, whose rows come first.
  public let userCount: Int
  /// The number of items.
  public let itemCount: Int
  /// The device that the rows are on.
  public let backend: any Backend
  let width: Int
  let rows: Floats

  /// Vectors drawn on the host, users' first, so that they are the same bits on every device; no
  /// biases.
  public init(
    dimension: Int, userCount: Int, itemCount: Int, _ initializer: Initializer, seed: UInt64,
    stream: UInt64, on backend: any Backend
  ) {
    self.dimension = dimension
    self.userCount = userCount
    self.itemCount = itemCount
    self.backend = backend
    width = (dimension + 2 + 15) / 16 * 16
    let count = (userCount + itemCount) * width
    rows = Floats(backend.allocate(count), count: count)
    var random = Philox(seed: seed, stream: stream)
    write(
      initializer.values(shape: [userCount + itemCount, dimension], random: &random),
      biases: [Float](repeating: 0, count: userCount + itemCount))
  }

  /// Rows of vectors and biases, users' first.
  private func write(_ vectors: [Float], biases: [Float]) {
    var host = [Float](repeating: 0, count: rows.count)
    for row in 0..<userCount + itemCount {
      let place = row * width
      for d in 0..<dimension { host[place + d] = vectors[row * dimension + d] }
      host[place + dimension + (row < userCount ? 0 : 1)] = biases[row]
      host[place + dimension + (row < userCount ? 1 : 0)] = 1
    }
    backend.write(host, to: rows)
  }

  /// Takes over vectors [users, k] and [items, k], and biases.
  public func set(
    userVectors: [Float], itemVectors: [Float], userBiases: [Float], itemBiases: [Float]
  ) {
    require(
      userVectors.count == userCount * dimension && itemVectors.count == itemCount * dimension
        && userBiases.count == userCount && itemBiases.count == itemCount,
      "factors of \(userCount) users and \(itemCount) items, \(userBiases.count) and "
        + "\(itemBiases.count) biases")
    write(userVectors + itemVectors, biases: userBiases + itemBiases)
  }

  /// Rounds over the ratings of these users and items. Waits for nothing.
  /// - Parameter shifts: the rounds in their order, some of 0 ..< side; all of them are one pass.
  public func descend(_ ratings: RatingGrid, shifts: [Int32], _ step: FactorizationStep) {
    require(
      ratings.userCount == userCount && ratings.itemCount == itemCount,
      "factors of \(userCount) users and \(itemCount) items, ratings of \(ratings.userCount) and "
        + "\(ratings.itemCount)")
    let split = userCount * width
    backend.factorize(
      ratings.blocks, users: rows[0..<split], items: rows[split..<rows.count], k: dimension,
      width: width, shifts: shifts, step)
  }

  /// The vectors [users, k] and [items, k], and the biases. Waits for the device once.
  public func host() throws(BackendError) -> (
    userVectors: [Float], itemVectors: [Float], userBiases: [Float], itemBiases: [Float]
  ) {
    let host = try backend.read(rows)
    let (k, width) = (dimension, width)
    func vectors(_ rows: Range<Int>) -> [Float] {
      var vectors: [Float] = []
      vectors.reserveCapacity(rows.count * k)
      for row in rows { vectors += host[row * width..<row * width + k] }
      return vectors
    }
    let (users, items) = (0..<userCount, userCount..<userCount + itemCount)
    return (
      vectors(users), vectors(items), users.map { host[$0 * width + k] },
      items.map { host[$0 * width + k + 1] }
    )
  }
}

extension BiasedFactors: Checkpointed {
  public func save(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).rows", backend.read(rows), shape: [userCount + itemCount, width])
  }

  public func prepareRestore(
    from file: SafetensorsFile, _ prefix: String
  ) throws -> () -> Void {
    let host = try file.floats("\(prefix).rows", shape: [userCount + itemCount, width])
    // Beside vector and bias a row has a 1, and zeros.
    for place in host.indices where place % width > dimension - 1 {
      let isUser = place / width < userCount
      let fixed: Float? =
        switch place % width - dimension {
        case 0: isUser ? nil : 1
        case 1: isUser ? 1 : nil
        default: 0
        }
      try file.require(
        fixed ?? host[place] == host[place], "\(prefix).rows",
        "is \(host[place]) at place \(place) of \(host.count)", "\(fixed ?? 0)")
    }
    return { self.backend.write(host, to: self.rows) }
  }
}
