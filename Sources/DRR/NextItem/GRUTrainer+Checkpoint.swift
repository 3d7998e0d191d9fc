import DRRCore
import Tensor

extension GRUTrainer {
  public func save(to file: inout SafetensorsWriter) throws {
    try file.add("step", [Int64(step)])
    try file.add("finished", [Int64(step / stepsPerNetwork)])
    try file.add("loss", loss.host())
    try ranker.parameters.save(to: &file, "network")
    try optimizer.save(to: &file, "optimizer")
    for (number, kept) in kept.enumerated() {
      try kept.weights.save(to: &file, Self.prefix(number))
    }
    try file.add("kept.epochs", best.map { Int64($0.epoch) })
    try file.add("kept.losses", best.map(\.loss))
    try file.add("kept.hit_rates", best.compactMap(\.hitRate))
    try file.add("kept.ndcg", best.compactMap(\.ndcg))
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let step = try file.integer("step", .count)
    try file.requireSteps(of: step, "step", steps)
    let loss = try file.floats("loss", .notNegative, shape: [1])
    let current = min(step / stepsPerNetwork, settings.networks - 1)
    let (ranker, optimizer) = network(current)
    let restores = try [
      ranker.parameters.prepareRestore(from: file, "network"),
      optimizer.prepareRestore(from: file, "optimizer"),
    ]
    // A network is kept from its first whole epoch on.
    let count =
      step == steps
      ? settings.networks
      : current + (step % stepsPerNetwork >= batchesPerEpoch ? 1 : 0)
    let shape = [count]
    let epochs = try file.integers("kept.epochs", .in(1...Int64(settings.epochs)), shape: shape)
    let losses = try file.doubles("kept.losses", .notNegative, shape: shape)
    let measured = validation == nil ? [0] : shape
    let hitRates = try file.doubles("kept.hit_rates", .in(0...1), shape: measured)
    let ndcg = try file.doubles("kept.ndcg", .in(0...1), shape: measured)
    let kept = try (0..<count).map { number in
      let weights = self.network(number).ranker.parameters
      try weights.restore(from: file, Self.prefix(number))
      return Kept(
        report: Report(
          network: number, epoch: epochs[number], loss: losses[number],
          hitRate: validation == nil ? nil : hitRates[number],
          ndcg: validation == nil ? nil : ndcg[number]),
        weights: weights)
    }
    for restore in restores { restore() }
    (self.ranker, self.optimizer, self.kept) = (ranker, optimizer, kept)
    (self.step, self.loss) = (step, Tensor(loss, shape: [1], on: backend))
  }

  package static func prefix(_ number: Int) -> String { "kept.\(number)" }
}

extension GRUScorer {
  /// The best epochs of the networks that a run has trained so far.
  ///
  /// - Throws: `RunError` where no network has come to the end of an epoch; `CheckpointError`.
  public init(
    _ run: Run<GRURunConfiguration>, itemCount: Int, on backend: any Backend
  ) throws {
    let file = try run.readCheckpoint()
    let settings = run.settings.settings
    let count = try file.integers("kept.epochs", .in(1...Int64(settings.epochs))).count
    if count == 0 {
      throw RunError(
        "\(run.folder.path): not one epoch is done yet; go on by `drr \(run.settings.command) --run "
          + "\(run.folder.path)`")
    }
    let networks = try (0..<count).map { number in
      let ranker = GRURanker(settings, itemCount: itemCount, seed: 0, on: backend)
      try ranker.parameters.restore(from: file, GRUTrainer.prefix(number))
      return ranker
    }
    self.init(networks, window: settings.window, title: settings.head?.title ?? "GRU")
  }
}
