import DRRCore
import Tensor

/// Arms with features: E[r | x, a] = θᵀx with one θ for all arms, or θ_aᵀx, where all arms see the
/// same x.
public struct LinearProblem: BanditProblem {
  public static let kind = "linear"
  public static let policies = [
    "random", "epsilon[:RATE]", "linucb[:ALPHA]", "oful[:DELTA]", "thompson[:SCALE]",
    "epsilon-arms[:RATE]", "linucb-arms[:ALPHA]", "thompson-arms[:SCALE]",
  ]
  public static let usualPolicies = ["random", "epsilon", "linucb", "oful", "thompson"]
  /// Those for arms with a θ each.
  public static let disjointPolicies = ["random", "epsilon-arms", "linucb-arms", "thompson-arms"]

  public var arms: Int
  /// Of the features.
  public var width: Int
  /// Standard deviation of the rewards about θᵀx.
  public var noise: Double
  /// A θ of its own for each arm.
  public var disjoint: Bool

  public init(arms: Int = 20, width: Int = 8, noise: Double = 0.1, disjoint: Bool = false) {
    (self.arms, self.width, self.noise, self.disjoint) = (arms, width, noise, disjoint)
  }

  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require("the number of arms", arms, in: 1...10_000)
    try ConfigurationError.require("the number of features", width, in: 1...256)
    // A policy keeps a matrix of the features for each arm.
    try ConfigurationError.require(
      "the number of arms", arms, "at most \(50_000_000 / (width * width)), at \(width) features"
    ) { $0 <= 50_000_000 / (width * width) }
    try ConfigurationError.require("the noise", noise, "from 0 to 100") { (0...100).contains($0) }
  }

  public func trial(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditTrial {
    func trial(_ policy: some BanditPolicy) -> any BanditTrial {
      RoundsTrial(policy, LinearRounds(self, seed: seed))
    }
    return trial(try self.policy(policy, seed: seed))
  }

  public func policy(
    _ policy: String, seed: UInt64
  ) throws(ConfigurationError) -> any BanditPolicy {
    let name = try PolicyName(policy, known: Self.policies)
    if disjoint && !(name.word.hasSuffix("-arms") || name.word == "random") {
      throw ConfigurationError(
        "policy \(policy) has one regression for all arms, which here have one each; it must be "
          + "\(Self.disjointPolicies.joined(separator: ", "))")
    }
    return try Self.policy(name, arms: arms, width: width, noise: noise, seed: seed)
  }

  /// `noise`: for the bound of OFUL, whose θ is taken to be at most 1 long.
  static func policy(
    _ name: PolicyName, arms: Int, width: Int, noise: Double, seed: UInt64
  ) throws(ConfigurationError) -> any BanditPolicy {
    let belief = LinearBelief(arms: arms, width: width, disjoint: name.word.hasSuffix("-arms"))
    switch name.word {
    case "random": return RandomPolicy(arms: arms, seed: seed)
    case "epsilon", "epsilon-arms":
      return LinearGreedyPolicy(belief, rate: .constant(try name.rate(0, 0.1)), seed: seed)
    case "linucb", "linucb-arms":
      return LinUCBPolicy(belief, radius: .fixed(try name.positive(0, 0.3)), seed: seed)
    case "oful":
      let delta = try name.number(0, 0.01, "above 0 and below 1") { 0 < $0 && $0 < 1 }
      return LinUCBPolicy(
        belief, radius: .confident(delta: delta, noise: noise, norm: 1, regularization: 1),
        seed: seed)
    default:
      return LinearThompsonPolicy(belief, scale: try name.positive(0, 0.1), seed: seed)
    }
  }

  public func bound(_ policy: String, seed: UInt64, after rounds: [Int]) -> RegretBound? {
    guard !disjoint, let name = try? PolicyName(policy, known: Self.policies),
      name.word == "oful", let delta = try? name.number(0, 0.01, "", { _ in true })
    else { return nil }
    return RegretBounds.oful(
      width: width, noise: noise, norm: 1, delta: delta, regularization: 1, after: rounds)
  }
}

/// Features of length 1, drawn anew each round, and rewards by them.
public struct LinearRounds: BanditRounds {
  private let problem: LinearProblem
  /// [width], or [arms, width].
  private let truth: [Double]
  private var contexts: Philox
  private var rewards: Philox
  /// E[r] of each arm in the round.
  private var means: [Double] = []

  /// The rounds of a seed.
  ///
  /// - Parameter part: 0, or that of other draws before the same θ.
  public init(_ problem: LinearProblem, seed: UInt64, part: UInt64 = 0) {
    self.problem = problem
    contexts = Philox(seed: seed, stream: Streams.banditContexts &+ part << 8)
    rewards = Philox(seed: seed, stream: Streams.banditRewards &+ part << 8)
    var instance = Philox(seed: seed, stream: Streams.banditInstance)
    truth = (0..<(problem.disjoint ? problem.arms : 1)).flatMap { _ in
      Self.unitVector(problem.width, &instance)
    }
  }

  private static func unitVector(_ width: Int, _ random: inout Philox) -> [Double] {
    let x = (0..<width).map { _ in random.gaussian() }
    let length = dot(x, x).squareRoot()
    return x.map { $0 / length }
  }

  public var arms: Int { problem.arms }
  public var width: Int { problem.width }

  public mutating func next() -> BanditRound {
    let (arms, width) = (problem.arms, problem.width)
    var round = BanditRound()
    means.removeAll(keepingCapacity: true)
    if problem.disjoint {
      let x = Self.unitVector(width, &contexts)
      for arm in 0..<arms { means.append(dot(x, Array(truth[arm * width..<(arm + 1) * width]))) }
      round.features = (0..<arms).flatMap { _ in x }
    } else {
      round.features.reserveCapacity(arms * width)
      for _ in 0..<arms {
        let x = Self.unitVector(width, &contexts)
        means.append(dot(x, truth))
        round.features += x
      }
    }
    return round
  }

  public mutating func pay(_ arm: Int) -> BanditPlay {
    let reward = means[arm] + problem.noise * rewards.gaussian()
    let best = means.max()!
    return BanditPlay(reward: reward, regret: best - means[arm], isBest: means[arm] == best)
  }

  public func follows(_ fresh: Self) -> Bool {
    problem == fresh.problem && truth == fresh.truth && contexts.follows(fresh.contexts)
      && rewards.follows(fresh.rewards)
  }

  private enum CodingKeys: CodingKey { case problem, truth, contexts, rewards }
}
