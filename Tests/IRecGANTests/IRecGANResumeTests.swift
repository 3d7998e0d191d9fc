import IRecGAN
import Tensor
import TestSupport
import Testing

/// A trainer that is saved and restored between any two batches goes on to the same bits.
@Suite("IRecGAN's training goes on")
struct IRecGANResumeTests {
  /// Trains with a fresh trainer after every `pace` batches.
  private func interrupted(
    _ part: IRecGANTrainer.Part, _ start: [UInt8], _ reports: inout [IRecGANReport],
    _ make: () throws -> IRecGANTrainer
  ) throws -> IRecGANTrainer {
    var trainer = try make()
    try trainer.restore(start)
    var pace = 0
    while !trainer.isFinished {
      pace = pace % 3 + 1
      for _ in 0..<pace where !trainer.isFinished {
        if let report = try trainer.advance() { reports.append(report) }
      }
      let bytes = try trainer.saved()
      trainer = try make()
      try trainer.restore(bytes)
    }
    return trainer
  }

  private func expectSame(
    _ part: IRecGANTrainer.Part, on device: TestDevice,
    _ change: (inout IRecGANConfiguration) -> Void
  ) throws {
    let backend = try device.make()
    let (train, validation) = (try SessionWorlds.log(36), try SessionWorlds.log(12, seed: 2))
    func make() throws -> IRecGANTrainer {
      try SessionWorlds.trainer(
        part, train: train, validation: validation, on: backend, change)
    }
    let whole = try make()
    let start = try whole.saved()
    let expected = try whole.finish()
    var reports: [IRecGANReport] = []
    let parts = try interrupted(part, start, &reports, make)
    #expect(reports == expected, "\(part.name)")
    #expect(try parts.saved() == whole.saved(), "\(part.name)")

    // To save changes nothing.
    let watched = try make()
    while !watched.isFinished {
      _ = try watched.advance()
      _ = try watched.saved()
    }
    #expect(try watched.saved() == whole.saved(), "\(part.name)")
  }

  @Test("pretraining, with early stopping", arguments: TestDevices.all)
  func pretraining(_ device: TestDevice) throws {
    try expectSame(.pretraining, on: device) {
      $0.userTraining = .init(epochs: 4, patience: 1, learningRate: 0.1, decay: 0.9)
    }
  }

  /// 18 batches an epoch of D, so that some saves fall between the decisions whether it rests.
  @Test("rounds against a discriminator that rests at times", arguments: TestDevices.all)
  func rounds(_ device: TestDevice) throws {
    try expectSame(.method(.irecgan), on: device) {
      $0.batchSize = 2
      $0.accuracyCeiling = 0.55
      $0.baseline = .step
      $0.longestSession = 5
    }
  }

  @Test("every other method", arguments: [IRecGANMethod.pg, .ac, .pgu])
  func methods(_ method: IRecGANMethod) throws {
    let cpu = try #require(TestDevices.present.first { $0.name == "cpu" })
    try expectSame(.method(method), on: cpu) { $0.baseline = method == .pgu ? .value : .step }
  }

  @Test(
    "every form of the discriminator", arguments: IRecGANConfiguration.DiscriminatorForm.allCases)
  func forms(_ form: IRecGANConfiguration.DiscriminatorForm) throws {
    let cpu = try #require(TestDevices.present.first { $0.name == "cpu" })
    try expectSame(.method(.irecgan), on: cpu) {
      $0.discriminatorForm = form
      $0.labelSmoothing = 0.1
      $0.agent.cell = .gru
      $0.rounds = 1
    }
  }

  @Test("a damaged file changes nothing")
  func damaged() throws {
    let backend = try DeviceCatalog.backend(for: .cpu)
    let (train, validation) = (try SessionWorlds.log(20), try SessionWorlds.log(8, seed: 2))
    let trainer = try SessionWorlds.trainer(
      .pretraining, train: train, validation: validation, on: backend)
    _ = try trainer.advance()
    let before = try trainer.saved()
    let other = try SessionWorlds.trainer(
      .pretraining, train: train, validation: validation, on: backend
    ) { $0.agent.units = 7 }
    let foreign = try other.saved()
    #expect(throws: CheckpointError.self) { try trainer.restore(foreign) }
    #expect(try trainer.saved() == before)
  }
}
