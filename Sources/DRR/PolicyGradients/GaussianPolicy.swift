import DRRCore
import Environments
import Tensor

/// π(u | x) = N(μ(x), σ(x)²) for actions of continuous numbers, mean and log deviation from one
/// network, and V(x) beside it (Williams 1992, section 6).
public final class GaussianPolicy {
  /// The weights of policy and value.
  public let parameters: ParameterSet
  let layers: MLP
  let value: MLP
  let optimizer: Adam
  let actionWidth: Int
  /// Of the value's loss beside the policy's.
  private static let valueWeight: Float = 0.5
  /// Who computes the gradients of a batch.
  var sharing = SharedUpdates()

  /// A policy that has learned nothing: S = `stateWidth` numbers a state, A = `actionWidth` an
  /// action.
  public init(
    stateWidth: Int, actionWidth: Int, hidden: Int, learningRate: Float, seed: UInt64,
    on backend: any Backend
  ) {
    parameters = ParameterSet(on: backend, seed: seed, stream: Streams.gaussianPolicy)
    layers = MLP(
      "policy", [stateWidth, hidden, 2 * actionWidth], hidden: .tanh, in: parameters,
      lastWeight: .uniform(low: -3e-2, high: 3e-2))
    value = MLP("policy.value", [stateWidth, hidden, 1], hidden: .tanh, in: parameters)
    optimizer = Adam(parameters, learningRate: learningRate)
    self.actionWidth = actionWidth
  }

  /// μ and log σ of states [B, S], [B, A] each.
  func moments(_ states: Tensor, _ tape: Tape? = nil) -> (mean: Tensor, logDeviation: Tensor) {
    let both = layers(states, tape)
    return (
      both.columns(0..<actionWidth), both.columns(actionWidth..<2 * actionWidth)
    )
  }

  /// V(x), [B].
  func values(_ states: Tensor) -> Tensor { value(states).reshaped([states.shape[0]]) }

  /// μ(x), [B, A].
  public func mean(_ states: Tensor) -> Tensor { moments(states).mean }

  /// μ + σ · noise, [B, A].
  func sample(_ states: Tensor, _ key: RandomKey) -> Tensor {
    let (mean, logDeviation) = moments(states)
    let noise = Tensor.normal(mean.shape, deviation: 1, key, on: states.backend)
    return mean + logDeviation.exp() * noise
  }

  /// log π(u | x) less its constant, [B].
  public func logDensity(of actions: Tensor, _ states: Tensor, _ tape: Tape? = nil) -> Tensor {
    let (mean, logDeviation) = moments(states, tape)
    let distance = (mean - actions) * (-logDeviation).exp()
    let ones = Tensor(repeating: 1, shape: mean.shape, on: states.backend)
    return (-0.5 * distance.squared() - logDeviation).rowDot(ones)
  }

  /// One step along −(G − V(x)) log π, V learning G beside it. No host synchronisation.
  public func update(_ states: Tensor, _ actions: Tensor, returns: Tensor) -> Tensor {
    let update = sharing.update(parameters, rows: states.shape[0]) { rows in
      let (states, actions, returns) = (states[rows], actions[rows], returns[rows])
      let tape = Tape(training: parameters)
      let expected = value(states, tape).reshaped([rows.count])
      let advantages = returns - expected.detached
      let policyLoss = (logDensity(of: actions, states, tape) * advantages).mean(scale: -1)
      let loss = policyLoss + Self.valueWeight * expected.squaredError(returns)
      tape.backward(from: loss)
      return .init(policyLoss.detached)
    }
    optimizer.step(maximumNorm: 1, rate: 0)
    return update.loss
  }
}

/// Settings of a Gaussian policy that moves a point.
public struct GaussianConfiguration: RunSettings {
  public static let algorithms = ["gaussian"]
  public var title: String { "a run of policy gradients on the point" }
  public var command: String { "train pg" }
  public var totalSteps: Int? { steps }

  /// The problem.
  public var world = PointWorld()
  /// Width of the hidden layer.
  public var hidden = 32
  /// Adam's.
  public var learningRate: Float = 1e-3
  /// Steps of all points together.
  public var steps = 3_000_000
  /// Points that move side by side.
  public var environments = 512
  public var seed: UInt64 = 0

  /// The default settings.
  public init() {}

  public func validate() throws {
    try world.validate()
    try ConfigurationError.require("hidden", hidden, in: 1...65_536)
    try ConfigurationError.require("learning rate", learningRate, .positive)
    try ConfigurationError.require("steps", steps, in: 1...)
    try ConfigurationError.require("environments", environments, in: 1...65_536)
  }
}

