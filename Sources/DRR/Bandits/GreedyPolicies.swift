import DRRCore
import Platform
import Tensor

/// Explore only: any arm, each time.
public struct RandomPolicy: BanditPolicy {
  public let armCount: Int
  private var random: Philox

  public init(arms: Int, seed: UInt64) {
    armCount = arms
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let count = round.count(of: armCount)
    return BanditChoice(round.arm(random.index(below: count)), probability: 1 / Double(count))
  }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {}

  public func probabilities(_ round: BanditRound) -> [Double]? { round.even(of: armCount) }

  public func follows(_ fresh: Self) -> Bool {
    armCount == fresh.armCount && random.follows(fresh.random)
  }
}

/// Exploit only: each arm a few times, then always the one of the best mean.
public struct ExploitPolicy: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  /// Pulls of each arm before the means are believed.
  public let pulls: Int
  private var random: Philox

  public init(arms: Int, pulls: Int = 10, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    self.pulls = pulls
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  private var index: (Int) -> Double {
    { [arms, pulls] in arms.pulls[$0] < pulls ? .infinity : arms.means[$0] }
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    round.best(of: armCount, &random, index).choice
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    round.greedy(of: armCount, index)
  }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && pulls == fresh.pulls && random.follows(fresh.random)
  }
}

/// How often to explore.
public enum ExplorationRate: Codable, Equatable, Sendable {
  case constant(Double)
  /// ε_n = min(1, cK / (d² n)) (Auer, Cesa-Bianchi & Fischer 2002, figure 3); d is not to be more
  /// than the least difference between the best arm and another.
  case decaying(c: Double, gap: Double)

  public func callAsFunction(round n: Int, arms: Int) -> Double {
    switch self {
    case .constant(let rate): rate
    case .decaying(let c, let gap): min(1, c * Double(arms) / (gap * gap * Double(max(n, 1))))
    }
  }
}

/// ε-greedy: with probability ε any arm, otherwise the one of the best mean.
public struct EpsilonGreedyBandit: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  public let rate: ExplorationRate
  private var random: Philox

  public init(arms: Int, rate: ExplorationRate, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    self.rate = rate
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  private var epsilon: Double { rate(round: arms.total + 1, arms: armCount) }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let (epsilon, means) = (epsilon, arms.means)
    let best = round.best(of: means.count, &random) { means[$0] }
    let count = round.count(of: armCount)
    let arm = random.coin(epsilon) ? round.arm(random.index(below: count)) : best.arm
    let chance = epsilon / Double(count)
    return BanditChoice(
      arm,
      probability: means[arm] == best.index
        ? (1 - epsilon) * best.probability + chance : chance)
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    zip(round.even(of: armCount), round.greedy(of: armCount) { arms.means[$0] }).map {
      epsilon * $0 + (1 - epsilon) * $1
    }
  }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && rate == fresh.rate && random.follows(fresh.random)
  }
}

/// Softmax (Boltzmann): each arm once, then arm a with a probability in proportion to exp(mean_a /
/// τ).
public struct SoftmaxBandit: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  /// τ, in units of the reward.
  public let temperature: Double
  /// Whether the temperature of round n is τ / ln(n + 1), in place of τ.
  public let decays: Bool
  private var random: Philox

  public init(arms: Int, temperature: Double, decays: Bool = false, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    self.temperature = temperature
    self.decays = decays
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  private func shares(_ round: BanditRound) -> [Double] {
    let places = 0..<round.count(of: armCount)
    if places.contains(where: { arms.pulls[round.arm($0)] == 0 }) {
      return round.greedy(of: armCount) { arms.pulls[$0] == 0 ? 1 : 0 }
    }
    let temperature = decays ? temperature / log(Double(arms.total + 2)) : temperature
    let best = places.reduce(-.infinity) { max($0, arms.means[round.arm($1)]) }
    var shares = [Double](repeating: 0, count: armCount)
    var sum = 0.0
    for place in places {
      let arm = round.arm(place)
      shares[arm] = exp((arms.means[arm] - best) / temperature)
      sum += shares[arm]
    }
    for arm in shares.indices { shares[arm] /= sum }
    return shares
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let shares = shares(round)
    let arm = random.place(in: shares)
    return BanditChoice(arm, probability: shares[arm])
  }

  public func probabilities(_ round: BanditRound) -> [Double]? { shares(round) }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && temperature == fresh.temperature && decays == fresh.decays
      && random.follows(fresh.random)
  }
}
