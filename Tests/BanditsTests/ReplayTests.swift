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
    #expect(try problem.log("ucb1", rounds: 50, seed: 2).propensities.allSatisfy { $0 == 1 })
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
