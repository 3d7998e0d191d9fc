import DRRCore
import Environments
import Tensor

/// An agent that acts in sessions by a vector that scores items: what evaluations, simulations and
/// recommendations ask of any agent.
public protocol SessionAgent: AnyObject {
  /// The device that the weights are on. One task at a time may use it.
  var backend: any Backend { get }
  /// [N, A]: what actions score.
  var items: Tensor { get }
  /// γ, a step.
  var discount: Float { get }
  /// The weights that acting and valuing stand on.
  var policy: [(name: String, weights: ParameterSet)] { get }
  /// Whether it values returns, so that what it expects can be held against what came.
  var hasCritic: Bool { get }
  /// Whether it acts on being told what the streak effect of a simulator is made of.
  var isTold: Bool { get }
  /// Greedy actions for states: [B, A].
  func act(_ states: [SessionState]) -> Tensor
  /// The item to show next in each state, of those that a mask allows: the best by its action, unless
  /// the agent plans. −1 where none is allowed. Waits for the device.
  func pick(_ states: [SessionState], allowed: DeviceMask) throws(BackendError) -> [Int32]
  /// What the critic expects of actions [B, A] in these states, where `picks` are the items that
  /// they chose. Waits for the device.
  func value(
    of actions: Tensor, picking picks: [Int32], in states: [SessionState]
  ) throws
    -> [Float]
}

extension SessionAgent {
  /// N, the items to choose from.
  public var itemCount: Int { items.shape[0] }
  public var hasCritic: Bool { true }
  public var isTold: Bool { false }

  public func pick(
    _ states: [SessionState], allowed: DeviceMask
  ) throws(BackendError) -> [Int32] {
    try act(states).topK(1, items: items, allowed: allowed).items.host()
  }

  /// Adds the weights of the policy to a file, under names that begin with a prefix.
  public func savePolicy(to file: inout SafetensorsWriter, _ prefix: String) throws {
    for (name, weights) in policy { try weights.save(to: &file, "\(prefix).\(name)") }
  }

  /// Puts back what ``savePolicy(to:_:)`` wrote.
  ///
  /// - Throws: `CheckpointError` if weights are missing or have other shapes; nothing is changed
  ///   then.
  public func restorePolicy(from file: SafetensorsFile, _ prefix: String) throws {
    let restores = try policy.map { name, weights in
      try weights.prepareRestore(from: file, "\(prefix).\(name)")
    }
    for restore in restores { restore() }
  }

  /// The best items for one state, best first, fewer where fewer are allowed.
  public func recommend(
    _ state: SessionState, count: Int, allowed: ItemMask
  ) throws(BackendError) -> [(item: Int, score: Float)] {
    let mask = DeviceMask(rows: 1, items: itemCount, on: backend)
    mask.upload(allowed)
    let ranking = act([state]).topK(min(count, itemCount), items: items, allowed: mask)
    let (chosen, scores) = (try ranking.items.host(), try ranking.scores.host())
    return zip(chosen, scores).filter { $0.0 >= 0 }.map { (Int($0), $1) }
  }
}

/// A trainer that trains an agent step by step, and can be saved between any two steps.
public protocol AgentTrainer: AnyObject {
  /// The agent as it is now; training changes it.
  var sessionAgent: any SessionAgent { get }
  /// Items recommended so far, in all environments.
  var step: Int { get }
  /// How many there are to be.
  var steps: Int { get }
  /// Whether the algorithm has updated the policy: what only prepares it, such as cloning, does not
  /// count.
  var hasLearned: Bool { get }
  /// Sets who computes the gradients of its updates, before anything else is called: by default it
  /// computes all of them.
  func share(_ updates: SharedUpdates)
  /// One step of all environments and the updates after it.
  func advance() throws
  /// What happened since the last report. Waits for the device.
  func report() throws -> TrainingProgress
  /// Whether training has kept to numbers. Waits for the device.
  func isFinite() throws -> Bool
  /// Everything that the next step depends on.
  func save(to file: inout SafetensorsWriter) throws
  /// Puts back what ``save(to:)`` wrote.
  ///
  /// - Throws: `CheckpointError` if something is missing or has another shape; nothing is changed
  ///   then.
  func restore(from file: SafetensorsFile) throws
}

extension AgentTrainer {
  /// Whether all steps are made.
  public var isFinished: Bool { step >= steps }
  public func share(_ updates: SharedUpdates) {}
}

/// A trainer that can go on learning in sessions that are not its own.
public protocol SessionLearner: AgentTrainer {
  /// Takes over what a trainer of any number of environments had learned when it was saved, and
  /// none of the sessions that it was in.
  func restoreLearning(from file: SafetensorsFile) throws
  /// What it returns puts the saved state in place, as often as it is called.
  func prepareRestore(from file: SafetensorsFile) throws -> () -> Void
  /// Remembers what actions [B, A] led to, one a session, and updates as soon as there is anything
  /// to learn from.
  func learn(
    _ before: [SessionState], _ actions: Tensor, _ outcomes: [Step<SessionState>]) throws
}

/// A line of the metrics.
public struct TrainingProgress: Codable, Hashable, Sendable {
  /// Items recommended so far, in all environments.
  public var step: Int
  /// Mean reward of a step since the last report.
  public var reward: Double
  /// Share of the items that the user's own log contains; absent where it is not counted.
  public var inLog: Double?
  /// ε of the latest step, 0 ... 1; 0 for policy gradients, which draw from their policy.
  public var epsilon: Float
  /// Of the last update; absent before the first.
  public var criticLoss: Float?
  /// The actor's loss in the last update; absent before the first, and without an actor.
  public var actorLoss: Float?
  /// Q(s, a) of the last update's batch; absent before the first, and without a critic of actions.
  public var qHistogram: Histogram?

  /// A line by its parts; what an algorithm does not have stays nil.
  public init(
    step: Int, reward: Double, inLog: Double? = nil, epsilon: Float, criticLoss: Float? = nil,
    actorLoss: Float? = nil, qHistogram: Histogram? = nil
  ) {
    self.step = step
    self.reward = reward
    self.inLog = inLog
    self.epsilon = epsilon
    self.criticLoss = criticLoss
    self.actorLoss = actorLoss
    self.qHistogram = qHistogram
  }
}
