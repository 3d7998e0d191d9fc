import Bandits
import DRRCore
import Foundation
import Tensor
import Testing

/// x of A x = b by elimination with pivots.
private func solve(_ a: [[Double]], _ b: [Double]) -> [Double] {
  var rows = zip(a, b).map { $0 + [$1] }
  let n = b.count
  for column in 0..<n {
    let pivot = (column..<n).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
    rows.swapAt(column, pivot)
    for row in 0..<n where row != column {
      let factor = rows[row][column] / rows[column][column]
      for k in column...n { rows[row][k] -= factor * rows[column][k] }
    }
  }
  return (0..<n).map { rows[$0][n] / rows[$0][$0] }
}

@Suite("Linear policies")
struct LinearPolicyTests {
  private static let theta = [0.5, -0.3, 0.2, 0.6, -0.1]

  @Test("LinUCB finds θ, and is a ridge regression on all it saw", arguments: [false, true])
  func recovers(disjoint: Bool) {
    let (arms, width) = (3, 5)
    var policy = LinUCBPolicy(
      LinearBelief(arms: arms, width: width, disjoint: disjoint, regularization: 2),
      radius: .fixed(1), seed: 1)
    var random = Philox(seed: 8, stream: 1)
    let count = disjoint ? arms : 1
    var a = Array(
      repeating: (0..<width).map { i in (0..<width).map { $0 == i ? 2.0 : 0 } }, count: count)
    var b = Array(repeating: [Double](repeating: 0, count: width), count: count)
    for _ in 0..<10_000 {
      let features = (0..<arms * width).map { _ in 2 * random.uniform() - 1 }.map(Double.init)
      let round = BanditRound(features: features)
      let arm = policy.choose(round).arm
      let x = Array(features[arm * width..<(arm + 1) * width])
      let reward = zip(x, Self.theta).reduce(0) { $0 + $1.0 * $1.1 } + 0.3 * random.gaussian()
      policy.observe(arm, reward: reward, in: round)
      let place = disjoint ? arm : 0
      for i in 0..<width {
        b[place][i] += reward * x[i]
        for j in 0..<width { a[place][i][j] += x[i] * x[j] }
      }
    }
    for place in 0..<count {
      let found = policy.belief.regressions[place].coefficients
      for (value, exact) in zip(found, solve(a[place], b[place])) {
        #expect(abs(value - exact) < 1e-9)
      }
      for (value, truth) in zip(found, Self.theta) { #expect(abs(value - truth) < 0.05) }
    }
  }

  @Test("the determinant that OFUL goes by is that of A")
  func determinant() {
    var regression = RidgeRegression(width: 2, regularization: 3)
    regression.observe([1, 2], 0.4)
    regression.observe([-0.5, 1], 0.1)
    // A = 3 I + [1 2; 2 4] + [0.25 −0.5; −0.5 1].
    #expect(abs(regression.logDeterminant - log((4.25 * 8 - 1.5 * 1.5) / 9)) < 1e-12)
    let solved = regression.solve([1, 0])
    #expect(abs(solved[0] - 8 / (4.25 * 8 - 2.25)) < 1e-12)
    // All at once, to the bit.
    var whole = RidgeRegression(width: 2, regularization: 3)
    whole.observe([(x: [1, 2], reward: 0.4), (x: [-0.5, 1], reward: 0.1)])
    #expect(whole.coefficients == regression.coefficients && whole.inverse == regression.inverse)
  }

  @Test("linear Thompson draws θ with the covariance v²A⁻¹")
  func covariance() {
    var belief = LinearThompsonPolicy(
      LinearBelief(arms: 2, width: 2, disjoint: false), scale: 0.5, seed: 2)
    let teaching = BanditRound(features: [1, 2, 0.5, -1])
    for _ in 0..<3 {
      belief.observe(0, reward: 1, in: teaching)
      belief.observe(1, reward: 0, in: teaching)
    }
    // P(θᵀx₀ > θᵀx₁) = Φ((x₀ − x₁)ᵀθ̂ / (v √((x₀ − x₁)ᵀ A⁻¹ (x₀ − x₁)))).
    let regression = belief.belief.regressions[0]
    let round = BanditRound(features: [0.2, 0.1, 0.3, -0.2])
    let difference = [-0.1, 0.3]
    let mean = zip(difference, regression.coefficients).reduce(0) { $0 + $1.0 * $1.1 }
    let solved = regression.solve(difference)
    let deviation =
      0.5 * zip(difference, solved).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    let expected = 0.5 * erfc(-mean / deviation / 2.0.squareRoot())
    let drawn = (0..<20_000).count { _ in belief.choose(round).arm == 0 }
    #expect(expected > 0.6 && expected < 0.995)
    #expect(abs(Double(drawn) / 20_000 - expected) < 0.014, "\(drawn), expected \(expected)")
  }

  @Test("OFUL's radius is R √(ln det A − d ln λ + 2 ln(1/δ)) + √λ S")
  func radius() {
    let (noise, delta, norm) = (0.7, 0.1, 1.5)
    var policy = LinUCBPolicy(
      LinearBelief(arms: 2, width: 1, disjoint: false, regularization: 1),
      radius: .confident(delta: delta, noise: noise, norm: norm, regularization: 1), seed: 1)
    let round = BanditRound(features: [0.1, 0.9])
    var choices: Set<Int> = []
    for count in 1...60 {
      policy.observe(0, reward: -1, in: BanditRound(features: [1, 0]))
      // θ = −n / (1 + n) and A = 1 + n: the index of x is x (θ + β / √A).
      let n = Double(count)
      let beta = noise * (log(1 + n) + 2 * log(1 / delta)).squareRoot() + norm
      let arm = policy.choose(round).arm
      #expect(arm == (beta > n / (1 + n).squareRoot() ? 1 : 0))
      choices.insert(arm)
    }
    #expect(choices == [0, 1])
  }
}
