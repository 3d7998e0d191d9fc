import DRRCore
import DRRTestSupport
import Foundation
import OffPolicy
import Testing

@Suite("Cross-fitted reward models")
struct RewardModelTests {
  /// The columns of a log with two positions, four actions and two numbers, written out.
  private func features(_ log: LoggedFeedback, _ row: Int, _ action: Int, crossed: Bool) -> [Double]
  {
    var x = [1.0] + [0.0, 0] + [0.0, 0, 0, 0] + log.context.vector(row)
    x[1 + Int(log.positions[row])] = 1
    x[3 + action] = 1
    if crossed {
      for other in 0..<4 {
        x += other == action ? log.context.vector(row) : [0, 0]
      }
    }
    return x
  }

  private func configuration(
    _ form: RewardModelConfiguration.Form, crossed: Bool, penalty: Double? = 2
  ) -> RewardModelConfiguration {
    var configuration = RewardModelConfiguration()
    configuration.form = form
    configuration.isCrossed = crossed
    configuration.regularization = penalty
    configuration.folds = 3
    configuration.seed = 7
    return configuration
  }

  @Test("ridge is the solution of the other folds' normal equations", arguments: [false, true])
  func ridge(crossed: Bool) throws {
    let log = try drawnLog(90, users: 30)
    let model = try CrossFittedRewards(log, configuration(.ridge, crossed: crossed))
    #expect(model.width == (crossed ? 17 : 9))
    var values = [Double](repeating: 0, count: 4)
    for fold in 0..<3 {
      var (a, b) = (
        [[Double]](
          repeating: [Double](repeating: 0, count: model.width), count: model.width),
        [Double](repeating: 0, count: model.width)
      )
      for i in 1..<model.width { a[i][i] = 2 }
      a[0][0] = 1e-9
      for row in 0..<90 where model.folds[row] != fold {
        let x = features(log, row, Int(log.actions[row]), crossed: crossed)
        for i in x.indices {
          b[i] += x[i] * log.rewards[row]
          for j in x.indices { a[i][j] += x[i] * x[j] }
        }
      }
      let theta = Dense.solve(a, b)
      for row in 0..<90 where model.folds[row] == fold {
        model.predict(row, into: &values)
        for action in 0..<4 {
          let x = features(log, row, action, crossed: crossed)
          let expected = zip(x, theta).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(abs(values[action] - expected) < 1e-9)
        }
      }
    }
  }

  @Test("logistic regression is the minimum that plain descent finds")
  func logistic() throws {
    let log = try drawnLog(60, users: 20)
    let model = try CrossFittedRewards(log, configuration(.logistic, crossed: false))
    var values = [Double](repeating: 0, count: 4)
    let rows = (0..<60).filter { model.folds[$0] != 0 }
    let x = rows.map { features(log, $0, Int(log.actions[$0]), crossed: false) }
    var theta = [Double](repeating: 0, count: 9)
    func mean(_ x: [Double]) -> Double {
      1 / (1 + exp(-zip(x, theta).reduce(0) { $0 + $1.0 * $1.1 }))
    }
    for _ in 0..<4_000 {
      var gradient = theta.enumerated().map { $0.offset == 0 ? 0 : 2 * $0.element }
      for (row, x) in zip(rows, x) {
        let error = mean(x) - log.rewards[row]
        for i in x.indices { gradient[i] += error * x[i] }
      }
      for i in theta.indices { theta[i] -= 0.02 * gradient[i] }
    }
    for row in 0..<60 where model.folds[row] == 0 {
      model.predict(row, into: &values)
      for action in 0..<4 {
        let expected = mean(features(log, row, action, crossed: false))
        #expect(abs(values[action] - expected) < 1e-6)
      }
    }
  }

