import Bandits
import Foundation
import Tensor
import Testing

/// The arms that a policy pulls where arm a always pays `rewards[a]`.
private func pulls<Policy: BanditPolicy>(
  _ policy: Policy, _ rewards: [Double], rounds: Int
) -> [Int] {
  var policy = policy
  let round = BanditRound()
  return (0..<rounds).map { _ in
    let arm = policy.choose(round).arm
    policy.observe(arm, reward: rewards[arm], in: round)
    return arm
  }
}

@Suite("Policies over arms")
struct PolicyTests {
  /// One of each, for four arms.
  static let all: [any BanditPolicy] = [
    RandomPolicy(arms: 4, seed: 3), ExploitPolicy(arms: 4, pulls: 2, seed: 3),
    EpsilonGreedyBandit(arms: 4, rate: .constant(0.3), seed: 3),
    EpsilonGreedyBandit(arms: 4, rate: .decaying(c: 1, gap: 0.5), seed: 3),
    SoftmaxBandit(arms: 4, temperature: 0.2, seed: 3),
    SoftmaxBandit(arms: 4, temperature: 0.2, decays: true, seed: 3),
    UCB1Policy(arms: 4, seed: 3), KLUCBPolicy(arms: 4, seed: 3),
    KLUCBPolicy(arms: 4, plain: true, seed: 3), ThompsonPolicy(arms: 4, seed: 3),
    GaussianThompsonPolicy(arms: 4, seed: 3),
    LinUCBPolicy(LinearBelief(arms: 4, width: 2, disjoint: true), radius: .fixed(0.5), seed: 3),
    LinUCBPolicy(
      LinearBelief(arms: 4, width: 2, disjoint: false),
      radius: .confident(delta: 0.1, noise: 1, norm: 1, regularization: 1), seed: 3),
    LinearThompsonPolicy(LinearBelief(arms: 4, width: 2, disjoint: true), scale: 0.5, seed: 3),
    LinearGreedyPolicy(
      LinearBelief(arms: 4, width: 2, disjoint: false), rate: .constant(0.3), seed: 3),
  ]

  static let features = [1, 0, 0.6, 0.8, -0.6, 0.8, 0, 1]

  /// Taught so that no two arms are alike.
  private func taught(_ policy: some BanditPolicy) -> any BanditPolicy {
    var policy = policy
    var random = Philox(seed: 9, stream: 1)
    for count in 0..<60 {
      let arm = count % 4
      policy.observe(
        arm, reward: random.coin(0.15 + 0.2 * Double(arm)) ? 1 : 0,
        in: BanditRound(features: Self.features))
    }
    return policy
  }

  @Test("choices come with the probabilities that the policy says", arguments: all.indices)
  func probabilities(number: Int) throws {
    // Taught, no two arms are alike; untaught, many are.
    for (available, policy) in [
      (nil, taught(Self.all[number])), ([0, 2, 3], taught(Self.all[number])),
      (nil, Self.all[number]), ([0, 2, 3], Self.all[number]),
    ] {
      let round = BanditRound(available: available, features: Self.features)
      let shares = try #require(policy.probabilities(round))
      #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
      #expect(available == nil || shares[1] == 0)
      func frequencies<Policy: BanditPolicy>(_ policy: Policy) -> [Double] {
        var copy = policy
        var counts = [Double](repeating: 0, count: 4)
        for _ in 0..<4_000 {
          let choice = copy.choose(round)
          counts[choice.arm] += 1
          if let probability = choice.probability {
            #expect(abs(probability - shares[choice.arm]) < 1e-9)
          }
        }
        return counts.map { $0 / 4_000 }
      }
      let found = frequencies(policy)
      for arm in 0..<4 {
        let width = 4 * (shares[arm] * (1 - shares[arm]) / 4_000).squareRoot() + 1e-9
        #expect(abs(found[arm] - shares[arm]) <= width, "\(policy): \(found) for \(shares)")
      }
    }
  }

  @Test("an encoded policy goes on to the same bits", arguments: all.indices)
  func encoding(number: Int) throws {
    func check<Policy: BanditPolicy>(_ fresh: Policy) throws {
      let round = BanditRound(features: Self.features)
      func play(_ policy: inout Policy, _ count: Int) -> [Int] {
        (0..<count).map { turn in
          let arm = policy.choose(round).arm
          policy.observe(arm, reward: Double(turn % 3) / 2, in: round)
          return arm
        }
      }
      var policy = fresh
      _ = play(&policy, 137)
      var again = try JSONDecoder().decode(Policy.self, from: JSONEncoder().encode(policy))
      #expect(play(&policy, 200) == play(&again, 200))
    }
    try check(Self.all[number])
  }

