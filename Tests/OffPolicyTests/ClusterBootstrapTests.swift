import Foundation
import OffPolicy
import Testing

@Suite("Intervals by clusters")
struct ClusterBootstrapTests {
  @Test("the same seed draws the same intervals, another seed others")
  func determinism() throws {
    let log = try drawnLog(300, users: 60)
    let first = try log.evaluate([UniformTarget()], .quick())
    let again = try log.evaluate([UniformTarget()], .quick())
    #expect(first == again)
    let other = try log.evaluate([UniformTarget()], .quick { $0.seed = 1 })
    #expect(first.policies[0][.ips]!.value == other.policies[0][.ips]!.value)
    #expect(first.policies[0][.ips]!.low != other.policies[0][.ips]!.low)
    for (name, interval) in first.policies[0].estimates {
      // The direct method is the model itself, which a resample does not fit anew.
      guard let low = interval.low, let high = interval.high else {
        #expect(name == "dm" && interval.low == nil && interval.high == nil)
        continue
      }
      #expect(name != "dm" && low < interval.value && interval.value < high)
    }
  }

  @Test("a decision that is written down four times by one user is one decision")
  func clusters() throws {
    let log = try drawnLog(50, users: 50)
    let copies = (0..<200).map { $0 / 4 }
    let copied = try LoggedFeedback(
      name: "copied", users: copies.map { Int32($0) }, positions: copies.map { log.positions[$0] },
      actions: copies.map { log.actions[$0] }, rewards: copies.map { log.rewards[$0] },
      propensities: copies.map { log.propensities[$0] }, actionCount: 4, positionCount: 2)
    let bootstrap = ClusterBootstrap(resamples: 400, seed: 3)
    let (one, four) = (log.onPolicyValue(bootstrap), copied.onPolicyValue(bootstrap))
    for (a, b) in [(one.value, four.value), (one.low!, four.low!), (one.high!, four.high!)] {
      #expect(abs(a - b) < 1e-12)
    }
    // Taken for 200 decisions the interval is half as wide.
    let rows = copied.clusteredByRow().onPolicyValue(bootstrap)
    let ratio = (rows.high! - rows.low!) / (one.high! - one.low!)
    #expect(ratio > 0.35 && ratio < 0.65, "\(ratio)")
  }

  @Test("the interval of a mean is that of its standard error")
  func normal() throws {
    let log = try drawnLog(2_000, users: 2_000)
    let found = log.onPolicyValue(ClusterBootstrap(resamples: 2_000, seed: 0))
    let mean = log.rewards.reduce(0, +) / 2_000
    let error = (mean * (1 - mean) / 2_000).squareRoot()
    #expect(abs(found.value - mean) < 1e-12)
    #expect(abs(found.low! - (mean - 1.96 * error)) < 0.2 * error)
    #expect(abs(found.high! - (mean + 1.96 * error)) < 0.2 * error)
  }

  @Test("every cluster is drawn as often as chance has it")
  func draws() {
    let clusters = 7
    var sums = [Double](repeating: 0, count: clusters * clusters)
    for cluster in 0..<clusters { sums[cluster * clusters + cluster] = 1 }
    let totals = ClusterBootstrap(resamples: 3_000, seed: 5).totals(sums, width: clusters)
    for cluster in 0..<clusters {
      let drawn = stride(from: cluster, to: totals.count, by: clusters).reduce(0) {
        $0 + totals[$1]
      }
      // Binomial: 21,000 draws at 1/7.
      #expect(abs(drawn - 3_000) < 5 * (21_000.0 / 7 * 6 / 7).squareRoot())
    }
    for resample in 0..<3_000 {
      #expect(totals[resample * clusters..<(resample + 1) * clusters].reduce(0, +) == 7)
    }
  }
}
