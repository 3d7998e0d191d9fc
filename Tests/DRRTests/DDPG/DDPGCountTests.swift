import DRR
import Tensor
import TestSupport
import Testing

/// What training asks of a device, to the number: a launch too many shows here.
@Suite("Cost of a training step")
struct DDPGCountTests {
  @Test("launches, transfers and waits in the steady state", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let backend = try device.make()
    let trainer = try Worlds.trainer(Worlds.drr(), on: backend)
    for _ in 0..<60 { try trainer.advance() }

    for _ in 0..<5 {
      let before = backend.counters
      try trainer.advance()
      let between = backend.counters
      _ = trainer.update()
      let update = backend.counters - between
      let step = Counters(
        launches: between.launches - before.launches - update.launches,
        writes: between.writes - before.writes - update.writes,
        syncs: between.syncs - before.syncs - update.syncs,
        freshBuffers: between.freshBuffers - before.freshBuffers - update.freshBuffers)
      let isCPU = device.name == "cpu"
      #expect(update == Counters(launches: isCPU ? 52 : 58))
      #expect(step == Counters(launches: isCPU ? 8 : 9, writes: 4, syncs: 1))
      #expect(update.launches + update.writes <= 60)
    }
  }
}
