import DRRCore
import Environments

extension OffPolicySimulation {
  /// What the policies beside a written log are worth.
  public struct Truth: Codable, Hashable, Sendable {
    public var seed: UInt64
    public var decisions: Int
    /// The mean reward of a decision.
    public var behaviour: Double
    public var uniform: Double
    public var target: Double
    public var sessions: Int
    /// The mean return of a session.
    public var sessionBehaviour: Double
    public var sessionTarget: Double
  }

  /// Writes `log.csv` and `target.csv`, `sessions.csv` and `session-target.csv` to a folder.
  public func write(_ folder: RunFolder) throws -> Truth {
    let size = sizes[0]
    let bandit = bandit
    let behaviour = bandit.policy(sharpness: behaviours[0], noise: 0.3, seed: seed &+ 1_000)
    let target = bandit.policy(sharpness: target, noise: 0, seed: seed)
    let (log, contexts) = bandit.log(size, behaviour: behaviour, seed: seed)
    try log.write(csv: "\(folder.path)/log.csv")
    try bandit.tabled(target, contexts, name: "target")
      .write("\(folder.path)/target.csv", actionIDs: log.actionIDs)
    let process = process
    let (acting, judged) = sessionPolicies(process)
    let sessions = process.sessions(size, of: acting, horizon: horizon, seed: seed)
    try sessions.write(csv: "\(folder.path)/sessions.csv")
    try judged.write(
      "\(folder.path)/session-target.csv", stateIDs: process.states, actionIDs: process.actions)
    func worth(_ policy: StatePolicy) -> Double {
      process.values(of: policy, horizon: horizon, discount: 1)
        .v(Int32(process.start), toGo: horizon)
    }
    return Truth(
      seed: seed, decisions: size, behaviour: bandit.value(of: behaviour),
      uniform: bandit.value(
        of: Array(
          repeating: 1 / Double(bandit.actionCount), count: bandit.means.count)),
      target: bandit.value(of: target), sessions: size, sessionBehaviour: worth(acting),
      sessionTarget: worth(judged))
  }

  /// The behavior policy of the sessions, and the policy that is evaluated on them.
  func sessionPolicies(_ process: FiniteProcess) -> (behaviour: StatePolicy, target: StatePolicy) {
    (
      process.softmaxPolicy(name: "behaviour", sharpness: 0.5, seed: seed),
      process.softmaxPolicy(name: "target", sharpness: 0.7, seed: seed &+ 1)
    )
  }
}
