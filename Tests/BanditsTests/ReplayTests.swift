import Bandits
import DRRCore
import DRRTestSupport
import Foundation
import OffPolicy
import Tensor
import Testing

@Suite("Replaying logs of decisions")
struct ReplayTests {
  /// Actions 0, 1, 2 drawn with these probabilities and rewarded by 0, ½, 1.
  private func log(_ shares: [Double], rows: Int) throws -> LoggedFeedback {
    var random = Philox(seed: 3, stream: 1)
    let actions = (0..<rows).map { _ in Int32(random.place(in: shares)) }
    return try LoggedFeedback(
      name: "test", actions: actions, rewards: actions.map { Double($0) / 2 },
      propensities: actions.map { shares[Int($0)] }, actionCount: shares.count)
  }

  private func value(
    _ log: LoggedFeedback, _ policy: String, _ method: BanditReplay.Method
  ) throws -> BanditReplay.Outcome {
    try BanditReplay(log, method: method).play(policy, seed: 1, shuffled: false)
  }

  @Test("of a uniform log every match is kept, one in K")
  func uniform() throws {
    let log = try log([1, 1, 1].map { $0 / 3 }, rows: 9_000)
    let found = try value(log, "random", .rejection)
    #expect(found.kept == found.matches && abs(found.kept - 3_000) < 180)
    #expect(abs(found.value! - 0.5) < 0.03)
    // A policy that learns comes to the action of the highest reward.
    #expect(try value(log, "exploit:5", .rejection).value! > 0.95)
    #expect(try value(log, "kl-ucb", .rejection).value! > 0.75)
  }

  @Test("unequal probabilities are set right, by rejection and by weights")
  func unequal() throws {
    let log = try log([0.7, 0.2, 0.1], rows: 20_000)
    // Matches alone would say 0.2.
    let rejection = try value(log, "random", .rejection)
    #expect(abs(rejection.value! - 0.5) < 0.04, "\(rejection)")
    #expect(rejection.kept < rejection.matches)
    let weighted = try value(log, "random", .weighted)
    #expect(abs(weighted.value! - 0.5) < 0.03, "\(weighted)")
    #expect(weighted.kept == weighted.matches)
    #expect(abs(weighted.meanWeight - 1) < 0.05)
    #expect(weighted.effectiveSample < Double(weighted.kept))
    // Means and errors by hand, of one decision that matches.
    let one = try LoggedFeedback(
      name: "one", actions: [0], rewards: [1], propensities: [0.25], actionCount: 1)
    let single = try value(one, "random", .weighted)
    #expect(single.value == 1 && single.meanWeight == 4 && single.effectiveSample == 1)
    #expect(abs(single.standardError! - (0.6 * 0.4 / 5).squareRoot()) < 1e-12)
  }

  /// What ε-greedy with ε 0 is expected to keep of a uniform log in its own order, and to be paid:
  /// over all ways in which ties can fall.
  private func expectation(
    _ log: [(action: Int, reward: Double)], arms: Int
  ) -> (kept: Double, reward: Double) {
    func rest(
      _ row: Int, _ sums: [Double], _ counts: [Double]
    ) -> (kept: Double, reward: Double) {
      guard row < log.count else { return (0, 0) }
      let means = zip(sums, counts).map { $1 == 0 ? 0 : $0 / $1 }
      let best = means.indices.filter { means[$0] == means.max() }
      let (action, reward) = log[row]
      let chance = best.contains(action) ? 1 / Double(best.count) : 0
      var (kept, paid) = (0.0, 0.0)
      if chance > 0 {
        var (sums, counts) = (sums, counts)
        sums[action] += reward
        counts[action] += 1
        let after = rest(row + 1, sums, counts)
        kept += chance * (1 + after.kept)
        paid += chance * (reward + after.reward)
      }
      if chance < 1 {
        let after = rest(row + 1, sums, counts)
        kept += (1 - chance) * after.kept
        paid += (1 - chance) * after.reward
      }
      return (kept, paid)
    }
    return rest(0, Array(repeating: 0, count: arms), Array(repeating: 0, count: arms))
  }

