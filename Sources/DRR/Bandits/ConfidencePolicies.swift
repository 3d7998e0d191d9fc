import DRRCore
import Platform
import Tensor

/// UCB1 (Auer, Cesa-Bianchi & Fischer 2002, figure 1): each arm once, then the one of the highest
/// mean + √(2 ln n / n_a), n the pulls so far.
public struct UCB1Policy: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  private var random: Philox

  public init(arms: Int, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  /// What `body` makes of the arms' indices.
  @inline(__always)
  private static func with<Result>(
    _ arms: ArmStatistics, _ body: ((Int) -> Double) -> Result
  ) -> Result {
    let scale = (2 * log(Double(max(arms.total, 1)))).squareRoot()
    return arms.means.withUnsafeBufferPointer { means in
      arms.widths.withUnsafeBufferPointer { widths in
        body { arm in
          widths[arm] == .infinity ? .infinity : means[arm] + scale * widths[arm]
        }
      }
    }
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let arms = arms
    return Self.with(arms) { round.best(of: arms.means.count, &random, $0).choice }
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    Self.with(arms) { round.greedy(of: armCount, $0) }
  }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && random.follows(fresh.random)
  }
}

/// The divergence of Kullback and Leibler between coins.
public enum BernoulliDivergence {
  /// d(p, q) = p ln(p/q) + (1 − p) ln((1 − p)/(1 − q)); p and q from 0 to 1.
  public static func value(_ p: Double, _ q: Double) -> Double {
    func term(_ a: Double, _ b: Double) -> Double { a == 0 ? 0 : a * log(a / b) }
    return max(0, term(p, q) + term(1 - p, 1 - q))
  }

  /// The largest q ≥ p with d(p, q) ≤ limit: Newton's steps, within a bracket that is halved where
  /// they leave it.
  public static func upperBound(_ p: Double, _ limit: Double) -> Double {
    guard limit > 0, p < 1 else { return p }
    if p == 0 { return -expm1(-limit) }
    // Pinsker: d(p, q) ≥ 2 (q − p)².
    var (low, high) = (p, min(1, p + (limit / 2).squareRoot()))
    var q = 0.5 * (low + high)
    for _ in 0..<60 {
      let excess = value(p, q) - limit
      if excess > 0 { high = q } else { low = q }
      let step = q - excess * q * (1 - q) / (q - p)
      if abs(step - q) <= 1e-14 || high - low <= 1e-15 { return min(max(step, p), 1) }
      q = step > low && step < high ? step : 0.5 * (low + high)
    }
    return q
  }
}

/// KL-UCB for rewards from 0 to 1: each arm once, then the one of the highest
/// max {q : n_a d(mean_a, q) ≤ ln f(t)}, t the round.
///
/// Lattimore & Szepesvári (2020, algorithm 8) prove their theorem 10.6 with f(t) = 1 + t ln² t;
/// Garivier & Cappé (2011) recommend f(t) = t in practice.
public struct KLUCBPolicy: BanditPolicy, ArmsPolicy {
  public internal(set) var arms: ArmStatistics
  /// Whether f(t) = t, in place of 1 + t ln² t.
  public let plain: Bool
  /// −n_a times the entropy of a coin of the arm's mean, so that a test of an arm takes no
  /// logarithm.
  private var heights: [Double]
  private var random: Philox

  public init(arms: Int, plain: Bool = false, seed: UInt64) {
    self.arms = ArmStatistics(arms: arms)
    self.plain = plain
    random = Philox(seed: seed, stream: Streams.banditPolicy)
    heights = Array(repeating: 0, count: arms)
  }

  /// ln f(t) of the round to come.
  var exploration: Double {
    let t = Double(arms.total + 1)
    return plain ? log(t) : log(1 + t * log(t) * log(t))
  }

  /// The upper confidence bound of an arm; infinite of one that was never pulled.
  public func index(_ arm: Int) -> Double {
    arms.pulls[arm] == 0
      ? .infinity
      : BernoulliDivergence.upperBound(
        min(max(arms.means[arm], 0), 1), exploration / Double(arms.pulls[arm]))
  }

  /// An arm's bound is not below the best so far, q, where n_a d(mean_a, q) ≤ ln f(t), but for
  /// rounding: only then is it solved for.
  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let (arms, heights, exploration) = (arms, heights, exploration)
    let limit = exploration * (1 + 1e-9)
    var highest = -1.0
    var (logarithm, complement) = (0.0, 0.0)
    return round.best(of: arms.pulls.count, &random) { arm in
      let pulls = arms.pulls[arm]
      if pulls == 0 {
        highest = .infinity
        return .infinity
      }
      if highest == .infinity { return -.infinity }
      let mean = arms.means[arm]
      if highest >= 0, mean <= highest {
        let sum = arms.sums[arm]
        let divergence = heights[arm] - sum * logarithm - (Double(pulls) - sum) * complement
        if divergence > limit { return -.infinity }
      }
      let bound = BernoulliDivergence.upperBound(min(max(mean, 0), 1), exploration / Double(pulls))
      if bound > highest {
        highest = bound
        (logarithm, complement) = (log(bound), log(1 - bound))
      }
      return bound
    }.choice
  }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {
    arms.observe(arm, reward)
    let (p, pulls) = (min(max(arms.means[arm], 0), 1), Double(arms.pulls[arm]))
    heights[arm] = pulls * ((p > 0 ? p * log(p) : 0) + (p < 1 ? (1 - p) * log(1 - p) : 0))
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    round.greedy(of: armCount, index)
  }

  public func follows(_ fresh: Self) -> Bool {
    arms.follows(fresh.arms) && plain == fresh.plain
      && heights.follows(fresh.heights, Stored.sums) && random.follows(fresh.random)
  }
}
