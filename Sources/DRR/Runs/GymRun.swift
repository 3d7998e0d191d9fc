import ActorCritic
import Agents
import DRRCore
import DeepQ
import Environments
import Gym
import PolicyGradients
import Tables
import Tensor

/// An agent that learns in a world which another program answers: one of the learners.
public struct GymRunConfiguration: RunSettings {
  public static let algorithms = ["gym"]
  public var title: String { "a run in \(world.name), which another program answers" }
  public var command: String {
    if dqn != nil { return "train dqn" }
    if policyGradient != nil { return "train pg" }
    return ddpg != nil ? "train ddpg" : "train q"
  }
  public var totalSteps: Int? { steps }
  public var memory: MemoryNeed {
    var need = MemoryNeed()
    let (seen, actions) = (world.observations, world.actions)
    var (state, weights) = (Double(seen.width), 0.0)
    if case .discrete(let n) = seen { (state, weights) = (Double(n), Double(n) * Double(n)) }
    dqn?.addMemory(
      to: &need, state: state, weights: weights, rowWidth: seen.width, actions: actions.count,
      actionWidth: dqn?.actionWidth ?? 0, steps: steps)
    policyGradient?.addMemory(
      to: &need, state: state, weights: weights, actions: actions.count,
      actionWidth: policyGradient?.actionWidth ?? 0)
    ddpg?.addMemory(
      to: &need, state: state, weights: weights, rowWidth: seen.width, actionWidth: actions.width,
      steps: steps)
    return need
  }

  /// Where the world is answered.
  public var socket: String
  /// What the world is known by.
  public var world: RemoteWorld.Identity
  /// Settings of deep Q-learning; nil where another learns.
  public var dqn: DQNConfiguration?
  /// Settings of the policy gradient; nil where another learns.
  public var policyGradient: PolicyGradientConfiguration?
  /// Settings of DDPG; nil where another learns.
  public var ddpg: DDPGConfiguration?
  /// Settings of a table of action values; nil where another learns.
  public var table: TableConfiguration?
  /// Steps of all environments together.
  public var steps = 50_000
  /// Steps before the first update of deep Q-learning and of DDPG, whose actions are drawn evenly
  /// until then.
  public var learningStarts = 1_000
  /// Updates of the same after each step that the environments take together.
  public var updatesPerStep = 1
  /// ε of deep Q-learning and of a table.
  public var epsilon = EpsilonSchedule(1, to: 0.05, share: 0.2)
  /// σ of the noise on DDPG's actions in the environment that strays least, and in the one that
  /// strays most.
  public var leastNoise: Float = 0.1
  public var mostNoise: Float = 0.1
  /// θ of that noise; nil is 1, noise of each step's own.
  public var noiseReversion: Float?
  /// Probability that an action of DDPG is drawn evenly instead.
  public var uniformShare: Float = 0
  public var seed: UInt64 = 0

  /// The default settings, of which the learner is still to be set.
  public init(_ world: RemoteWorld.Identity, socket: String) {
    (self.world, self.socket) = (world, socket)
  }

  /// γ of the learners, unless it is set.
  public static let discount: Float = 0.99

  /// Deep Q-learning as it begins.
  public static var defaultDQN: DQNConfiguration {
    var dqn = DQNConfiguration()
    dqn.discount = discount
    return dqn
  }

  /// A policy gradient as it begins.
  public static var defaultPolicyGradient: PolicyGradientConfiguration {
    var gradient = PolicyGradientConfiguration()
    gradient.discount = discount
    return gradient
  }

  /// DDPG as it begins, with TD3's switches.
  public static var defaultDDPG: DDPGConfiguration {
    var ddpg = DDPGConfiguration()
    ddpg.discount = discount
    ddpg.batchSize = 128
    ddpg.actorLearningRate = 1e-3
    ddpg.criticLearningRate = 1e-3
    ddpg.weightDecay = 0
    ddpg.criticGradientNorm = 10
    ddpg.targetRate = 0.005
    ddpg.priorityExponent = 0
    ddpg.twinCritics = true
    ddpg.policyDelay = 2
    ddpg.targetNoise = 0.2
    return ddpg
  }

  /// Where the world is answered is no part of what results depend on.
  public var identity: Self {
    var identity = self
    identity.socket = ""
    return identity
  }

  /// How DDPG acts.
  public var schedule: ContinuousSchedule {
    get {
      var schedule = ContinuousSchedule()
      schedule.steps = steps
      schedule.environments = world.environments
      schedule.learningStarts = learningStarts
      schedule.updatesPerStep = updatesPerStep
      (schedule.leastNoise, schedule.mostNoise) = (leastNoise, mostNoise)
      schedule.noiseReversion = noiseReversion
      schedule.uniformShare = uniformShare
      return schedule
    }
    set {
      (steps, learningStarts) = (newValue.steps, newValue.learningStarts)
      updatesPerStep = newValue.updatesPerStep
      (leastNoise, mostNoise) = (newValue.leastNoise, newValue.mostNoise)
      noiseReversion = newValue.noiseReversion
      uniformShare = newValue.uniformShare
    }
  }

  /// Most states that a network is shown as one-hot vectors.
  static let mostStates = 4_096
  /// Most pairs of a state and an action that a table has.
  static let mostPairs = 1 << 24

  public func validate() throws {
    try dqn?.validate()
    try policyGradient?.validate()
    try ddpg?.validate()
    try table?.validate()
    try schedule.validate()
    try epsilon.validate()
    let learners: [Any?] = [dqn, policyGradient, ddpg, table]
    guard learners.count(where: { $0 != nil }) == 1 else {
      throw ConfigurationError("a run in a world of another program has one learner")
    }
    try validateSpaces()
  }

