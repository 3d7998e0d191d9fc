import ClickSessions
import DRRCore
import IRecGAN
import Tensor
import Testing

/// Ranks that share what is made and validated beside the gradients, each beside one process.
@Suite("IRecGAN in ranks") struct IRecGANRanksTests {
  private struct Outcome: Hashable {
    var state: [UInt8]
    var reports: [IRecGANReport]
  }

  /// What each rank comes to by the end of a part.
  private static func outcomes(_ part: IRecGANTrainer.Part, ranks: Int) throws -> [Outcome] {
    let (train, validation) = (try SessionWorlds.log(40), try SessionWorlds.log(300, seed: 2))
    return try ThreadCollective.run(ranks) { ranks in
      let trainer = try SessionWorlds.trainer(
        part, train: train, validation: validation, on: CPUBackend())
      trainer.share(try SharedUpdates(ranks, parts: 4), among: ranks)
      let reports = try trainer.finish()
      return Outcome(state: try trainer.saved(), reports: reports)
    }
  }

  @Test(
    "of the same parts come to the bits of one, roll-outs, validation and all",
    arguments: IRecGANTrainer.Part.allCases)
  func training(_ part: IRecGANTrainer.Part) throws {
    let alone = try Self.outcomes(part, ranks: 1)[0]
    #expect(alone.reports.contains { $0.agent != nil })
    for ranks in [2, 4] {
      #expect(Set(try Self.outcomes(part, ranks: ranks)) == [alone], "\(ranks) ranks")
    }
  }

  /// A catalogue so large that 41 sessions go on together.
  @Test("make up the sessions of one, and judge them as it does", arguments: [2, 3, 4])
  func rollOuts(size: Int) throws {
    struct Made: Hashable {
      var clicks: [Int32]
      var rewards: [Float]
      var shown: [Int32]
      var offsets: [Int]
      var ended: [Bool]
      var realness: [Float]
      var draws: UInt64
    }
    let items = 100_000
    @Sendable func make(_ ranks: any Collective) throws -> Made {
      let settings = SessionWorlds.settings { $0.longestSession = 4 }
      let backend = CPUBackend()
      let rollOuts = SessionRollOuts(
        configuration: settings, itemCount: items,
        user: UserModel(settings, itemCount: items, seed: 3, on: backend),
        agent: ListAgent(settings, itemCount: items, seed: 4, on: backend), among: ranks)
      let judge = Discriminator(settings, itemCount: items, seed: 5, on: backend)
      var draws = DrawSequence(seed: 2, stream: 3)
      let log = try rollOuts.sessions(from: (0..<100).map { Int32($0 * 7) }, &draws)
      let realness = try rollOuts.realness(of: log, by: judge, &draws)
      return Made(
        clicks: log.clicks, rewards: log.rewards, shown: log.shown, offsets: log.offsets,
        ended: log.ended, realness: realness, draws: draws.count)
    }
    let alone = try make(SoleCollective())
    #expect(Set(alone.ended) == [false, true] && Set(alone.realness).count > 20)
    #expect(Set(try ThreadCollective.run(size, make)) == [alone])
  }