/// A line of the metrics.
public struct GaussianReport: Codable, Hashable, Sendable {
  /// Steps of all points so far.
  public var step: Int
  /// Mean discounted cost of an episode, and of what V sees behind it, since the last report.
  public var meanCost: Double
  /// −μ(1) + μ(−1), halved: K of the policy, and that of the best.
  public var gain: Double
  /// K of the best policy.
  public var bestGain: Double
}

/// Trains a Gaussian policy by the returns of many points' episodes.
public final class GaussianTrainer: Trainer {
  /// The settings.
  public let configuration: GaussianConfiguration
  /// What learns.
  public let policy: GaussianPolicy
  private let backend: any Backend
  public private(set) var step = 0
  private var costs = (sum: 0.0, count: 0)

  /// A trainer at step 0.
  ///
  /// - Throws: `ConfigurationError` for a setting that cannot work.
  public init(_ configuration: GaussianConfiguration, on backend: any Backend) throws {
    try configuration.validate()
    self.configuration = configuration
    self.backend = backend
    policy = GaussianPolicy(
      stateWidth: 1, actionWidth: 1, hidden: configuration.hidden,
      learningRate: configuration.learningRate, seed: configuration.seed, on: backend)
  }

  public var steps: Int { configuration.steps }

  /// One episode of every point, and the update. Points begin anywhere within ±1.
  public func advance() throws -> GaussianReport? {
    let (world, count) = (configuration.world, configuration.environments)
    var random = Philox(
      key: configuration.seed, stream: Streams.finiteEnvironment,
      counter: UInt64(step / world.length) * 1024)
    var points = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    var (states, actions) = ([[Float]](), [[Float]]())
    var rewards: [[Float]] = []
    for number in 0..<world.length {
      let key = RandomKey(
        seed: configuration.seed, stream: Streams.policyDraws, counter: UInt64(step + number))
      let pushes = try policy.sample(Tensor(points, shape: [count, 1], on: backend), key).host()
      states.append(points)
      actions.append(pushes)
      rewards.append(zip(points, pushes).map { -world.cost(of: $1, at: $0) })
      points = zip(points, pushes).map { world.moved($0, by: $1, noise: random.normal()) }
    }
    // Episodes are cut off and do not end: V says what is left.
    var after = try policy.values(Tensor(points, shape: [count, 1], on: backend)).host()
    var returns = rewards
    for number in (0..<world.length).reversed() {
      for row in 0..<count { returns[number][row] += Float(world.discount) * after[row] }
      after = returns[number]
    }
    let all = count * world.length
    _ = policy.update(
      Tensor(states.flatMap { $0 }, shape: [all, 1], on: backend),
      Tensor(actions.flatMap { $0 }, shape: [all, 1], on: backend),
      returns: Tensor(returns.flatMap { $0 }, shape: [all], on: backend))
    let before = step
    step += all
    costs.sum -= returns[0].reduce(0) { $0 + Double($1) }
    costs.count += count
    guard passes(20, since: before) else { return nil }
    defer { costs = (0, 0) }
    let ends = try policy.mean(Tensor([1, -1], shape: [2, 1], on: backend)).host()
    return GaussianReport(
      step: step, meanCost: costs.sum / Double(costs.count),
      gain: Double(ends[1] - ends[0]) / 2, bestGain: world.bestGain)
  }

  public func summary(of report: GaussianReport) -> String {
    ", gain \(decimal(report.gain, 3)) of \(decimal(report.bestGain, 3))"
  }

  public func isFinite() throws -> Bool { try policy.parameters.isFinite() }

  public func share(among ranks: any Collective) throws -> SharedUpdates? {
    policy.sharing = try SharedUpdates(ranks)
    return policy.sharing
  }

  public func save(to file: inout SafetensorsWriter) throws {
    try policy.parameters.save(to: &file, "policy")
    try policy.optimizer.save(to: &file, "adam")
    try file.add("counters", [Int64(step), Int64(costs.count)])
    try file.add("costs", [costs.sum])
  }

  public func restore(from file: SafetensorsFile) throws {
    let counters = try file.integers("counters", .count, shape: [2])
    try file.requireSteps(
      of: counters[0], "counters", steps, configuration.environments * configuration.world.length)
    let costs = try file.doubles("costs", shape: [1])
    let restores = try [
      policy.parameters.prepareRestore(from: file, "policy"),
      policy.optimizer.prepareRestore(from: file, "adam"),
    ]
    for restore in restores { restore() }
    step = counters[0]
    self.costs = (costs[0], counters[1])
  }
}
