import DRRCore
import Foundation
import OffPolicy
import Testing

@Suite("Off-policy estimators")
struct EstimatorTests {
  let tiny = TinyBandit()
  /// A model that is plainly wrong.
  let wrong = [[0.5, 0.1, 0.9], [-0.3, 0.2, 0.4]]

  @Test("IPS and doubly robust are unbiased over every possible log, whatever the model")
  func unbiased() throws {
    let truth = tiny.value(tiny.target)
    var means: [OffPolicyEstimator: Double] = [:]
    var total = 0.0
    try tiny.forEachLog { log, contexts, probability in
      let found = try log.estimates(
        tiny.policy(tiny.target, contexts), GivenRewards(values: contexts.map { wrong[$0] }),
        clip: 2)
      for (estimator, value) in found where value.isFinite {
        means[estimator, default: 0] += probability * value
      }
      total += probability
    }
    #expect(abs(total - 1) < 1e-12)
    #expect(abs(means[.ips]! - truth) < 1e-12 && abs(means[.doublyRobust]! - truth) < 1e-12)
    // Those that trade bias for variance have some.
    for estimator in [OffPolicyEstimator.directMethod, .clippedIPS, .switchDR, .shrunkDR, .snips] {
      #expect(abs(means[estimator]! - truth) > 1e-3, "\(estimator)")
    }
  }

  @Test("every estimator is its formula, written out")
  func formulas() throws {
    let log = try drawnLog(200, users: 40)
    let model = GivenRewards(
      values: (0..<200).map { row in (0..<4).map { 0.1 * Double(($0 * 7 + row) % 9) } })
    let policy = SoftmaxTarget(temperature: 0.7)
    let clip = 1.5
    let found = try log.estimates(policy, model, clip: clip)
    let n = 200.0
    var (w, v, q, pi) = ([Double](), [Double](), [Double](), [[Double]]())
    for row in 0..<200 {
      let values = model.values[row]
      let mean = values.reduce(0, +) / 4
      let deviation = (values.reduce(0) { $0 + pow($1 - mean, 2) } / 4).squareRoot()
      let powers = values.map { exp(($0 - mean) / deviation / 0.7) }
      pi.append(powers.map { $0 / powers.reduce(0, +) })
      let action = Int(log.actions[row])
      w.append(pi[row][action] / log.propensities[row])
      v.append(zip(pi[row], values).reduce(0) { $0 + $1.0 * $1.1 })
      q.append(values[action])
    }
    let r = log.rewards
    func mean(_ term: (Int) -> Double) -> Double { (0..<200).reduce(0) { $0 + term($1) } / n }
    let weight = w.reduce(0, +) / n
    let expected: [OffPolicyEstimator: Double] = [
      .directMethod: mean { v[$0] }, .ips: mean { w[$0] * r[$0] },
      .clippedIPS: mean { min(w[$0], clip) * r[$0] }, .snips: mean { w[$0] * r[$0] } / weight,
      .doublyRobust: mean { v[$0] + w[$0] * (r[$0] - q[$0]) },
      .sndr: mean { v[$0] } + mean { w[$0] * (r[$0] - q[$0]) } / weight,
      .switchDR: mean { v[$0] + (w[$0] <= clip ? w[$0] * (r[$0] - q[$0]) : 0) },
      .shrunkDR: mean {
        v[$0] + clip * clip * w[$0] / (w[$0] * w[$0] + clip * clip) * (r[$0] - q[$0])
      },
    ]
    for estimator in OffPolicyEstimator.allCases {
      #expect(abs(found[estimator]! - expected[estimator]!) < 1e-12, "\(estimator)")
    }
    #expect(w.contains { $0 > clip } && w.contains { $0 < clip })
  }

