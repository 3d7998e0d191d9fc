import DRRCore
import Tensor

/// A contextual bandit of which everything is known: finitely many contexts, drawn with equal
/// chance, and the probability of a reward of 1 for each action in each.
///
/// A user draws a context once and decides several times in it, so that decisions of one user
/// depend on each other.
public struct SyntheticBandit: Sendable {
  public let contexts: [[Double]]
  public let actionCount: Int
  /// [contexts, actions]: the mean reward.
  public let means: [Double]
  public static let decisionsPerUser = 4

  public init(seed: UInt64, contexts count: Int = 200, dimension: Int = 5, actions: Int = 10) {
    var random = Philox(seed: seed, stream: Streams.syntheticBandit)
    func normals(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.normal()) } }
    contexts = (0..<count).map { _ in normals(dimension) }
    actionCount = actions
    let slopes = (0..<actions).map { _ in normals(dimension) }
    let offsets = normals(actions)
    means = contexts.flatMap { x in
      (0..<actions).map { action in
        let score = zip(x, slopes[action]).reduce(0) { $0 + $1.0 * $1.1 }
        return logistic(0.6 * score + 0.5 * offsets[action] - 1.5)
      }
    }
  }

  /// A policy by context: softmax of `sharpness` times the means, standardised within a context,
  /// plus noise of that standard deviation.
  ///
  /// - Returns: [contexts, actions].
  public func policy(sharpness: Double, noise: Double, seed: UInt64) -> [Double] {
    var random = Philox(seed: seed, stream: Streams.syntheticPolicy)
    var table: [Double] = []
    for context in contexts.indices {
      let values = means[context * actionCount..<(context + 1) * actionCount]
      let mean = values.reduce(0, +) / Double(actionCount)
      let spread =
        (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(actionCount)).squareRoot()
      let scores = values.map {
        sharpness * ($0 - mean) / spread + noise * Double(random.normal())
      }
      table += softmax(scores)
    }
    return table
  }

  /// The mean reward of a policy given by context.
  public func value(of policy: [Double]) -> Double {
    zip(policy, means).reduce(0) { $0 + $1.0 * $1.1 } / Double(contexts.count)
  }

  /// The share of a log that counts under a policy: 1 / E[w²], the effective sample size for one
  /// decision.
  public func overlap(of target: [Double], with behaviour: [Double]) -> Double {
    let squares = zip(target, behaviour).reduce(0) { $0 + $1.0 * $1.0 / $1.1 }
    return Double(contexts.count) / squares
  }

  /// A log of a behaviour policy, and the context of each decision.
  public func log(
    _ decisions: Int, behaviour: [Double], seed: UInt64
  ) -> (log: LoggedFeedback, contexts: [Int]) {
    var random = Philox(seed: seed, stream: Streams.syntheticFeedback)
    var (users, actions): ([Int32], [Int32]) = ([], [])
    var (rewards, propensities): ([Double], [Double]) = ([], [])
    var drawn: [Int] = []
    var context = 0
    for row in 0..<decisions {
      if row % Self.decisionsPerUser == 0 { context = random.index(below: contexts.count) }
      let first = context * actionCount
      let action = draw(behaviour[first..<first + actionCount], &random)
      users.append(Int32(row / Self.decisionsPerUser))
      actions.append(Int32(action))
      propensities.append(behaviour[first + action])
      rewards.append(Double.random(in: 0..<1, using: &random) < means[first + action] ? 1 : 0)
      drawn.append(context)
    }
    let log = LoggedFeedback(
      name: "synthetic", clustering: "user", clusters: users, actions: actions, rewards: rewards,
      propensities: propensities, actionCount: actionCount,
      context: FeatureTable(drawn.map { contexts[$0] }))
    return (log, drawn)
  }

  /// A policy given by context as one for the decisions of a log.
  public func tabled(_ policy: [Double], _ contexts: [Int], name: String) -> TabledTarget {
    TabledTarget(
      name: name,
      table: contexts.flatMap { policy[$0 * actionCount..<($0 + 1) * actionCount] })
  }
}

/// An index drawn with these probabilities.
func draw(_ probabilities: ArraySlice<Double>, _ random: inout Philox) -> Int {
  var left = Double.random(in: 0..<1, using: &random)
  var last = probabilities.startIndex
  for (at, probability) in zip(probabilities.indices, probabilities) where probability > 0 {
    left -= probability
    last = at
    if left < 0 { break }
  }
  return last - probabilities.startIndex
}
