import ClickSessions
import IRecGAN
import Tensor
import Testing

/// Logs and networks so small that a test of training takes a fraction of a second.
enum SessionWorlds {
  static let items = 12

  /// Sessions of a tabular world under random lists of 3 of 12: some of one step, some cut off at 5.
  static func log(_ sessions: Int, seed: UInt64 = 1) throws -> SessionLog {
    let world = try TabularWorld(states: 3, items: items, seed: 5)
    world.longestSession = 5
    return try SessionSimulation.run(
      world, RandomLists(itemCount: items), sessions: sessions, listSize: 3, seed: seed
    ).log
  }

  static func settings(
    _ change: (inout IRecGANConfiguration) -> Void = { _ in }
  ) -> IRecGANConfiguration {
    var settings = IRecGANConfiguration()
    settings.listSize = 3
    settings.longestSession = 5
    settings.batchSize = 8
    settings.user = .init(embedding: 4, units: 6, layers: 2, dropout: 0.3)
    settings.agent = .init(embedding: 4, units: 5, dropout: 0.25)
    settings.discriminator = .init(embedding: 4, units: 6, dropout: 0.25)
    settings.discriminatorForm = .lists
    settings.listUnits = 3
    settings.userTraining = .init(epochs: 2, patience: 0, learningRate: 1e-2, decay: 0.9)
    settings.agentTraining = .init(epochs: 2, patience: 0, learningRate: 1e-2, decay: 0.9)
    settings.discriminatorTraining = .init(epochs: 1, patience: 0, learningRate: 1e-2)
    settings.discriminatorSessions = 0
    settings.rounds = 2
    settings.refreshes = 2
    settings.rollOuts = 2
    settings.simulatedShare = 0.5
    change(&settings)
    return settings
  }

  static func trainer(
    _ part: IRecGANTrainer.Part, train: SessionLog, validation: SessionLog,
    on backend: any Backend, _ change: (inout IRecGANConfiguration) -> Void = { _ in }
  ) throws -> IRecGANTrainer {
    try IRecGANTrainer(
      settings(change), part, train: train, validation: validation, seed: 7, on: backend)
  }
}

extension IRecGANTrainer {
  /// Everything that the next batch depends on, as a file has it.
  func saved() throws -> [UInt8] {
    var file = SafetensorsWriter()
    try save(to: &file)
    return try file.bytes()
  }

  func restore(_ bytes: [UInt8]) throws {
    try restore(from: SafetensorsFile(bytes: bytes, name: "saved"))
  }

  /// Trains to the end.
  @discardableResult
  func finish() throws -> [IRecGANReport] {
    var reports: [IRecGANReport] = []
    while !isFinished { if let report = try advance() { reports.append(report) } }
    return reports
  }
}

extension ParameterSet {
  func host() throws -> [Float] { try backend.read(values) }
}

/// The mean of 1 / rank of the clicks among what was shown.
func reciprocalRank(_ scorer: any SessionScorer, of log: SessionLog) throws -> Double {
  let positions = log.positions(of: 0..<log.count)
  return try SessionEvaluation(log, positions: positions, minimumShown: 2).evaluate(scorer)
    .summary.reciprocalRank.mean
}
