import DRRCore
import DRRData
import DRRTestSupport
import Evaluation
import Foundation
import NextItem
import Tensor
import TestSupport
import Testing

@Suite("Training of a GRU on next items")
struct GRUTrainerTests {
  private static func run(
    _ log: RatingsLog = Worlds.tiny, _ change: (inout GRURunConfiguration) -> Void = { _ in }
  ) -> GRURunConfiguration {
    var run = GRURunConfiguration(source: "generated:tiny", log: log)
    (run.settings.dimension, run.settings.hidden, run.settings.window) = (8, 12, 16)
    (run.settings.batchSize, run.settings.epochs, run.settings.patience) = (300, 4, 2)
    run.settings.networks = 2
    change(&run)
    return run
  }

  private static func trainer(
    _ run: GRURunConfiguration, _ log: RatingsLog = Worlds.tiny,
    _ device: TestDevice = TestDevices.all[0]
  ) throws -> GRUTrainer {
    try GRUTrainer(run, log, UserSplit(log, run.evaluation), on: device.make())
  }

  private static func bytes(_ trainer: GRUTrainer) throws -> Data {
    let folder = TemporaryFolder()
    var file = SafetensorsWriter(metadata: [:])
    try trainer.save(to: &file)
    try file.write(to: "\(folder.path)/file")
    return try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/file"))
  }

