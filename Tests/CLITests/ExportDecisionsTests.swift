import Foundation
import TestSupport
import Testing

@Suite("Decisions for other programs")
struct ExportDecisionsTests {
  private static func log() throws -> Scratch {
    let folder = Scratch()
    try Program.run(
      ["ope", "simulate", "--log-only", "--sizes", "300", "--out", "log", "--seed", "3"], in: folder
    ).required()
    return folder
  }

  private static func rows(_ text: String) -> [[String: String]] {
    let lines = text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  @Test("in Vowpal Wabbit's form tell what the log tells, and are read as the log is")
  func dsjson() throws {
    let folder = try Self.log()
    let outcome = try Program.run(
      ["export", "decisions", "--data", "log/log.csv", "--out", "log.dsjson"], in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    #expect(outcome.output.hasPrefix("log.dsjson: 300 decisions"))
    let rows = Self.rows(try folder.text("log/log.csv"))
    let lines = try folder.text("log.dsjson").split(separator: "\n").map { try object(String($0)) }
    #expect(lines.count == 300 && rows.count == 300)
    for (row, line) in zip(rows, lines) {
      #expect(line["_label_cost"] as? Double == -Double(row["reward"]!)!)
      // Foundation's JSON rounds the last digit.
      let probability = try #require(line["_label_probability"] as? Double)
      #expect(abs(probability / Double(row["propensity"]!)! - 1) < 1e-15)
      let context = try #require(line["c"] as? [String: Any])
      let shared = try #require(context["context"] as? [String: Any])
      let choices = try #require(context["_multi"] as? [[String: [String: Any]]])
      let action = try #require(line["_label_Action"] as? Int)
      #expect(choices[action - 1]["action"]?["id"] as? String == row["action"])
      #expect(line["_labelIndex"] as? Int == action - 1)
      let order = try #require(line["a"] as? [Int])
      #expect(order.first == action && order.sorted() == Array(1...choices.count))
      for name in row.keys where name.hasPrefix("x") {
        let value = try #require((shared[name] as? NSNumber)?.doubleValue)
        #expect(abs(value - Double(row[name]!)!) < 1e-6)
      }
    }
    // The value of a policy that takes every action alike needs no id and no context.
    func value(_ data: String) throws -> Double {
      let words = ["ope", "evaluate", "--policy", "uniform", "--estimator", "ips", "--json"]
      let outcome = try Program.run(words + ["--data", data, "--by-row"], in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      let found = try object(outcome.output)
      let policy = try #require((found["policies"] as? [[String: Any]])?.last)
      let estimates = try #require(policy["estimates"] as? [String: [String: Any]])
      return try #require(estimates["ips"]?["value"] as? Double)
    }
    #expect(try value("log.dsjson") == value("log/log.csv"))
  }

  @Test("in obp's columns count from 0")
  func obp() throws {
    let folder = try Self.log()
    let outcome = try Program.run(
      ["export", "decisions", "--data", "log/log.csv", "--out", "obp.csv", "--as", "obp"],
      in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let (before, after) = (
      Self.rows(try folder.text("log/log.csv")), Self.rows(try folder.text("obp.csv"))
    )
    #expect(after.count == 300)
    var numbers: [String: String] = [:]
    for (row, own) in zip(before, after) {
      #expect(own["action_id"] == row["action"] && own["position"] == "0")
      #expect(own["reward"] == row["reward"] && own["pscore"] == row["propensity"])
      let number = try #require(own["action"])
      #expect(numbers.updateValue(number, forKey: row["action"]!) ?? number == number)
      let widths = (
        row.keys.count { $0.hasPrefix("x") }, own.keys.count { $0.hasPrefix("context_") }
      )
      #expect(widths.0 == widths.1)
    }
    #expect(Set(numbers.values) == Set((0..<numbers.count).map(String.init)))
  }

  @Test("of a feedback log want it joined first")
  func servedLog() throws {
    let folder = Scratch()
    try ServedModels.write(folder, lists: 3)
    let outcome = try Program.run(
      ["export", "decisions", "--data", "log", "--out", "d.dsjson"], in: folder)
    #expect(outcome.code != 0 && outcome.error.contains("drr data feedback log"))
    #expect(!folder.exists("d.dsjson"))
  }
}