  private func validateSpaces() throws {
    func refuse(_ what: String) -> ConfigurationError {
      ConfigurationError("`drr \(command)` \(what)")
    }
    switch (ddpg == nil, world.actions) {
    case (true, .discrete): break
    case (true, .box):
      throw refuse(
        "chooses one of so many actions, and those of \(world.name) are \(world.actions); use "
          + "`drr train ddpg`")
    case (false, .box(_, ranges: .some)): break
    case (false, .box):
      throw refuse(
        "draws actions within bounds, and those of \(world.name) have none; wrap it, as by "
          + "gymnasium.wrappers.RescaleAction")
    case (false, .discrete):
      throw refuse(
        "acts by real numbers, and the actions of \(world.name) are \(world.actions); use `drr "
          + "train dqn` or `drr train pg`")
    case (_, .multiDiscrete):
      throw refuse(
        "takes one action at a time, and those of \(world.name) are \(world.actions); wrap it so "
          + "that its actions are Discrete")
    }
    switch world.observations {
    case .discrete(let n) where ddpg != nil:
      throw refuse(
        "reads real numbers, and \(world.name) shows \(Space.discrete(n)); wrap it so that it "
          + "shows a Box")
    case .box where table != nil:
      throw refuse(
        "has a row for each state, and \(world.name) shows \(world.observations); use `drr train "
          + "dqn`")
    case .discrete(let n)
    where table != nil && Double(n) * Double(world.actions.count) > Double(Self.mostPairs):
      throw refuse(
        "has a number for each of \(Self.mostPairs) pairs of a state and an action at most, and "
          + "\(world.name) has \(n) states and \(world.actions.count) actions; wrap it so that it "
          + "shows fewer states")
    case .discrete(let n) where table == nil && n > Self.mostStates:
      throw refuse(
        "takes \(Self.mostStates) states at most, and \(world.name) shows \(n); use `drr train q`")
    case .multiDiscrete:
      throw refuse(
        "reads a Box or a Discrete, and \(world.name) shows \(world.observations); wrap it so that "
          + "it shows a Box")
    case .discrete, .box: break
    }
  }
}

/// A learner at work in a world which another program answers.
///
/// Where the world's episodes are is not saved with it: one that goes on begins new ones.
public final class GymTrainer: Trainer {
  private let learner: any ActingLearner
  public let steps: Int

  /// A learner that has learned nothing.
  ///
  /// - Parameter world: in its first episodes.
  /// - Throws: `ConfigurationError` for a setting that cannot work, or a world that the learner has no
  ///   use for.
  public init(
    _ configuration: GymRunConfiguration, in world: RemoteWorld, on backend: any Backend
  ) throws {
    try configuration.validate()
    steps = configuration.steps
    let (seed, actions) = (configuration.seed, configuration.world.actions)
    func state(_: ParameterSet) -> any StateModule {
      guard case .discrete(let n) = configuration.world.observations else {
        return FeatureState(width: configuration.world.observations.width)
      }
      return TableState(oneHot: n, on: backend)
    }
    if case .discrete(let count) = actions {
      let environments = RemoteEnvironments(world)
      if let settings = configuration.dqn {
        var schedule = DQNSchedule()
        schedule.steps = steps
        schedule.learningStarts = configuration.learningStarts
        schedule.updatesPerStep = configuration.updatesPerStep
        schedule.epsilon = configuration.epsilon
        let dqn = try DQN(settings, actionCount: count, seed: seed, on: backend, makeState: state)
        learner = DQNTrainer(dqn, schedule, environments: environments, seed: seed)
      } else if let settings = configuration.table {
        guard case .discrete(let states) = configuration.world.observations,
          environments.allowed == nil
        else {
          throw ConfigurationError(
            "`drr train q` chooses any action in any state, and \(configuration.world.name) allows "
              + "some of them; use `drr train dqn`")
        }
        learner = try TableTrainer(
          settings, epsilon: configuration.epsilon, steps: steps, stateCount: states,
          environments: environments, seed: seed)
      } else {
        let gradient = try PolicyGradient(
          configuration.policyGradient!, actionCount: count, seed: seed, on: backend,
          makeState: state)
        learner = try PolicyGradientTrainer(
          gradient, steps: steps, environments: environments, seed: seed)
      }
    } else {
      guard case .box(_, .some(let ranges)) = actions, let settings = configuration.ddpg else {
        throw ConfigurationError(
          "the actions of \(configuration.world.name) are \(actions), by which no learner acts")
      }
      learner = try ContinuousTrainer(
        settings, configuration.schedule, in: RemoteVectors(world, ranges: ranges), seed: seed,
        on: backend)
    }
  }

  public var step: Int { learner.step }
  /// The network of deep Q-learning; nil where another learns.
  package var dqn: DQN? { (learner as? DQNTrainer)?.dqn }
  /// The values of a table; nil where another learns.
  package var table: ActionValues? { (learner as? TableTrainer)?.values }

  public func advance() throws -> EpisodeReport? {
    let before = step
    try learner.advance()
    return passes(20, since: before) ? try learner.report() : nil
  }

  public func summary(of report: EpisodeReport) -> String {
    report.meanReturn.map { ", return \(decimal($0, 2))" } ?? ""
  }

  public func isFinite() throws -> Bool { try learner.isFinite() }
  public func save(to file: inout SafetensorsWriter) throws { try learner.save(to: &file) }
  public func restore(from file: SafetensorsFile) throws { try learner.restore(from: file) }
}