  @Test("how items are numbered says nothing: ties are drawn, as counting all their ways has it")
  func renumbered() throws {
    let rows: [(action: Int, reward: Double)] = [
      (0, 0), (1, 0), (2, 1), (3, 0), (2, 0), (0, 1), (1, 1), (3, 1), (2, 1), (0, 0),
    ]
    let numberings = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2]]
    let exact = expectation(rows, arms: 4)
    for numbers in numberings {
      let renumbered = rows.map { (action: numbers[$0.action], reward: $0.reward) }
      let again = expectation(renumbered, arms: 4)
      #expect(abs(again.kept - exact.kept) < 1e-12 && abs(again.reward - exact.reward) < 1e-12)
      let log = try LoggedFeedback(
        name: "tiny", actions: renumbered.map { Int32($0.action) },
        rewards: renumbered.map(\.reward), propensities: rows.map { _ in 0.25 }, actionCount: 4)
      let replay = try BanditReplay(log, method: .rejection)
      let count = 6_000
      var (kept, squares, reward) = (0.0, 0.0, 0.0)
      for seed in 0..<UInt64(count) {
        let outcome = try replay.play("epsilon:0", seed: seed, shuffled: false)
        kept += Double(outcome.kept)
        squares += Double(outcome.kept * outcome.kept)
        reward += (outcome.value ?? 0) * Double(outcome.kept)
      }
      let mean = kept / Double(count)
      let error = ((squares / Double(count) - mean * mean) / Double(count)).squareRoot()
      #expect(abs(mean - exact.kept) < 4 * error, "\(numbers): \(mean), expected \(exact.kept)")
      // A sum of rewards is no more spread than what is kept is, and that twice.
      #expect(abs(reward / Double(count) - exact.reward) < 8 * error, "\(numbers): \(reward)")
    }
  }

  @Test("a log with features teaches linear policies; one without says that it cannot")
  func features() throws {
    var random = Philox(seed: 5, stream: 1)
    let x = (0..<6_000).map { _ in Double(random.index(below: 2)) }
    let actions = x.map { _ in Int32(random.index(below: 2)) }
    // Action 1 is right where x is 1, action 0 where it is 0.
    let rewards = zip(x, actions).map { $0 == Double($1) ? 1.0 : 0 }
    let log = try LoggedFeedback(
      name: "test", actions: actions, rewards: rewards,
      propensities: actions.map { _ in 0.5 }, actionCount: 2, context: FeatureTable(x.map { [$0] }))
    #expect(try value(log, "linucb-arms", .rejection).value! > 0.97)
    #expect(abs(try value(log, "ucb1", .rejection).value! - 0.5) < 0.04)
    let bare = try self.log([0.5, 0.5], rows: 10)
    let error = #expect(throws: ConfigurationError.self) {
      _ = try value(bare, "linucb-arms", .rejection)
    }
    #expect(error?.description.contains("needs features") == true)
    #expect(throws: ConfigurationError.self) {
      _ = try BanditReplay(bare, method: .rejection, position: 2)
    }
  }

  @Test("a policy's own log carries its propensities, from which chance is valued rightly")
  func ownLog() throws {
    let problem = BernoulliArms(means: [0.7, 0.2, 0.3])
    for policy in ["random", "epsilon:0.4", "softmax:0.5", "thompson"] {
      let rounds = policy == "thompson" ? 300 : 6_000
      let log = try problem.log(policy, rounds: rounds, seed: 2)
      #expect(log.count == rounds)
      // Of each action, the sum of 1/p over its rows is about their number.
      for action in 0..<3 where policy != "thompson" {
        let sum = zip(log.actions, log.propensities).reduce(0.0) {
          $1.0 == Int32(action) ? $0 + 1 / $1.1 : $0
        }
        #expect(abs(sum / Double(rounds) - 1) < 0.15, "\(policy): \(sum)")
      }
      #expect(log.propensities.allSatisfy { $0 > 0 && $0 <= 1 })
      if policy == "thompson" { #expect(Set(log.propensities).count > 100) }
    }
    // UCB1 draws among the arms that it has not tried yet, then leaves to chance only what is equal.
    let ucb1 = try problem.log("ucb1", rounds: 50, seed: 2).propensities
    #expect(ucb1.prefix(3) == [1.0 / 3, 0.5, 1] && ucb1.allSatisfy { $0 >= 1.0 / 3 })
    let open = try problem.log("epsilon:0.4", rounds: 20_000, seed: 2)
    #expect(abs(try value(open, "random", .weighted).value! - 0.4) < 0.03)
  }

  @Test("chance replayed on Open Bandit's uniform log of men is worth what was logged")
  func openBandit() throws {
    try RealData.with("open-bandit-small.zip") { path in
      let replay = try BanditReplay(OpenBandit(path).read(.random, .men), method: .rejection)
      #expect(replay.count == 10_000 && abs(replay.loggedValue - 0.0046) < 1e-12)
      let outcomes = try (0..<20).map {
        try replay.play("random", seed: 1 + UInt64($0), shuffled: $0 > 0)
      }
      let row = BanditReplay.row("random", outcomes)
      #expect(outcomes.allSatisfy { $0.kept == $0.matches })
      #expect(abs(row.kept - 10_000.0 / 34) < 20)
      #expect(abs(row.value! - 0.0046) < 0.002, "\(row)")
    }
  }
}
