import Bandits
import Foundation
import Tensor
import Testing

@Suite("Thompson sampling")
struct ThompsonTests {
  @Test(
    "draws from Beta and Gamma have the quantiles of SciPy",
    arguments: [
      (
        [1.0, 1.0], [0.1, 0.25, 0.5, 0.75, 0.9]
      ),
      (
        [2.5, 4],
        [
          0.1576580554781871, 0.2482814567935646, 0.37213243116760625, 0.5088260849441583,
          0.6301815250966563,
        ]
      ),
      (
        [30, 5],
        [
          0.7785121551547696, 0.8216268151063669, 0.86396744749444, 0.8999377112326363,
          0.9267021444500732,
        ]
      ),
      (
        [700, 1300],
        [
          0.3363654276648561, 0.34277884026957917, 0.3499499905886001, 0.35716666074471515,
          0.36369885581250605,
        ]
      ),
      (
        [1],
        [
          0.10536051565782636, 0.2876820724517809, 0.6931471805599455, 1.3862943611198906,
          2.302585092994046,
        ]
      ),
      (
        [3.7],
        [
          1.5463608223900247, 2.289752706925317, 3.3725380132364133, 4.755703086762889,
          6.278922321022635,
        ]
      ),
    ])
  func quantiles(shapes: [Double], quantiles: [Double]) {
    var random = Philox(seed: 4, stream: 2)
    let count = 20_000
    let draws = (0..<count).map { _ in
      shapes.count == 2 ? random.beta(shapes[0], shapes[1]) : random.gamma(shapes[0])
    }
    // The 1 % point of Kolmogorov's and Smirnov's statistic.
    let limit = 1.628 / Double(count).squareRoot()
    for (share, quantile) in zip([0.1, 0.25, 0.5, 0.75, 0.9], quantiles) {
      let below = Double(draws.count { $0 <= quantile }) / Double(count)
      #expect(abs(below - share) < limit, "\(shapes): \(below) below the \(share) quantile")
    }
    let mean = draws.reduce(0, +) / Double(count)
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    let (a, b) = (shapes[0], shapes.last!)
    let (trueMean, trueVariance) =
      shapes.count == 2
      ? (a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1))) : (a, a)
    #expect(abs(mean - trueMean) < 4 * (trueVariance / Double(count)).squareRoot())
    #expect(abs(variance / trueVariance - 1) < 0.06)
  }

  @Test(
    "the probability of an arm is the integral that SciPy finds",
    arguments: [
      ([1, 1, 1, 1], 0.5), ([3, 7, 5, 5], 0.16742081447963802),
      ([21, 81, 13, 90], 0.9401799994890758), ([2, 1, 1, 3], 0.9),
    ])
  func integral(counts: [Int], expected: Double) throws {
    var policy = ThompsonPolicy(arms: 2, seed: 1)
    let round = BanditRound()
    for arm in 0..<2 {
      for _ in 1..<counts[2 * arm] { policy.observe(arm, reward: 1, in: round) }
      for _ in 1..<counts[2 * arm + 1] { policy.observe(arm, reward: 0, in: round) }
    }
    let shares = try #require(policy.probabilities(round))
    #expect(abs(shares[0] - expected) < 2e-5, "\(shares)")
    let drawn = (0..<20_000).count { _ in policy.choose(round).arm == 0 }
    #expect(abs(Double(drawn) / 20_000 - expected) < 0.014)
  }

  @Test("of normal posteriors it is Φ of their standardised difference")
  func normal() throws {
    var policy = GaussianThompsonPolicy(arms: 2, seed: 1)
    let round = BanditRound()
    for reward in [0.6, 0.3, 0.3] { policy.observe(0, reward: reward, in: round) }
    policy.observe(1, reward: 0.5, in: round)
    // N(0.3, 1/4) and N(0.25, 1/2).
    let shares = try #require(policy.probabilities(round))
    #expect(abs(shares[0] - 0.5230201536139807) < 2e-5)
  }

  @Test("a reward between 0 and 1 is a success with that probability")
  func fractions() {
    var policy = ThompsonPolicy(arms: 1, seed: 7)
    for _ in 0..<10_000 { policy.observe(0, reward: 0.3, in: BanditRound()) }
    #expect(abs(policy.successes[0] - 3_000) < 4 * (10_000 * 0.21).squareRoot())
    #expect(policy.successes[0] + policy.failures[0] == 10_000)
  }
}
