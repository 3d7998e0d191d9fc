import Tensor

extension Experiment {
  /// What is believed of items from the visible ratings: read where the folder has it, else fitted
  /// and kept.
  func beliefs(on backend: any Backend, _ observer: Observer = Observer()) throws -> BeliefModel {
    let beliefs = try drr.residual?.beliefs ?? BeliefModel.Configuration()
    if folder.exists(folder.beliefs) {
      let file = try SafetensorsFile(contentsOf: folder.beliefs, requireChecksum: true)
      try check(file, holds: .beliefs)
      return try BeliefModel(
        beliefs, contentsOf: file, userCount: log.userCount, itemCount: log.itemCount)
    }
    let model = try BeliefModel(
      beliefs, log, split, scale: configuration.scale, seed: configuration.seed
    ) {
      observer.progress($0, $1, "sweeps of the beliefs")
      if observer.shouldStop() { throw Interrupted(step: 0) }
    }
    var file = SafetensorsWriter(metadata: try metadata(.beliefs, on: backend))
    try model.save(to: &file)
    try file.write(to: folder.beliefs)
    return model
  }
}
