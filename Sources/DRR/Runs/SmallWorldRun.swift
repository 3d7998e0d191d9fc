import Agents
import DRRCore
import DeepQ
import Environments
import PolicyGradients
import Tensor

/// A deep agent in a tabular MDP, whose best policy is known: one of the two learners.
public struct SmallWorldConfiguration: ProcessSettings {
  public static let algorithms = ["small-world"]
  public var title: String { "a run in a tabular MDP" }
  public var command: String { dqn == nil ? "train pg" : "train dqn" }
  public var totalSteps: Int? { steps }
  public var memory: MemoryNeed {
    var need = MemoryNeed()
    let (states, actions) = (Double(size.states), size.actions)
    dqn?.addMemory(
      to: &need, state: states, weights: states * states, rowWidth: 1, actions: actions,
      actionWidth: dqn?.actionWidth ?? 0, steps: steps)
    policyGradient?.addMemory(
      to: &need, state: states, weights: states * states, actions: actions,
      actionWidth: policyGradient?.actionWidth ?? 0)
    // An array of each pair, with a count of each outcome.
    need.add(
      "the visits of all pairs", host: Double(environments) * states * Double(actions) * 16,
      lower: "--num-envs", environments)
    return need
  }

  public var environment = SmallProcess.lizard
  public var file: ProcessFile?
  /// Settings of deep Q-learning; nil where a policy gradient learns.
  public var dqn: DQNConfiguration?
  /// Settings of the policy gradient; nil where deep Q-learning learns.
  public var policyGradient: PolicyGradientConfiguration?
  /// Steps of all environments together.
  public var steps = 20_000
  /// Environments that step together.
  public var environments = 8
  /// Whether an episode begins in any state.
  public var exploringStarts = false
  /// Steps after which an episode is cut off.
  public var episodeLimit = 100
  public var discount: Double?
  /// Steps before the first update of deep Q-learning.
  public var learningStarts = 200
  /// ε of deep Q-learning.
  public var epsilon = EpsilonSchedule(1, to: 0.1, share: 0.5)
  public var seed: UInt64 = 0

  /// The default settings; one of the two learners is still to be set.
  public init() {}

  public func validate() throws {
    try dqn?.validate()
    try policyGradient?.validate()
    guard (dqn == nil) != (policyGradient == nil) else {
      throw ConfigurationError("a small world has one learner, dqn or policy gradient")
    }
    try epsilon.validate()
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try ConfigurationError.require("environments", environments, in: 1...65_536)
    try ConfigurationError.require("episode limit", episodeLimit, in: 1...)
    try ConfigurationError.require("learning starts", learningStarts, in: 0...)
    try ConfigurationError.require("discount", discount ?? 0, .share)
    guard size.states <= GymRunConfiguration.mostStates else {
      throw ConfigurationError(
        "`drr \(command)` takes \(GymRunConfiguration.mostStates) states at most, and \(name) has "
          + "\(size.states); use `drr train q`")
    }
  }
}

/// A line of the metrics.
public struct SmallWorldReport: Codable, Hashable, Sendable {
  /// Steps of all environments so far.
  public var step: Int
  /// Mean sum of rewards of the episodes that ended since the last report.
  public var meanReturn: Double?
  /// What the greedy policy is worth from the start, exactly.
  public var greedyValue: Double
  /// V*(s₀), by value iteration.
  public var bestValue: Double
  /// Largest |V(s) − V*(s)| of any state; V of a policy gradient is that of its policy.
  public var valueError: Double
  /// Of the last update.
  public var loss: Float?
  /// Q(s, a) of the last update's batch, of deep Q-learning.
  public var qHistogram: Histogram?

  /// Whether no policy is better.
  public var isOptimal: Bool { abs(greedyValue - bestValue) < 1e-6 }
}

