import DRRCore
import DRRData
import Environments
import Platform
import Tensor

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

  private static let names = (
    log: "log.csv", target: "target.csv", sessions: "sessions.csv",
    sessionTarget: "session-target.csv", truth: "truth.json"
  )

  /// Writes `log.csv` and `target.csv`, `sessions.csv` and `session-target.csv`, and what is told of
  /// them as `truth.json`, to a folder, made where it is absent; all appear or none.
  public func write(to folder: String) throws -> Truth {
    let names = Self.names
    try RunFolder(folder.parentFolder).create()
    let writer = try FolderWriter(
      folder: folder, marks: [names.truth, names.log],
      others: [names.target, names.sessions, names.sessionTarget])
    let size = sizes[0]
    let bandit = bandit
    let behaviour = bandit.policy(sharpness: behaviours[0], noise: 0.3, seed: seed &+ 1_000)
    let target = bandit.policy(sharpness: target, noise: 0, seed: seed)
    let (log, contexts) = bandit.log(size, behaviour: behaviour, seed: seed)
    try log.write(csv: writer.path(names.log))
    try bandit.tabled(target, contexts, name: "target")
      .write(writer.path(names.target), actionIDs: log.actionIDs)
    let process = process
    let (acting, judged) = sessionPolicies(process)
    let sessions = process.sessions(size, of: acting, horizon: horizon, seed: seed)
    try sessions.write(csv: writer.path(names.sessions))
    try judged.write(
      writer.path(names.sessionTarget), stateIDs: process.states, actionIDs: process.actions)
    func worth(_ policy: StatePolicy) -> Double {
      process.values(of: policy, horizon: horizon, discount: 1)
        .v(Int32(process.start), toGo: horizon)
    }
    let truth = Truth(
      seed: seed, decisions: size, behaviour: bandit.value(of: behaviour),
      uniform: bandit.value(
        of: Array(
          repeating: 1 / Double(bandit.actionCount), count: bandit.means.count)),
      target: bandit.value(of: target), sessions: size, sessionBehaviour: worth(acting),
      sessionTarget: worth(judged))
    try RunFolder(folder).write(truth, to: writer.path(names.truth))
    try writer.commit()
    return truth
  }

  /// The behavior policy of the sessions, and the policy that is evaluated on them.
  func sessionPolicies(_ process: FiniteProcess) -> (behaviour: StatePolicy, target: StatePolicy) {
    (
      process.softmaxPolicy(name: "behaviour", sharpness: 0.5, seed: seed),
      process.softmaxPolicy(name: "target", sharpness: 0.7, seed: seed &+ 1)
    )
  }
}
