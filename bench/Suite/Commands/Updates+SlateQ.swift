import DRR
import Tensor

/// Updates of SlateQ in interest evolution beside PyTorch's.
extension Updates {
  func slateFigures(in room: Room) throws -> [Figure] {
    room.step("SlateQ in interest evolution")
    let configuration = SlateQConfiguration()
    let world = try InterestEvolution(count: configuration.environments, seed: 0)
    let trainer = SlateQTrainer(configuration, world: world, seed: 0, on: room.backend)
    try trainer.advance()
    let counts = try room.counts(of: 100) { trainer.update(0) }
    let peer =
      room.isProcessor
      ? room.peer(
        "PyTorch's SlateQ", "torch_slateq.py",
        [
          "--width", "\(trainer.inputs.width)", "--slate", "\(world.actionWidth)", "--hidden",
          "\(configuration.hidden)", "--batch", "\(configuration.batchSize)", "--capacity",
          "\(configuration.environments * configuration.horizon * configuration.rollouts)",
        ]) : nil
    let products = Self.slateProducts(
      configuration, width: trainer.inputs.width, places: world.actionWidth + 1)
    let (threads, blas) = (room.threads, room.isProcessor ? HostProducts(products) : nil)
    var works = [room.work("update") { trainer.update(0) }]
    if let blas { works.append(Work("its products") { blas.run(threads: threads) }) }
    let (samples, answer) = try room.measure(works, beside: peer)
    let sizes = "hidden \(configuration.hidden), batch \(configuration.batchSize)"
    var update = Figure(
      "updates", "SlateQ update, \(sizes)", samples[0],
      flops: products.reduce(0) { $0 + $1.flops }, in: room)
    update.counts = counts
    if let answer, let theirs = answer["update"] { update.add(peer: answer.peer, theirs) }
    if blas != nil, let ours = update.time {
      update.add(peer: "OpenBLAS, its products alone", samples[1])
      let theirs = Spread(room.goesByCPU ? samples[1].cpu : samples[1].wall)!
      update.values = ["times its products alone": ours.median / theirs.median]
    }
    return [update]
  }

  /// The products of one update: of the value of what was chosen, and of the choice among the slate
  /// and none. The inputs of both want no gradient.
  static func slateProducts(
    _ configuration: SlateQConfiguration, width: Int, places: Int
  ) -> [Product] {
    let widths = [width, configuration.hidden, configuration.hidden, 1]
    return [configuration.batchSize, configuration.batchSize * places].flatMap { rows in
      Product.forward(widths, rows: rows) + Product.weightGradients(widths, rows: rows)
        + Product.inputGradients(Array(widths.dropFirst()), rows: rows)
    }
  }
}