  @Test("validate as one does, each its blocks and batches", arguments: [2, 3, 4])
  func validation(size: Int) throws {
    struct Found: Hashable {
      var summary: SessionScores.Summary
      var leaving: Double?
    }
    let log = try SessionWorlds.log(400)
    let evaluation = try SessionEvaluation(
      log, positions: log.positions(of: 0..<log.count), minimumShown: 2)
    #expect(evaluation.positions.count > 256)
    @Sendable func validate(_ ranks: any Collective) throws -> Found {
      let (settings, backend) = (SessionWorlds.settings(), CPUBackend())
      let user = UserModel(settings, itemCount: log.itemCount, seed: 3, on: backend)
      let batches = TrainingSessions(log).batches(of: 30, seed: 1, on: backend, among: ranks)
      return Found(
        summary: try evaluation.evaluate(user.scorer("user"), among: ranks).summary,
        leaving: try user.leaving(batches, among: ranks))
    }
    let alone = try validate(SoleCollective())
    #expect(alone.leaving! > 0)
    #expect(Set(try ThreadCollective.run(size, validate)) == [alone])
    // Fewer batches than ranks, and none.
    let none = log.selecting([])
    let leaving = try ThreadCollective.run(size) { ranks in
      let backend = CPUBackend()
      let user = UserModel(SessionWorlds.settings(), itemCount: 12, seed: 3, on: backend)
      return try [log.selecting(0..<20), none].map {
        try user.leaving(
          TrainingSessions($0).batches(of: 20, seed: 1, on: backend, among: ranks), among: ranks)
      }
    }
    for found in leaving { #expect(found[0] == leaving[0][0] && found[1] == nil) }
    #expect(leaving[0][0] != nil)
  }

  @Test("have the batches of one between them, with its draws", arguments: [2, 3, 4])
  func batches(size: Int) throws {
    let log = try SessionWorlds.log(100)
    @Sendable func batches(_ ranks: any Collective) throws -> [[Int32]] {
      try TrainingSessions(log).batches(of: 12, seed: 1, on: CPUBackend(), among: ranks).map {
        try $0.clicks.host() + $0.positions.host() + $0.slates.host() + $0.choices.host()
      }
    }
    let alone = try batches(SoleCollective())
    let shared = try ThreadCollective.run(size, batches)
    #expect(Array(shared.joined()) == alone && alone.count == 9)
    #expect(shared.allSatisfy { !$0.isEmpty })
  }

  @Test("hold some sessions of a batch as the whole batch has them")
  func held() throws {
    let log = try SessionWorlds.log(100)
    func batch(_ held: Range<Int>?) -> SessionBatch {
      var random = Philox(seed: 1, stream: 2)
      return SessionEpoch(
        (0..<log.count).map { SessionReference(source: 0, session: $0) },
        of: [TrainingSessions(log, discount: 0.9, rewardWeight: 1)], batchSize: log.count,
        rewardedWeight: 3, random: &random, on: CPUBackend(),
        holding: held.map { held in { _ in held } }
      ).batches[0]
    }
    let whole = batch(nil)
    let (t, width) = (whole.clicks.shape[1], whole.slates.shape[1])
    let (positions, slates) = (try whole.positions.host(), try whole.slates.host())
    let (choices, items) = (try whole.choices.host(), try whole.items.host())
    let (user, agent) = (try whole.userWeights.host(), try whole.agentWeights.host())
    #expect(whole.held == 0..<whole.count && whole.count > 40)
    for held in [0..<7, 5..<40, 31..<whole.count] {
      let part = batch(held)
      #expect(part.held == held && part.count == whole.count)
      #expect(part.work.positions == whole.work.positions && part.work.clicks == whole.work.clicks)
      let read = try whole.clicks.host()[held.lowerBound * t..<held.upperBound * t]
      #expect(try part.clicks.host() == Array(read))
      #expect(try part.lengths.host() == Array(whole.lengths.host()[held]))
      let places = positions.indices.filter { held.contains(Int(positions[$0]) / t) }
      #expect(
        try part.positions.host() == places.map { positions[$0] - Int32(held.lowerBound * t) })
      #expect(
        try part.slates.host() == places.flatMap { slates[$0 * width..<($0 + 1) * width] })
      #expect(try part.choices.host() == places.map { choices[$0] })
      #expect(try part.userWeights.host() == places.map { user[$0] })
      let clicked = places.filter { $0 < whole.clickCount }
      #expect(part.work.clicks[held].reduce(0, +) == clicked.count)
      #expect(part.work.positions[held].reduce(0, +) == places.count)
      #expect(try part.items.host() == clicked.map { items[$0] })
      #expect(try part.agentWeights.host() == clicked.map { agent[$0] })
    }
  }
}
