import DRRCore
import OffPolicy
import Platform
import Tensor

/// What a linear policy believes: E[r | x, a] = θᵀx with one θ for all arms, or θ_aᵀx with one for
/// each. Features are [arms, width].
public struct LinearBelief: Codable, Sendable {
  public let armCount: Int
  public let width: Int
  /// One, or one an arm.
  public private(set) var regressions: [RidgeRegression]

  /// - Parameters:
  ///   - disjoint: One regression an arm, in place of one for all.
  ///   - regularization: λ of each.
  public init(arms: Int, width: Int, disjoint: Bool, regularization: Double = 1) {
    (armCount, self.width) = (arms, width)
    regressions = Array(
      repeating: RidgeRegression(width: width, regularization: regularization),
      count: disjoint ? arms : 1)
  }

  var isDisjoint: Bool { regressions.count == armCount && armCount > 1 }

  /// The regression of an arm.
  @inline(__always)
  func place(_ arm: Int) -> Int { regressions.count == 1 ? 0 : arm }

  /// What `body` makes of the regression and the features of an arm.
  @inline(__always)
  func with<Result>(
    _ arm: Int, _ features: UnsafeBufferPointer<Double>,
    _ body: (borrowing RidgeRegression, UnsafeBufferPointer<Double>) -> Result
  ) -> Result {
    body(
      regressions[place(arm)],
      UnsafeBufferPointer(rebasing: features[arm * width..<(arm + 1) * width]))
  }

  mutating func observe(_ arm: Int, _ reward: Double, in round: BanditRound) {
    check(round)
    round.features.withUnsafeBufferPointer { features in
      regressions[place(arm)].observe(
        UnsafeBufferPointer(rebasing: features[arm * width..<(arm + 1) * width]), reward)
    }
  }

  func follows(_ fresh: Self) -> Bool {
    armCount == fresh.armCount && width == fresh.width
      && regressions.count == fresh.regressions.count
      && zip(regressions, fresh.regressions).allSatisfy {
        $0.follows($1, in: Stored.sums)
      }
  }

  func check(_ round: BanditRound) {
    require(
      round.features.count == armCount * width,
      "\(round.features.count) features, expected \(width) of each of \(armCount) arms")
  }

  /// An arm of the highest index of its regression and features.
  @inline(__always)
  func best(
    _ round: BanditRound, _ random: inout Philox,
    _ index: (borrowing RidgeRegression, UnsafeBufferPointer<Double>) -> Double
  ) -> Highest {
    check(round)
    return round.features.withUnsafeBufferPointer { features in
      round.best(of: armCount, &random) { with($0, features, index) }
    }
  }

  /// All of the probability on the arms of the highest index.
  func greedy(
    _ round: BanditRound,
    _ index: (borrowing RidgeRegression, UnsafeBufferPointer<Double>) -> Double
  ) -> [Double] {
    check(round)
    return round.features.withUnsafeBufferPointer { features in
      round.greedy(of: armCount) { with($0, features, index) }
    }
  }
}

/// A policy that keeps a linear belief, and mostly no more of what it observes.
protocol BeliefPolicy {
  var belief: LinearBelief { get set }
}

extension BeliefPolicy {
  public var armCount: Int { belief.armCount }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {
    belief.observe(arm, reward, in: round)
  }
}

/// How wide LinUCB's bound is, in standard errors √(xᵀA⁻¹x).
public enum ConfidenceRadius: Codable, Equatable, Sendable {
  /// α of Li et al. 2010.
  case fixed(Double)
  /// R √(ln det A − d ln λ + 2 ln(1/δ)) + √λ S (Abbasi-Yadkori, Pál & Szepesvári 2011, theorem 2):
  /// noise R-sub-Gaussian, ‖θ‖ ≤ S; holds in all rounds with probability 1 − δ.
  case confident(delta: Double, noise: Double, norm: Double, regularization: Double)

  func callAsFunction(_ regression: borrowing RidgeRegression) -> Double {
    switch self {
    case .fixed(let alpha): alpha
    case .confident(let delta, let noise, let norm, let regularization):
      noise * (regression.logDeterminant - 2 * log(delta)).squareRoot()
        + regularization.squareRoot() * norm
    }
  }
}

/// LinUCB (Li et al. 2010, algorithm 1, one regression an arm; or one for all arms): the arm of the
/// highest θᵀx + α √(xᵀA⁻¹x). With the confident radius it is OFUL (Abbasi-Yadkori et al. 2011).
public struct LinUCBPolicy: BanditPolicy, BeliefPolicy {
  public internal(set) var belief: LinearBelief
  public let radius: ConfidenceRadius
  private var random: Philox

