import DRRData
import DRRTestSupport
import Foundation
import OffPolicy
import Testing

@Suite("Target policies")
struct TargetPolicyTests {
  let temporary = TemporaryFolder()

  private func probabilities(_ policy: any TargetPolicy, values: [Double]) throws -> [Double] {
    let log = try LoggedFeedback(
      name: "one", actions: [0], rewards: [0], propensities: [1], actionCount: values.count)
    var found = [Double](repeating: 0, count: values.count)
    policy.fill(&found, 0, of: log, values: values)
    return found
  }

  @Test("uniform, smoothed greedy and softmax of values")
  func kinds() throws {
    let values = [0.1, 0.4, 0.4, 0.2]
    #expect(try probabilities(UniformTarget(), values: values) == [0.25, 0.25, 0.25, 0.25])
    // Equal ones share what the best one has.
    let greedy = try probabilities(GreedyTarget(epsilon: 0.2), values: values)
    for (found, expected) in zip(greedy, [0.05, 0.45, 0.45, 0.05]) {
      #expect(abs(found - expected) < 1e-15)
    }
    let soft = try probabilities(SoftmaxTarget(temperature: 2), values: values)
    #expect(abs(soft.reduce(0, +) - 1) < 1e-15 && soft[1] == soft[2])
    let deviation = (values.reduce(0) { $0 + pow($1 - 0.275, 2) } / 4).squareRoot()
    #expect(abs(log(soft[1] / soft[0]) - 0.3 / deviation / 2) < 1e-12)
    // The unit of the rewards plays no part, and equal values give equal chances.
    let scaled = try probabilities(SoftmaxTarget(temperature: 2), values: values.map { 100 * $0 })
    #expect(zip(soft, scaled).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(
      try probabilities(SoftmaxTarget(), values: [1, 1, 1, 1]) == [0.25, 0.25, 0.25, 0.25])
    #expect(SoftmaxTarget().name == "softmax:1" && GreedyTarget().name == "greedy:0.1")
  }

  @Test("the marginal of a log is its shares by position, in the other log's order")
  func marginal() throws {
    func read(_ name: String, _ rows: String) throws -> LoggedFeedback {
      let path = temporary.path + "/" + name
      try ("action,position,reward,propensity\n" + rows)
        .write(toFile: path, atomically: true, encoding: .utf8)
      return try LoggedFeedback.read(csv: path)
    }
    let log = try read("a.csv", "a,1,0,1\nb,1,0,1\nc,2,0,1\n")
    let other = try read("b.csv", "c,2,0,1\nb,1,0,1\nb,1,0,1\nc,1,0,1\n")
    let policy = try FixedTarget(marginalOf: other, for: log)
    let expected = [0, 2.0 / 3, 1.0 / 3, 0, 0, 1]
    #expect(zip(policy.table, expected).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(policy.name == "marginal of b.csv")
    #expect(throws: LineFault.self) { try FixedTarget(marginalOf: log, for: other) }
    #expect(throws: LineFault.self) {
      try FixedTarget(marginalOf: try read("c.csv", "a,1,0,1\n"), for: log)
    }
  }

  private func file(_ text: String, for log: LoggedFeedback) throws -> any TargetPolicy {
    let path = temporary.path + "/policy.csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return try PolicyFile.read(path, for: log)
  }

  @Test("policies of files: fixed, by position, and one line a decision")
  func files() throws {
    let log = try LoggedFeedback(
      name: "log", positions: [0, 1], actions: [0, 1], rewards: [0, 1], propensities: [1, 1],
      actionCount: 2, positionCount: 2)
    func found(_ text: String) throws -> [[Double]] {
      let policy = try file(text, for: log)
      return (0..<2).map { row in
        var values = [0.0, 0]
        policy.fill(&values, row, of: log, values: [0, 0])
        return values
      }
    }
    #expect(try found("action,probability\n1,0.75\n0,0.25\n") == [[0.25, 0.75], [0.25, 0.75]])
    // An action that is not named is never taken.
    #expect(
      try found("probability,position,action\n1,1,1\n0.5,2,0\n0.5,2,1\n") == [[0, 1], [0.5, 0.5]])
    #expect(try found("1,0\n0.9,0.1\n0,1\n") == [[0.1, 0.9], [1, 0]])
    let table = TabledTarget(name: "t", table: [0.125, 0.875, 1, 0])
    try table.write(temporary.path + "/t.csv", actionIDs: log.actionIDs)
    let again = try PolicyFile.read(temporary.path + "/t.csv", for: log) as? TabledTarget
    #expect(again?.table == table.table)
  }

  @Test("actions whose ids are equal as strings are two, and others than UTF-8 are refused")
  func lookalikes() throws {
    let (one, other) = ("caf\u{e9}", "cafe\u{301}")
    let looks = temporary.path + "/looks.csv"
    try "action,reward,propensity\n\(one),1,0.5\n\(other),0,0.5\n"
      .write(toFile: looks, atomically: true, encoding: .utf8)
    let log = try LoggedFeedback.read(csv: looks)
    #expect(log.actionCount == 2)
    let policy = try file("action,probability\n\(one),0.25\n\(other),0.75\n", for: log)
    let places = log.actionIDs.map { Array($0.utf8) == Array(one.utf8) ? 0.25 : 0.75 }
    #expect((policy as? FixedTarget)?.table == places)
    #expect(try FixedTarget(marginalOf: log, for: log).table == [0.5, 0.5])
    let path = temporary.path + "/bytes.csv"
    var bytes = Data("action,reward,propensity\ncaf".utf8)
    bytes += Data([0xe9])
    bytes += Data(",1,0.5\n".utf8)
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: DataError.self) { try LoggedFeedback.read(csv: path) }
    #expect(
      error?.description.contains("line 2: action is \"caf\\xE9\", expected an id in UTF-8") == true
    )
  }

  @Test("what is wrong with a policy is told by line and value")
  func wrong() throws {
    let log = try LoggedFeedback(
      name: "log", actions: [0, 1], rewards: [0, 1], propensities: [1, 1], actionCount: 2)
    for (text, parts) in [
      ("action,probability\n2,1\n", ["line 2", "action is \"2\"", "an action of log"]),
      ("action,probability\n0,0.5\n1,0.4\n", ["probabilities sum to 0.9", "expected 1"]),
      ("action,probability\n0,-0.5\n", ["line 2", "probability is \"-0.5\"", "0 ... 1"]),
      ("action,probability\n0,half\n", ["line 2", "probability is \"half\""]),
      ("action,probability\n0,1\n0,0\n", ["line 3", "stands here again"]),
      ("position,action,probability\n9,0,1\n", ["line 2", "position is \"9\"", "one of 1"]),
      ("probability\n1\n", ["no column action"]),
      ("0,7\n1,0\n", ["line 1", "\"7\" is no action"]),
      ("0\n1\n", ["line 1", "1 different actions", "each of the 2"]),
      ("0,1\n1,0\n", ["1 lines", "one for each of the 2 decisions"]),
      ("0,1\n1,0\n0.5,0.6\n", ["line 3", "sum to 1.1"]),
      ("", ["it is empty"]),
    ] {
      do {
        _ = try file(text, for: log)
        Issue.record("\(text) was read")
      } catch {
        #expect(parts.allSatisfy("\(error)".contains), "\(error)")
      }
    }
  }
}
