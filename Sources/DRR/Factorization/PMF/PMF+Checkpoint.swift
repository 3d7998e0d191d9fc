import Tensor

extension PMFModel {
  package func add(to file: inout SafetensorsWriter, _ prefix: String) throws {
    try file.add("\(prefix).users", userFactors, shape: [userCount, dimension])
    try file.add("\(prefix).items", itemFactors, shape: [itemCount, dimension])
    try file.add("\(prefix).user_biases", userBiases)
    try file.add("\(prefix).item_biases", itemBiases)
    try file.add("\(prefix).mean", [mean])
  }

  init(
    from file: SafetensorsFile, _ prefix: String, dimension: Int, userCount: Int, itemCount: Int
  ) throws {
    self.init(
      dimension: dimension, mean: try file.floats("\(prefix).mean", shape: [1])[0],
      userFactors: try file.floats("\(prefix).users", shape: [userCount, dimension]),
      itemFactors: try file.floats("\(prefix).items", shape: [itemCount, dimension]),
      userBiases: try file.floats("\(prefix).user_biases", shape: [userCount]),
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
  /// Everything that the next epoch depends on.
  public func save(to file: inout SafetensorsWriter) throws {
    try solver.save(to: &file)
    try file.add("pmf.epoch", [Int64(epoch)])
    if let best {
      try file.add("pmf.best.error", [best.error])
      try file.add("pmf.best.epoch", [Int64(best.epoch)])
      try best.model.add(to: &file, "pmf.best")
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
          from: file, "pmf.best", dimension: configuration.dimension, userCount: log.userCount,
          itemCount: log.itemCount)
      )
    }
    let restoreWeights = try solver.prepareRestore(from: file)
    restoreWeights()
    self.epoch = epoch
    self.best = best
  }
}
