import DRR
import Tensor

/// Updates of deep Q-learning over a catalogue beside PyTorch's.
extension Updates {
  func deepFigures(in room: Room) throws -> [Figure] {
    room.step("DQN over a catalogue")
    let measured = MeasuredDQN()
    let trainer = try measured.make(on: room.backend)
    for _ in 0..<20 * measured.batch { try trainer.advance() }
    let counts = try room.counts(of: 100) { _ = trainer.update() }
    let stepCounts = try room.counts(of: 100) { try trainer.advance() }
    let works = [
      room.work("update") { _ = trainer.update() }, room.work("step") { try trainer.advance() },
    ]
    let peer =
      room.isProcessor
      ? room.peer(
        "PyTorch's deep Q-learning", "torch_dqn.py",
        [
          "--items", "\(MeasuredDQN.items)", "--hidden", "\(measured.hidden)", "--batch",
          "\(measured.batch)", "--dimension", "\(measured.dimension)", "--window",
          "\(measured.window)",
        ]) : nil
    let (samples, answer) = try room.measure(works, beside: peer)
    let sizes = "\(MeasuredDQN.items) items, hidden \(measured.hidden), batch \(measured.batch)"
    var update = Figure("updates", "DQN update, \(sizes)", samples[0], in: room)
    update.counts = counts
    if let answer, let theirs = answer["update"] { update.add(peer: answer.peer, theirs) }
    var step = Figure("updates", "DQN step from a log, \(sizes)", samples[1], in: room)
    step.counts = stepCounts
    return [update, step]
  }
}
