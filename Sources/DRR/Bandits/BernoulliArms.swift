import DRRCore
import Tensor

/// The classical bandit: arms that pay 1 with a probability of their own, else 0.
public struct BernoulliArms: BanditProblem {
  public static let kind = "arms"
  public static let policies = [
    "random", "exploit[:PULLS]", "epsilon[:RATE]", "epsilon-decay[:C[:GAP]]",
    "softmax[:TEMPERATURE]", "softmax-decay[:TEMPERATURE]", "ucb1", "kl-ucb", "kl-ucb-plain",
    "thompson", "thompson-normal",
  ]
  public static let usualPolicies = [
    "random", "exploit", "epsilon", "epsilon-decay", "softmax", "softmax-decay", "ucb1", "kl-ucb",
    "kl-ucb-plain", "thompson", "thompson-normal",
  ]

  /// The probabilities; nil: drawn from U(0, 1) with each seed.
  public var means: [Double]?
  /// How many are drawn.
  public var drawn: Int

  /// Ten arms of low rates, as clicks are (Garivier & Cappé 2011, section 6, scenario 2).
  public static let usualMeans = [0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01]

  public init(means: [Double] = usualMeans) { (self.means, drawn) = (means, means.count) }
  public init(drawn: Int) { (means, self.drawn) = (nil, drawn) }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("the number of arms", drawn, in: 1...100_000)
    for (arm, mean) in (means ?? []).enumerated() {
      try ConfigurationError.require("the mean of arm \(arm + 1)", mean, "from 0 to 1") {
        (0...1).contains($0)
      }
    }
  }

  /// In an order that is drawn: no arm is favoured by standing first.
  public func means(seed: UInt64) -> [Double] {
    var random = Philox(seed: seed, stream: Streams.banditInstance)
    if let means { return means.shuffled(using: &random) }
    return (0..<drawn).map { _ in random.openUnit() }
  }

  /// The least difference between the best arm and a worse one; nil where all are equal.
  static func gap(_ means: [Double]) -> Double? {
    let best = means.max() ?? 0
    return means.filter { $0 < best }.map { best - $0 }.min()
  }

  /// d of ε_n: the least difference where the arms are given, else 0.1.
  private func gap(_ name: PolicyName) throws(ConfigurationError) -> Double {
    try name.number(1, means.flatMap(Self.gap) ?? 0.1, "above 0 and below 1") { 0 < $0 && $0 < 1 }
  }

  private func name(_ policy: String) throws(ConfigurationError) -> PolicyName {
    try PolicyName(policy, known: Self.policies)
  }

  /// The policy of that name for these arms.
  public func policy(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditPolicy {
    let (name, arms) = (try name(policy), drawn)
    switch name.word {
    case "random": return RandomPolicy(arms: arms, seed: seed)
    case "exploit":
      let pulls = try name.number(0, 10, "a whole number, 1 ... 1,000,000") {
        (1...1_000_000).contains($0) && $0.rounded() == $0
      }
      return ExploitPolicy(arms: arms, pulls: Int(pulls), seed: seed)
    case "epsilon":
      return EpsilonGreedyBandit(arms: arms, rate: .constant(try name.rate(0, 0.1)), seed: seed)
    case "epsilon-decay":
      let rate = ExplorationRate.decaying(c: try name.positive(0, 0.1), gap: try gap(name))
      return EpsilonGreedyBandit(arms: arms, rate: rate, seed: seed)
    case "softmax", "softmax-decay":
      let decays = name.word == "softmax-decay"
      return SoftmaxBandit(
        arms: arms, temperature: try name.positive(0, decays ? 0.1 : 0.02), decays: decays,
        seed: seed)
    case "ucb1": return UCB1Policy(arms: arms, seed: seed)
    case "kl-ucb": return KLUCBPolicy(arms: arms, seed: seed)
    case "kl-ucb-plain": return KLUCBPolicy(arms: arms, plain: true, seed: seed)
    case "thompson": return ThompsonPolicy(arms: arms, seed: seed)
    default: return GaussianThompsonPolicy(arms: arms, seed: seed)
    }
  }

  public func trial(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditTrial {
    func trial(_ policy: some BanditPolicy) -> any BanditTrial {
      RoundsTrial(policy, ArmsRounds(self, seed: seed))
    }
    return trial(try self.policy(policy, seed: seed))
  }

  public func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound? {
    guard let name = try? name(policy) else { return nil }
    let means = means(seed: seed)
    switch name.word {
    case "ucb1": return RegretBounds.ucb1(means, after: rounds)
    case "kl-ucb": return RegretBounds.klUCB(means, after: rounds)
    case "epsilon-decay":
      guard let c = try? name.positive(0, 0.1), let gap = try? gap(name) else { return nil }
      return RegretBounds.epsilonGreedy(means, c: c, gap: gap, after: rounds)
    case "thompson" where self.means == nil:
      return RegretBounds.bayesianThompson(arms: drawn, after: rounds)
    default: return nil
    }
  }

  public func asymptote(seed: UInt64, after rounds: [Int]) -> [Double]? {
    RegretBounds.laiRobbins(means(seed: seed), after: rounds)
  }
}

/// Arms that pay 0 or 1, of which nothing is seen.
public struct ArmsRounds: BanditRounds {
  private let means: [Double]
  private let best: Double
  private var rewards: Philox

  /// The rounds of a seed.
  ///
  /// - Parameter part: 0, or that of other draws before the same arms.
  public init(_ problem: BernoulliArms, seed: UInt64, part: UInt64 = 0) {
    means = problem.means(seed: seed)
    best = means.max()!
    rewards = Philox(seed: seed, stream: Streams.banditRewards &+ part << 8)
  }

  public var arms: Int { means.count }
  public var width: Int { 0 }
  public mutating func next() -> BanditRound { BanditRound() }

  public mutating func pay(_ arm: Int) -> BanditPlay {
    BanditPlay(
      reward: rewards.coin(means[arm]) ? 1 : 0, regret: best - means[arm],
      isBest: means[arm] == best)
  }

  public func follows(_ fresh: Self) -> Bool {
    means == fresh.means && best == fresh.best && rewards.follows(fresh.rewards)
  }
}