  @Test("doubly robust is IPS without a model, and the direct method with a perfect one")
  func limits() throws {
    let log = try drawnLog(120, users: 30)
    let none = try log.estimates(UniformTarget(), NoRewards(), clip: 3)
    #expect(none[.doublyRobust] == none[.ips] && none[.sndr] == none[.snips])
    #expect(none[.directMethod] == 0)
    let rewards = (0..<120).map { row in (0..<4).map { Double(($0 + row) % 3) } }
    let sure = try LoggedFeedback(
      name: "sure", positions: log.positions, actions: log.actions,
      rewards: (0..<120).map { rewards[$0][Int(log.actions[$0])] },
      propensities: log.propensities, actionCount: 4, positionCount: 2)
    let found = try sure.estimates(
      GreedyTarget(epsilon: 0.2), GivenRewards(values: rewards), clip: 3)
    let greedy = rewards.map { $0.max()! * 0.8 + $0.reduce(0, +) / 4 * 0.2 }.reduce(0, +) / 120
    for estimator in [OffPolicyEstimator.directMethod, .doublyRobust, .sndr, .switchDR, .shrunkDR] {
      #expect(abs(found[estimator]! - greedy) < 1e-12, "\(estimator)")
    }
  }

  @Test("SNIPS moves with the rewards and not with the scale of the propensities")
  func invariance() throws {
    let log = try drawnLog(100, users: 25)
    func changed(shift: Double = 0, scale: Double = 1) throws -> [OffPolicyEstimator: Double] {
      try LoggedFeedback(
        name: "changed", positions: log.positions, actions: log.actions,
        rewards: log.rewards.map { $0 + shift },
        propensities: log.propensities.map { $0 * scale }, actionCount: 4, positionCount: 2
      ).estimates(UniformTarget(), NoRewards(), clip: 5)
    }
    let plain = try changed()
    #expect(abs(try changed(shift: 10)[.snips]! - plain[.snips]! - 10) < 1e-12)
    #expect(abs(try changed(scale: 0.25)[.snips]! - plain[.snips]!) < 1e-12)
    #expect(abs(try changed(scale: 0.25)[.ips]! - 4 * plain[.ips]!) < 1e-12)
  }

  @Test("a clip beyond every weight changes nothing, one below all leaves the model alone")
  func clips() throws {
    let log = try drawnLog(100, users: 25)
    let model = GivenRewards(values: (0..<100).map { row in (0..<4).map { 0.2 * Double($0) } })
    let wide = try log.estimates(UniformTarget(), model, clip: 1e9)
    #expect(wide[.clippedIPS] == wide[.ips] && wide[.switchDR] == wide[.doublyRobust])
    #expect(abs(wide[.shrunkDR]! - wide[.doublyRobust]!) < 1e-12)
    let narrow = try log.estimates(UniformTarget(), model, clip: 1e-6)
    #expect(narrow[.switchDR] == narrow[.directMethod])
    #expect(abs(narrow[.shrunkDR]! - narrow[.directMethod]!) < 1e-5)
  }

  @Test("where nothing has weight, ratios are no numbers and means are 0")
  func nothing() throws {
    let log = try LoggedFeedback(
      name: "two", actions: [0, 0], rewards: [1, 1], propensities: [0.5, 0.5], actionCount: 2)
    let never = FixedTarget(name: "never", table: [0, 1])
    let found = try log.estimates(never, NoRewards(), clip: 10)
    #expect(found[.ips] == 0 && found[.snips]!.isNaN)
    let report = try log.evaluate(
      [never], OffPolicyConfiguration.quick { $0.model.folds = 2 })
    #expect(report.policies[0].refusal != nil && report.policies[0].rank == nil)
    #expect(report.policies[0].diagnostics.unsupportedActions == 1)
    #expect(report.policies[0].diagnostics.unsupportedShare == 1)
  }

  @Test("a policy whose probabilities do not sum to 1 is refused by name")
  func sums() throws {
    let log = try drawnLog(20, users: 20)
    #expect(throws: ConfigurationError.self) {
      try log.estimates(
        FixedTarget(name: "half", table: Array(repeating: 0.125, count: 8)), NoRewards(), clip: 1)
    }
  }
}

extension OffPolicyConfiguration {
  /// Few resamples, and what `change` wants.
  static func quick(
    _ change: (inout OffPolicyConfiguration) -> Void = { _ in }
  )
    -> OffPolicyConfiguration
  {
    var configuration = OffPolicyConfiguration()
    configuration.resamples = 100
    configuration.model.regularization = 1
    change(&configuration)
    return configuration
  }
}
