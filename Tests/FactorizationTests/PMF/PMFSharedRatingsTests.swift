import DRRCore
import DRRData
import DRRTestSupport
import Factorization
import Tensor
import TestSupport
import Testing

/// Ranks that each read the ratings of some users, beside one process that has them all.
@Suite("PMF of ratings that ranks share") struct PMFSharedRatingsTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    var name: String
    var evaluation = EvaluationProtocol()
    var change: @Sendable (inout PMFConfiguration) -> Void = { _ in }
    var testDescription: String { name }
  }

  static let settings: [Setting] = [
    Setting(name: "users"),
    Setting(name: "latest, drawn ties", evaluation: Worlds.latest(seed: 2)),
    Setting(name: "nothing held out to stop by") { $0.holdoutShare = 0 },
    Setting(name: "centered") { $0.isCentered = true },
    Setting(name: "normal vectors") {
      ($0.start, $0.holdoutShare) = (.normal(deviation: 0.2), 0.3)
    },
  ]

  private static func trainer(
    _ setting: Setting, parts: Int?, among ranks: any Collective
  ) throws -> PMFTrainer {
    var configuration = PMFConfiguration()
    (configuration.dimension, configuration.epochs, configuration.batchSize) = (8, 4, 300)
    (configuration.learningRate, configuration.batchParts) = (0.02, parts)
    setting.change(&configuration)
    let log = try RatingsSource.load("generated:tiny", among: ranks)
    let split = try UserSplit(log, setting.evaluation, among: ranks)
    return try PMFTrainer(
      configuration, log: log, rows: split.pmfRows(in: log), scale: .fiveStars, seed: 3,
      on: CPUBackend(), among: ranks)
  }

  /// What each rank holds after each epoch, and the errors of the offsets alone.
  private static func states(
    _ setting: Setting, parts: Int?, ranks: Int
  ) throws -> [(states: [[UInt8]], biases: Double?)] {
    try ThreadCollective.run(ranks) { ranks in
      let trainer = try trainer(setting, parts: parts, among: ranks)
      var states: [[UInt8]] = []
      repeat {
        var file = SafetensorsWriter()
        try trainer.save(to: &file)
        states.append(try file.bytes())
      } while try !trainer.isFinished && trainer.runEpoch().epoch > 0
      return (states, try trainer.biasError)
    }
  }

  @Test("comes to the bits of one process, with as many parts of a batch", arguments: settings)
  func exact(_ setting: Setting) throws {
    let alone = try Self.states(setting, parts: 4, ranks: 1)[0]
    #expect(Set(alone.states).count == 5)
    for size in [2, 4] {
      for found in try Self.states(setting, parts: 4, ranks: size) {
        #expect(found.states == alone.states, "\(size) ranks")
        switch (found.biases, alone.biases) {
        case (nil, nil): break
        case (let found?, let wanted?): #expect(abs(found - wanted) < 1e-9 * wanted)
        default: Issue.record("offsets of one alone")
        }
      }
    }
  }

  @Test("comes, of a part a rank, to what ranks come to that each hold all", arguments: [2, 3, 5])
  func whole(size: Int) throws {
    let shared = try Self.states(Self.settings[0], parts: nil, ranks: size)
    let held = try ThreadCollective.run(size) { ranks in
      let split = UserSplit(Worlds.tiny, EvaluationProtocol())
      var configuration = PMFConfiguration()
      (configuration.dimension, configuration.epochs, configuration.batchSize) = (8, 4, 300)
      configuration.learningRate = 0.02
      let trainer = try PMFTrainer(
        configuration, log: Worlds.tiny, rows: split.pmfRows(in: Worlds.tiny), scale: .fiveStars,
        seed: 3, on: CPUBackend(), among: ranks)
      while !trainer.isFinished { _ = try trainer.runEpoch() }
      var file = SafetensorsWriter()
      try trainer.save(to: &file)
      return try file.bytes()
    }
    for (shared, held) in zip(shared, held) { #expect(shared.states.last == held) }
  }

  @Test("leaves each rank the vectors of its users, and the first writes them all")
  func written() throws {
    let folder = TemporaryFolder()
    let path = folder.path
    let alone = try Self.trainer(Self.settings[0], parts: 4, among: SoleCollective())
    while !alone.isFinished { _ = try alone.runEpoch() }
    try alone.best!.model.write(to: path + "/alone", metadata: ["a": "b"])
    try alone.writeBest(to: path + "/best", metadata: ["a": "b"])
    let users = try ThreadCollective.run(2) { ranks in
      let trainer = try Self.trainer(Self.settings[0], parts: 4, among: ranks)
      while !trainer.isFinished { _ = try trainer.runEpoch() }
      try trainer.writeBest(to: path + "/ranks", metadata: ["a": "b"])
      return trainer.best!.model.userCount
    }
    #expect(users.reduce(0, +) == Worlds.tiny.userCount && !users.contains(0))
    for name in ["best", "ranks"] {
      #expect(try folder.data(name) == folder.data("alone"), "\(name)")
    }
  }

  @Test("goes on, with an earlier fit's vectors, as one process does")
  func warm() throws {
    // Half of the users are new to it.
    let old = Worlds.tiny.sampling(users: 0.5, seed: 1)
    let known = (0..<Int32(old.count)).map { $0 }
    var settings = PMFConfiguration()
    (settings.dimension, settings.epochs) = (8, 2)
    let earlier = try PMFTrainer(
      settings, log: old, rows: known, scale: .fiveStars, seed: 1, on: CPUBackend())
    while !earlier.isFinished { _ = try earlier.runEpoch() }
    let start = PMFStart(
      earlier.best!.model, of: old, learnedFrom: known, for: Worlds.tiny)
    #expect(start.known.users == 25)
    let states = try [1, 2, 4].map { size in
      try ThreadCollective.run(size) { ranks in
        var configuration = PMFConfiguration()
        (configuration.dimension, configuration.epochs, configuration.batchSize) = (8, 3, 300)
        configuration.batchParts = 4
        let trainer = try PMFTrainer(
          configuration, log: Worlds.tiny, rows: (0..<Int32(Worlds.tiny.count)).map { $0 },
          scale: .fiveStars, from: start, seed: 3, on: CPUBackend(), among: ranks)
        while !trainer.isFinished { _ = try trainer.runEpoch() }
        var file = SafetensorsWriter()
        try trainer.save(to: &file)
        return try file.bytes()
      }
    }
    #expect(Set(states.flatMap { $0 }).count == 1)
  }

  @Test("is refused where no rank has a rating")
  func empty() throws {
    let error = #expect(throws: CollectiveError.self) {
      try ThreadCollective.run(2) { ranks in
        let log = try RatingsSource.load("generated:tiny", among: ranks)
        _ = try PMFTrainer(
          PMFConfiguration(), log: log, rows: [], scale: .fiveStars, seed: 3, on: CPUBackend(),
          among: ranks)
      }
    }
    #expect(
      error.map { "\($0)".contains("there are no ratings to train PMF on") } == true,
      "\(String(describing: error))")
  }

  @Test("is by Adam where one process would take descent, and there are many")
  func solver() {
    for (ranks, ratings, isChosen) in [
      (2, 5_000_000, true), (1, 5_000_000, false), (2, 49_999, false), (4, 4_999_999, false),
    ] {
      let alone = PMFConfiguration(ratings: ratings)
      var configuration = alone
      #expect(configuration.chooseShared(by: ranks, ratings: ratings) == isChosen)
      var adam = alone
      adam.choose(.adam, ratings: ratings)
      #expect(configuration == (isChosen ? adam : alone))
    }
  }
}
