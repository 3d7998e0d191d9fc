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
  /// Of double Q-learning, two; each cell's visits beside them.
  private var tables: [ActionValues]
  private var visits: [[Int]]
  private var environment: FiniteEnvironment
  private var actions: Philox
  private var coins: Philox
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

  public init(_ configuration: TabularConfiguration) throws {
    try configuration.validate()
    self.configuration = configuration
    process = configuration.environment.process
    discount = configuration.discount ?? process.discount
    optimum = process.valueIteration(discount: discount).values
    let count = configuration.method == .doubleQ ? 2 : 1
    var table = ActionValues(stateCount: process.states.count, actionCount: process.actions.count)
    for state in process.choosing {
      for action in process.actions.indices { table[state, action] = configuration.initialValue }
    }
    tables = Array(repeating: table, count: count)
    visits = Array(repeating: Array(repeating: 0, count: table.values.count), count: count)
    environment = FiniteEnvironment(
      process, draws: configuration.draws, exploringStarts: configuration.exploringStarts,
      limit: configuration.episodeLimit, seed: configuration.seed)
    actions = Philox(seed: configuration.seed, stream: Streams.tabularActions)
    coins = Philox(seed: configuration.seed, stream: Streams.doubleCoin)
    state = environment.reset(episode: 0)
  }

  public var steps: Int { configuration.steps }

  /// Q, of double Q-learning the mean of both tables.
  public var values: ActionValues {
    guard tables.count == 2 else { return tables[0] }
    var mean = tables[0]
    for at in mean.values.indices { mean.values[at] = (mean.values[at] + tables[1].values[at]) / 2 }
    return mean
  }

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
    return tables.count == 1 ? tables[0].greedy(state) : values.greedy(state)
  }

  private func learn() {
    let (before, action) = (state, chosen ?? choose())
    let outcome = environment.step(action)
    state = outcome.observation
    step += 1
    sum += Double(outcome.reward)
    chosen = nil
    let learned = tables.count == 2 && Bool.random(using: &coins) ? 1 : 0
    var next = 0.0
    if !outcome.terminated {
      switch configuration.method {
      case .q: next = tables[0].best(state)
      case .sarsa:
        let following = choose()
        chosen = following
        next = tables[0][state, following]
      case .doubleQ: next = tables[1 - learned][state, tables[learned].greedy(state)]
      }
    }
    // Q(s, a) ← (1 − α) Q(s, a) + α (r + γ max Q(s′, ·))
    let cell = before * process.actions.count + action
    visits[learned][cell] += 1
    let alpha = configuration.stepSize(visits[learned][cell])
    tables[learned].values[cell] +=
      alpha * (Double(outcome.reward) + discount * next - tables[learned].values[cell])
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
      greedyValue: greedy[process.start, q.greedy(process.start)],
      bestValue: optimum.best(process.start),
      meanReturn: sums.count > 0 ? sums.total / Double(sums.count) : nil)
  }

  public func summary(of report: TabularReport) -> String {
    ", |Q − Q*| \(decimal(report.error, 4))"
  }

  public func isFinite() -> Bool { tables.allSatisfy { $0.values.allSatisfy(\.isFinite) } }
}

extension TabularLearner {
  public func save(to file: inout SafetensorsWriter) throws {
    for (index, table) in tables.enumerated() {
      try file.add(
        "table.\(index)", table.values, shape: [process.states.count, process.actions.count])
      try file.add("visits.\(index)", visits[index].map { Int64($0) })
    }
    try environment.save(to: &file, "environment")
    try file.add(
      "counters",
      [
        Int64(step), Int64(episode), Int64(actions.counter), Int64(coins.counter),
        Int64(chosen ?? -1), Int64(sums.count),
      ])
    try file.add("sums", [sum, sums.total])
  }

  public func restore(from file: SafetensorsFile) throws {
    let shape = [process.states.count, process.actions.count]
    var (tables, visits) = (tables, visits)
    for index in tables.indices {
      tables[index].values = try file.doubles("table.\(index)", shape: shape)
      visits[index] = try file.integers("visits.\(index)", .count, shape: [shape[0] * shape[1]])
    }
    let counters = try readCounters(from: file, 6, actions: process.actions.count)
    try file.requireSteps(of: counters[0], "counters", steps)
    let found = try file.doubles("sums", shape: [2])
    var environment = environment
    try environment.restore(from: file, "environment")
    self.environment = environment
    (self.tables, self.visits) = (tables, visits)
    state = environment.state
    step = counters[0]
    episode = counters[1]
    actions = Philox(
      key: configuration.seed, stream: Streams.tabularActions, counter: UInt64(counters[2]))
    coins = Philox(
      key: configuration.seed, stream: Streams.doubleCoin, counter: UInt64(counters[3]))
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
