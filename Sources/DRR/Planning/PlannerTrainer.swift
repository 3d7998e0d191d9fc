import Agents
import DRRCore
import Environments
import Factorization
import Platform
import Tensor

/// Trains a ``Planner``'s model by sessions of training users that somebody else leads: of the items
/// in the order of the user's PMF one is shown whose rank is a draw of N uᵖ, u from U(0, 1), p of a
/// session from U(1, 4). Few sessions are of any items, most of some that the user likes.
///
/// A step is an item shown; an update takes all the sessions that run side by side, from their first
/// item to their last. The sessions of an update are drawn from the seed and its number, so that
/// nothing of them is kept.
public final class PlannerTrainer: AgentTrainer {
  /// The settings.
  public let configuration: PlannerConfiguration
  /// The agent, which training changes.
  public let planner: Planner
  private let draws: SessionDraws
  private let optimizers: [Adam]
  public private(set) var step = 0
  private var tally = SessionTally()
  private var lastLosses: [Tensor] = []
  private var sharing = SharedUpdates()

  /// A trainer at step 0.
  ///
  /// - Parameters:
  ///   - users: who the sessions are of.
  ///   - items: what may be shown, unless the world is users' logs.
  /// - Throws: `ConfigurationError` where no session fills its length.
  package init(
    _ configuration: PlannerConfiguration, _ planner: Planner, world: World, users: [Int32],
    items: [Int32], seed: UInt64
  ) throws(ConfigurationError) {
    self.configuration = configuration
    self.planner = planner
    draws = try SessionDraws(
      world, planner.affinity.factorization, users: users, items: items,
      length: configuration.sessionLength, seed: seed)
    optimizers = planner.members.map {
      Adam($0.parameters, learningRate: configuration.planning.learningRate)
    }
  }

  public var sessionAgent: any SessionAgent { planner }
  public var steps: Int { configuration.steps }
  public var hasLearned: Bool { step > 0 }
  public func share(_ updates: SharedUpdates) { sharing = updates }
  public func isFinite() throws -> Bool {
    for member in planner.members where try !member.parameters.isFinite() { return false }
    return true
  }

  /// An update of every member by the same sessions. Reads nothing back.
  public func advance() throws {
    let (count, length) = (configuration.environments, configuration.sessionLength)
    let first = step / length
    let sessions = concurrentMap(count) { [draws] in draws.session(first + $0) }
    let backend = planner.backend
    let shown = IndexTensor(sessions.flatMap(\.items), shape: [count, length], on: backend)
    let affinities = Tensor(sessions.flatMap(\.affinities), shape: [count, length], on: backend)
    let earned = Tensor(sessions.flatMap(\.earned), shape: [count, length], on: backend)
    let left = 1 - Float(step) / Float(max(steps, 1))
    lastLosses = zip(planner.members, optimizers).map { member, optimizer in
      let update = sharing.update(member.parameters, rows: count) { rows in
        let tape = Tape(training: member.parameters)
        let loss = member.loss(
          shown[rows], affinities: affinities[rows], earned: earned[rows], tape)
        tape.backward(from: loss)
        return .init(loss.detached)
      }
      optimizer.learningRate = configuration.planning.learningRate * left
      optimizer.step(maximumNorm: configuration.planning.gradientNorm, rate: 0)
      return update.loss
    }
    step += count * length
    tally.steps += count * length
    tally.reward += sessions.reduce(0) { $0 + $1.earned.reduce(0) { $0 + Double($1) } }
    tally.logged += sessions.reduce(0) { $0 + $1.logged }
  }

  public func report() throws -> TrainingProgress {
    defer { tally = SessionTally() }
    let losses = try lastLosses.map { try $0.host()[0] }
    return TrainingProgress(
      step: step, reward: tally.meanReward, inLog: tally.loggedShare, epsilon: 0,
      criticLoss: losses.isEmpty ? nil : losses.reduce(0, +) / Float(losses.count))
  }