  /// All arms paid alike, so that they have one index; then all but the first, so that three have.
  @Test("of arms with one index each is drawn as often as the others", arguments: all.indices)
  func ties(number: Int) {
    func frequencies<Policy: BanditPolicy>(_ fresh: Policy, poor: Int?) -> [Double] {
      var policy = fresh
      // What all arms have in common tells none apart.
      let round = BanditRound(features: [1, 2, 1, 2, 1, 2, 1, 2])
      for turn in 0..<40 {
        policy.observe(turn % 4, reward: turn % 4 == poor ? 0 : 1, in: round)
      }
      var counts = [Double](repeating: 0, count: 4)
      for _ in 0..<4_000 { counts[policy.choose(round).arm] += 1 / 4_000 }
      return counts
    }
    for arm in frequencies(Self.all[number], poor: nil) {
      #expect(abs(arm - 0.25) < 0.03, "\(Self.all[number])")
    }
    // Which of the four is poor makes no difference to the others.
    for poor in [0, 3] {
      let found = frequencies(Self.all[number], poor: poor)
      let others = (0..<4).filter { $0 != poor }.map { found[$0] }
      #expect(others.max()! - others.min()! < 0.05, "\(found)")
    }
  }

  @Test("UCB1 pulls in the order that its formula gives by hand, each arm once before")
  func ucb1() {
    // n = 6: 1 + √(2 ln 6 / 5) = 1.847 of arm 0 is below √(2 ln 6) = 1.893 of arm 1.
    let found = (0..<20).map {
      pulls(UCB1Policy(arms: 2, seed: UInt64($0)), [1, 0], rounds: 8)
    }
    #expect(found.allSatisfy { $0.dropFirst(2) == [0, 0, 0, 0, 1, 0] })
    #expect(Set(found.map { Array($0.prefix(2)) }) == [[0, 1], [1, 0]])
  }

  @Test("exploiting tries each arm as often as it is told, then keeps the best")
  func exploit() {
    let found = pulls(ExploitPolicy(arms: 3, pulls: 2, seed: 1), [0.2, 0.9, 0.4], rounds: 9)
    #expect(found.prefix(6).sorted() == [0, 0, 1, 1, 2, 2] && found.suffix(3) == [1, 1, 1])
  }

  @Test("ε_n is that of Auer, Cesa-Bianchi & Fischer")
  func decay() {
    let rate = ExplorationRate.decaying(c: 0.1, gap: 0.2)
    #expect(rate(round: 1, arms: 10) == 1)
    #expect(abs(rate(round: 100, arms: 10) - 0.25) < 1e-12)
    #expect(abs(rate(round: 10_000, arms: 10) - 0.0025) < 1e-15)
  }

  @Test("softmax weighs arms by exp(mean / τ)")
  func softmax() throws {
    var policy = SoftmaxBandit(arms: 3, temperature: 0.25, seed: 1)
    let round = BanditRound()
    for (arm, reward) in [0.5, 0.75, 0.25].enumerated() {
      policy.observe(arm, reward: reward, in: round)
    }
    let shares = try #require(policy.probabilities(round))
    #expect(abs(shares[1] / shares[0] - exp(1)) < 1e-12)
    #expect(abs(shares[0] / shares[2] - exp(1)) < 1e-12)
  }

  @Test("the index of KL-UCB is that of a fine grid")
  func index() {
    for mean in [0, 0.01, 0.3, 0.5, 0.97, 1] {
      for limit in [1e-5, 0.01, 0.2, 1, 5] {
        let bound = BernoulliDivergence.upperBound(mean, limit)
        let steps = 200_000
        func divergence(_ q: Double) -> Double {
          let hit = mean == 0 ? 0 : mean * log(mean / q)
          let miss = mean == 1 ? 0 : (1 - mean) * log((1 - mean) / (1 - q))
          return hit + miss
        }
        var grid = mean
        for step in 0...steps {
          let q = mean + (1 - mean) * Double(step) / Double(steps)
          if divergence(q) <= limit { grid = q }
        }
        #expect(abs(bound - grid) <= (1 - mean) / Double(steps) + 1e-12, "\(mean) \(limit)")
      }
    }
  }

  @Test("KL-UCB pulls the arm of the highest index, although it solves for few")
  func klUCB() {
    var policy = KLUCBPolicy(arms: 30, seed: 1)
    var random = Philox(seed: 5, stream: 1)
    let round = BanditRound()
    for turn in 0..<3_000 {
      let arm = policy.choose(round).arm
      let t = Double(turn + 1)
      let exploration = log(1 + t * log(t) * log(t))
      let indices = (0..<30).map { arm in
        let pulls = policy.arms.pulls[arm]
        return pulls == 0
          ? 2 : BernoulliDivergence.upperBound(policy.arms.means[arm], exploration / Double(pulls))
      }
      #expect(indices[arm] >= indices.max()! - 1e-12)
      policy.observe(arm, reward: random.coin(Double(arm) / 40) ? 1 : 0, in: round)
    }
  }
}
