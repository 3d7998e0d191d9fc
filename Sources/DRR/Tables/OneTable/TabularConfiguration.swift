import DRRCore
import Environments

/// How a table of action values learns.
public enum TabularMethod: String, Codable, CaseIterable, Hashable, Sendable {
  /// Q-learning (Watkins 1989): the best next action counts, whichever is taken.
  case q
  /// SARSA (Rummery & Niranjan 1994): the next action that is taken counts.
  case sarsa
  /// Double Q-learning (van Hasselt 2010): one table chooses, the other says what the choice is
  /// worth.
  case doubleQ = "double-q"
}

/// Settings of a table that learns in a tabular MDP.
public struct TabularConfiguration: ProcessSettings {
  public static let algorithms = ["q"]
  public var title: String { "a Q-learning run" }
  public var command: String { "train q" }
  public var uses: [String] { ["train q --show"] }
  public var totalSteps: Int? { steps }

  public var environment = SmallProcess.lizard
  public var file: ProcessFile?
  public var method = TabularMethod.q
  public var stepSize = StepSize.constant(0.7)
  public var epsilon = EpsilonSchedule(1, to: 0.01, share: 0.5, shape: .exponential)
  public var discount: Double?
  public var steps = 10_000
  /// Value of every pair before it is visited.
  public var initialValue = 0.0
  /// Steps after which an episode is cut off.
  public var episodeLimit = 200
  public var exploringStarts = false
  public var draws = OutcomeDraws.independent
  public var seed: UInt64 = 0

  public init() {}

  public func validate() throws {
    try stepSize.validate()
    try epsilon.validate()
    try ConfigurationError.require("discount", discount ?? 0, .share)
    try ConfigurationError.require("steps", steps, in: 1...1_000_000_000_000)
    try ConfigurationError.require("initial value", initialValue, "a number") { $0.isFinite }
    try ConfigurationError.require("episode limit", episodeLimit, in: 1...)
  }
}

/// A line of the metrics: what the table has come to.
public struct TabularReport: Codable, Hashable, Sendable {
  public var step: Int
  public var episodes: Int
  public var epsilon: Double
  /// Largest |Q − Q*| of any pair, Q* by value iteration.
  public var error: Double
  /// Largest |max_a Q − V*| of any state.
  public var valueError: Double
  /// What the greedy policy is worth from the start, and the best policy, exactly.
  public var greedyValue: Double
  public var bestValue: Double
  /// Mean sum of rewards of the episodes that ended since the last report.
  public var meanReturn: Double?
}