/// Deep Q-learning or a policy gradient in a tabular MDP, on states as one-hot vectors.
public final class SmallWorldTrainer: Trainer {
  /// The process that it learns in.
  public let process: FiniteProcess
  /// Q* by value iteration.
  public let optimum: ActionValues
  public let steps: Int
  private let discount: Double
  private let backend: any Backend
  private let learner: any ActingLearner
  /// Q of deep Q-learning, the logits of a policy: of states [S, 1], [S, A].
  private let scores: (IndexTensor) -> Tensor
  /// Whether the scores are values.
  private let learnsValues: Bool
  /// Told of every report.
  public var onReport: ((SmallWorldReport) -> Void)?

  /// A learner that has learned nothing.
  ///
  /// - Parameter process: that of the configuration's file; nil: the built-in one.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: SmallWorldConfiguration, _ process: FiniteProcess? = nil,
    on backend: any Backend
  ) throws {
    try configuration.validate()
    let process = try configuration.process(process)
    self.process = process
    discount = configuration.discount ?? process.discount
    optimum = process.valueIteration(discount: discount).values
    steps = configuration.steps
    self.backend = backend
    learnsValues = configuration.dqn != nil
    let states = TableState(oneHot: process.states.count, on: backend)
    let environments = FiniteEnvironments(
      process, count: configuration.environments, exploringStarts: configuration.exploringStarts,
      limit: configuration.episodeLimit, seed: configuration.seed)
    if var settings = configuration.dqn {
      settings.discount = Float(discount)
      let dqn = try DQN(
        settings, actionCount: process.actions.count, seed: configuration.seed, on: backend
      ) { _ in states }
      var schedule = DQNSchedule()
      schedule.steps = configuration.steps
      schedule.learningStarts = configuration.learningStarts
      schedule.epsilon = configuration.epsilon
      learner = DQNTrainer(dqn, schedule, environments: environments, seed: configuration.seed)
      scores = { dqn.values($0) }
    } else {
      var settings = configuration.policyGradient!
      settings.discount = Float(discount)
      let gradient = try PolicyGradient(
        settings, actionCount: process.actions.count, seed: configuration.seed, on: backend
      ) { _ in states }
      learner = try PolicyGradientTrainer(
        gradient, steps: configuration.steps, environments: environments,
        seed: configuration.seed)
      scores = { gradient.logits($0) }
    }
  }

  public var step: Int { learner.step }

  /// What the network makes of every pair: values, or the policy's logits.
  public func table() throws(BackendError) -> ActionValues {
    var table = ActionValues(
      stateCount: process.states.count, actionCount: process.actions.count)
    let states = IndexTensor(
      process.states.indices.map { Int32($0) }, shape: [process.states.count, 1], on: backend)
    table.values = try scores(states).host().map { Double($0) }
    return table
  }

  public func advance() throws -> SmallWorldReport? {
    let before = step
    try learner.advance()
    guard passes(20, since: before) else { return nil }
    let report = try report()
    onReport?(report)
    return report
  }

  private func report() throws -> SmallWorldReport {
    let table = try table()
    let greedy = process.evaluation(
      of: { table.greedy($0) == $1 ? 1 : 0 }, discount: discount, tolerance: 1e-9, limit: 10_000)
    let values = process.states.indices.map {
      learnsValues ? table.best($0) : greedy[$0, table.greedy($0)]
    }
    let learned = try learner.report()
    return SmallWorldReport(
      step: step, meanReturn: learned.meanReturn,
      greedyValue: process.meanAtStart { greedy[$0, table.greedy($0)] },
      bestValue: process.meanAtStart { optimum.best($0) },
      valueError: process.choosing.reduce(0) { max($0, abs(values[$1] - optimum.best($1))) },
      loss: learned.loss, qHistogram: learned.qHistogram)
  }

  public func summary(of report: SmallWorldReport) -> String {
    ", greedy \(decimal(report.greedyValue, 3)) of \(decimal(report.bestValue, 3))"
  }

  public func isFinite() throws -> Bool { try learner.isFinite() }
  public func share(among ranks: any Collective) throws -> SharedUpdates? {
    let updates = try SharedUpdates(ranks)
    learner.share(updates)
    return updates
  }
  public func save(to file: inout SafetensorsWriter) throws { try learner.save(to: &file) }
  public func restore(from file: SafetensorsFile) throws { try learner.restore(from: file) }
}
