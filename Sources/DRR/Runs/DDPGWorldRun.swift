import ActorCritic
import DRRCore
import Environments
import Tensor

/// Worlds of continuous actions that DDPG is trained in.
public enum ContinuousWorld: String, Codable, CaseIterable, Hashable, Sendable,
  CustomStringConvertible
{
  case virtualTaobao = "virtual-taobao"

  public var description: String { rawValue }
}

/// DDPG with TD3's switches in a world of continuous actions.
public struct DDPGWorldConfiguration: RunSettings {
  public static let algorithms = ["ddpg"]
  public var title: String { "a DDPG run" }
  public var totalSteps: Int? { schedule.steps }
  public var memory: MemoryNeed {
    var need = MemoryNeed()
    let width = VirtualTaobao.layout.width
    ddpg.addMemory(
      to: &need, state: Double(width), weights: 0, rowWidth: width,
      actionWidth: VirtualTaobao.actionWidth, steps: schedule.steps)
    return need
  }

  /// The world to learn in.
  public var world = ContinuousWorld.virtualTaobao
  /// The file of the networks that the world is made of.
  public var weights: String
  /// Their checksum (``VirtualTaobaoNetworks``).
  public var weightsChecksum: String
  /// Settings of the networks and their updates.
  public var ddpg = DDPGConfiguration()
  /// How it acts while it learns.
  public var schedule = ContinuousSchedule()
  /// Times that training stops to play the policy with users that it does not learn from.
  public var validations = 10
  /// How many users those are, an episode each.
  public var validationUsers = 200
  public var seed: UInt64 = 0

  /// The default settings, in the world that a file makes.
  public init(weights: String, checksum: String) {
    (self.weights, weightsChecksum) = (weights, checksum)
    // What an action does in VirtualTaobao is over with its page.
    ddpg.discount = 0
    // Actions that earn ten clicks are one in a thousand at first: a batch is to have some.
    ddpg.batchSize = 1_024
    ddpg.actorLearningRate = 1e-3
    ddpg.criticLearningRate = 2e-3
    ddpg.weightDecay = 0
    ddpg.criticGradientNorm = 10
    ddpg.targetRate = 0.005
    ddpg.replayCapacity = 100_000
    ddpg.twinCritics = true
    ddpg.targetNoise = 0.2
    ddpg.imitationWeight = 30
  }

  /// Where the file lies is no part of what results depend on.
  public var identity: Self {
    var identity = self
    identity.weights = ""
    return identity
  }

  public func validate() throws {
    try ddpg.validate()
    try schedule.validate()
    try ConfigurationError.require("validations", validations, in: 1...1_000)
    try ConfigurationError.require("validation users", validationUsers, in: 1...100_000)
  }
}

/// A line of the metrics.
public struct DDPGWorldReport: Codable, Hashable, Sendable {
  /// Steps of all environments so far.
  public var step: Int
  /// Clicks a page over the most there can be, of what was shown in training since the last report.
  public var trainingRate: Double
  /// The same of the policy with the validation users.
  public var validationRate: Double
  /// Mean clicks of their sessions.
  public var validationReturn: Double
  /// Of the last update; nil before the first.
  public var criticLoss: Float?
  /// Of the last update, where it moved the actor.
  public var actorLoss: Float?
  /// Q(s, a) of the last update's batch; nil before the first.
  public var qHistogram: Histogram?
}

/// DDPG in VirtualTaobao. It learns from the observed clicks of users that are in no evaluation.
public final class DDPGWorldTrainer: Trainer {
  /// The settings.
  public let configuration: DDPGWorldConfiguration
  private let networks: VirtualTaobaoNetworks
  private let trainer: ContinuousTrainer<VirtualTaobao>
  private var observer = Observer()

  /// An agent that has learned nothing.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: DDPGWorldConfiguration, _ networks: VirtualTaobaoNetworks,
    on backend: any Backend
  ) throws {
    try configuration.validate()
    self.configuration = configuration
    self.networks = networks
    trainer = try ContinuousTrainer(
      configuration.ddpg, configuration.schedule,
      in: VirtualTaobao(
        networks, count: configuration.schedule.environments, first: WorldTrial.learners,
        seed: configuration.seed),
      rewardScale: 1 / Float(VirtualTaobao.pageClicks), seed: configuration.seed, on: backend)
  }

  /// The agent.
  public var ddpg: DDPG { trainer.ddpg }
  public var step: Int { trainer.step }
  public var steps: Int { configuration.schedule.steps }
  public func watch(_ observer: Observer) { self.observer = observer }

  public func advance() throws -> DDPGWorldReport? {
    let before = step
    try trainer.advance()
    guard passes(configuration.validations, since: before) else { return nil }
    return try report()
  }

  private func report() throws -> DDPGWorldReport {
    let most = Double(VirtualTaobao.pageClicks)
    var patience = Patience(observer)
    let played = try WorldTrial.play(
      in: VirtualTaobao(
        networks, count: configuration.validationUsers, first: WorldTrial.validators,
        seed: configuration.seed)
    ) {
      try patience.check()
      return try ddpg.act(in: $0)
    }
    let clicks = played.reduce(0) { $0 + $1.reward }
    let trainingRate = trainer.tally.meanReward / most
    let learned = try trainer.report()
    return DDPGWorldReport(
      step: step, trainingRate: trainingRate,
      validationRate: clicks / Double(played.reduce(0) { $0 + $1.steps }) / most,
      validationReturn: clicks / Double(played.count),
      criticLoss: learned.loss, actorLoss: learned.actorLoss, qHistogram: learned.qHistogram)
  }

  public func summary(of report: DDPGWorldReport) -> String {
    ", rate of clicks \(decimal(report.validationRate, 3))"
  }

  public func isFinite() throws -> Bool { try ddpg.isFinite() }
  public func share(among ranks: any Collective) throws -> SharedUpdates? {
    ddpg.sharing = try SharedUpdates(ranks)
    return ddpg.sharing
  }
  public func save(to file: inout SafetensorsWriter) throws { try trainer.save(to: &file) }
  public func restore(from file: SafetensorsFile) throws { try trainer.restore(from: file) }
}
