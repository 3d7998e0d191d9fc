import DRRCore
import Feedback
import Foundation
import OffPolicy
import Tensor
import TestSupport
import Testing

@Suite("Values of lists that another policy drew") struct SlateEvaluationTests {
  /// The mean of an estimator over logs, and its standard error.
  private func mean(_ values: [Double]) -> (mean: Double, error: Double) {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)
    return (mean, (variance / n).squareRoot())
  }

  @Test("estimators have the value that enumeration tells, as their mean over many logs")
  func unbiased() throws {
    for isAdditive in [true, false] {
      let oracle = SlateOracle(isAdditive: isAdditive)
      let truth = oracle.truth
      var configuration = SlateConfiguration()
      configuration.estimators = SlateEstimator.allCases
      configuration.resamples = 40
      let logs = try (0..<150).map { seed -> SlateReport.Policy in
        let (log, target) = try oracle.log(240, seed: UInt64(seed), inverse: true)
        return try log.evaluate([target], configuration).policies[0]
      }
      func check(_ name: String, _ values: [Double], _ truth: Double) {
        let (mean, error) = mean(values)
        #expect(abs(mean - truth) < 4 * error, "\(name): \(mean) ± \(error), not \(truth)")
        // A bound that everything is within would show nothing.
        #expect(error < 0.02, "\(name): \(error)")
      }
      let list = truth.reduce(0, +)
      for estimator in [SlateEstimator.ips, .rips] + (isAdditive ? [.pi] : []) {
        check("\(estimator)", logs.map { $0[estimator]!.value }, list)
      }
      // Self-normalized ones have a bias of 1/n.
      for estimator in [SlateEstimator.snips, .snrips] + (isAdditive ? [.wpi] : []) {
        let (mean, error) = mean(logs.map { $0[estimator]!.value })
        #expect(abs(mean - list) < 4 * error + 0.01, "\(estimator): \(mean), not \(list)")
      }
      for position in truth.indices {
        let (mean, error) = mean(logs.map { $0.positions[position].value.value })
        #expect(abs(mean - truth[position]) < 4 * error + 0.01, "\(position + 1)")
      }
      let spread = { (estimator: SlateEstimator) in
        self.mean(logs.map { $0[estimator]!.value }).error
      }
      #expect(spread(.rips) < spread(.ips) && spread(.snrips) < spread(.ips))
      if isAdditive { #expect(spread(.pi) < spread(.ips)) }
    }
  }

  @Test("the interval holds the truth about as often as it says")
  func coverage() throws {
    let oracle = SlateOracle(isAdditive: false)
    let truth = oracle.truth.reduce(0, +)
    var configuration = SlateConfiguration()
    configuration.resamples = 200
    let logs = try (0..<200).map { seed in
      let (log, target) = try oracle.log(240, seed: UInt64(1_000 + seed), inverse: false)
      return try log.evaluate([target], configuration).policies[0]
    }
    for estimator in [SlateEstimator.rips, .snrips] {
      let held = logs.count { $0[estimator]!.contains(truth)! }
      #expect((178...200).contains(held), "\(estimator): \(held) of 200")
    }
    configuration.confidence = 0.5
    let (log, target) = try oracle.log(240, seed: 5, inverse: false)
    let narrow = try log.evaluate([target], configuration).policies[0][.snrips]!
    configuration.confidence = 0.95
    let wide = try log.evaluate([target], configuration).policies[0][.snrips]!
    #expect(narrow.low! > wide.low! && narrow.high! < wide.high!)
  }

  @Test("the pseudo-inverse is exact where rewards are sums over positions, and only there")
  func exact() {
    for isAdditive in [true, false] {
      let oracle = SlateOracle(isAdditive: isAdditive)
      let errors = oracle.logged.indices.map { user in
        let (logged, target) = (oracle.logged[user], oracle.target[user])
        let found = SlateOracle.lists.reduce(0) { sum, list in
          let reward = list.indices.reduce(0) { $0 + oracle.reward(user, list, $1) }
          let weight = PseudoInverse.weight(of: list, logged: logged, target: target)!
          return sum + SlateOracle.probability(list, logged) * weight * reward
        }
        return abs(found - oracle.value(user, target).reduce(0, +))
      }
      #expect(isAdditive ? errors.max()! < 1e-9 : errors.max()! > 0.005, "\(errors)")
    }
  }

  @Test("weights of the pseudo-inverse are those of a plain pinv, whatever can be drawn")
  func plain() {
    var random = SeededGenerator(4)
    let items = SlateOracle.items
    for trial in 0..<12 {
      let logged = SlateChoices(
        items: items, scores: random.floats(4, in: 0...2).sorted(by: >),
        exploration: Exploration(epsilon: 0.2, temperature: 0.7, candidates: 4))
      // Of some targets an item is none of the log's.
      let target = SlateChoices(
        items: trial % 3 == 0 ? ["d", "e", "a", "b"] : ["d", "b", "a", "c"],
        scores: random.floats(4, in: 0...2).sorted(by: >),
        exploration: Exploration(epsilon: 0.1, temperature: 0.5, candidates: 4))
      let count = 1 + trial % 4
      var lists: [[String]] = [[]]
      var targets: [[String]] = [[]]
      for _ in 0..<count {
        lists = lists.flatMap { list in
          items.filter { !list.contains($0) }.map { list + [$0] }
        }
        targets = targets.flatMap { list in
          target.items.filter { !list.contains($0) }.map { list + [$0] }
        }
      }
      func cells(_ list: [String]) -> [Int] {
        list.enumerated().compactMap { position, item in
          items.firstIndex(of: item).map { 4 * position + $0 }
        }
      }
      var gamma = [[Double]](
        repeating: [Double](repeating: 0, count: 4 * count), count: 4 * count)
      for list in lists {
        for a in cells(list) {
          for b in cells(list) { gamma[a][b] += SlateOracle.probability(list, logged) }
        }
      }
      var q = [Double](repeating: 0, count: 4 * count)
      for list in targets {
        for cell in cells(list) { q[cell] += SlateOracle.probability(list, target) }
      }
      let inverse = pseudoInverse(gamma)
      for list in lists {
        let expected = cells(list).reduce(0) { sum, cell in
          sum + q.indices.reduce(0) { $0 + q[$1] * inverse[$1][cell] }
        }
        let found = PseudoInverse.weight(of: list, logged: logged, target: target)!
        #expect(abs(found - expected) < 1e-7 * max(1, abs(expected)), "\(trial) \(list)")
      }
    }
    #expect(PseudoInverse.problem(positions: 4, candidates: 10) == nil)
    #expect(PseudoInverse.problem(positions: 5, candidates: 10) != nil)
    #expect(PseudoInverse.problem(positions: 2, candidates: 51) != nil)
    // One position is weighed whatever there is to choose from.
    #expect(PseudoInverse.problem(positions: 1, candidates: 9_000) == nil)
  }

  @Test("a list of one is a decision: the estimators are those of single decisions")
  func single() throws {
    var random = SeededGenerator(8)
    let n = 300
    var (actions, users): ([Int32], [Int32]) = ([], [])
    var (rewards, propensities, table): ([Double], [Double], [Double]) = ([], [], [])
    var slates = LoggedSlates(name: "log")
    var target = SlateTarget(name: "t", probabilities: [])
    for row in 0..<n {
      actions.append(Int32(random.next() % 4))
      users.append(Int32(row / 3))
      rewards.append(Double(random.next() % 5) / 4)
      propensities.append(Double(1 + random.next() % 9) / 10)
      let weights = random.floats(4, in: 0.05...1).map { Double($0) }
      let sum = weights.reduce(0, +)
      table += weights.map { $0 / sum }
      try slates.append(
        propensities: [propensities[row]], rewards: [rewards[row]], cluster: "\(users[row])")
      target.probabilities.append(table[4 * row + Int(actions[row])])
    }
    let log = try LoggedFeedback(
      name: "log", users: users, actions: actions, rewards: rewards, propensities: propensities,
      actionCount: 4)
    var plain = OffPolicyConfiguration()
    plain.estimators = [.ips, .clippedIPS, .snips]
    plain.ranking = .snips
    (plain.clip, plain.resamples, plain.seed) = (1.5, 100, 3)
    let expected = try log.evaluate([TabledTarget(name: "t", table: table)], plain)
    var configuration = SlateConfiguration()
    (configuration.clip, configuration.resamples, configuration.seed) = (1.5, 100, 3)
    let found = try slates.evaluate([target], configuration)
    for estimator in plain.estimators {
      let (a, b) = (
        expected.policies[0][estimator]!,
        found.policies[0].estimates[estimator.rawValue]!
      )
      for (a, b) in [(a.value, b.value), (a.low!, b.low!), (a.high!, b.high!)] {
        #expect(abs(a - b) < 1e-12)
      }
    }
    for (whole, part) in [(SlateEstimator.ips, SlateEstimator.rips), (.snips, .snrips)] {
      #expect(abs(found.policies[0][whole]!.value - found.policies[0][part]!.value) < 1e-12)
    }
    #expect(abs(found.behaviour.value - expected.behaviour.value) < 1e-12)
    let (a, b) = (found.policies[0].diagnostics, expected.policies[0].diagnostics)
    #expect(abs(a.effectiveSampleSize - b.effectiveSampleSize) < 1e-9)
    #expect(found.policies[0].positions[0].effectiveSampleSize == a.effectiveSampleSize)
  }

  @Test("what cannot be weighed is refused")
  func refusals() throws {
    var log = LoggedSlates(name: "log")
    #expect(throws: FeedbackError.self) {
      try log.append(propensities: [0], rewards: [1], cluster: "a")
    }
    #expect(throws: FeedbackError.self) {
      try log.append(propensities: [0.5], rewards: [.nan], cluster: "a")
    }
    try log.append(propensities: [0.5, 1], rewards: [1, 0], cluster: "a")
    var configuration = SlateConfiguration()
    configuration.confidence = 1
    #expect(throws: ConfigurationError.self) { try log.evaluate([], configuration) }
    configuration.confidence = 0.9
    let report = try log.evaluate(
      [SlateTarget(name: "t", probabilities: [1, 1])], configuration)
    #expect(report.policies[0].refusal?.contains("effective sample size is 1.0") == true)
    #expect(report.policies[0].rank == nil)
  }
}
