import Agents
import DRRCore
import Environments
import Tensor

/// How an agent's pick strays: with probability ε that of an action drawn from U(0, 0.1) in each of
/// its dimensions (Liu et al. 2018, algorithm 1).
struct OnlineExploration {
  let epsilon: Float
  let seed: UInt64
  fileprivate var draws: UInt64 = 0

  init(_ epsilon: Float, seed: UInt64) { (self.epsilon, self.seed) = (epsilon, seed) }

  mutating func apply(to action: Tensor) {
    guard epsilon > 0 else { return }
    action.replaceRows(
      probability: epsilon, low: 0, high: 0.1,
      coin: RandomKey(seed: seed, stream: Streams.onlineCoin, counter: draws),
      values: RandomKey(seed: seed, stream: Streams.onlineVector, counter: draws))
    draws += 1
  }
}

/// An agent that learns nothing on the way: one action, one scoring call and one read a step.
public struct FrozenAgent: OnlinePolicy {
  public let name: String
  let agent: any SessionAgent
  private let kinds: [Int32]?
  public let isTold: Bool
  private var exploration: OnlineExploration
  private var mask: DeviceMask?

  /// An agent under the name that tables have.
  ///
  /// - Parameters:
  ///   - kinds: the cluster of each item: never that of the item before, while there is another.
  ///   - isTold: whether it sees what items earn by themselves; nil: as the agent is used to.
  ///   - epsilon: ε of a random action in place of the agent's.
  public init(
    _ name: String, _ agent: any SessionAgent, alternating kinds: [Int32]? = nil,
    isTold: Bool? = nil, epsilon: Float = 0, seed: UInt64 = 0
  ) {
    self.name = name
    self.agent = agent
    self.kinds = kinds
    self.isTold = isTold ?? agent.isTold
    exploration = OnlineExploration(epsilon, seed: seed)
  }

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    mask = DeviceMask(rows: sessions.count, items: agent.itemCount, on: agent.backend)
    exploration.draws = draw
  }

  public mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
    mask!.upload(kinds.map { others(sessions, $0) } ?? sessions.allowed)
    guard exploration.epsilon > 0 else {
      return try agent.pick(sessions.states, allowed: mask!)
    }
    let action = agent.act(sessions.states)
    exploration.apply(to: action)
    return try action.topK(1, items: agent.items, allowed: mask).items.host()
  }

  /// The allowed items that are not of the kind of the one before, or all where there is no other.
  private func others(_ sessions: EnvironmentBatch, _ kinds: [Int32]) -> ItemMask {
    var allowed = sessions.allowed
    for (row, environment) in sessions.environments.enumerated() {
      guard let last = environment.chosen.last else { continue }
      let same = kinds.indices.filter {
        kinds[$0] == kinds[Int(last)] && sessions.allowed[row, $0]
      }
      guard same.count < sessions.allowed.count(row: row) else { continue }
      for item in same { allowed[row, item] = false }
    }
    return allowed
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

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    mask = DeviceMask(rows: sessions.count, items: agent.itemCount, on: agent.backend)
    draws = draw
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
  public var isTold: Bool { agent.isTold }
  /// The agent's trainer, of one environment.
  public let learner: any SessionLearner
  private let reset: () -> Void
  private let mask: DeviceMask
  private var exploration: OnlineExploration
  private var action: Tensor?

  private var agent: any SessionAgent { learner.sessionAgent }

  /// - Parameter learner: of one environment; `observe` changes it, `begin` and `restore` undo
  ///   that. `epsilon` is ε of a random action in place of the agent's.
  public init(
    _ name: String, _ learner: any SessionLearner, epsilon: Float = 0, seed: UInt64 = 0
  ) throws {
    self.name = name
    exploration = OnlineExploration(epsilon, seed: seed)
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

  public mutating func begin(_ sessions: EnvironmentBatch, draw: UInt64) {
    reset()
    exploration.draws = draw
  }

  public mutating func pick(_ sessions: EnvironmentBatch) throws -> [Int32] {
    mask.upload(sessions.allowed)
    let action = agent.act(sessions.states)
    exploration.apply(to: action)
    self.action = action
    return try action.topK(1, items: agent.items, allowed: mask).items.host()
  }

  public mutating func observe(_ before: [SessionState], _ steps: [Step<SessionState>]) throws {
    try learner.learn(before, action!, steps)
  }
}
