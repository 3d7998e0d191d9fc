import DRRData
import DRRTestSupport
import Foundation
import OffPolicy
import Tensor
import Testing

/// What `dsjson` tells of contexts and actions, and reward models of it.
@Suite("Features of dsjson")
struct DecisionFeaturesTests {
  let temporary = TemporaryFolder()

  private func read(_ lines: [String]) throws -> LoggedFeedback {
    let path = temporary.path + "/log.dsjson"
    try (lines.joined(separator: "\n") + "\n")
      .write(toFile: path, atomically: true, encoding: .utf8)
    return try LoggedFeedback.read(dsjson: path)
  }

  private func line(
    _ context: String, cost: Double = 0, probability: Double = 0.5, action: Int = 1,
    of count: Int = 2, _ more: String = ""
  ) -> String {
    let actions = (1...count).map(String.init).joined(separator: ",")
    return "{\"_label_cost\":\(cost),\"_label_probability\":\(probability),"
      + "\"_label_Action\":\(action),\"a\":[\(actions)],\"c\":\(context)\(more)}"
  }

  private func vectors(_ log: LoggedFeedback, _ row: Int) -> [[Double]] {
    (0..<log.choiceCount(row)).map { log.actionFeatures.vector(log.featureRow(row, $0)) }
  }

  @Test("numbers, texts, truths, lists and objects by name; one _multi for all is of actions")
  func names() throws {
    let multi = "\"_multi\":[{\"i\":{\"id\":\"p\"}},{\"i\":{\"id\":\"q\",\"price\":2}}]"
    let log = try read([
      line(
        "{\"user\":{\"age\":30,\"city\":\"rome\",\"vip\":true,\"old\":false,\"none\":null,"
          + "\"_tag\":\"t\"},\"hours\":[1,0,2.5],\"tags\":[\"x\",\"y\",\"x\"],"
          + "\"seen\":[{\"n\":1},{\"n\":3}],\(multi)}"),
      line("{\"user\":{\"age\":40,\"c\\u0069ty\":\"oslo\"},\(multi)}", action: 2),
    ])
    #expect(log.candidates.isEmpty && log.actionIDs == ["1", "2"] && log.notes.isEmpty)
    // age, city=rome, vip, hours[0], hours[2], tags=x, tags=y, seen.n and city=oslo.
    #expect(log.context.vector(0) == [30, 1, 1, 1, 2.5, 2, 1, 4, 0])
    #expect(log.context.vector(1) == [40, 0, 0, 0, 0, 0, 0, 0, 1])
    // id=p, id=q and price.
    #expect(vectors(log, 0) == [[1, 0, 0], [0, 1, 2]] && vectors(log, 1) == vectors(log, 0))
    // A line that says nothing of its actions has others.
    let bare = try read([line("{\(multi)}"), line("{}")])
    #expect(!bare.candidates.isEmpty && vectors(bare, 1) == [[0, 0, 0], [0, 0, 0]])
    let plain = try read([line("{}"), line("null")])
    #expect(plain.candidates.isEmpty && plain.context.width == 0)
  }

  @Test("actions that differ from line to line are candidates, as many as a line has")
  func candidates() throws {
    let log = try read([
      line("{\"_multi\":[{\"x\":1},{\"x\":2}]}", cost: -1, probability: 0.25, action: 2),
      line("{\"_multi\":[{\"x\":2},{\"x\":1}]}", cost: -2, action: 1),
      line("{\"_multi\":[{\"x\":3},{\"x\":1},{}]}", cost: -4, action: 3, of: 3),
    ])
    #expect((0..<3).map { log.choiceCount($0) } == [2, 2, 3] && log.actions == [1, 0, 2])
    #expect(vectors(log, 0) == [[1], [2]] && vectors(log, 1) == [[2], [1]])
    #expect(vectors(log, 2) == [[3], [1], [0]])
    // Rows are those of the distinct ones.
    #expect(log.actionFeatures.count == 4 && log.featureRow(0, 0) == log.featureRow(2, 1))
    let found = try log.estimates(
      UniformTarget(), GivenRewards(values: [[1, 2], [3, 4], [5, 6, 7]]), clip: 10)
    // Weights of 2, 1 and 2/3 and rewards of 1, 2 and 4 by hand.
    let weighted: Double = 2 + 2 + 8 / 3
    for (estimator, expected) in [
      (OffPolicyEstimator.ips, weighted / 3), (.snips, weighted / (11.0 / 3)),
      (.directMethod, 11.0 / 3),
    ] {
      let value = try #require(found[estimator])
      #expect(abs(value - expected) < 1e-12, "\(estimator)")
    }
  }

