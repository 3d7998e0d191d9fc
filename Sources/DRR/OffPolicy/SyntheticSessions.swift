import DRRCore
import Environments
import Tensor

extension FiniteProcess {
  /// A tabular MDP of sessions: every state has some chance to be the next and to be the last.
  public static func synthetic(seed: UInt64, states: Int = 6, actions: Int = 3) -> FiniteProcess {
    var random = Philox(seed: seed, stream: Streams.syntheticProcess)
    return FiniteProcess(
      "synthetic", states: (0..<states).map { "s\($0)" }, actions: (0..<actions).map { "a\($0)" },
      discount: 1
    ) { _, _ in
      var shares = (0..<states).map { _ in Double.random(in: 0.05..<1, using: &random) }
      let sum = shares.reduce(0, +)
      shares = shares.map { $0 / sum }
      let (reward, leaving) = (
        Double.random(in: 0..<1, using: &random), Double.random(in: 0.05..<0.25, using: &random)
      )
      return shares.enumerated().flatMap { next, share in
        [
          Outcome(share * (1 - leaving), next: next, reward: reward),
          Outcome(share * leaving, next: next, reward: reward, terminates: true),
        ]
      }
    }
  }

  /// What a policy is worth in sessions that end after so many steps at the latest, by dynamic
  /// programming.
  public func values(
    of policy: StatePolicy, horizon: Int, discount: Double
  ) -> SessionValues {
    let pairs = states.count * actions.count
    var values = SessionValues(
      policy: policy, stateCount: states.count,
      q: Array(repeating: 0, count: (horizon + 1) * pairs))
    for toGo in 1...horizon {
      let worth = states.indices.map { values.v(Int32($0), toGo: toGo - 1) }
      for pair in 0..<pairs {
        let found = outcomes(pair / actions.count, pair % actions.count)
        values.q[toGo * pairs + pair] = found.reduce(0) {
          $0 + $1.probability
            * ($1.reward + ($1.terminates ? 0 : discount * worth[$1.next]))
        }
      }
    }
    return values
  }

  /// Sessions of a policy from the start, each of `horizon` steps at the most.
  public func sessions(
    _ count: Int, of behaviour: StatePolicy, horizon: Int, seed: UInt64
  ) -> Trajectories {
    var random = Philox(seed: seed, stream: Streams.syntheticSessions)
    var log = Trajectories(name: name, stateIDs: states, actionIDs: actions)
    for _ in 0..<count {
      var state = start
      for _ in 0..<horizon {
        let first = state * actions.count
        let action = draw(behaviour.table[first..<first + actions.count], &random)
        let found = outcomes(state, action)
        let outcome = found[draw(found.map(\.probability)[...], &random)]
        log.addStep(
          state: Int32(state), action: Int32(action), reward: outcome.reward,
          propensity: behaviour.table[first + action])
        if outcome.terminates { break }
        state = outcome.next
      }
      log.endSession()
    }
    return log
  }

  /// A policy by state: softmax of scores drawn normally, times `sharpness`.
  public func softmaxPolicy(name: String, sharpness: Double, seed: UInt64) -> StatePolicy {
    var random = Philox(seed: seed, stream: Streams.syntheticStatePolicy)
    return StatePolicy(
      name: name, actionCount: actions.count,
      table: states.flatMap { _ in
        softmax(actions.map { _ in sharpness * Double(random.normal()) })
      })
  }
}
