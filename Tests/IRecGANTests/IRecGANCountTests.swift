import IRecGAN
import Tensor
import TestSupport
import Testing

/// What a batch asks of a device once every buffer has been met: launches, and nothing else.
@Suite("Cost of a batch of IRecGAN")
struct IRecGANCountTests {
  /// The counters of every batch of the last epoch but its first, which comes after its upload, and
  /// its last, which is read.
  private func batches(
    _ trainer: IRecGANTrainer, of stage: String, epochs: Int
  ) throws -> [Counters] {
    var seen = 0
    var found: [Counters] = []
    while !trainer.isFinished {
      let before = trainer.user.weights.backend.counters
      let isFirst = trainer.batch == 0
      let report = try trainer.advance()
      if report == nil, !isFirst, seen == epochs - 1 {
        found.append(trainer.user.weights.backend.counters - before)
      }
      if report?.stage == stage { seen += 1 }
      if seen == epochs { break }
    }
    return found
  }

  @Test("launches of a batch", arguments: TestDevices.all)
  func counts(_ device: TestDevice) throws {
    let isCPU = device.name == "cpu"
    let train = try SessionWorlds.log(80)
    let none = train.selecting([])
    func make(_ part: IRecGANTrainer.Part) throws -> IRecGANTrainer {
      try SessionWorlds.trainer(part, train: train, validation: none, on: device.make()) {
        $0.userTraining.epochs = 6
        $0.agentTraining.epochs = 6
        $0.discriminatorTraining.epochs = 6
        $0.batchSize = 16
      }
    }
    func expect(_ found: [Counters], _ launches: Int, _ name: String) {
      #expect(found.count >= 3, "\(name)")
      for counters in found {
        let expected = Counters(launches: launches, arguments: counters.arguments)
        #expect(counters == expected, "\(device) \(name)")
      }
    }
    expect(
      try batches(make(.pretraining), of: "user model", epochs: 6), isCPU ? 38 : 47, "user")
    expect(try batches(make(.pretraining), of: "agent", epochs: 6), isCPU ? 15 : 20, "agent")
    expect(
      try batches(make(.method(.irecgan)), of: "discriminator", epochs: 6), isCPU ? 29 : 33, "D")
  }
}
