import ClickSessions
import Foundation
import IRecGAN
import Tensor
import TestSupport
import Testing

/// Two kinds of users, told by their first item: kind 0 looks for items 2 and 3, which alone reward
/// her, kind 1 for items 4 and 5. A click goes to an item as to what it weighs, among the list and
/// leaving.
private final class KindsWorld: SlateEnvironment {
  static let leaving = 1.0
  let itemCount = 8
  let longestSession = 4
  private var kinds: [Int] = []
  private var isOver: [Bool] = []
  private var random = Philox(seed: 0, stream: 0)
  var states: [Int32]? { nil }

  static func weight(_ kind: Int, _ item: Int32) -> Double {
    switch Int(item) - 2 * kind {
    case 2: 3
    case 3: 2
    default: 0.2
    }
  }

  static func isRewarded(_ kind: Int, _ item: Int32) -> Bool {
    [2, 3].contains(Int(item) - 2 * kind)
  }

  /// Of a session of three lists that all hold the kind's two items: p + p² + p³.
  static let best: Double = {
    let p = 5 / (5 + leaving)
    return p + p * p + p * p * p
  }()

  func begin(_ count: Int, seed: UInt64) -> [Int32] {
    random = Philox(seed: seed, stream: 1)
    kinds = (0..<count).map { _ in Int.random(in: 0..<2, using: &random) }
    isOver = Array(repeating: false, count: count)
    return kinds.map { Int32($0) }
  }

  func respond(to lists: [Int32], size: Int) -> [SessionResponse] {
    kinds.indices.map { session in
      if isOver[session] { return .left }
      let list = lists[session * size..<(session + 1) * size]
      let weights = list.map { Self.weight(kinds[session], $0) }
      var target = Double.random(in: 0..<weights.reduce(Self.leaving, +), using: &random)
      for (item, weight) in zip(list, weights) {
        if target < weight {
          return SessionResponse(
            click: item, reward: Self.isRewarded(kinds[session], item) ? 1 : 0)
        }
        target -= weight
      }
      isOver[session] = true
      return .left
    }
  }

  func itemValues() -> [Float] {
    kinds.flatMap { kind in (0..<8).map { Self.isRewarded(kind, $0) ? 1 : 0 } }
  }
}

@Suite("What IRecGAN learns")
struct IRecGANLearningTests {
  @Test("the users' choices, and the lists that are worth most to them")
  func twoKinds() throws {
    let (backend, world) = (CPUBackend(), KindsWorld())
    let log = try SessionSimulation.run(
      world, RandomLists(itemCount: 8), sessions: 4_000, listSize: 2, seed: 1
    ).log
    let (train, validation) = (log.selecting(0..<3_600), log.selecting(3_600..<4_000))
    var settings = IRecGANConfiguration()
    settings.listSize = 2
    settings.longestSession = 4
    settings.batchSize = 64
    settings.user = .init(embedding: 8, units: 12)
    settings.agent = .init(embedding: 8, units: 12)
    settings.userTraining = .init(epochs: 8, patience: 0, learningRate: 1e-2)
    settings.agentTraining = .init(epochs: 4, patience: 0, learningRate: 1e-2)
    settings.averagingRate = 0.05
    settings.rounds = 2
    settings.choice = .last
    func trainer(_ part: IRecGANTrainer.Part) throws -> IRecGANTrainer {
      try IRecGANTrainer(
        settings, part, train: train, validation: validation, seed: 1, on: backend)
    }
    let pretrained = try trainer(.pretraining)
    try pretrained.finish()
    let divergence = try self.divergence(pretrained.user, on: backend)
    #expect(divergence < 0.05, "\(divergence)")

    let plain = try trainer(.method(.pg))
    plain.begin(from: pretrained)
    try plain.finish()
    let earned = try SessionSimulation.run(
      world, AgentListPolicy("pg", plain.agent), sessions: 4_000, listSize: 2, seed: 2
    ).statistics.reward.mean
    #expect(earned > 0.95 * KindsWorld.best, "\(earned) of \(KindsWorld.best)")
  }

