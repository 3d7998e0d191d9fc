import Agents
import DRRCore
import Environments
import Tensor

/// Settings of a table of action values, wherever it learns.
public struct TableConfiguration: Codable, Hashable, Sendable {
  /// How it learns.
  public var method = TabularMethod.q
  /// α.
  public var stepSize = StepSize.constant(0.1)
  /// γ, a step, 0 ... 1.
  public var discount = 0.99
  /// Value of every pair before it is visited.
  public var initialValue = 0.0

  /// The default settings.
  public init() {}

  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public func validate() throws(ConfigurationError) {
    try stepSize.validate()
    try ConfigurationError.require("discount", discount, .share)
    try ConfigurationError.require("initial value", initialValue, "a number") { $0.isFinite }
  }
}

/// A table of action values that learns by acting ε-greedily in environments that step together, of
/// which nothing is known but how many states and actions there are.
public final class TableTrainer: ActingLearner {
  /// Steps of all environments together.
  public let steps: Int
  /// Where it acts.
  public private(set) var environments: any ActionEnvironments
  /// Actions so far, in all environments.
  public private(set) var step = 0
  /// Since the last report.
  private var tally: EpisodeTally
  private let epsilon: EpsilonSchedule
  private let seed: UInt64
  private var tables: LearningTables
  private var actions: Philox
  /// The actions that SARSA has chosen already, of each environment.
  private var chosen: [Int?]

  /// A table that has learned nothing.
  ///
  /// - Parameters:
  ///   - stateCount: states that the one integer of a row tells apart.
  ///   - environments: in their first episodes, of which every action may be chosen.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(
    _ configuration: TableConfiguration, epsilon: EpsilonSchedule, steps: Int, stateCount: Int,
    environments: any ActionEnvironments, seed: UInt64
  ) throws(ConfigurationError) {
    try configuration.validate()
    require(
      environments.rowWidth == 1 && environments.allowed == nil,
      "a table: states of \(environments.rowWidth) integers, or actions that are not allowed")
    (self.steps, self.epsilon, self.seed) = (steps, epsilon, seed)
    self.environments = environments
    tables = LearningTables(
      configuration.method, configuration.stepSize, discount: configuration.discount,
      initial: ActionValues(
        stateCount: stateCount, actionCount: environments.actionCount,
        repeating: configuration.initialValue), seed: seed)
    actions = Philox(seed: seed, stream: Streams.tabularActions)
    chosen = Array(repeating: nil, count: environments.count)
    tally = EpisodeTally(environments: environments.count)
  }

  /// Q, of double Q-learning the mean of both tables.
  public var values: ActionValues { tables.values }

  /// One step of every environment, from each of which is learned.
  ///
  /// - Throws: what the environments throw.
  public func advance() throws {
    let before = environments.rows.map { Int($0[0]) }
    let taken = before.indices.map { chosen[$0] ?? choose(before[$0]) }
    let outcomes = try environments.step(taken.map { Int32($0) })
    for (row, outcome) in outcomes.enumerated() {
      let next = outcome.terminated ? nil : Int(outcome.observation[0])
      let following = tables.method == .sarsa ? next.map { choose($0) } : nil
      tables.learn(
        before[row], taken[row], reward: outcome.reward, next: next, following: following)
      chosen[row] = outcome.isLast ? nil : following
      step += 1
    }
    tally.add(outcomes)
  }

  private func choose(_ state: Int) -> Int {
    if Double.random(in: 0..<1, using: &actions) < epsilon(step, of: steps) {
      return Int.random(in: 0..<environments.actionCount, using: &actions)
    }
    return tables.greedy(state)
  }

  /// Whether it has kept to numbers.
  public func isFinite() -> Bool { tables.isFinite }
  /// It makes no update that ranks could share.
  package func share(_ updates: SharedUpdates) {}

  package func report() -> EpisodeReport {
    defer { tally.begin() }
    return EpisodeReport(step: step, meanReturn: tally.meanReturn)
  }

  /// Adds all that the next step depends on to a file.
  public func save(to file: inout SafetensorsWriter) throws {
    try tables.save(to: &file)
    try file.add(
      "counters", [Int64(step), Int64(actions.counter), Int64(tables.coinCounter)])
    try file.add("chosen", chosen.map { Int64($0 ?? -1) })
    try environments.save(to: &file, "environments")
    try tally.save(to: &file)
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.integers("counters", .count, shape: [3])
    try file.requireSteps(of: counters[0], "counters", steps, environments.count)
    let tables = try tables.restored(from: file, coins: counters[2])
    let last = Int64(environments.actionCount) - 1
    let chosen = try file.integers("chosen", .in(-1...last), shape: [environments.count])
    var (tally, environments) = (tally, environments)
    try tally.restore(from: file)
    try environments.restore(from: file, "environments")
    let keeps = environments.keepsEpisodes
    if !keeps { tally.beginEpisodes() }
    (self.tables, self.tally, self.environments) = (tables, tally, environments)
    self.chosen = chosen.map { $0 < 0 || !keeps ? nil : $0 }
    step = counters[0]
    actions = Philox(
      key: seed, stream: Streams.tabularActions, counter: UInt64(counters[1]))
  }
}
