import Bandits
import DRRCore
import Foundation
import Tensor
import Testing

/// Plays an experiment to its end.
private func play<Problem: BanditProblem>(
  _ problem: Problem, _ policies: [String], rounds: Int, seeds: Int = 20
) throws -> BanditExperiment<Problem> {
  var experiment = try BanditExperiment(
    BanditConfiguration(problem, policies: policies, rounds: rounds, seeds: seeds, seed: 1))
  while !experiment.isDone { try experiment.advance(rounds: 1_000) }
  return experiment
}

@Suite("Regret, its bounds, and experiments")
struct RegretTests {
  /// Every policy has a bound, and stays below it at every mark.
  private func expectBelowBounds<Problem>(_ experiment: BanditExperiment<Problem>) throws {
    for row in BanditReport(experiment).rows {
      let bounds = try #require(row.bounds, "\(row.policy)")
      for (regret, bound) in zip(row.curve, bounds) {
        #expect(regret.high <= bound, "\(row.policy): \(regret.high) above \(bound)")
      }
      #expect(row.regret.mean > 0)
    }
  }

  @Test("regret over 20 seeds is below the theorems' bounds, which here say something")
  func arms() throws {
    let experiment = try play(
      BernoulliArms(means: [0.9, 0.1]), ["epsilon-decay:6", "ucb1", "kl-ucb"], rounds: 3_000)
    try expectBelowBounds(experiment)
    for row in BanditReport(experiment).rows {
      #expect(row.bound! < 0.8 * 3_000 / 4, "\(row.policy): \(row.bound!)")
    }
  }

  @Test("so is that of ten arms of low rates, where the bounds are wide")
  func lowRates() throws {
    try expectBelowBounds(
      play(BernoulliArms(), ["epsilon-decay:5", "ucb1", "kl-ucb"], rounds: 1_000))
  }

  @Test("Thompson sampling is below its Bayesian bound in the mean over drawn arms")
  func thompson() throws {
    try expectBelowBounds(play(BernoulliArms(drawn: 10), ["thompson"], rounds: 1_000))
  }

  @Test("so are OFUL and CascadeUCB1 below theirs")
  func others() throws {
    try expectBelowBounds(play(LinearProblem(arms: 5, width: 3), ["oful"], rounds: 400))
    try expectBelowBounds(play(CascadeProblem(items: 6, places: 2), ["ucb1"], rounds: 1_000))
  }

