import DRRCore
import Environments
import Tensor

/// Learns a table of action values by acting ε-greedily in a tabular MDP.
public final class TabularLearner: Trainer {
  public let configuration: TabularConfiguration
  public let process: FiniteProcess
  /// γ.
  public let discount: Double
  /// Q* by value iteration.
  public let optimum: ActionValues
  private var tables: LearningTables
  private var environment: FiniteEnvironment
  private var actions: Philox
  public private(set) var step = 0
  public private(set) var episode = 0
  /// Told of every report.
  public var onReport: ((TabularReport) -> Void)?
  private var state: Int
  /// The action that SARSA has chosen for the state already.
  private var chosen: Int?
  /// Of this episode, and of those that ended since the last report.
  private var sum = 0.0
  private var sums = (total: 0.0, count: 0)

  /// - Parameter process: that of the configuration's file; nil: the built-in one.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(_ configuration: TabularConfiguration, _ process: FiniteProcess? = nil) throws {
    try configuration.validate()
    self.configuration = configuration
    let process = try configuration.process(process)
    self.process = process
    discount = configuration.discount ?? process.discount
    optimum = process.valueIteration(discount: discount).values
    var table = ActionValues(stateCount: process.states.count, actionCount: process.actions.count)
    for state in process.choosing {
      for action in process.actions.indices { table[state, action] = configuration.initialValue }
    }
    tables = LearningTables(
      configuration.method, configuration.stepSize, discount: discount, initial: table,
      seed: configuration.seed)
    environment = FiniteEnvironment(
      process, draws: configuration.draws, exploringStarts: configuration.exploringStarts,
      limit: configuration.episodeLimit, seed: configuration.seed)
    actions = Philox(seed: configuration.seed, stream: Streams.tabularActions)
    state = environment.reset(episode: 0)
  }

  public var steps: Int { configuration.steps }

  /// Q, of double Q-learning the mean of both tables.
  public var values: ActionValues { tables.values }

  /// Steps up to the next report: after 1, 10, 100 … and twenty times in all.
  public func advance() -> TabularReport? {
    var power = 1
    while power <= step { power *= 10 }
    let part = max(steps / 20, 1)
    let due = min(power, (step / part + 1) * part, steps)
    // Not longer than an interruption may wait.
    let stop = min(due, step + 100_000)
    while step < stop { learn() }
    guard step == due else { return nil }
    let report = report()
    onReport?(report)
    return report
  }

  /// ε-greedy by the sum of the tables; of an episode with an exploring start the first is random.
  private func choose() -> Int {
    let epsilon = configuration.epsilon(step, of: steps)
    let isStart = configuration.exploringStarts && environment.age == 0
    if isStart || Double.random(in: 0..<1, using: &actions) < epsilon {
      return Int.random(in: process.actions.indices, using: &actions)
    }
    return tables.greedy(state)
  }

  private func learn() {
    let (before, action) = (state, chosen ?? choose())
    let outcome = environment.step(action)
    state = outcome.observation
    step += 1
    sum += Double(outcome.reward)
    chosen = tables.method == .sarsa && !outcome.terminated ? choose() : nil
    tables.learn(
      before, action, reward: outcome.reward, next: outcome.terminated ? nil : state,
      following: chosen)
    if outcome.isLast {
      sums = (sums.total + sum, sums.count + 1)
      sum = 0
      episode += 1
      chosen = nil
      state = environment.reset(episode: episode)
    }
  }

  private func report() -> TabularReport {
    let q = values
    let greedy = process.evaluation(
      of: { q.greedy($0) == $1 ? 1 : 0 }, discount: discount, tolerance: 1e-9, limit: 10_000)
    defer { sums = (0, 0) }
    return TabularReport(
      step: step, episodes: episode, epsilon: configuration.epsilon(step, of: steps),
      error: q.distance(to: optimum),
      valueError: process.choosing.reduce(0) { max($0, abs(q.best($1) - optimum.best($1))) },
      greedyValue: process.meanAtStart { greedy[$0, q.greedy($0)] },
      bestValue: process.meanAtStart { optimum.best($0) },
      meanReturn: sums.count > 0 ? sums.total / Double(sums.count) : nil)
  }

  public func summary(of report: TabularReport) -> String {
    ", |Q − Q*| \(decimal(report.error, 4))"
  }

  public func isFinite() -> Bool { tables.isFinite }
}

extension TabularLearner {
  public func save(to file: inout SafetensorsWriter) throws {
    try tables.save(to: &file)
    try environment.save(to: &file, "environment")
    try file.add(
      "counters",
      [
        Int64(step), Int64(episode), Int64(actions.counter), Int64(tables.coinCounter),
        Int64(chosen ?? -1), Int64(sums.count),
      ])
    try file.add("sums", [sum, sums.total])
  }

  public func restore(from file: SafetensorsFile) throws {
    let counters = try readCounters(from: file, 6, actions: process.actions.count)
    try file.requireSteps(of: counters[0], "counters", steps)
    let tables = try tables.restored(from: file, coins: counters[3])
    let found = try file.doubles("sums", shape: [2])
    var environment = environment
    try environment.restore(from: file, "environment")
    self.environment = environment
    self.tables = tables
    state = environment.state
    step = counters[0]
    episode = counters[1]
    actions = Philox(
      key: configuration.seed, stream: Streams.tabularActions, counter: UInt64(counters[2]))
    chosen = counters[4] < 0 ? nil : counters[4]
    (sum, sums) = (found[0], (found[1], counters[5]))
  }
}

/// The counters of a table's learner, of which the last but one is an action, or −1 for none.
func readCounters(
  from file: SafetensorsFile, _ count: Int, actions: Int
) throws(CheckpointError) -> [Int] {
  let counters = try file.integers("counters", .in(-1...1 << 48), shape: [count])
  try file.require(
    counters[count - 2] < actions
      && counters.enumerated().allSatisfy { $0 == count - 2 || $1 >= 0 }, "counters",
    "is \(counters)", "counts and, before the last, an action -1 ..< \(actions)")
  return counters
}
