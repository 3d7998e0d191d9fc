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
    let (samples, answer) = try room.measure(
      [room.work("update") { trainer.update(0) }], beside: peer)
    let sizes = "hidden \(configuration.hidden), batch \(configuration.batchSize)"
    var update = Figure("updates", "SlateQ update, \(sizes)", samples[0], in: room)
    update.counts = counts
    if let answer, let theirs = answer["update"] { update.add(peer: answer.peer, theirs) }
    return [update]
  }
}
