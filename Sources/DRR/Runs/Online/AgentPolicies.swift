import Agents
import DRRCore
import Environments
import Tensor

/// A trained agent that learns nothing on the way: one action, one scoring call and one read a
/// step.
public struct FrozenAgent: OnlinePolicy {
  public let name: String
  let agent: any SessionAgent
  private var mask: DeviceMask?

  /// An agent under the name that tables have.
  public init(_ name: String, _ agent: any SessionAgent) {
    self.name = name
    self.agent = agent
  }

  public mutating func begin(_ sessions: EnvironmentBatch) {
    mask = DeviceMask(rows: sessions.count, items: agent.itemCount, on: agent.backend)
  }

  public mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
    mask!.upload(sessions.allowed)
    return try agent.act(sessions.states)
      .topK(1, items: agent.items, allowed: mask).items.host()
  }
}

/// A random vector in place of the action: what an agent's exploration earns.
public struct RandomVector: OnlinePolicy {
  public let name = "random action"
  let agent: any SessionAgent
  let range: Float
  let seed: UInt64
  private var mask: DeviceMask?
  private var draws: UInt64 = 0

  /// - Parameter range: each of its numbers is from U(0, range).
  public init(_ agent: any SessionAgent, range: Float, seed: UInt64) {
    self.agent = agent
    self.range = range
    self.seed = seed
  }

  public mutating func begin(_ sessions: EnvironmentBatch) {
    mask = DeviceMask(rows: sessions.count, items: agent.itemCount, on: agent.backend)
  }

  public mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
    mask!.upload(sessions.allowed)
    let key = RandomKey(seed: seed, stream: Streams.onlineAction, counter: draws)
    draws += 1
    return try Tensor.uniform(
      [sessions.count, agent.items.shape[1]], high: range, key, on: agent.backend
    ).topK(1, items: agent.items, allowed: mask).items.host()
  }
}

/// The agent as Liu et al. 2018, algorithm 1, runs it on test users: it learns in each session, and
/// every session begins from the trained θ and ω. Reset are all weights, targets, moments of Adam
/// and the replay, so that no session knows of another.
public struct UpdatedAgent: OnlinePolicy {
  public let name: String
  public let sessionsAtOnce = 1
  /// The agent's trainer, of one environment.
  public let learner: any SessionLearner
  private let reset: () -> Void
  private let mask: DeviceMask
  private var action: Tensor?

  private var agent: any SessionAgent { learner.sessionAgent }

  /// - Parameter learner: of one environment; `observe` changes it, `begin` and `restore` undo
  ///   that.
  public init(_ name: String, _ learner: any SessionLearner) throws {
    self.name = name
    self.learner = learner
    var file = SafetensorsWriter()
    try learner.save(to: &file)
    reset = try learner.prepareRestore(
      from: SafetensorsFile(bytes: file.bytes(), name: "the trained agent"))
    let agent = learner.sessionAgent
    mask = DeviceMask(rows: 1, items: agent.itemCount, on: agent.backend)
  }

  /// The learner as it was given.
  public func restore() { reset() }

  public mutating func begin(_ sessions: EnvironmentBatch) { reset() }

  public mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
    mask.upload(sessions.allowed)
    let action = agent.act(sessions.states)
    self.action = action
    return try action.topK(1, items: agent.items, allowed: mask).items.host()
  }

  public mutating func observe(_ before: [SessionState], _ steps: [Step<SessionState>]) {
    learner.learn(before, action!, steps)
  }
}
