import ActorCritic
import Agents
import DRRCore
import DRRData
import DeepQ
import Factorization
import PolicyGradients

/// Every setting of a run on ratings, resolved: a factorisation, and an agent that stands on it.
public struct RunConfiguration: RunSettings {
  /// Which ratings, and what they were when the run was started.
  public var data: DataIdentity
  public var seed: UInt64
  /// How ratings are split, and what evaluations measure.
  public var evaluation: EvaluationProtocol
  /// How a rating becomes a reward.
  public var scale: RewardScale
  /// Settings of the factorization.
  public var pmf: PMFConfiguration
  /// Absent until an agent is trained.
  public var agent: (any AgentConfiguration)?
  /// Whether the agent's myopic baseline (γ = 0) is trained as well; nil: not set.
  public var myopic: Bool?
  /// What the factorization began with of an earlier run; nil: drawn vectors.
  public var warm: WarmStart?

  /// Settings by their parts.
  public init(
    data: DataIdentity, seed: UInt64, evaluation: EvaluationProtocol, scale: RewardScale,
    pmf: PMFConfiguration, agent: (any AgentConfiguration)?
  ) {
    self.data = data
    self.seed = seed
    self.evaluation = evaluation
    self.scale = scale
    self.pmf = pmf
    self.agent = agent
  }

  /// The defaults for these ratings.
  public init(source: String, log: RatingsLog) {
    self.init(
      data: DataIdentity(source: source, log: log), seed: 0,
      evaluation: EvaluationProtocol(for: log), scale: RewardScale(ratingRange: log.ratingRange),
      pmf: PMFConfiguration(ratings: log.wholeCount), agent: nil)
  }

  /// Trains this agent, with the factorisation that belongs to it.
  public mutating func choose<Agent: AgentConfiguration>(_ agent: Agent) {
    Agent.settle(&pmf, ratings: data.ratings)
    self.agent = agent
  }

  public func validate() throws(ConfigurationError) {
    try evaluation.validate()
    try scale.validate()
    try pmf.validate()
    try agent?.validate()
  }

  // MARK: - As a run

  static let pmfAlgorithm = "pmf"

  public static var algorithms: [String] {
    [pmfAlgorithm] + Algorithms.agents.map { $0.algorithm } + [RunFolder.ratingsAlgorithm]
  }

  public var algorithm: String { agent.map { type(of: $0).algorithm } ?? Self.pmfAlgorithm }
  public var title: String { agent.map { type(of: $0).title } ?? "a PMF run" }
  public var command: String { agent.map { type(of: $0).command } ?? "train pmf" }
  public var uses: [String] { ["evaluate", "compare", "recommend --user ID"] }
  public var totalSteps: Int? { agent?.totalSteps }

  /// - Throws: `RunError` if the run in the folder has no agent.
  package func trainedAgent(in folder: RunFolder) throws(RunError) -> any AgentConfiguration {
    guard let agent else {
      throw RunError(
        "\(folder.path): no agent has been trained in this run; use `drr train drr --run "
          + "\(folder.path)`")
    }
    return agent
  }

  /// - Throws: `RunError` if the run in the folder has no agent, or holds nothing out.
  package func requireEvaluable(in folder: RunFolder) throws(RunError) {
    _ = try trainedAgent(in: folder)
    try evaluation.requireHeldOut()
  }

  /// Older programs called an agent's checkpoint "drr", whatever the agent.
  public static func olderKinds(of stage: String) -> [String] {
    Algorithms.agents.contains { $0.algorithm == stage } ? ["drr"] : []
  }

  public var identity: Self {
    var identity = self
    identity.data.source = ""
    identity.data.name = ""
    identity.myopic = nil
    identity.warm?.path = ""
    identity.warm?.learned = nil
    return identity
  }

  /// An agent can be trained on a factorisation that was fitted before.
  public func firstDifference(from begun: Self) -> SettingDifference? {
    var wanted = identity
    if begun.agent == nil { wanted.agent = nil }
    return firstSettingThatDiffers(begun.identity, wanted)
  }

  public func member(seed: UInt64, split: UInt64) -> Self {
    var member = self
    member.seed &+= seed
    member.evaluation.splitSeed &+= split
    return member
  }
}