  public init(_ belief: LinearBelief, radius: ConfidenceRadius, seed: UInt64) {
    (self.belief, self.radius) = (belief, radius)
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  /// The radius of one regression for all arms; nil: each has its own.
  private var alpha: Double? { belief.isDisjoint ? nil : radius(belief.regressions[0]) }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let (belief, radius, alpha) = (belief, radius, alpha)
    return belief.best(round, &random) {
      $0.expected($1) + (alpha ?? radius($0)) * $0.variance($1).squareRoot()
    }.choice
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    let alpha = alpha
    return belief.greedy(round) {
      $0.expected($1) + (alpha ?? radius($0)) * $0.variance($1).squareRoot()
    }
  }

  public func follows(_ fresh: Self) -> Bool {
    belief.follows(fresh.belief) && radius == fresh.radius && random.follows(fresh.random)
  }
}

/// Linear Thompson sampling (Agrawal & Goyal 2013, algorithm 1): θ is drawn from N(θ̂, v²A⁻¹), and
/// the arm of the highest θᵀx wins. With one regression an arm each draws its own.
public struct LinearThompsonPolicy: BanditPolicy, BeliefPolicy {
  public internal(set) var belief: LinearBelief
  /// v, standard deviations of the posterior.
  public let scale: Double
  private var random: Philox

  public init(_ belief: LinearBelief, scale: Double, seed: UInt64) {
    (self.belief, self.scale) = (belief, scale)
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    if belief.isDisjoint {
      // θ_aᵀx of independent arms is normal by itself, and no two are equal.
      let (belief, scale) = (belief, scale)
      var (noise, ties) = (random, random)
      let best = belief.best(round, &ties) { regression, x in
        regression.expected(x) + scale * regression.variance(x).squareRoot() * noise.gaussian()
      }
      random = noise
      return BanditChoice(best.arm, probability: nil)
    }
    let (belief, drawn) = (belief, draw())
    return BanditChoice(
      belief.best(round, &random) { _, x in drawn.withUnsafeBufferPointer { dot($0, x) } }.arm,
      probability: nil)
  }

  /// θ̂ + v L z with L Lᵀ = A⁻¹ and z standard normal.
  private mutating func draw() -> [Double] {
    let regression = belief.regressions[0]
    let width = belief.width
    var factor: [Double] = []
    factor.reserveCapacity(triangle(width))
    for i in 0..<width { factor += regression.inverse[i * width...i * width + i] }
    choleskyFactor(&factor, width)
    let z = (0..<width).map { _ in random.gaussian() }
    return (0..<width).map { i in
      let sum = (0...i).reduce(0.0) { $0 + factor[triangle(i) + $1] * z[$1] }
      return regression.coefficients[i] + scale * sum
    }
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    guard belief.isDisjoint else { return nil }
    let arms = (0..<round.count(of: armCount)).map { round.arm($0) }
    let posteriors = round.features.withUnsafeBufferPointer { features in
      arms.map { arm in
        belief.with(arm, features) { regression, x in
          ProbabilityOfBest.Posterior.normal(
            (regression.expected(x), max(scale * regression.variance(x).squareRoot(), 1e-12)))
        }
      }
    }
    return ProbabilityOfBest.spread(ProbabilityOfBest.values(posteriors), over: arms, of: armCount)
  }

  public func follows(_ fresh: Self) -> Bool {
    belief.follows(fresh.belief) && scale == fresh.scale && random.follows(fresh.random)
  }
}

/// ε-greedy on the regression's means.
public struct LinearGreedyPolicy: BanditPolicy, BeliefPolicy {
  public internal(set) var belief: LinearBelief
  public let rate: ExplorationRate
  private var rounds = 0
  private var random: Philox

  public init(_ belief: LinearBelief, rate: ExplorationRate, seed: UInt64) {
    (self.belief, self.rate) = (belief, rate)
    random = Philox(seed: seed, stream: Streams.banditPolicy)
  }

  private var epsilon: Double { rate(round: rounds + 1, arms: armCount) }

  public mutating func choose(_ round: BanditRound) -> BanditChoice {
    let (belief, epsilon, count) = (belief, epsilon, round.count(of: armCount))
    let best = belief.best(round, &random) { $0.expected($1) }
    let arm = random.coin(epsilon) ? round.arm(random.index(below: count)) : best.arm
    let index = round.features.withUnsafeBufferPointer {
      belief.with(arm, $0) { $0.expected($1) }
    }
    let chance = epsilon / Double(count)
    return BanditChoice(
      arm,
      probability: index == best.index ? (1 - epsilon) * best.probability + chance : chance)
  }

  public mutating func observe(_ arm: Int, reward: Double, in round: BanditRound) {
    belief.observe(arm, reward, in: round)
    rounds += 1
  }

  public func probabilities(_ round: BanditRound) -> [Double]? {
    zip(round.even(of: armCount), belief.greedy(round) { $0.expected($1) }).map {
      epsilon * $0 + (1 - epsilon) * $1
    }
  }

  public func follows(_ fresh: Self) -> Bool {
    belief.follows(fresh.belief) && rate == fresh.rate && Stored.counts ~= rounds
      && random.follows(fresh.random)
  }
}
