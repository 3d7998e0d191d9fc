import DRRCore
import Environments
import Tensor

/// Settings of SARSA(λ) in a small world.
public struct SarsaLambdaConfiguration: ProcessSettings {
  public static let algorithms = ["sarsa-lambda"]
  public var title: String { "a SARSA(λ) run" }
  public var command: String { "train sarsa-lambda" }
  public var totalSteps: Int? { steps }

  public var environment = SmallProcess.lizard
  public var file: ProcessFile?
  /// λ, by which traces fall beside γ; 0 is SARSA, 1 close to Monte Carlo.
  public var lambda = 0.9
  /// α.
  public var stepSize = 0.1
  public var epsilon = EpsilonSchedule(1, to: 0.01, share: 0.5, shape: .exponential)
  public var discount: Double?
  public var steps = 20_000
  /// Steps after which an episode is cut off.
  public var episodeLimit = 200
  public var seed: UInt64 = 0

  public init() {}

  public func validate() throws {
    try epsilon.validate()
    for (name, value) in [("lambda", lambda), ("discount", discount ?? 0)] {
      try ConfigurationError.require(name, value, "between 0 and 1") { $0 >= 0 && $0 <= 1 }
    }
    try ConfigurationError.require("step size", stepSize, "above 0 and at most 1") {
      $0 > 0 && $0 <= 1
    }
    try ConfigurationError.require("steps", steps, "1 ... 1,000,000,000,000") {
      (1...1_000_000_000_000).contains($0)
    }
    try ConfigurationError.require("episode limit", episodeLimit, "1 or more") { $0 >= 1 }
  }
}

/// SARSA(λ) with accumulating traces (Sutton & Barto 2018, section 12.7), on a table: each step's
/// error is learned by every pair of the episode, as far as its trace has not faded.
public final class SarsaLambdaLearner: Trainer {
  public let configuration: SarsaLambdaConfiguration
  public let process: FiniteProcess
  /// Q* by value iteration.
  public let optimum: ActionValues
  public private(set) var values: ActionValues
  public private(set) var step = 0
  private let discount: Double
  /// e, one a pair.
  private var traces: [Double]
  private var environment: FiniteEnvironment
  private var actions: Philox
  private var episode = 0
  private var state: Int
  /// Chosen for the state already; nil at the start of an episode.
  private var chosen: Int?
  /// Rewards of this episode, and of those that ended since the last report.
  private var sum = 0.0
  private var sums = (total: 0.0, count: 0)

  /// - Parameter process: that of the configuration's file; nil: the built-in one.
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(_ configuration: SarsaLambdaConfiguration, _ process: FiniteProcess? = nil) throws {
    try configuration.validate()
    self.configuration = configuration
    let process = try configuration.process(process)
    self.process = process
    discount = configuration.discount ?? process.discount
    optimum = process.valueIteration(discount: discount).values
    values = ActionValues(stateCount: process.states.count, actionCount: process.actions.count)
    traces = Array(repeating: 0, count: values.values.count)
    environment = FiniteEnvironment(
      process, limit: configuration.episodeLimit, seed: configuration.seed)
    actions = Philox(seed: configuration.seed, stream: Streams.tabularActions)
    state = environment.reset(episode: 0)
  }

  public var steps: Int { configuration.steps }

  /// Steps up to the next of twenty reports.
  public func advance() -> TabularReport? {
    let part = max(steps / 20, 1)
    let due = min((step / part + 1) * part, steps)
    // Not longer than an interruption may wait.
    let stop = min(due, step + 100_000)
    while step < stop { learn() }
    return step == due ? report() : nil
  }

  /// ε-greedy.
  private func choose() -> Int {
    let epsilon = configuration.epsilon(step, of: steps)
    return Double.random(in: 0..<1, using: &actions) < epsilon
      ? Int.random(in: process.actions.indices, using: &actions) : values.greedy(state)
  }

  private func learn() {
    let action = chosen ?? choose()
    let cell = state * process.actions.count + action
    let outcome = environment.step(action)
    state = outcome.observation
    step += 1
    sum += Double(outcome.reward)
    let following = outcome.terminated ? nil : choose()
    // δ = r + γ Q(s′, a′) − Q(s, a)
    let next = following.map { values[state, $0] } ?? 0
    let error = Double(outcome.reward) + discount * next - values.values[cell]
    traces[cell] += 1
    for pair in traces.indices where traces[pair] != 0 {
      values.values[pair] += configuration.stepSize * error * traces[pair]
      traces[pair] *= discount * configuration.lambda
    }
    chosen = following
    guard outcome.isLast else { return }
    sums = (sums.total + sum, sums.count + 1)
    sum = 0
    episode += 1
    chosen = nil
    traces = traces.map { _ in 0 }
    state = environment.reset(episode: episode)
  }

  private func report() -> TabularReport {
    let greedy = process.evaluation(
      of: { self.values.greedy($0) == $1 ? 1 : 0 }, discount: discount, tolerance: 1e-9,
      limit: 10_000)
    defer { sums = (0, 0) }
    return TabularReport(
      step: step, episodes: episode, epsilon: configuration.epsilon(step, of: steps),
      error: values.distance(to: optimum),
      valueError: process.choosing.reduce(0) {
        max($0, abs(values.best($1) - optimum.best($1)))
      },
      greedyValue: process.meanAtStart { greedy[$0, self.values.greedy($0)] },
      bestValue: process.meanAtStart { optimum.best($0) },
      meanReturn: sums.count > 0 ? sums.total / Double(sums.count) : nil)
  }

  public func summary(of report: TabularReport) -> String {
    ", greedy \(decimal(report.greedyValue, 3)) of \(decimal(report.bestValue, 3))"
  }

  public func isFinite() -> Bool { values.values.allSatisfy(\.isFinite) }

  public func save(to file: inout SafetensorsWriter) throws {
    try file.add("values", values.values)
    try file.add("traces", traces)
    try environment.save(to: &file, "environment")
    try file.add(
      "counters",
      [Int64(step), Int64(episode), Int64(actions.counter), Int64(chosen ?? -1), Int64(sums.count)])
    try file.add("sums", [sum, sums.total])
  }

  public func restore(from file: SafetensorsFile) throws {
    let cells = [traces.count]
    let counters = try readCounters(from: file, 5, actions: process.actions.count)
    try file.requireSteps(of: counters[0], "counters", steps)
    let (values, traces) = (
      try file.doubles("values", shape: cells), try file.doubles("traces", shape: cells)
    )
    let found = try file.doubles("sums", shape: [2])
    try environment.restore(from: file, "environment")
    (self.values.values, self.traces) = (values, traces)
    (step, episode, state) = (counters[0], counters[1], environment.state)
    actions = Philox(
      key: configuration.seed, stream: Streams.tabularActions, counter: UInt64(counters[2]))
    chosen = counters[3] < 0 ? nil : counters[3]
    (sum, sums) = (found[0], (found[1], counters[4]))
  }
}