  public func save(to file: inout SafetensorsWriter) throws {
    for (number, member) in planner.members.enumerated() {
      try member.parameters.save(to: &file, "planner.\(number)")
      try optimizers[number].save(to: &file, "planner.\(number).adam")
    }
    try file.add("trainer.counters", [Int64(step), Int64(tally.steps), Int64(tally.logged)])
    try file.add("trainer.reward", [tally.reward])
  }

  /// Everything is read and checked before anything is changed.
  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.integers("trainer.counters", .count, shape: [3])
    let length = configuration.environments * configuration.sessionLength
    try file.requireSteps(of: counters[0], "trainer.counters", steps, length)
    try file.require(
      counters[0] % length == 0, "trainer.counters", "has \(counters[0]) steps",
      "a multiple of \(length)")
    let reward = try file.doubles("trainer.reward", shape: [1])[0]
    var restores: [() -> Void] = []
    for (number, member) in planner.members.enumerated() {
      restores.append(try member.parameters.prepareRestore(from: file, "planner.\(number)"))
      restores.append(try optimizers[number].prepareRestore(from: file, "planner.\(number).adam"))
    }
    for restore in restores { restore() }
    lastLosses = []
    step = counters[0]
    tally = SessionTally(steps: counters[1], reward: reward, logged: counters[2])
  }
}

/// Sessions of training users, each drawn from the seed and its number.
struct SessionDraws: Sendable {
  struct Session: Sendable {
    var items: [Int32] = []
    var affinities: [Float] = []
    var earned: [Float] = []
    /// Items that the user's own log holds.
    var logged = 0
  }

  private let world: World
  private let model: PMFModel
  private let users: [Int32]
  /// Of each user, what may be shown, the best by the PMF first.
  private let orders: [[Int32]]
  private let length: Int
  private let seed: UInt64

  /// - Throws: `ConfigurationError` where no session fills its length.
  init(
    _ world: World, _ model: PMFModel, users: [Int32], items: [Int32], length: Int, seed: UInt64
  ) throws(ConfigurationError) {
    let known = Set(items)
    let orders = concurrentMap(users.count) { at -> [Int32] in
      let user = Int(users[at])
      let own = world.logged.row(ofUser: user).items
      let pool = world.isLogOnly ? own.filter(known.contains) : items
      let scored = pool.map { (-model.reward(user: user, item: Int($0)), $0) }
      return scored.sorted { $0 < $1 }.map(\.1)
    }
    let able = users.indices.filter { orders[$0].count >= length }
    guard !able.isEmpty else {
      throw ConfigurationError(
        "session length is \(length), but the most items that a training user can be shown are "
          + "\(orders.map(\.count).max() ?? 0)")
    }
    self.world = world
    self.model = model
    self.users = able.map { users[$0] }
    self.orders = able.map { orders[$0] }
    self.length = length
    self.seed = seed
  }

  func session(_ number: Int) -> Session {
    var random = Philox(seed: seed, stream: Streams.plannerSessions &+ UInt64(number) << 8)
    let at = random.index(below: users.count)
    let (user, order) = (Int(users[at]), orders[at])
    let power = 1 + 3 * random.uniform()
    var session = Session()
    var run = Satisfaction.Run()
    while session.items.count < length {
      let rank = Int(Float(order.count) * powf(random.uniform(), power))
      let item = order[min(rank, order.count - 1)]
      guard !session.items.contains(item) else { continue }
      let reward = world.reward(user: user, item: item)
      session.items.append(item)
      session.affinities.append(model.reward(user: user, item: Int(item)))
      session.earned.append(world.satisfaction.reward(reward, after: run))
      session.logged += world.isLogged(user: user, item: item) ? 1 : 0
      run = world.satisfaction.run(run, showing: item, earning: reward)
    }
    return session
  }
}
