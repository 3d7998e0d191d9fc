import DRRTestSupport
import Foundation
import OffPolicy
import Testing

/// Figures computed apart, by a few lines of Python over the files.
@Suite("Open Bandit, off policy")
struct OpenBanditFixtureTests {
  private func close(_ value: Double?, _ expected: Double, _ tolerance: Double) -> Bool {
    value.map { abs($0 - expected) <= tolerance } ?? false
  }

  @Test("the uniform policy from the men's log, and the log of the uniform policy")
  func men() throws {
    try RealData.with("open-bandit-small.zip") { path in
      let bandit = try OpenBandit(path)
      let log = try bandit.read(.bts, .men)
      let random = try bandit.read(.random, .men)
      let report = try log.evaluate(
        [UniformTarget(), try FixedTarget(marginalOf: random, for: log)], .quick())
      let uniform = report.policies[0]
      #expect(close(uniform[.ips]?.value, 0.003_008_626, 1e-9))
      #expect(close(uniform[.snips]?.value, 0.003_189_423, 1e-9))
      let found = uniform.diagnostics
      #expect(close(found.effectiveSampleSize, 655.709_85, 1e-4))
      #expect(close(found.largestWeight, 178.253_12, 1e-4))
      #expect(close(found.meanWeight, 0.943_313_6, 1e-6))
      #expect(found.unsupportedActions == 0 && found.rareActions == 0)
      #expect(uniform.rank != nil && uniform.warnings.isEmpty && uniform.refusal == nil)
      #expect(close(report.behaviour.value, 0.0069, 1e-12))
      #expect(report.log.clusters == 238)
      // Uniform decisions, nearly: much the same value.
      let marginal = report.policies[1]
      #expect(close(marginal[.ips]?.value, uniform[.ips]!.value, 2e-4))
      let own = random.onPolicyValue(ClusterBootstrap(resamples: 400))
      #expect(close(own.value, 0.0046, 1e-12))
      // 0.0007 is the standard error of single decisions.
      let rows = random.clusteredByRow().onPolicyValue(ClusterBootstrap(resamples: 400))
      #expect(close((rows.high! - rows.low!) / 2 / 1.96, 0.0007, 0.00008))
    }
  }

  @Test("the women's log is refused for the uniform policy, and says why")
  func women() throws {
    try RealData.with("open-bandit-small.zip") { path in
      let bandit = try OpenBandit(path)
      let log = try bandit.read(.bts, .women)
      let uniform = try log.evaluate([UniformTarget()], .quick()).policies[0]
      #expect(close(uniform[.ips]?.value, 0.007_437_578, 1e-9))
      #expect(close(uniform[.snips]?.value, 0.002_373_046, 1e-9))
      let found = uniform.diagnostics
      #expect(close(found.effectiveSampleSize, 2.077_823, 1e-5))
      #expect(close(found.largestWeight, 21_739.130_43, 1e-4))
      #expect(close(found.meanWeight, 3.134_190, 1e-6))
      #expect(found.smallestPropensity == 1e-6 && found.rareActions == 1)
      #expect(
        uniform.refusal == "the effective sample size is 2.1, below 100" && uniform.rank == nil)
      #expect(uniform.warnings.contains("the mean weight is 3.13, expected about 1"))
      #expect(uniform.warnings.contains { $0.contains("propensity below 1/10000") })
      #expect(close(try bandit.read(.random, .women).summary.meanReward, 0.0046, 1e-12))
    }
  }
}
