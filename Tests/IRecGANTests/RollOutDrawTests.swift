import ClickSessions
import DRRCore
import IRecGAN
import Kernels
import Testing

@Suite("Draws of roll-outs")
struct RollOutDrawTests {
  @Test("sessions that everybody leaves early take as many draws as those that go on to the end")
  func leaving() throws {
    let items = 12
    var log = SessionLog(name: "log", format: "made", checksum: "", itemCount: items)
    for session in 0..<4 {
      log.addStep(click: Int32(session))
      log.addStep(click: 5, reward: 1, list: [4, 5, 6, 7])
      log.endSession(ended: true)
    }
    var configuration = IRecGANConfiguration()
    (configuration.listSize, configuration.longestSession) = (4, 60)
    configuration.rollOuts = 3
    let trainer = try IRecGANTrainer(
      configuration, .method(.irecgan), train: log, validation: log, seed: 1, on: CPUBackend())
    var draws = DrawSequence(seed: 2, stream: 3)
    let simulated = try trainer.rollOuts.sessions(from: [0, 1, 2, 3, 4, 5], &draws)
    #expect(simulated.longestSession < 40 && simulated.ended.allSatisfy { $0 })
    // A list, a click and a reward a step.
    #expect(draws.count == 3 * 59)

    let before = draws.count
    let realness = try trainer.rollOuts.realness(of: simulated, by: trainer.discriminator, &draws)
    #expect(realness.count == simulated.stepCount && realness.allSatisfy { (0...1).contains($0) })
    let lengths = 2..<max(2, simulated.longestSession)
    #expect(draws.count - before == lengths.reduce(0) { $0 + 3 * UInt64(60 - $1) })
  }
}
