import Foundation
import OffPolicy
import Testing

@Suite("Off-policy estimators where the truth is known")
struct OffPolicySimulationTests {
  @Test("a bandit's log follows its policy, and its exact values are those of long logs")
  func bandit() {
    let bandit = SyntheticBandit(seed: 1)
    let behaviour = bandit.policy(sharpness: 1, noise: 0.3, seed: 2)
    let (log, contexts) = bandit.log(20_000, behaviour: behaviour, seed: 3)
    #expect(log.clusterCount == 5_000 && log.summary.largestCluster == 4)
    let mean = log.rewards.reduce(0, +) / 20_000
    #expect(abs(mean - bandit.value(of: behaviour)) < 0.02)
    for row in 0..<20_000 {
      let expected = behaviour[contexts[row] * bandit.actionCount + Int(log.actions[row])]
      #expect(log.propensities[row] == expected)
    }
    #expect(abs(log.summary.positions[0].inverseSum - 1) < 0.1)
    #expect(abs(bandit.overlap(of: behaviour, with: behaviour) - 1) < 1e-12)
    let uniform = [Double](repeating: 0.1, count: bandit.means.count)
    #expect(
      abs(bandit.value(of: uniform) - bandit.means.reduce(0, +) / Double(bandit.means.count))
        < 1e-12)
  }

  @Test("errors shrink with the log and grow as overlap goes, and policies find their order")
  func simulate() throws {
    var simulation = OffPolicySimulation()
    simulation.sizes = [200, 800]
    simulation.behaviours = [1, -0.3]
    simulation.replications = 24
    simulation.resamples = 60
    simulation.policies = 10
    simulation.model.regularization = 10
    simulation.model.folds = 3
    let report = try #require(try simulation.run())
    #expect(report == (try simulation.run()))
    func row(
      _ size: Int, _ estimator: OffPolicyEstimator, near: Bool
    )
      -> OffPolicySimulation.Row
    {
      let rows = report.decisions.filter { $0.size == size && $0.estimator == estimator.rawValue }
      return near ? rows[0] : rows[1]
    }
    #expect(report.decisions.count == 32 && report.sessions.count == 12)
    for estimator in [OffPolicyEstimator.ips, .snips, .doublyRobust, .sndr] {
      for near in [true, false] {
        let (small, large) = (row(200, estimator, near: near), row(800, estimator, near: near))
        #expect(large.rootMeanSquaredError < small.rootMeanSquaredError, "\(estimator)")
        // No bias beyond chance: four standard errors of the mean of 24.
        #expect(abs(large.bias) < 4 * large.rootMeanSquaredError / 24.0.squareRoot())
      }
      let (near, far) = (row(800, estimator, near: true), row(800, estimator, near: false))
      #expect(near.overlap > 2 * far.overlap)
      #expect(near.rootMeanSquaredError < far.rootMeanSquaredError)
      #expect(near.rankCorrelation! > 0.9 && near.coverage! > 0.75, "\(near)")
    }
    #expect(
      row(800, .doublyRobust, near: false).rootMeanSquaredError
        < row(800, .ips, near: false).rootMeanSquaredError)
    for row in report.decisions + report.sessions {
      #expect((row.coverage == nil) == ["dm", "fqe"].contains(row.estimator))
    }
    let values = report.sessions.filter { $0.size == 800 }
    #expect(
      values.first { $0.estimator == "dr" }!.rootMeanSquaredError
        < values.first { $0.estimator == "is" }!.rootMeanSquaredError)
    #expect(try simulation.run(isStopped: { true }) == nil)
  }

  @Test("rank correlation by hand, ties sharing their rank")
  func ranks() {
    #expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 40]) == 1)
    #expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
    // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3.
    #expect(
      abs(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4]) - 4.5 / (4.5 * 5).squareRoot()) < 1e-15)
    #expect(rankCorrelation([1, 1, 1], [1, 2, 3]) == 0)
  }
}
