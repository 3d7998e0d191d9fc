import Bandits
import Foundation
import Tensor
import Testing

@Suite("The exhibition")
struct ExhibitionTests {
  private func play(
    _ problem: ExhibitionProblem, _ policies: [String], rounds: Int, seeds: Int
  ) throws -> BanditExperiment<ExhibitionProblem> {
    var experiment = try BanditExperiment(
      BanditConfiguration(problem, policies: policies, rounds: rounds, seeds: seeds, seed: 1))
    while !experiment.isDone { try experiment.advance(rounds: rounds) }
    return experiment
  }

  @Test("the oracle has no regret, and a guide that learns comes between it and chance")
  func order() throws {
    let experiment = try play(
      ExhibitionProblem(), ["random", "linucb", "lin-thompson", "oracle"], rounds: 600, seeds: 3)
    let rows = BanditReport(experiment).rows
    #expect(rows[3].regret.high == 0 && rows[3].best.mean == 1)
    for row in rows[1...2] {
      #expect(row.regret.high < 0.6 * rows[0].regret.low, "\(row.policy) \(row.regret)")
    }
    for outcome in experiment.outcomes {
      let visits = 600 / outcome.figures["exhibits a visit"]!
      #expect(visits > 30 && visits < 600)
      let satisfaction = outcome.figures["satisfaction a visit"]!
      #expect(abs(satisfaction * visits.rounded(.down) - outcome.reward) < 0.05 * outcome.reward)
      #expect((0...1).contains(outcome.figures["overcrowded"]!))
    }
  }

  @Test("what the crowd's features are worth grows with the crowd, and is nothing without one")
  func crowd() throws {
    func gain(_ crowd: Int) throws -> BanditGain {
      let experiment = try play(
        ExhibitionProblem(crowd: crowd), ["linucb", "no-crowd"], rounds: 800, seeds: 10)
      return try #require(BanditGain(of: "linucb", over: "no-crowd", in: experiment))
    }
    let (none, many) = (try gain(0), try gain(400))
    #expect(many.reward.low > 0.005, "\(many)")
    #expect(abs(none.reward.mean) < 0.3 * many.reward.mean, "\(none)")
    #expect(many.figures["overcrowded"]!.high < 0)
  }

  @Test("every part has features, and each feature one part")
  func parts() {
    for part in PersonalisationPart.allCases {
      #expect(ExhibitionFeature.allCases.contains { $0.part == part })
    }
    #expect(ExhibitionFeature.allCases.count == 18)
  }

  @Test("no exhibit is shown twice in a visit, however few there are")
  func tiny() throws {
    for (rooms, exhibits, crowd) in [(1, 1, 0), (1, 2, 1)] {
      let problem = ExhibitionProblem(rooms: rooms, exhibitsPerRoom: exhibits, crowd: crowd)
      let experiment = try play(
        problem, ExhibitionProblem.usualPolicies, rounds: 50, seeds: 1)
      for outcome in experiment.outcomes {
        #expect(outcome.figures["exhibits a visit"]! <= Double(rooms * exhibits) * 51 / 50 + 0.1)
      }
    }
  }
}