  @Test(
    "no row is foretold by a model that saw its cluster",
    arguments: RewardModelConfiguration.Form.allCases, [2.0, nil])
  func crossFit(form: RewardModelConfiguration.Form, penalty: Double?) throws {
    let log = try drawnLog(90, users: 15)
    let settings = configuration(form, crossed: false, penalty: penalty)
    let model = try CrossFittedRewards(log, settings)
    for cluster in 0..<15 {
      let rows = (0..<90).filter { Int(log.clusters[$0]) == cluster }
      #expect(Set(rows.map { model.folds[$0] }).count == 1)
    }
    var (before, after) = ([Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
    for cluster in [0, 7, 14] {
      let own = (0..<90).filter { Int(log.clusters[$0]) == cluster }
      let turned = try LoggedFeedback(
        name: "turned", users: log.clusters, positions: log.positions, actions: log.actions,
        rewards: (0..<90).map { own.contains($0) ? 1 - log.rewards[$0] : log.rewards[$0] },
        propensities: log.propensities, actionCount: 4, positionCount: 2, context: log.context)
      let other = try CrossFittedRewards(turned, settings)
      var moved = 0
      for row in 0..<90 {
        model.predict(row, into: &before)
        other.predict(row, into: &after)
        if model.folds[row] == model.folds[own[0]] {
          #expect(before == after)
        } else if before != after {
          moved += 1
        }
      }
      #expect(moved > 0)
    }
  }

  @Test("folds are of nearly equal size, and their report adds up")
  func folds() throws {
    let log = try drawnLog(400, users: 80)
    let report = try #require(log.evaluate([UniformTarget()], .quick()).model)
    #expect(report.folds == 5 && report.columns == 9 && report.calibration.count == 10)
    #expect(report.calibration.reduce(0) { $0 + $1.rows } == 400)
    let clicks = report.calibration.reduce(0) { $0 + $1.observed * Double($1.rows) }
    #expect(abs(clicks - log.rewards.reduce(0, +)) < 1e-9)
    let predictions = report.calibration.map(\.predicted)
    #expect(predictions == predictions.sorted())
    let model = try CrossFittedRewards(log, RewardModelConfiguration())
    for fold in 0..<5 { #expect(abs(model.folds.count { $0 == fold } - 80) <= 5) }
  }

  @Test("a model beats the mean where rewards follow the context, and says so")
  func learns() throws {
    let bandit = SyntheticBandit(seed: 3)
    let behaviour = bandit.policy(sharpness: 0, noise: 0.5, seed: 1)
    let (log, _) = bandit.log(3_000, behaviour: behaviour, seed: 2)
    for form in RewardModelConfiguration.Form.allCases {
      var configuration = OffPolicyConfiguration.quick()
      configuration.model.form = form
      configuration.model.isCrossed = true
      let report = try #require(log.evaluate([UniformTarget()], configuration).model)
      #expect(report.rootMeanSquaredError < 0.97 * report.rootMeanSquaredErrorOfMean)
      #expect(report.calibration.last!.observed > report.calibration.first!.observed + 0.2)
    }
  }

  @Test("rewards that are not 0 or 1 and tables too wide are refused")
  func refused() throws {
    let log = try LoggedFeedback(
      name: "log", actions: [0, 0, 0], rewards: [0, 1, 0.5], propensities: [1, 1, 1],
      actionCount: 1)
    #expect(
      throws: ConfigurationError(
        "the reward model is logistic; it must be ridge where a reward is 0.5")
    ) {
      try CrossFittedRewards(log, configuration(.logistic, crossed: false))
    }
    let wide = try LoggedFeedback(
      name: "wide", actions: [0, 0, 0], rewards: [0, 1, 0.5], propensities: [1, 1, 1],
      actionCount: 1,
      context: FeatureTable(Array(repeating: Array(repeating: 1, count: 2_000), count: 3)))
    #expect(
      throws: ConfigurationError(
        "the reward model has 2001 columns beside those of single actions; it must have at most 2000"
      )
    ) {
      try CrossFittedRewards(wide, configuration(.ridge, crossed: false))
    }
    let many = try LoggedFeedback(
      name: "many", actions: [0, 0, 0], rewards: [0, 1, 0.5], propensities: [1, 1, 1],
      actionCount: 10_000,
      context: FeatureTable(Array(repeating: Array(repeating: 1, count: 100), count: 3)))
    let error = #expect(throws: ConfigurationError.self) {
      try CrossFittedRewards(many, configuration(.ridge, crossed: true))
    }
    #expect(error?.description.contains("numbers; they must be at most 16777216") == true)
    #expect(try CrossFittedRewards(many, configuration(.ridge, crossed: false)).width == 10_101)
  }
}
