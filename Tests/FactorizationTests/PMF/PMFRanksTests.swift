import DRRCore
import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

@Suite("PMF in ranks") struct PMFRanksTests {
  private static func configuration(parts: Int?) -> PMFConfiguration {
    var configuration = PMFConfiguration()
    configuration.dimension = 8
    configuration.epochs = 4
    // The last batch of an epoch has fewer ratings than there are users.
    configuration.batchSize = 300
    configuration.learningRate = 0.02
    configuration.batchParts = parts
    return configuration
  }

  private static func trainer(
    _ ranks: any Collective, parts: Int?,
    change: (inout PMFConfiguration) -> Void = { _ in }
  ) throws -> PMFTrainer {
    var configuration = configuration(parts: parts)
    change(&configuration)
    return try PMFTrainer(
      configuration, log: Worlds.tiny, rows: (0..<Int32(Worlds.tiny.count)).map { $0 },
      scale: .fiveStars, seed: 3, on: CPUBackend(), among: ranks)
  }

  private static func state(_ trainer: PMFTrainer) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try trainer.save(to: &file)
    return try file.bytes()
  }

  /// What each rank holds after each epoch.
  private static func states(ranks: Int, parts: Int?) throws -> [[[UInt8]]] {
    try ThreadCollective.run(ranks) { ranks in
      let trainer = try trainer(ranks, parts: parts)
      var states = [try state(trainer)]
      while !trainer.isFinished {
        _ = try trainer.runEpoch()
        states.append(try state(trainer))
      }
      return states
    }
  }

  @Test("of the same parts come to the bits of one, and save all weights")
  func exact() throws {
    let alone = try Self.states(ranks: 1, parts: 4)[0]
    #expect(Set(alone).count == 5)
    for ranks in [2, 4] {
      for states in try Self.states(ranks: ranks, parts: 4) {
        #expect(states == alone, "\(ranks) ranks")
      }
    }
  }

  @Test("of a part each come near one's weights, and all have the same", arguments: 2...5)
  func near(size: Int) throws {
    let alone = try Self.trainer(SoleCollective(), parts: nil)
    let expected = try (0..<3).map { _ in try alone.runEpoch().error }
    let found = try ThreadCollective.run(size) { ranks in
      let trainer = try Self.trainer(ranks, parts: nil)
      let errors = try (0..<3).map { _ in try trainer.runEpoch().error }
      return (errors, try Self.state(trainer), trainer.best!.model.itemFactors)
    }
    #expect(Set(found.map(\.1)).count == 1)
    for (one, other) in zip(expected, found[0].0) { #expect(abs(one - other) < 1e-4) }
    let pairs = zip(alone.best!.model.itemFactors, found[0].2)
    #expect(pairs.allSatisfy { abs($0 - $1) < 2e-3 })
  }

  @Test("go on from what any number of them saved, to the same bits")
  func resumed() throws {
    let whole = try Self.states(ranks: 1, parts: 4)[0]
    for (epoch, size) in [(1, 2), (2, 4), (3, 1)] {
      let ends = try ThreadCollective.run(size) { ranks in
        let trainer = try Self.trainer(ranks, parts: 4)
        _ = try trainer.runEpoch()  // What a trainer did before must not matter.
        try trainer.restore(from: SafetensorsFile(bytes: whole[epoch], name: "state"))
        while !trainer.isFinished { _ = try trainer.runEpoch() }
        return try Self.state(trainer)
      }
      #expect(ends.allSatisfy { $0 == whole.last! }, "\(size) ranks from epoch \(epoch)")
    }
  }

  @Test("are refused what they cannot share")
  func refused() {
    for (parts, solver, reason) in [
      (nil, PMFConfiguration.Solver.sgd, "the PMF solver is sgd, which works in one process"),
      (4, .adam, "PMF batch parts is 4, which 3 processes cannot share evenly"),
      (6, .adam, "PMF batch parts is 6; it must be a power of two"),
    ] {
      let error = #expect(throws: CollectiveError.self) {
        try ThreadCollective.run(3) { ranks in
          _ = try Self.trainer(ranks, parts: parts) { $0.solver = solver }
        }
      }
      #expect(error.map { "\($0)".contains(reason) } == true, "\(String(describing: error))")
    }
  }
}