extension RunConfiguration {
  public static func == (one: Self, other: Self) -> Bool {
    one.data == other.data && one.seed == other.seed && one.evaluation == other.evaluation
      && one.scale == other.scale && one.pmf == other.pmf && one.myopic == other.myopic
      && one.warm == other.warm
      && one.agent.map { AnyHashable($0) } == other.agent.map { AnyHashable($0) }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(data)
    hasher.combine(seed)
    hasher.combine(evaluation)
    hasher.combine(scale)
    hasher.combine(pmf)
    hasher.combine(myopic)
    hasher.combine(warm)
    hasher.combine(agent.map { AnyHashable($0) })
  }

  private enum Keys: String, CodingKey {
    case data, seed, evaluation, scale, pmf, agent, myopic, warm
    /// An agent as older programs kept it.
    case drr
  }

  public init(from decoder: any Decoder) throws {
    let stored = try decoder.container(keyedBy: Keys.self)
    data = try stored.decode(DataIdentity.self, forKey: .data)
    seed = try stored.decode(UInt64.self, forKey: .seed)
    evaluation = try stored.decode(EvaluationProtocol.self, forKey: .evaluation)
    scale = try stored.decode(RewardScale.self, forKey: .scale)
    pmf = try stored.decode(PMFConfiguration.self, forKey: .pmf)
    myopic = try stored.decodeIfPresent(Bool.self, forKey: .myopic)
    warm = try stored.decodeIfPresent(WarmStart.self, forKey: .warm)
    agent =
      try stored.decodeIfPresent(StoredAgent.self, forKey: .agent)?.agent
      ?? stored.decodeIfPresent(OlderAgent.self, forKey: .drr)?.agent
  }

  public func encode(to encoder: any Encoder) throws {
    var stored = encoder.container(keyedBy: Keys.self)
    try stored.encode(data, forKey: .data)
    try stored.encode(seed, forKey: .seed)
    try stored.encode(evaluation, forKey: .evaluation)
    try stored.encode(scale, forKey: .scale)
    try stored.encode(pmf, forKey: .pmf)
    try stored.encodeIfPresent(myopic, forKey: .myopic)
    try stored.encodeIfPresent(warm, forKey: .warm)
    try stored.encodeIfPresent(agent.map { StoredAgent(agent: $0) }, forKey: .agent)
  }
}

/// An agent's settings with the algorithm that they are of beside them.
private struct StoredAgent: Codable {
  var agent: any AgentConfiguration

  private enum Keys: CodingKey { case algorithm }

  init(agent: any AgentConfiguration) { self.agent = agent }

  init(from decoder: any Decoder) throws {
    let stored = try decoder.container(keyedBy: Keys.self)
    let algorithm = try stored.decode(String.self, forKey: .algorithm)
    guard let type = Algorithms.agents.first(where: { $0.algorithm == algorithm }) else {
      throw DecodingError.dataCorruptedError(
        forKey: .algorithm, in: stored, debugDescription: "no algorithm is called \(algorithm)")
    }
    agent = try type.init(from: decoder)
  }

  func encode(to encoder: any Encoder) throws {
    try agent.encode(to: encoder)
    var stored = encoder.container(keyedBy: Keys.self)
    try stored.encode(type(of: agent).algorithm, forKey: .algorithm)
  }
}

/// An agent's settings as older programs kept them: those of DRR, with what told another agent.
private struct OlderAgent: Decodable {
  var agent: any AgentConfiguration

  private enum Keys: CodingKey { case residual, dqn, policyGradient }

  init(from decoder: any Decoder) throws {
    let kinds = try decoder.container(keyedBy: Keys.self)
    if kinds.contains(.residual) {
      agent = try ResidualAgentConfiguration(from: decoder)
    } else if kinds.contains(.dqn) {
      agent = try DQNAgentConfiguration(from: decoder)
    } else if kinds.contains(.policyGradient) {
      agent = try PolicyGradientAgentConfiguration(from: decoder)
    } else {
      agent = try DRRConfiguration(from: decoder)
    }
  }
}
