import DRRCore
import Environments
import SlateQ
import Tensor

/// SlateQ, or what it is compared with, in a world of slates.
public struct SlateQRunConfiguration: RunSettings {
  public static let algorithms = ["slateq"]
  public var title: String { "a run of \(agent.learner.name) in \(world.name)" }
  public var uses: [String] { [command, "simulate world \(world.name)"] }
  public var totalSteps: Int? { agent.steps }
  public var memory: MemoryNeed {
    var need = MemoryNeed()
    guard let layout = try? layout else { return need }
    let inputs = SlateInputs(layout, agent)
    agent.addMemory(to: &need, layout, width: inputs.width, stepWidth: inputs.stepWidth)
    return need
  }

  /// Where it learns.
  public var world = SlateWorld.evolution(.init())
  /// How.
  public var agent = SlateQConfiguration()
  public var seed: UInt64 = 0

  /// The default settings.
  public init() {}

  public func validate() throws {
    try world.validate()
    try agent.validate()
  }

  private var layout: WorldObservation.Layout {
    get throws { try world.environments(count: 1, first: 0, seed: 0).rows.observation.layout }
  }

  /// The number of the first user that it learns from; no evaluation meets them.
  static let learners = 1 << 28
  /// And of those that choose among its policies.
  static let validators = 1 << 29
}

/// A line of the metrics.
public struct SlateQReport: Codable, Hashable, Sendable {
  /// Steps of all users so far.
  public var step: Int
  /// Mean sum of rewards of the episodes that ended since the last report, with exploration.
  public var meanReturn: Double?
  /// Mean squared error of the values in the last update, in the networks' unit.
  public var valueLoss: Float?
  /// Of the last update: of SlateQ the cross-entropy of the choices, in nats; of a policy gradient
  /// what its policy lost.
  public var choiceLoss: Float?
  /// The step of the policy that is kept, and what it earned from the validation users.
  public var keptStep: Int?
  /// Mean sum of rewards of an episode of it.
  public var keptReturn: Double?
  /// q of the last update's batch, as returns: of SlateQ of what was chosen, of deep Q-learning of what
  /// was shown; nil before the first.
  public var qHistogram: Histogram?
}

/// What the policy of a step earns from the validation users: a line of the metrics.
public struct WorldValidation: Codable, Hashable, Sendable {
  /// The step that the policy is of.
  public var step: Int
  /// Mean sum of rewards of an episode, without exploration.
  public var meanReturn: Double
  /// Whether it is the best so far, which is kept.
  public var isBest: Bool
}

/// A learner of slates at work, and the best of its policies.
public final class SlateQRunTrainer: Trainer {
  let settings: SlateQRunConfiguration
  let learner: SlateQTrainer
  /// The best on the validation users; as it began before the first evaluation.
  let kept: SlateNetwork
  /// What it earned there, and when; nil before the first evaluation.
  public private(set) var best: (step: Int, meanReturn: Double)?
  private var observer = Observer()

  /// A learner that has learned nothing.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(_ settings: SlateQRunConfiguration, on backend: any Backend) throws {
    try settings.validate()
    self.settings = settings
    learner = SlateQTrainer(
      settings.agent,
      world: try settings.world.environments(
        count: settings.agent.environments, first: SlateQRunConfiguration.learners,
        seed: settings.seed),
      seed: settings.seed, on: backend)
    kept = learner.untrained()
  }

  public var step: Int { learner.step }
  public var steps: Int { settings.agent.steps }
  public func watch(_ observer: Observer) { self.observer = observer }

  public func advance() throws -> SlateQReport? {
    let before = step
    try learner.advance()
    guard passes(100, since: before) else { return nil }
    defer { learner.tally.begin() }
    return SlateQReport(
      step: step, meanReturn: learner.tally.meanReturn,
      valueLoss: try learner.losses?.value.host()[0],
      choiceLoss: try learner.losses?.choice?.host()[0], keptStep: best?.step,
      keptReturn: best?.meanReturn, qHistogram: try learner.histogram())
  }

  public func validate(after before: Int?) throws -> (any Codable & Sendable)? {
    guard let before else { return nil }
    guard passes(settings.agent.validations, since: before) else { return nil }
    let world = try settings.world.environments(
      count: settings.agent.validationEpisodes, first: SlateQRunConfiguration.validators,
      seed: settings.seed)
    var patience = Patience(observer)
    let episodes = try play(learner.averaged, in: world) { try patience.check() }
    let meanReturn = episodes.reduce(0) { $0 + $1.reward } / Double(episodes.count)
    let isBest = meanReturn > best?.meanReturn ?? -.infinity
    if isBest {
      best = (step, meanReturn)
      kept.parameters.follow(learner.averaged.parameters, tau: 1)
    }
    return WorldValidation(step: step, meanReturn: meanReturn, isBest: isBest)
  }

  /// The episodes that users are in, played without exploration.
  ///
  /// - Parameter beforeEachStep: what it throws ends them.
  fileprivate func play(
    _ network: SlateNetwork, in world: any FeatureEnvironments<Int32>,
    beforeEachStep: () throws -> Void = {}
  ) throws -> [WorldTrial.Episode] {
    func opened(_ world: some FeatureEnvironments<Int32>) throws -> [WorldTrial.Episode] {
      var player = learner.player(network, users: world.count)
      return try WorldTrial.play(in: world) {
        try beforeEachStep()
        return try player.slates($0.rows)
      }
    }
    return try opened(world)
  }

  public func summary(of report: SlateQReport) -> String {
    let now = report.meanReturn.map { ", return \(decimal($0, 1))" } ?? ""
    return now + (best.map { ", best \(decimal($0.meanReturn, 1))" } ?? "")
  }

  public func isFinite() throws -> Bool { try learner.network.parameters.isFinite() }

  public func share(among ranks: any Collective) throws -> SharedUpdates? {
    learner.sharing = try SharedUpdates(ranks)
    return learner.sharing
  }

  public func save(to file: inout SafetensorsWriter) throws {
    try learner.save(to: &file)
    try kept.parameters.save(to: &file, "best.network")
    try file.add("best.return", [best?.meanReturn ?? 0])
    try file.add("best.step", [Int64(best?.step ?? 0)])
  }

  public func restore(from file: SafetensorsFile) throws {
    let restores = try [
      learner.prepareRestore(from: file),
      kept.parameters.prepareRestore(from: file, "best.network"),
    ]
    let meanReturn = try file.doubles("best.return", shape: [1])[0]
    let step = try file.integer(
      "best.step", .in(0...Int64(try file.integer("trainer.counters", .count))))
    for restore in restores { restore() }
    best = step > 0 ? (step, meanReturn) : nil
  }
}

extension WorldReport {
  /// Adds a row of what trainings of one configuration kept, with the same users as every policy.
  ///
  /// - Parameter untrained: the networks as they began, instead.
  public mutating func add(
    _ name: String, _ trainers: [SlateQRunTrainer], untrained: Bool = false
  ) throws {
    add(
      name,
      try trainers.map { trainer in
        let network = untrained ? trainer.learner.untrained() : trainer.kept
        return try seeds.flatMap { seed in
          try trainer.play(
            network,
            in: trainer.settings.world.environments(count: episodes, first: 0, seed: seed))
        }
      })
  }
}
