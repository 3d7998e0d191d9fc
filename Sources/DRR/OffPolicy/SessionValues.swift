import Tensor

/// The values of a policy with so many steps to go: Q of states and actions, V of states.
public struct SessionValues: Sendable {
  public let policy: StatePolicy
  public let stateCount: Int
  /// [horizon + 1, states, actions]; no steps to go is worth 0.
  public var q: [Double]

  public init(policy: StatePolicy, stateCount: Int, q: [Double]) {
    self.policy = policy
    self.stateCount = stateCount
    self.q = q
  }

  public func q(_ state: Int32, _ action: Int32, toGo: Int) -> Double {
    q[(toGo * stateCount + Int(state)) * policy.actionCount + Int(action)]
  }

  /// Σ π(a | s) Q(s, a).
  public func v(_ state: Int32, toGo: Int) -> Double {
    (0..<Int32(policy.actionCount)).reduce(0) {
      $0 + policy[state, $1] * q(state, $1, toGo: toGo)
    }
  }

  /// Fitted Q evaluation (Le, Voloshin & Yue 2019) with a table: the mean reward and the next
  /// states of each state and action in the sessions given, backed up once a step.
  ///
  /// What follows the last step of a session of full length is not known and not learned from; a
  /// shorter one has ended. An action that a state never saw has the mean value of those that it
  /// saw, a state that no session visits that of all states.
  package static func fit(
    _ log: Trajectories, sessions: some Sequence<Int>, policy: StatePolicy, discount: Double,
    horizon: Int
  ) -> SessionValues {
    let (states, actions) = (log.stateCount, log.actionCount)
    let pairs = states * actions
    var (visits, rewards, followed) = (
      [Double](repeating: 0, count: pairs), [Double](repeating: 0, count: pairs),
      [Double](repeating: 0, count: pairs)
    )
    var next: [[Int32: Double]] = Array(repeating: [:], count: pairs)
    for session in sessions {
      let steps = log.steps(of: session)
      for at in steps {
        let pair = Int(log.states[at]) * actions + Int(log.actions[at])
        visits[pair] += 1
        rewards[pair] += log.rewards[at]
        if at - steps.lowerBound == horizon - 1 { continue }
        followed[pair] += 1
        if at + 1 < steps.upperBound { next[pair][log.states[at + 1], default: 0] += 1 }
      }
    }
    let transitions = next.map { $0.sorted { $0.key < $1.key } }
    var values = SessionValues(
      policy: policy, stateCount: states,
      q: Array(repeating: 0, count: (horizon + 1) * pairs))
    for toGo in 1...max(horizon, 1) where horizon > 0 {
      let worth = (0..<Int32(states)).map { values.v($0, toGo: toGo - 1) }
      let first = toGo * pairs
      for pair in 0..<pairs where visits[pair] > 0 {
        let ahead = transitions[pair].reduce(0) { $0 + $1.value * worth[Int($1.key)] }
        values.q[first + pair] =
          rewards[pair] / visits[pair]
          + (followed[pair] > 0 ? discount * ahead / followed[pair] : 0)
      }
      let all = visits.reduce(0, +)
      let mean =
        all > 0 ? (0..<pairs).reduce(0) { $0 + visits[$1] * values.q[first + $1] } / all : 0
      for state in 0..<states {
        let own = state * actions..<(state + 1) * actions
        let seen = own.reduce(0) { $0 + visits[$1] }
        let value = own.reduce(0) { $0 + visits[$1] * values.q[first + $1] }
        for pair in own where visits[pair] == 0 {
          values.q[first + pair] = seen > 0 ? value / seen : mean
        }
      }
    }
    return values
  }
}