  /// Were U's clicks to count by discounted returns and its leaving by itself, P(leave) would fall
  /// below that of the log as soon as γ > 0, though users have not changed.
  @Test(
    "the user model leaves as often as the log says, whatever γ", arguments: [0, 0.9] as [Float])
  func leaving(_ discount: Float) throws {
    let (backend, world) = (CPUBackend(), KindsWorld())
    let log = try SessionSimulation.run(
      world, RandomLists(itemCount: 8), sessions: 3_000, listSize: 2, seed: 3
    ).log
    let logged = SessionShape(log).leaving
    func trainer(_ part: IRecGANTrainer.Part) throws -> IRecGANTrainer {
      var settings = IRecGANConfiguration()
      settings.listSize = 2
      settings.longestSession = 4
      settings.batchSize = 64
      settings.user = .init(embedding: 8, units: 12)
      settings.agent = .init(embedding: 8, units: 12)
      settings.discriminator = .init(embedding: 8, units: 12)
      settings.userTraining = .init(epochs: 6, patience: 0, learningRate: 1e-2)
      settings.agentTraining = .init(epochs: 2, patience: 0, learningRate: 1e-2)
      settings.averagingRate = 0.05
      settings.discount = discount
      settings.rounds = 4
      settings.choice = .last
      return try IRecGANTrainer(
        settings, part, train: log, validation: log.selecting([]), seed: 1, on: backend)
    }
    let pretrained = try trainer(.pretraining)
    try pretrained.finish()
    let before = try meanLeaving(pretrained.user, of: log)
    #expect(abs(before / logged - 1) < 0.08, "\(before), of the log \(logged)")
    let found = try #require(
      try pretrained.user.leaving(
        TrainingSessions(log).batches(of: 500, seed: 1, on: backend)))
    #expect(abs(found / before - 1) < 0.03, "\(found), expected \(before)")
    let adversarial = try trainer(.method(.irecgan))
    adversarial.begin(from: pretrained)
    let reports = try adversarial.finish()
    let after = try meanLeaving(adversarial.user, of: log)
    #expect(abs(after / logged - 1) < 0.08, "\(after), of the log \(logged)")
    // What the health figures say is of the log itself, by another count.
    let shown = (0..<log.count).reduce(0) {
      $0 + log.steps(of: $1).count - (log.ended[$1] ? 0 : 1)
    }
    let told = try #require(reports.last?.logged)
    #expect(told.leaving == Double(log.ended.count { $0 }) / Double(shown))
  }

  /// The mean over all that a user of the log may have been shown of U's probability to leave.
  private func meanLeaving(_ user: UserModel, of log: SessionLog) throws -> Double {
    var random = Philox(seed: 1, stream: 1)
    let batches = SessionEpoch(
      (0..<log.count).map { SessionReference(source: 0, session: $0) },
      of: [TrainingSessions(log)], batchSize: 500, rewardedWeight: 1, random: &random,
      on: user.weights.backend
    ).batches
    var (sum, count) = (0.0, 0.0)
    for batch in batches {
      let states = user.encoder(batch.clicks, lengths: batch.lengths).states
      let logits = try user.clickLogits(states.rows(at: batch.positions), batch.slates).host()
      let width = batch.slates.shape[1]
      for row in 0..<batch.positions.shape[0] {
        let odds = logits[row * width..<(row + 1) * width].map { exp(Double($0)) }
        sum += odds[width - 1] / odds.reduce(0, +)
        count += 1
      }
    }
    return sum / count
  }

  /// The mean of KL(users ‖ U) over all lists, of both kinds, behind the start and behind a click.
  private func divergence(_ user: UserModel, on backend: any Backend) throws -> Double {
    var (sum, count) = (0.0, 0.0)
    for kind in 0..<2 {
      for clicks in [[Int32(kind)], [Int32(kind), 2], [Int32(kind), 7, 4]] {
        let states = user.encoder(
          IndexTensor(clicks, shape: [1, clicks.count], on: backend),
          lengths: IndexTensor([Int32(clicks.count)], shape: [1], on: backend)
        ).last.hidden
        let all = IndexTensor((0...8).map { Int32($0) }, shape: [1, 9], on: backend)
        let logits = try user.clickLogits(states, all).host().map { Double($0) }
        for first in 0..<8 {
          for second in 0..<first {
            let truth =
              [first, second].map { KindsWorld.weight(kind, Int32($0)) } + [KindsWorld.leaving]
            let total = truth.reduce(0, +)
            let found = [first, second, 8].map { exp(logits[$0]) }
            let sumFound = found.reduce(0, +)
            sum += zip(truth, found).reduce(0) {
              $0 + $1.0 / total * log($1.0 / total * sumFound / $1.1)
            }
            count += 1
          }
        }
      }
    }
    return sum / count
  }
}
