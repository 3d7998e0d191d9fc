import Foundation
import OffPolicy
import Testing

@Suite("What weights are worth")
struct WeightDiagnosticsTests {
  @Test("the diagnostics of three weights, by hand")
  func byHand() {
    let found = WeightDiagnostics(
      weights: [1, 2, 3], propensities: [0.5, 0.25, 0.2], clusters: 2, clip: 2)
    #expect(abs(found.effectiveSampleSize - 36.0 / 14) < 1e-15)
    #expect(found.largestWeight == 3 && found.meanWeight == 2 && found.topShare == 0.5)
    #expect(abs(found.clipRate - 1.0 / 3) < 1e-15 && found.smallestPropensity == 0.2)
    #expect(found.rareActions == 2 && found.count == 3 && found.clusters == 2)
    #expect(found.warnings.count == 2)
    #expect(
      found.refusal(minimumESS: 2.6)
        == "the effective sample size is 2.6, below 2.6")
    #expect(found.refusal(minimumESS: 2.5) == nil)
  }

  @Test("every weight is counted once, in the quarter of a power of ten that it lies in")
  func histogram() throws {
    // Powers of ten are bounds, 10^.25 = 1.7783 is another.
    let found = WeightHistogram([
      0, 1, 1.778, 1.779, 9.99, 10, 999_999, 1_000_000, 1e300, .infinity, 1e-7, 1e-6,
      .leastNonzeroMagnitude,
    ])
    #expect(found.edges.count == 49 && found.counts.count == 48)
    #expect(found.edges[0] == 1e-6 && found.edges[24] == 1 && found.edges[48] == 1e6)
    #expect((found.zeros, found.below, found.above) == (1, 2, 3))
    let places = [24: 2, 25: 1, 27: 1, 28: 1, 47: 1, 0: 1]
    #expect(found.counts.enumerated().allSatisfy { $1 == places[$0] ?? 0 }, "\(found.counts)")
    #expect(WeightHistogram([]).counts.allSatisfy { $0 == 0 })
  }

  @Test("a report counts the weights of its log, as they are by the policies' own probabilities")
  func histogramOfLog() throws {
    let log = try drawnLog(400, users: 100)
    let report = try log.evaluate([UniformTarget(), GreedyTarget(epsilon: 0)], .quick { _ in })
    let uniform = try #require(report.policies[0].diagnostics.histogram)
    for (range, count) in uniform.counts.enumerated() {
      let wanted = log.propensities.count {
        let weight = 1 / Double(log.actionCount) / $0
        return uniform.edges[range] <= weight && weight < uniform.edges[range + 1]
      }
      #expect(count == wanted, "\(range)")
    }
    #expect(uniform.zeros + uniform.below + uniform.above == 0)
    // A greedy policy takes its own action alone: the rest have no weight.
    let greedy = report.policies[1].diagnostics
    let counts = try #require(greedy.histogram)
    let matches = Int((greedy.matchRate * Double(log.count)).rounded())
    #expect(counts.zeros == log.count - matches && counts.counts.reduce(0, +) == matches)
    // Reports of versions without a histogram are read.
    var fields = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(greedy)) as? [String: Any])
    #expect(fields.removeValue(forKey: "histogram") != nil)
    let old = try JSONDecoder().decode(
      WeightDiagnostics.self, from: JSONSerialization.data(withJSONObject: fields))
    #expect(old.histogram == nil && old.effectiveSampleSize == greedy.effectiveSampleSize)
  }

  @Test("equal weights are worth every decision, one heavy one is worth one")
  func ends() {
    let equal = WeightDiagnostics(
      weights: Array(repeating: 0.3, count: 1_000), propensities: [0.5], clusters: 1_000, clip: 1)
    #expect(abs(equal.effectiveSampleSize - 1_000) < 1e-9 && abs(equal.topShare - 0.01) < 1e-12)
    let heavy = WeightDiagnostics(
      weights: [1e9] + Array(repeating: 1e-3, count: 999), propensities: [0.5], clusters: 1_000,
      clip: 1)
    #expect(abs(heavy.effectiveSampleSize - 1) < 1e-6 && heavy.topShare > 0.999_999)
    let none = WeightDiagnostics(weights: [0, 0], propensities: [1, 1], clusters: 2, clip: 1)
    #expect(none.effectiveSampleSize == 0 && none.topShare == 0)
  }

  @Test("actions that a position never had are counted with their share")
  func support() throws {
    // Position 0 has actions 0 and 1, position 1 only action 1.
    let log = try LoggedFeedback(
      name: "log", positions: [0, 0, 1, 1], actions: [0, 1, 1, 1], rewards: [0, 1, 0, 1],
      propensities: [0.5, 0.5, 0.9, 0.9], actionCount: 2, positionCount: 2)
    let report = try log.evaluate(
      [UniformTarget()], OffPolicyConfiguration.quick { $0.model.folds = 2 })
    let found = report.policies[0].diagnostics
    #expect(found.unsupportedActions == 1 && found.unsupportedShare == 0.25)
    #expect(found.matchRate == 0.5)
  }

  @Test("a policy below the least effective sample size keeps its numbers and loses its rank")
  func refusal() throws {
    let log = try drawnLog(400, users: 100)
    let policies: [any TargetPolicy] = [
      UniformTarget(), SoftmaxTarget(temperature: 0.5), GreedyTarget(epsilon: 0.1),
    ]
    let free = try log.evaluate(policies, .quick { $0.minimumESS = 0 })
    #expect(free.policies.compactMap(\.rank).sorted() == [1, 2, 3])
    let sizes = free.policies.map(\.diagnostics.effectiveSampleSize)
    let least = sizes.sorted()[1]
    let strict = try log.evaluate(policies, .quick { $0.minimumESS = least })
    for (policy, size) in zip(strict.policies, sizes) {
      #expect((policy.rank == nil) == (size < least) && (policy.refusal == nil) == (size >= least))
      #expect(policy.estimates.count == OffPolicyEstimator.allCases.count)
    }
    #expect(strict.policies.compactMap(\.rank).sorted() == [1, 2])
    let values = strict.policies.filter { $0.rank != nil }.sorted { $0.rank! < $1.rank! }
    #expect(values[0][.doublyRobust]!.value >= values[1][.doublyRobust]!.value)
  }

  @Test("settings that cannot work are named")
  func settings() throws {
    let log = try drawnLog(20, users: 3)
    func message(_ change: (inout OffPolicyConfiguration) -> Void) -> String {
      do {
        _ = try log.evaluate([UniformTarget()], .quick(change))
        return "none"
      } catch { return "\(error)" }
    }
    #expect(message { $0.clip = 0 } == "clip is 0.0; it must be above 0")
    #expect(message { $0.minimumESS = -1 }.hasPrefix("minimum-ess is -1.0"))
    #expect(message { $0.resamples = 1 }.hasPrefix("bootstrap is 1"))
    #expect(message { $0.model.folds = 1 }.hasPrefix("folds is 1"))
    #expect(message { $0.model.folds = 4 }.contains("drawn has 3 clusters by user"))
    #expect(message { $0.model.regularization = 0 }.hasPrefix("regularization is 0.0"))
  }
}