  @Test("cut into windows, every rating but the first is a target once an epoch, in time")
  func windows() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, Worlds.latest(ties: .drawn))
    let items = (0..<log.userCount).map { user in
      split.visibleRows(of: user, in: log).map { (item: log.items[$0], time: log.times[$0]) }
    }
    for window in [1, 3, 7, 1_000] {
      let windows = try TrainingWindows(log, split, window: window)
      var cuts: Set<[[Int32]]> = []
      for epoch in 0..<4 {
        let sequences = windows.sequences(epoch: epoch, seed: 6)
        #expect(sequences == windows.sequences(epoch: epoch, seed: 6))
        cuts.insert(sequences)
        #expect(sequences.count == windows.count)
        #expect(sequences.allSatisfy { (2...window + 1).contains($0.count) })
        #expect(sequences.reduce(0) { $0 + $1.count - 1 } == windows.targetCount)
        #expect(windows.targetCount == items.reduce(0) { $0 + max($1.count - 1, 0) })
        // Whatever the order of ties, each item is rated by as many users as before, less those
        // whose first it is.
        var counts = [Int](repeating: 0, count: log.itemCount)
        for sequence in sequences { for item in sequence.dropFirst() { counts[Int(item)] += 1 } }
        var most = [Int](repeating: 0, count: log.itemCount)
        for user in items where user.count > 1 { for row in user { most[Int(row.item)] += 1 } }
        #expect(zip(counts, most).allSatisfy { $0 <= $1 })
      }
      #expect(cuts.count == 4)
    }
  }

  @Test("what was rated at one time is redrawn, and nothing else is moved")
  func ties() throws {
    let log = RatingsLog(
      name: "ties", users: [Int32](repeating: 0, count: 8), items: (0..<8).map { $0 },
      ratings: [Float](repeating: 3, count: 8), times: [0, 1, 1, 1, 2, 3, 3, 9])
    var evaluation = Worlds.latest(ties: .drawn)
    (evaluation.testShare, evaluation.validationShare) = (0.125, 0)
    let windows = try TrainingWindows(log, UserSplit(log, evaluation), window: 20)
    let orders = Set((0..<200).map { windows.sequences(epoch: $0, seed: 0)[0] })
    #expect(orders.count == 12)
    for order in orders {
      #expect(order.map { log.times[Int($0)] } == [0, 1, 1, 1, 2, 3, 3])
      #expect(Set(order).count == 7)
    }
    evaluation.ties = .file
    let filed = try TrainingWindows(log, UserSplit(log, evaluation), window: 20)
    #expect(Set((0..<20).map { filed.sequences(epoch: $0, seed: 0)[0] }) == [Array(0..<7)])
  }

  @Test(
    "saved and restored after any step, a training goes on to the same bits",
    arguments: TestDevices.all)
  func resumed(_ device: TestDevice) throws {
    let run = Self.run()
    let whole = try Self.trainer(run, Worlds.tiny, device)
    var reports: [GRUTrainer.Report] = []
    var files: [Data] = []
    while !whole.isFinished {
      files.append(try Self.bytes(whole))
      if let report = try whole.advance() { reports.append(report) }
    }
    #expect(Set(reports.map(\.network)) == [0, 1] && whole.best.count == 2)
    let end = try Self.bytes(whole)
    for start in stride(from: 0, to: files.count, by: max(files.count / 5, 1)) {
      let folder = TemporaryFolder()
      try files[start].write(to: URL(fileURLWithPath: "\(folder.path)/file"))
      let other = try Self.trainer(run, Worlds.tiny, device)
      try other.restore(from: SafetensorsFile(contentsOf: "\(folder.path)/file"))
      #expect(try Self.bytes(other) == files[start])
      while !other.isFinished { _ = try other.advance() }
      #expect(try Self.bytes(other) == end, "from file \(start)")
      #expect(other.best == whole.best)
    }
  }

  @Test(
    "so does one with a head, and one of drawn items and cosines",
    arguments: [GRUHead.Kind.values, .actorCritic, .count, nil])
  func resumedWithHead(_ kind: GRUHead.Kind?) throws {
    let run = Self.run {
      ($0.settings.head, $0.settings.networks, $0.settings.epochs) = (
        kind.map { GRUHead($0) }, 1, 3
      )
      $0.settings.head?.delay = 1
      if kind == nil { ($0.settings.negatives, $0.settings.cosineScale) = (20, 8) }
    }
    let whole = try Self.trainer(run)
    var files: [Data] = []
    while !whole.isFinished {
      files.append(try Self.bytes(whole))
      _ = try whole.advance()
    }
    let end = try Self.bytes(whole)
    for start in [1, files.count / 2, files.count - 1] {
      let folder = TemporaryFolder()
      try files[start].write(to: URL(fileURLWithPath: "\(folder.path)/file"))
      let other = try Self.trainer(run)
      try other.restore(from: SafetensorsFile(contentsOf: "\(folder.path)/file"))
      while !other.isFinished { _ = try other.advance() }
      #expect(try Self.bytes(other) == end, "from file \(start)")
    }
  }

  @Test("sessions that come back to items are learned, items drawn or not")
  func sessions() throws {
    // Each session goes between two items of a pair.
    let sessions = (0..<200).map { number -> [Int32] in
      let first = Int32(number * 7 % 20)
      return (0..<6).map { $0 % 2 == 0 ? first : first ^ 1 }
    }
    let log = RatingsLog(
      name: "pairs", format: "rows", sessions: sessions, itemIDs: (10..<30).map { "\($0)" })
    for negatives in [nil, 5] {
      let run = Self.run(log) {
        ($0.settings.networks, $0.settings.epochs, $0.settings.patience) = (1, 20, 20)
        ($0.settings.learningRate, $0.settings.batchSize) = (0.02, 60)
        ($0.settings.dropout, $0.settings.negatives) = (0, negatives)
      }
      #expect(run.evaluation.split == .sessions && run.settings.cosineScale == 12)
      let trainer = try Self.trainer(run, log)
      while !trainer.isFinished { _ = try trainer.advance() }
      let test = try NextItemEvaluation(log, UserSplit(log, run.evaluation), scale: run.scale)
      let scores = try test.evaluate(GRUScorer([trainer.ranker], window: run.settings.window))
      #expect(scores.mean(.hit, at: 1) > 0.95)
    }
  }

  @Test("the best epoch on the validation ratings is kept, and patience ends a network")
  func best() throws {
    let run = Self.run {
      ($0.settings.epochs, $0.settings.patience, $0.settings.networks) = (60, 3, 1)
      $0.settings.learningRate = 0.02
    }
    let folder = TemporaryFolder()
    let work = try Run(run, folder: RunFolder(folder.path))
    try work.begin()
    let trainer = try Self.trainer(run)
    var reports: [GRUTrainer.Report] = []
    var observer = Observer()
    observer.progress = { _, _, _ in }
    try work.train(trainer, device: "cpu", observer)
    for line in try String(contentsOfFile: work.folder.metrics, encoding: .utf8).split(
      separator: "\n")
    {
      reports.append(try JSONDecoder().decode(GRUTrainer.Report.self, from: Data(line.utf8)))
    }
    let most = try #require(reports.compactMap(\.ndcg).max())
    let first = try #require(reports.first { $0.ndcg == most })
    #expect(trainer.best == [first] && reports.count == first.epoch + 3 && reports.count < 60)
    // What is read back has the measures that were taken.
    let split = UserSplit(Worlds.tiny, run.evaluation)
    let validation = try NextItemEvaluation(
      Worlds.tiny, split, scale: run.scale, of: .validation)
    let scores = try validation.evaluate(
      GRUScorer(
        Run(reading: work.folder), itemCount: Worlds.tiny.itemCount,
        on: TestDevices.all[0].make()))
    #expect(scores.mean(.gain, at: 10) == most && scores.mean(.hit, at: 10) == first.hitRate)
  }

  @Test("what always comes next is learned")
  func learns() throws {
    // Every user goes round the same ring of 20 items from another place.
    let (users, length) = (40, 14)
    let log = RatingsLog(
      name: "ring", users: (0..<users * length).map { Int32($0 / length) },
      items: (0..<users * length).map { Int32(($0 / length * 7 + $0 % length * 3) % 20) },
      ratings: [Float](repeating: 4, count: users * length),
      times: (0..<users * length).map { Int64($0) })
    let run = Self.run(log) {
      ($0.settings.networks, $0.settings.epochs, $0.settings.patience) = (1, 40, 40)
      ($0.settings.learningRate, $0.settings.batchSize) = (0.02, 60)
      $0.settings.dropout = 0
    }
    let trainer = try Self.trainer(run, log)
    while !trainer.isFinished { _ = try trainer.advance() }
    let test = try NextItemEvaluation(log, UserSplit(log, run.evaluation), scale: run.scale)
    let scores = try test.evaluate(GRUScorer([trainer.ranker], window: run.settings.window))
    #expect(scores.mean(.hit, at: 1) > 0.95)
  }

  @Test("nothing that is held out reaches the weights")
  func poison() throws {
    let run = Self.run {
      $0.evaluation.validationShare = 0
      ($0.settings.networks, $0.settings.epochs) = (1, 2)
    }
    let split = UserSplit(Worlds.tiny, run.evaluation)
    let found = try [Worlds.tiny, Worlds.poisoned(Worlds.tiny, split)].map { log in
      let trainer = try Self.trainer(run, log)
      while !trainer.isFinished { _ = try trainer.advance() }
      #expect(trainer.best[0].ndcg == nil && trainer.best[0].epoch == 2)
      return try Self.bytes(trainer)
    }
    #expect(found[0] == found[1])
  }

  @Test("a log without anything that follows is refused")
  func nothing() throws {
    let log = RatingsLog(
      name: "lone", users: [0, 1, 2], items: [0, 1, 2], ratings: [1, 2, 3], times: [0, 1, 2])
    #expect(throws: ConfigurationError.self) { try Self.trainer(Self.run(log), log) }
  }
}
