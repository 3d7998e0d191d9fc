import Tensor

extension PMFModel {
  package func add(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try add(to: &file, prefix, sharing: nil)
  }

  /// - Parameter users: whose rows these are where ranks share them; nil: all are here.
  func add(
    to file: inout SafetensorsWriter, _ prefix: String, sharing users: UserRows?
  ) throws {
    if let users {
      let (k, factors, biases) = (dimension, userFactors, userBiases)
      try users.add(
        "\(prefix).users", [users.count, k],
        { Array(factors[$0.lowerBound * k..<$0.upperBound * k]) }, to: &file)
      try users.add("\(prefix).user_biases", [users.count], { Array(biases[$0]) }, to: &file)
    } else {
      try file.add("\(prefix).users", userFactors, shape: [userCount, dimension])
      try file.add("\(prefix).user_biases", userBiases)
    }
    try file.add("\(prefix).items", itemFactors, shape: [itemCount, dimension])
    try file.add("\(prefix).item_biases", itemBiases)
    try file.add("\(prefix).mean", [mean])
  }

  /// - Parameter rows: of the users, those that are wanted; nil: all.
  init(
    from file: SafetensorsFile, _ prefix: String, dimension: Int, userCount: Int, itemCount: Int,
    rows: Range<Int>? = nil
  ) throws {
    self.init(
      dimension: dimension, mean: try file.floats("\(prefix).mean", shape: [1])[0],
      userFactors: try file.floats(
        "\(prefix).users", shape: [userCount, dimension], rows: rows),
      itemFactors: try file.floats("\(prefix).items", shape: [itemCount, dimension]),
      userBiases: try file.floats("\(prefix).user_biases", shape: [userCount], rows: rows),
      itemBiases: try file.floats("\(prefix).item_biases", shape: [itemCount]))
  }

  /// Writes the model as one safetensors file.
  public func write(to path: String, metadata: [String: String]) throws {
    var file = SafetensorsWriter(metadata: metadata)
    try add(to: &file, "pmf")
    try file.write(to: path)
  }

  /// Reads a model of so many users and items. Throws where the file holds another.
  public init(
    contentsOf file: SafetensorsFile, dimension: Int, userCount: Int, itemCount: Int
  ) throws {
    try self.init(
      from: file, "pmf", dimension: dimension, userCount: userCount, itemCount: itemCount)
  }
}

extension PMFTrainer {
  /// Writes the best model as ``PMFModel/write(to:metadata:)`` does; ranks call it together, and the
  /// first writes.
  public func writeBest(to path: String, metadata: [String: String]) throws {
    guard let best else { return }
    var file = SafetensorsWriter(metadata: metadata)
    try best.model.add(to: &file, "pmf", sharing: users)
    if users?.ranks.leads ?? true { try file.write(to: path) } else { try file.attend() }
  }

  /// Everything that the next epoch depends on. Ranks write the file together: each adds to one of
  /// its own, and does with it what the others do with theirs.
  public func save(to file: inout SafetensorsWriter) throws {
    try solver.save(to: &file)
    try file.add("pmf.epoch", [Int64(epoch)])
    if let best {
      try file.add("pmf.best.error", [best.error])
      try file.add("pmf.best.epoch", [Int64(best.epoch)])
      try best.model.add(to: &file, "pmf.best", sharing: users)
    }
  }

  /// Puts back what ``save(to:)`` wrote.
  ///
  /// - Throws: `CheckpointError` if something is missing, out of range or has another shape.
  public func restore(from file: SafetensorsFile) throws {
    let epochs = Expected<Int64>.in(0...Int64(configuration.epochs))
    let epoch = try file.integer("pmf.epoch", epochs)
    var best: (error: Double, epoch: Int, model: PMFModel)?
    if file.entry("pmf.best.error") != nil {
      best = (
        error: try file.doubles("pmf.best.error", .notNegative, shape: [1])[0],
        epoch: try file.integer("pmf.best.epoch", .in(0...Int64(epoch))),
        model: try PMFModel(
          from: file, "pmf.best", dimension: configuration.dimension, userCount: userCount,
          itemCount: itemCount, rows: users?.held)
      )
    }
    let restoreWeights = try solver.prepareRestore(from: file)
    restoreWeights()
    self.epoch = epoch
    self.best = best
  }
}