  @Test("bounds are the formulas, by hand")
  func formulas() throws {
    let ucb = RegretBounds.ucb1([0.5, 0.3, 0.4], after: [1_000])
    let expected = 8 * (1 / 0.2 + 1 / 0.1) * log(1_000.0) + (1 + Double.pi * .pi / 3) * 0.3
    #expect(abs(ucb.values[0] - expected) < 1e-9)
    let limit = RegretBounds.laiRobbins([0.5, 0.25], after: [100])
    let divergence = 0.25 * log(0.25 / 0.5) + 0.75 * log(0.75 / 0.5)
    #expect(abs(limit[0] - 0.25 / divergence * log(100)) < 1e-12)
    let cascade = try #require(
      RegretBounds.cascadeUCB1([0.1, 0.4, 0.3, 0.2], places: 2, after: [100]))
    let sum = 12 * (1 / 0.1 + 1 / 0.2) * log(100.0) + .pi * .pi / 3 * 4 + 4
    #expect(abs(cascade.values[0] - sum) < 1e-9)
    #expect(RegretBounds.cascadeUCB1([0.3, 0.3], places: 1, after: [9]) == nil)
    #expect(RegretBounds.epsilonGreedy([0.5, 0.4], c: 1, gap: 0.2, after: [9]) == nil)
    let bayes = RegretBounds.bayesianThompson(arms: 10, after: [1_000])
    #expect(abs(bayes.values[0] - (5_000 * log(10.0)).squareRoot()) < 1e-9)
    // One pair of ε of the theorem's infimum is above what the grid finds.
    let kl = RegretBounds.klUCB([0.5, 0.1], after: [1_000]).values[0]
    let n = 1_000.0
    let one =
      0.4 * (log(1 + n * log(n) * log(n)) / BernoulliDivergence.value(0.2, 0.4) + 50 + 200)
    #expect(kl <= one && kl > 0.4 * log(n) / BernoulliDivergence.value(0.1, 0.5))
  }

  @Test("regret of a random policy is the mean gap, and rewards are those of the arms pulled")
  func random() throws {
    let means = [0.9, 0.5, 0.4]
    let experiment = try play(BernoulliArms(means: means), ["random"], rounds: 2_000, seeds: 5)
    let row = BanditReport(experiment).rows[0]
    #expect(abs(row.regret.mean / 2_000 - 0.3) < 0.01)
    #expect(abs(row.reward.mean - 0.6) < 0.02)
    #expect(abs(row.best.mean - 1.0 / 3) < 0.02)
  }

  @Test("a seed draws the same rewards for every policy")
  func paired() throws {
    let problem = BernoulliArms(means: [0.5, 0.5])
    let rows = BanditReport(try play(problem, ["random", "ucb1"], rounds: 300, seeds: 3)).rows
    #expect(rows[0].reward == rows[1].reward)
  }

  private func expectResumes<Problem: BanditProblem>(
    _ problem: Problem, _ policies: [String]
  ) throws {
    let configuration = BanditConfiguration(
      problem, policies: policies, rounds: 120, seeds: 2, seed: 5)
    var whole = try BanditExperiment(configuration)
    while !whole.isDone { try whole.advance(rounds: 120) }
    var parts = try BanditExperiment(configuration)
    while !parts.isDone {
      try parts.advance(rounds: 47)
      let state = try JSONEncoder().encode(parts.state())
      parts = try BanditExperiment(configuration)
      #expect(
        try parts.restore(
          JSONDecoder().decode(BanditExperiment<Problem>.State.self, from: state)))
    }
    #expect(parts.outcomes == whole.outcomes)
    #expect(parts.roundsDone == parts.totalRounds)
  }

  @Test("what goes on from a state is what was never stopped, for every problem and policy")
  func resume() throws {
    try expectResumes(BernoulliArms(), BernoulliArms.usualPolicies)
    try expectResumes(BernoulliArms(drawn: 3), ["thompson", "kl-ucb"])
    try expectResumes(LinearProblem(arms: 3, width: 2), LinearProblem.usualPolicies)
    try expectResumes(
      LinearProblem(arms: 3, width: 2, disjoint: true), LinearProblem.disjointPolicies)
    try expectResumes(CascadeProblem(items: 5, places: 2), CascadeProblem.usualPolicies)
    for model in [
      ClickModel.cascade(continuation: 0.7), .positions(examination: [1, 0.5]),
    ] {
      try expectResumes(
        AdProblem(rates: [0.1, 0.3, 0.2], payments: [3, 1, 2], places: 2, model: model),
        AdProblem.usualPolicies)
    }
    try expectResumes(
      ExhibitionProblem(rooms: 2, exhibitsPerRoom: 3, crowd: 10),
      ExhibitionProblem.usualPolicies + ["no-crowd", "only-user"])
  }

  @Test("marks rise to the last round")
  func marks() {
    for rounds in [1, 2, 59, 20_000] {
      let marks = BanditConfiguration(BernoulliArms(), rounds: rounds, seeds: 1, seed: 1).marks
      #expect(marks.last == rounds && marks == marks.sorted() && Set(marks).count == marks.count)
    }
  }

  @Test(
    "settings that cannot work are refused by name and value",
    arguments: [
      (BernoulliArms(means: [0.2, 1.5]), "random", "the mean of arm 2 is 1.5"),
      (BernoulliArms(means: [.nan]), "random", "the mean of arm 1 is nan"),
      (BernoulliArms(means: [-0.1]), "random", "the mean of arm 1 is -0.1"),
      (BernoulliArms(means: []), "random", "the number of arms is 0"),
      (BernoulliArms(drawn: -3), "random", "the number of arms is -3"),
      (BernoulliArms(), "bogus", "policy is \"bogus\""),
      (BernoulliArms(), "epsilon:2", "\"2\" behind a colon; it must be from 0 to 1"),
      (BernoulliArms(), "epsilon:nan", "\"nan\" behind a colon"),
      (BernoulliArms(), "softmax:0", "a positive number"),
      (BernoulliArms(), "exploit:1.5", "a whole number"),
      (BernoulliArms(), "ucb1:3", "it must be ucb1"),
      (BernoulliArms(), "epsilon-decay:1:0", "above 0 and below 1"),
    ])
  func refused(problem: BernoulliArms, policy: String, words: String) {
    let error = #expect(throws: ConfigurationError.self) {
      _ = try BanditExperiment(
        BanditConfiguration(problem, policies: [policy], rounds: 10, seeds: 1, seed: 1))
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test("so are impossible worlds, rounds and seeds")
  func refusedWorlds() {
    func refuse(_ words: String, _ make: () throws -> Void) {
      let error = #expect(throws: ConfigurationError.self) { try make() }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    func ads(
      _ rates: [Double], _ payments: [Double], _ places: Int, _ model: ClickModel
    ) -> () throws -> Void {
      { try AdProblem(rates: rates, payments: payments, places: places, model: model).validate() }
    }
    let cascade = ClickModel.cascade(continuation: 1)
    refuse("the payment of ad 2 is -1.0", ads([0.1, 0.2], [1, -1], 1, cascade))
    refuse("the payment of ad 1 is nan", ads([0.1], [.nan], 1, cascade))
    refuse("the click rate of ad 1 is 1.1", ads([1.1], [1], 1, cascade))
    refuse("the number of payments is 1", ads([0.1, 0.2], [1], 1, cascade))
    refuse("the number of places is 3", ads([0.1, 0.2], [1, 1], 3, cascade))
    refuse("look is 1.5", ads([0.1], [1], 1, .cascade(continuation: 1.5)))
    refuse("must not rise", ads([0.1, 0.2], [1, 1], 2, .positions(examination: [0.2, 0.4])))
    refuse("there must be 1", ads([0.1, 0.2], [1, 1], 1, .positions(examination: [0.4, 0.2])))
    refuse("the number of places is 0") { try CascadeProblem(items: 4, places: 0).validate() }
    refuse("the number of features is 0") { try LinearProblem(width: 0).validate() }
    refuse("the noise is inf") { try LinearProblem(noise: .infinity).validate() }
    refuse("one regression for all arms") {
      _ = try LinearProblem(disjoint: true).trial("linucb", seed: 1)
    }
    refuse("the number of rooms is 0") { try ExhibitionProblem(rooms: 0).validate() }
    for (rounds, seeds, words) in [(0, 1, "rounds is 0"), (5, 0, "seeds is 0")] {
      refuse(words) {
        try BanditConfiguration(BernoulliArms(), rounds: rounds, seeds: seeds, seed: 1).validate()
      }
    }
    refuse("named twice") {
      try BanditConfiguration(
        BernoulliArms(), policies: ["ucb1", "ucb1"], rounds: 1, seeds: 1, seed: 1
      ).validate()
    }
  }
}
