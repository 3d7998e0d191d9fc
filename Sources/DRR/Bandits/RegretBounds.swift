import Platform

/// What theorems say of the expected regret after n rounds: only those without hidden constants.
public enum RegretBounds {
  /// 8 Σ ln n / Δ_a + (1 + π²/3) Σ Δ_a (Auer, Cesa-Bianchi & Fischer 2002, theorem 1).
  public static func ucb1(_ means: [Double], after rounds: [Int]) -> RegretBound {
    let gaps = gaps(means)
    let (inverse, sum) = (gaps.reduce(0) { $0 + 1 / $1 }, gaps.reduce(0, +))
    return RegretBound(
      values: rounds.map { 8 * inverse * log(Double($0)) + (1 + .pi * .pi / 3) * sum },
      source: "Auer, Cesa-Bianchi & Fischer 2002, theorem 1")
  }

  /// Σ_a inf Δ_a (ln f(n) / d(μ_a + ε₁, μ* − ε₂) + 1/(2ε₁²) + 2/ε₂²) over ε₁ + ε₂ < Δ_a, with
  /// f(n) = 1 + n ln² n (Lattimore & Szepesvári 2020, theorem 10.6); the infimum is searched on a
  /// grid, and any pair of a grid is a bound.
  public static func klUCB(_ means: [Double], after rounds: [Int]) -> RegretBound {
    let best = means.max() ?? 0
    let steps = 60
    // Arms of one mean have one bound.
    let kinds = Dictionary(grouping: means.filter { $0 < best }, by: { $0 }).mapValues(\.count)
    let pairs = kinds.sorted { $0.key < $1.key }.map { mean, count in
      let gap = best - mean
      var pairs: [(divergence: Double, rest: Double)] = []
      for first in 1..<steps {
        for second in 1..<(steps - first) {
          let (e1, e2) = (gap * Double(first) / Double(steps), gap * Double(second) / Double(steps))
          pairs.append(
            (BernoulliDivergence.value(mean + e1, best - e2), 1 / (2 * e1 * e1) + 2 / (e2 * e2)))
        }
      }
      return (weight: gap * Double(count), pairs: pairs)
    }
    return RegretBound(
      values: rounds.map { n in
        let n = Double(n)
        let exploration = log(1 + n * log(n) * log(n))
        return pairs.reduce(0) { sum, arm in
          let least = arm.pairs.reduce(Double.infinity) {
            min($0, exploration / $1.divergence + $1.rest)
          }
          // No arm is pulled more often than there are rounds.
          return sum + arm.weight * min(least, n)
        }
      }, source: "Lattimore & Szepesvári 2020, theorem 10.6")
  }

  /// The sum over the rounds of theorem 3 of Auer, Cesa-Bianchi & Fischer 2002: for n ≥ cK/d,
  /// ε_n-greedy pulls a suboptimal arm with probability at most c/(d²n) + 2 (c/d²) ln((n−1) d² √e /
  /// (cK)) (cK / ((n−1) d² √e))^(c/(5d²)) + (4e/d²) (cK / ((n−1) d² √e))^(c/2), and with 1 at most.
  /// Nil where d is above the least gap.
  public static func epsilonGreedy(
    _ means: [Double], c: Double, gap d: Double, after rounds: [Int]
  ) -> RegretBound? {
    let gaps = gaps(means)
    guard let least = gaps.min(), d <= least * (1 + 1e-12), let last = rounds.max() else {
      return nil
    }
    let arms = Double(means.count)
    var regret = 0.0
    var values: [Int: Double] = [:]
    let wanted = Set(rounds)
    let sum = gaps.reduce(0, +)
    // Never more than the worst arm costs, in any round.
    let most = gaps.max()!
    for n in 1...last {
      let n1 = Double(n)
      var chance = 1.0
      if n1 >= c * arms / d, n > 1 {
        let ratio = (n1 - 1) * d * d * exp(0.5) / (c * arms)
        if ratio > 1 {
          chance =
            c / (d * d * n1) + 2 * (c / (d * d)) * log(ratio) * pow(ratio, -c / (5 * d * d))
            + 4 * M_E / (d * d) * pow(ratio, -c / 2)
        }
      }
      regret += min(chance * sum, most)
      if wanted.contains(n) { values[n] = regret }
    }
    return RegretBound(
      values: rounds.map { values[$0]! },
      source: "Auer, Cesa-Bianchi & Fischer 2002, theorem 3, summed over the rounds")
  }

  /// √(½ K n ln K), of Thompson sampling with the right prior, in the mean over what the prior
  /// draws (Russo & Van Roy 2016, proposition 3, for rewards from 0 to 1).
  public static func bayesianThompson(arms: Int, after rounds: [Int]) -> RegretBound {
    let k = Double(arms)
    return RegretBound(
      values: rounds.map { (0.5 * k * Double($0) * log(k)).squareRoot() },
      source: "Russo & Van Roy 2016, proposition 3, in the mean over arms drawn from the prior")
  }

  /// Σ_a Δ_a ln n / d(μ_a, μ*) (Lai & Robbins 1985): a limit from below as n grows.
  public static func laiRobbins(_ means: [Double], after rounds: [Int]) -> [Double] {
    let best = means.max() ?? 0
    let slope = means.filter { $0 < best }.reduce(0) {
      $0 + (best - $1) / BernoulliDivergence.value($1, best)
    }
    return rounds.map { slope * log(Double($0)) }
  }

  /// 4 √(n d ln(λ + n/d)) (√λ S + R √(2 ln(1/δ) + d ln(1 + n/(λd)))), with probability 1 − δ, for
  /// features within the unit ball and |θᵀx| ≤ 1 (Abbasi-Yadkori, Pál & Szepesvári 2011, theorem
  /// 3).
  public static func oful(
    width: Int, noise: Double, norm: Double, delta: Double, regularization: Double,
    after rounds: [Int]
  ) -> RegretBound {
    let (d, lambda) = (Double(width), regularization)
    return RegretBound(
      values: rounds.map { n in
        let n = Double(n)
        let radius =
          lambda.squareRoot() * norm
          + noise * (2 * log(1 / delta) + d * log(1 + n / (lambda * d))).squareRoot()
        return 4 * (n * d * log(lambda + n / d)).squareRoot() * radius
      }, source: "Abbasi-Yadkori, Pál & Szepesvári 2011, theorem 3, with probability 1 − \(delta)")
  }

  /// Σ 12 ln n / Δ_e + π² L / 3 over the items e outside the best K, Δ_e their difference to the
  /// K-th best (Kveton et al. 2015, theorem 2), and 1 a round for the at most L rounds in which an
  /// item is first seen, which the theorem has before its start.
  public static func cascadeUCB1(
    _ attractions: [Double], places: Int, after rounds: [Int]
  ) -> RegretBound? {
    let sorted = attractions.sorted(by: >)
    guard places < sorted.count else { return nil }
    let gaps = sorted[places...].map { sorted[places - 1] - $0 }
    guard gaps.allSatisfy({ $0 > 0 }) else { return nil }
    let items = Double(sorted.count)
    let inverse = gaps.reduce(0) { $0 + 1 / $1 }
    return RegretBound(
      values: rounds.map { n in
        12 * inverse * log(Double(n)) + .pi * .pi / 3 * items + min(items, Double(n))
      }, source: "Kveton et al. 2015, theorem 2")
  }

  private static func gaps(_ means: [Double]) -> [Double] {
    let best = means.max() ?? 0
    return means.filter { $0 < best }.map { best - $0 }
  }
}
