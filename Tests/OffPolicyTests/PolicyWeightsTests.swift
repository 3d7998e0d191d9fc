import Foundation
import OffPolicy
import Testing

@Suite("Weights of decisions")
struct PolicyWeightsTests {
  /// Predictions that count how often all actions of a decision are asked for.
  private final class Counted: RewardPrediction, @unchecked Sendable {
    let rewards: CrossFittedRewards
    let isGrouped: Bool
    private let lock = NSLock()
    private var asked = 0

    init(_ rewards: CrossFittedRewards, grouped: Bool) {
      (self.rewards, isGrouped) = (rewards, grouped)
    }

    var count: Int { lock.withLock { asked } }
    func predict(_ row: Int, into values: inout [Double]) {
      lock.withLock { asked += 1 }
      rewards.predict(row, into: &values)
    }
    func predict(_ row: Int, _ action: Int) -> Double { rewards.predict(row, action) }
    func group(of row: Int) -> Int? { isGrouped ? rewards.group(of: row) : nil }
  }

  private let policies: [any TargetPolicy] = [
    UniformTarget(), SoftmaxTarget(temperature: 0.5), GreedyTarget(epsilon: 0.1),
  ]

  private func model(_ log: LoggedFeedback, crossed: Bool) throws -> CrossFittedRewards {
    var configuration = RewardModelConfiguration()
    configuration.isCrossed = crossed
    configuration.regularization = 1
    return try CrossFittedRewards(log, configuration)
  }

  @Test("every action is looked at once a fold and position, to the numbers of looking each time")
  func shared() throws {
    let log = try drawnLog(3_000, users: 100)
    let model = try model(log, crossed: false)
    let (few, all) = (Counted(model, grouped: true), Counted(model, grouped: false))
    let shared = try PolicyWeights.compute(policies, on: log, rewards: few)
    let whole = try PolicyWeights.compute(policies, on: log, rewards: all)
    #expect(few.count == policies.count * 2 * 5)
    #expect(all.count == 3_000)
    #expect(shared.predicted == whole.predicted)
    func isNear(_ a: [Double], _ b: [Double]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 * max(1, abs($1)) }
    }
    for (one, other) in zip(shared.policies, whole.policies) {
      #expect(isNear(one.weights, other.weights) && isNear(one.modelled, other.modelled))
      #expect(isNear(one.mass, other.mass) && isNear([one.matchRate], [other.matchRate]))
    }
    let mass = shared.policies[1].mass
    #expect(abs(mass.reduce(0, +) - 3_000) < 1e-9)
  }

  @Test("decisions that the model tells apart are looked at each, and once for all policies")
  func apart() throws {
    let log = try drawnLog(500, users: 100)
    let counted = Counted(try model(log, crossed: true), grouped: true)
    _ = try PolicyWeights.compute(policies, on: log, rewards: counted)
    #expect(counted.count == 500)
    // The position alone says what the uniform policy does, and nobody asks for its value.
    let none = try PolicyWeights.compute([UniformTarget()], on: log, rewards: NoRewards())
    #expect(zip(none.policies[0].weights, log.propensities).allSatisfy { $0 == 0.25 / $1 })
  }

  @Test("one number of a model is that of all of them", arguments: [false, true])
  func single(crossed: Bool) throws {
    let log = try drawnLog(60, users: 20)
    for form in RewardModelConfiguration.Form.allCases {
      var configuration = RewardModelConfiguration()
      configuration.form = form
      configuration.isCrossed = crossed
      configuration.regularization = 1
      let model = try CrossFittedRewards(log, configuration)
      #expect((model.group(of: 0) == nil) == (crossed || form == .logistic))
      var values = [Double](repeating: 0, count: 4)
      for row in 0..<60 {
        model.predict(row, into: &values)
        for action in 0..<4 {
          #expect(abs(model.predict(row, action) - values[action]) < 1e-12)
        }
      }
    }
  }

  @Test("an evaluation from weights alone fits no model and finds the same")
  func withoutModel() throws {
    let log = try drawnLog(400, users: 100)
    let all = try log.evaluate([UniformTarget()], .quick())
    let plain = try log.evaluate(
      [UniformTarget()],
      .quick {
        $0.estimators = [.ips, .clippedIPS, .snips]
        $0.ranking = .ips
      })
    #expect(all.model != nil && plain.model == nil)
    for estimator in plain.configuration.estimators {
      #expect(plain.policies[0][estimator] == all.policies[0][estimator])
    }
    #expect(plain.policies[0].diagnostics == all.policies[0].diagnostics)
    let softmax = try log.evaluate([SoftmaxTarget()], plain.configuration)
    #expect(softmax.model != nil)
  }
}
