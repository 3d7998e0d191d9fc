import Foundation
import OffPolicy
import Tensor

/// Two contexts, three actions, rewards of 0 and 1: small enough to go through every log of two
/// decisions with its probability.
struct TinyBandit {
  let contexts = [0.3, 0.7]
  let behaviour = [[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]
  let target = [[0.7, 0.1, 0.2], [0.05, 0.9, 0.05]]
  let means = [[0.9, 0.2, 0.5], [0.4, 0.8, 0.1]]

  /// Context, action and reward of one decision, and how likely they are.
  var outcomes: [(context: Int, action: Int, reward: Double, probability: Double)] {
    (0..<2).flatMap { context in
      (0..<3).flatMap { action in
        [0.0, 1].map { reward in
          let mean = means[context][action]
          return (
            context, action, reward,
            contexts[context] * behaviour[context][action] * (reward == 1 ? mean : 1 - mean)
          )
        }
      }
    }
  }

  /// Calls `body` with every log of two decisions, their contexts and how likely they are.
  func forEachLog(_ body: (LoggedFeedback, [Int], Double) throws -> Void) throws {
    for first in outcomes {
      for second in outcomes {
        let rows = [first, second]
        let log = try LoggedFeedback(
          name: "tiny", actions: rows.map { Int32($0.action) }, rewards: rows.map(\.reward),
          propensities: rows.map { behaviour[$0.context][$0.action] }, actionCount: 3)
        try body(log, rows.map(\.context), first.probability * second.probability)
      }
    }
  }

  func policy(_ table: [[Double]], _ contexts: [Int]) -> TabledTarget {
    TabledTarget(name: "target", table: contexts.flatMap { table[$0] })
  }

  func value(_ table: [[Double]]) -> Double {
    (0..<2).reduce(0) { sum, x in
      sum + contexts[x] * (0..<3).reduce(0) { $0 + table[x][$1] * means[x][$1] }
    }
  }
}

/// Expected rewards that were known before.
struct GivenRewards: RewardPrediction {
  /// [rows][actions].
  let values: [[Double]]
  func predict(_ row: Int, into values: inout [Double]) { values = self.values[row] }
  func predict(_ row: Int, _ action: Int) -> Double { values[row][action] }
}

extension LoggedFeedback {
  /// The values of all estimators, from the library's sums.
  func estimates(
    _ policy: any TargetPolicy, _ rewards: some RewardPrediction, clip: Double
  ) throws -> [OffPolicyEstimator: Double] {
    let (policies, predicted) = try PolicyWeights.compute([policy], on: self, rewards: rewards)
    var sums = DecisionSums()
    for row in 0..<count {
      sums += DecisionSums(
        weight: policies[0].weights[row], reward: self.rewards[row], predicted: predicted[row],
        modelled: policies[0].modelled[row], clip: clip, times: multiplicity(row))
    }
    return Dictionary(
      uniqueKeysWithValues: OffPolicyEstimator.allCases.map { ($0, $0.value(of: sums)) })
  }
}

/// A log of numbers drawn plainly, of several positions and users.
func drawnLog(_ count: Int, users: Int, seed: UInt64 = 1) throws -> LoggedFeedback {
  var random = Philox(seed: seed, stream: 0)
  func uniform(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &random) }
  return try LoggedFeedback(
    name: "drawn", users: (0..<count).map { Int32($0 % users) },
    positions: (0..<count).map { Int32($0 % 2) },
    actions: (0..<count).map { _ in Int32(random.index(below: 4)) },
    rewards: (0..<count).map { _ in uniform(0...1) < 0.4 ? 1 : 0 },
    propensities: (0..<count).map { _ in uniform(0.05...1) }, actionCount: 4, positionCount: 2,
    context: FeatureTable((0..<count).map { _ in [uniform(-1...1), uniform(-1...1)] }))
}

/// Knows nothing: every reward is expected to be 0, so that doubly robust is IPS.
struct NoRewards: RewardPrediction {
  func predict(_ row: Int, into values: inout [Double]) {
    for action in values.indices { values[action] = 0 }
  }
  func predict(_ row: Int, _ action: Int) -> Double { 0 }
}