  @Test("decisions count once for each that pdrop left out")
  func dropped() throws {
    let log = try read([
      line("{}", cost: -1), line("{}", cost: 0, ",\"pdrop\":0.75"), line("{}", ",\"pdrop\":0"),
    ])
    #expect(log.multiplicities == [1, 4, 1] && log.total == 6 && log.notes.count == 1)
    let found = try log.estimates(
      UniformTarget(), GivenRewards(values: Array(repeating: [0, 0], count: 3)), clip: 10)
    let value = try #require(found[.ips])
    #expect(abs(value - 1.0 / 6) < 1e-12)
  }

  @Test("above 512 names features share as many columns by hashing, each with a sign")
  func hashed() throws {
    func named(_ numbers: Range<Int>) -> String {
      "{" + numbers.map { "\"n\($0)\":\(1 + $0 % 3)" }.joined(separator: ",") + "}"
    }
    let exact = try read([line(named(0..<512)), line(named(0..<2))])
    #expect(exact.context.width == 512 && exact.notes.isEmpty)
    let lines = (0..<600).map { line(named($0..<$0 + 1)) } + [line(named(0..<600))]
    let log = try read(lines)
    #expect(log.context.width == 512)
    #expect(log.notes == ["600 names of features of the context share 512 columns by hashing"])
    var sum = [Double](repeating: 0, count: 512)
    var signs: Set<Double> = []
    for row in 0..<600 {
      let vector = log.context.vector(row)
      let value = Double(1 + row % 3)
      #expect(vector.count { $0 != 0 } == 1 && vector.contains { abs($0) == value })
      signs.formUnion(vector.filter { $0 != 0 }.map { $0 / value })
      for column in 0..<512 { sum[column] += vector[column] }
    }
    // A row of all names is the sum of the rows of each.
    #expect(log.context.vector(600) == sum && signs == [1, -1])
    #expect(try read(lines).context.vector(600) == sum)
  }

  @Test("what is wrong with features is told by line and value")
  func wrong() throws {
    let long = String(repeating: "n", count: 1_001)
    for (text, part) in [
      (
        line("{\"_multi\":[{}]}"),
        "_multi of 1 actions, expected a list of 2 objects, as many as a has"
      ),
      (
        line("{\"_multi\":{}}"),
        "_multi is \"{}\", expected a list of 2 objects, as many as a has"
      ),
      (
        line("{\"_multi\":[1,2]}"),
        "\"1\" in an object, expected JSON as {\"name\": value, ...}, an object a line or a list "
          + "of objects"
      ),
      (
        line("[]"),
        "\"[]\" in an object, expected JSON as {\"name\": value, ...}, an object a line or a list "
          + "of objects"
      ),
      (
        line("{\"\(long)\":1}"),
        "a feature whose name is longer than 1000 bytes, expected shorter ones"
      ),
      (
        line("{\"x\":1e31}"),
        "the feature \"x\" is 1e+31, expected a number from -1e+30 to 1e+30"
      ),
      (
        line("{}", ",\"pdrop\":1"),
        "pdrop is \"1\", expected the probability of leaving the decision out, at least 0 and "
          + "below 1"
      ),
    ] {
      let error = #expect(throws: DataError.self) { try read([line("{}"), text]) }
      let said = error?.description ?? "none"
      #expect(said.hasSuffix("log.dsjson, line 2: \(part)"), "\(said)")
    }
    let broken = #expect(throws: DataError.self) { try read([line("{\"x\":{\"a\":\"\\q\"}}")]) }
    #expect(broken?.description.contains("line 1: \"\\q") == true)
  }

