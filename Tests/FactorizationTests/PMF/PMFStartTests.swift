import DRRCore
import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("PMF that begins with earlier vectors")
struct PMFStartTests {
  private static let log = GeneratedRatings.generate(size: .tiny)
  private static let all = (0..<Int32(log.count)).map { $0 }
  /// What the earlier fit learned from.
  private static let known = all.filter { $0 % 5 != 0 }

  private static func settings(_ solver: PMFConfiguration.Solver) -> PMFConfiguration {
    var settings = PMFConfiguration()
    (settings.dimension, settings.solver, settings.epochs) = (8, solver, 30)
    settings.holdoutShare = 0
    return settings
  }

  private static func start(_ solver: PMFConfiguration.Solver) throws -> PMFStart {
    let trainer = try PMFTrainer(
      settings(solver), log: log, rows: known, scale: .fiveStars, seed: 1, on: CPUBackend())
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return PMFStart(trainer.best!.model, of: log, learnedFrom: known, for: log)
  }

  @Test(
    "is nearer after an epoch than drawn vectors are",
    arguments: [.adam, .sgd] as [PMFConfiguration.Solver])
  func nearer(_ solver: PMFConfiguration.Solver) throws {
    func error(from start: PMFStart?) throws -> Double {
      let trainer = try PMFTrainer(
        Self.settings(solver), log: Self.log, rows: Self.all, scale: .fiveStars, from: start,
        seed: 2, on: CPUBackend())
      return try trainer.runEpoch().error
    }
    let (warm, drawn) = (try error(from: Self.start(solver)), try error(from: nil))
    #expect(warm < drawn - 0.05, "\(warm) and \(drawn)")
  }

  @Test("decides when to stop by ratings that those have not learned")
  func holdout() throws {
    let start = try Self.start(.adam)
    #expect(start.isUnseen == Self.all.map { $0 % 5 == 0 })
    #expect(start.known.users == Self.log.userCount && start.known.items == Self.log.itemCount)
    var settings = Self.settings(.adam)
    for share in [0.05, 0.5] {
      settings.holdoutShare = share
      let parts = PMFTrainer.divided(Self.all, settings, from: start, seed: 3)
      let wanted = min(Int((share * Double(Self.log.count)).rounded()), Self.log.count / 5)
      #expect(parts.holdout.count == wanted && parts.holdout.allSatisfy { $0 % 5 == 0 })
      #expect((parts.training + parts.holdout).sorted() == Self.all)
    }
    // Without such vectors as ever: some of all.
    let drawn = PMFTrainer.divided(Self.all, settings, from: nil, seed: 3)
    #expect(drawn.holdout.contains { $0 % 5 != 0 })
  }

  @Test("is the same from its file")
  func file() throws {
    let start = try Self.start(.adam)
    let bytes = try start.bytes()
    let read = try PMFStart(
      contentsOf: SafetensorsFile(bytes: bytes, name: "start"), dimension: 8, for: Self.log)
    #expect(try read.bytes() == bytes)
    let other = GeneratedRatings.generate(size: .small)
    #expect(throws: CheckpointError.self) {
      try PMFStart(
        contentsOf: SafetensorsFile(bytes: bytes, name: "start"), dimension: 8, for: other)
    }
  }
}
