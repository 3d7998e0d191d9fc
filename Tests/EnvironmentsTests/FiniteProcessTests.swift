import Environments
import TestSupport
import Testing

/// Exact solutions against values that were published or follow by hand.
@Suite("Small worlds solved exactly")
struct FiniteProcessTests {
  /// Q* is what being greedy towards it is worth: nothing is left to improve.
  @Test(arguments: SmallProcess.allCases) func greedyPolicyHasTheOptimalValues(
    _ world: SmallProcess
  ) {
    let process = world.process
    let optimal = process.valueIteration().values
    let greedy = process.evaluation(
      of: { optimal.greedy($0) == $1 ? 1 : 0 }, tolerance: 1e-12, limit: 100_000)
    #expect(optimal.distance(to: greedy) < 1e-8)
  }

  /// Russell & Norvig 2010, figure 17.3: utilities with γ = 1, to three decimals, from the lower left
  /// column by column. There a state's own reward is part of its utility; here it is of the step.
  @Test func robotHasThePublishedUtilities() {
    let q = SmallProcess.robot.process.valueIteration(discount: 1).values
    let published: [Int: Double] = [
      0: 0.812, 1: 0.868, 2: 0.918, 4: 0.762, 6: 0.660, 8: 0.705, 9: 0.655, 10: 0.611, 11: 0.388,
    ]
    for (state, utility) in published {
      // Their exits are entered without the cost of the step that leads there.
      #expect(abs(q.best(state) - utility) < 6e-4, "state \(state): \(q.best(state))")
    }
  }

  @Test func lizardWalksToFiveCrickets() {
    let process = SmallProcess.lizard.process
    let q = process.valueIteration().values
    // −1 and then 10, discounted by 0.99.
    #expect(abs(q.best(6) - (-1 + 0.99 * 10)) < 1e-9)
    #expect(process.greedyPath(q) == [6, 7, 8])
  }

  @Test func cliffCostsThirteenSteps() {
    let process = SmallProcess.cliff.process
    let q = process.valueIteration().values
    var sum = 0.0
    var discount = 1.0
    for _ in 0..<13 {
      sum -= discount
      discount *= 0.99
    }
    #expect(abs(q.best(36) - sum) < 1e-9)
    #expect(process.greedyPath(q).count == 14)
  }

  /// V = (I − γP)⁻¹ r of always going forward, solved by elimination.
  @Test func chainIsTheSolutionOfItsEquations() {
    let process = SmallProcess.chain.process
    let q = process.evaluation(of: { $1 == 0 ? 1 : 0 })
    var matrix = (0..<5).map { row in (0..<6).map { $0 == row ? 1.0 : 0 } }
    for state in 0..<5 {
      matrix[state][min(state + 1, 4)] -= 0.9 * 0.8
      matrix[state][0] -= 0.9 * 0.2
      matrix[state][5] = 0.8 * (state == 4 ? 10 : 0) + 0.2 * 2
    }
    for pivot in 0..<5 {
      let scale = matrix[pivot][pivot]
      for column in 0..<6 { matrix[pivot][column] /= scale }
      for row in 0..<5 where row != pivot {
        let factor = matrix[row][pivot]
        for column in 0..<6 { matrix[row][column] -= factor * matrix[pivot][column] }
      }
    }
    for state in 0..<5 { #expect(abs(q[state, 0] - matrix[state][5]) < 1e-8) }
    #expect(process.valueIteration().values.distance(to: q) < 1e-8, "forward is the best")
  }

  @Test(arguments: OutcomeDraws.allCases) func outcomesComeByTheirShares(_ draws: OutcomeDraws) {
    let process = SmallProcess.chain.process
    var environment = FiniteEnvironment(process, draws: draws, limit: 1_000_000, seed: 3)
    _ = environment.reset(episode: 0)
    var back = 0
    for _ in 0..<20_000 where environment.step(0).reward == 2 { back += 1 }
    let tolerance = draws == .balanced ? 5 : 4 * (20_000 * 0.2 * 0.8).squareRoot()
    #expect(abs(Double(back) - 4_000) <= tolerance)
  }

  @Test func anEpisodeIsCutOffOrEnds() {
    var chain = FiniteEnvironment(SmallProcess.chain.process, limit: 3)
    _ = chain.reset(episode: 0)
    #expect([0, 0, 0].map { chain.step($0).truncated } == [false, false, true])
    var lizard = FiniteEnvironment(SmallProcess.lizard.process)
    #expect(lizard.reset(episode: 0) == 6)
    _ = lizard.step(1)
    let last = lizard.step(1)
    #expect(last.terminated && !last.truncated && last.reward == 10)
  }
}