  /// Decisions of two or three candidates with features of their own, some of which count twice.
  private func drawn(_ count: Int) throws -> LoggedFeedback {
    var random = Philox(seed: 5, stream: 0)
    return try read(
      (0..<count).map { row in
        let choices = 2 + row % 2
        let multi = (0..<choices).map { _ in
          let x = Double.random(in: -1...1, using: &random)
          return "{\"x\":\(x),\"kind\":\"\(random.index(below: 3))\"}"
        }
        let context = "{\"u\":\(Double.random(in: -1...1, using: &random)),\"_multi\":["
        return line(
          context + multi.joined(separator: ",") + "]}", cost: -Double(random.index(below: 2)),
          action: 1 + random.index(below: choices), of: choices,
          ",\"pdrop\":\(row % 3 == 0 ? 0.5 : 0)")
      })
  }

  private func columns(_ log: LoggedFeedback, _ row: Int, _ action: Int) -> [Double] {
    [1] + log.actionFeatures.vector(log.featureRow(row, action)) + log.context.vector(row)
  }

  @Test("a ridge model of candidates is the weighted least squares of the other folds")
  func ridge() throws {
    let log = try drawn(60)
    var configuration = RewardModelConfiguration()
    (configuration.folds, configuration.regularization) = (3, 2)
    let model = try CrossFittedRewards(log, configuration)
    // The constant, x, three kinds and u; nothing of single candidates.
    #expect(model.width == 6)
    for fold in 0..<3 {
      var a = [[Double]](repeating: [Double](repeating: 0, count: 6), count: 6)
      var b = [Double](repeating: 0, count: 6)
      for i in 1..<6 { a[i][i] = 2 }
      a[0][0] = 1e-9
      for row in 0..<60 where model.folds[row] != fold {
        let (x, times) = (columns(log, row, Int(log.actions[row])), row % 3 == 0 ? 2.0 : 1)
        for i in 0..<6 {
          b[i] += times * x[i] * log.rewards[row]
          for j in 0..<6 { a[i][j] += times * x[i] * x[j] }
        }
      }
      let theta = Dense.solve(a, b)
      for row in 0..<60 where model.folds[row] == fold {
        var values = [Double](repeating: 0, count: log.choiceCount(row))
        model.predict(row, into: &values)
        for (action, value) in values.enumerated() {
          let expected = zip(columns(log, row, action), theta).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(abs(value - expected) < 1e-9)
          #expect(abs(model.predict(row, action) - expected) < 1e-9)
        }
      }
    }
  }

  @Test("a logistic model of candidates has no slope left in the other folds' likelihood")
  func logistic() throws {
    let log = try drawn(60)
    var configuration = RewardModelConfiguration()
    (configuration.folds, configuration.regularization) = (2, 2)
    configuration.form = .logistic
    let model = try CrossFittedRewards(log, configuration)
    var theta = [Double](repeating: 0, count: 6)
    let rows = (0..<60).filter { model.folds[$0] != 0 }
    func mean(_ x: [Double]) -> Double {
      1 / (1 + exp(-zip(x, theta).reduce(0) { $0 + $1.0 * $1.1 }))
    }
    for _ in 0..<4_000 {
      var gradient = theta.enumerated().map { $0.offset == 0 ? 0 : 2 * $0.element }
      for row in rows {
        let x = columns(log, row, Int(log.actions[row]))
        let error = (row % 3 == 0 ? 2 : 1) * (mean(x) - log.rewards[row])
        for i in 0..<6 { gradient[i] += error * x[i] }
      }
      for i in 0..<6 { theta[i] -= 0.02 * gradient[i] }
    }
    for row in 0..<60 where model.folds[row] == 0 {
      var values = [Double](repeating: 0, count: log.choiceCount(row))
      model.predict(row, into: &values)
      for (action, value) in values.enumerated() {
        #expect(abs(value - mean(columns(log, row, action))) < 1e-6)
      }
    }
  }

  @Test("policies that follow a model of candidates are evaluated, by every estimator")
  func followed() throws {
    let log = try drawn(200)
    let found = try log.evaluate(
      [UniformTarget(), SoftmaxTarget(), GreedyTarget()], .quick { $0.minimumESS = 1 })
    #expect(found.model?.columns == 6 && found.log.candidates == 2.5)
    #expect(found.policies.allSatisfy { $0.estimates.count == 8 && $0.rank != nil })
    for policy in found.policies {
      #expect(policy.estimates.values.allSatisfy { (-1...2).contains($0.value) })
    }
  }
}
