import Foundation
import TestSupport
import Testing

@Suite("Bandits from the command line")
struct BanditTests {
  static let tiny = ["--rounds", "200", "--seeds", "3"]

  @Test(
    "every kind of bandit is played, as words and as JSON",
    arguments: [
      ["arms"], ["arms", "--random-arms", "4"], ["linear", "--arms", "3", "--features", "2"],
      ["linear", "--disjoint", "--arms", "3"], ["cascade", "--items", "5", "--places", "2"],
      ["cascade", "--attractions", "0.3,0.1", "--places", "1"], ["ads"],
      ["ads", "--examination", "1,0.5,0.2"], ["exhibition", "--rooms", "2", "--crowd", "5"],
    ])
  func kinds(arguments: [String]) throws {
    let command = ["bandit"] + arguments + Self.tiny
    let words = try Program.run(command)
    #expect(words.code == 0 && words.error == "", "\(words.description)")
    #expect(words.output.hasPrefix("200 rounds, 3 seeds"))
    let found = try object(try Program.run(command + ["--json"]).output)
    let report = try #require((found["report"] as? [String: Any]) ?? found)
    #expect(report["problem"] as? String == arguments[0] && report["rounds"] as? Int == 200)
    let rows = try #require(report["rows"] as? [[String: Any]])
    let marks = try #require(report["marks"] as? [Int])
    #expect(marks.last == 200)
    for row in rows {
      #expect(words.output.contains("\n\(try #require(row["policy"] as? String)) "))
      #expect((row["curve"] as? [Any])?.count == marks.count)
      #expect(row["regret"] != nil && row["reward"] != nil && row["best"] != nil)
    }
  }

  @Test("an ablation says what each part of the features gains")
  func ablation() throws {
    let outcome = try Program.run(
      ["bandit", "exhibition", "--ablation", "--json", "--rooms", "2", "--crowd", "30"] + Self.tiny)
    let gains = try #require(try object(outcome.output)["gains"] as? [[String: Any]])
    #expect(gains.count == 10)
    #expect(gains.contains { $0["over"] as? String == "no-crowd" })
  }

  @Test("the chart is drawn, of the regret and its bounds")
  func plot() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      ["bandit", "--policy", "ucb1", "--policy", "random", "--plot", "regret.svg"] + Self.tiny,
      in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let svg = try folder.text("regret.svg")
    #expect(svg.hasPrefix("<svg") && svg.contains(">ucb1, bound<") && svg.contains(">random<"))
    expectRefused(
      try Program.run(["bandit", "--plot", "no/where.svg"] + Self.tiny, in: folder), 64,
      "there is no folder no")
  }

  @Test("killed at any moment, a run goes on to the same bits", arguments: [1, 2] as [UInt64])
  func killed(seed: UInt64) throws {
    let folder = Scratch()
    func command(_ run: String) -> [String] {
      ["bandit", "--rounds", "4000", "--seeds", "4", "--run", run, "--checkpoint-steps", "1000"]
    }
    let whole = try Program.run(command("whole"), in: folder)
    #expect(whole.code == 0, "\(whole.description)")
    let (kills, outcome) = try Program.killedUntilDone(seed: seed, first: 0.01, growth: 1.1) { _ in
      try Program(command("parts"), in: folder)
    }
    #expect(outcome.output == whole.output, "\(outcome.description)")
    #expect(kills >= 1)
    for name in ["metrics.jsonl", "checkpoint.safetensors", "report.json"] {
      #expect(try folder.data("parts/\(name)") == folder.data("whole/\(name)"), "\(name)")
    }
    // A run that is done is told again; one begun otherwise is refused.
    #expect(try Program.run(["bandit", "--run", "whole"], in: folder).output == whole.output)
    expectRefused(
      try Program.run(["bandit", "--run", "whole", "--rounds", "5"], in: folder), 1, "4000")
    expectRefused(
      try Program.run(["bandit", "linear", "--run", "whole"], in: folder), 1,
      "by `drr bandit arms --run whole`")
  }

  @Test(
    "bad input is refused by name, value and what would do",
    arguments: [
      (
        ["arms", "--arms", "0.1,1.5"], Int32(1), "the mean of arm 2 is 1.5; it must be from 0 to 1"
      ),
      (["arms", "--arms", "nan"], 1, "the mean of arm 1 is nan"),
      (["arms", "--arms=-0.1"], 1, "the mean of arm 1 is -0.1"),
      (["arms", "--arms", "0.1,x"], 64, "--arms has \"x\""),
      (["arms", "--arms", ""], 64, "--arms has \"\""),
      (["arms", "--random-arms", "0"], 1, "the number of arms is 0"),
      (["arms", "--arms", "0.1", "--random-arms", "2"], 64, "exclude each other"),
      (["arms", "--policy", "bogus"], 1, "policy is \"bogus\"; it must be one of random"),
      (["arms", "--policy", "softmax:-1"], 1, "a positive number"),
      (["arms", "--rounds", "0"], 1, "rounds is 0"), (["arms", "--seeds", "0"], 1, "seeds is 0"),
      (["arms", "--seed", "18446744073709551615"], 1, "--seed is 18446744073709551615"),
      (["linear", "--features", "0"], 1, "the number of features is 0"),
      (["linear", "--noise", "nan"], 1, "the noise is nan"),
      (["linear", "--disjoint", "--policy", "oful"], 1, "one regression for all arms"),
      (["cascade", "--places", "17"], 1, "the number of places is 17; it must be 1 ... 16"),
      (["cascade", "--items=-2"], 1, "the number of items is 0"),
      (
        ["ads", "--payments", "1,2,3,4,5,-6"], 1,
        "the payment of ad 6 is -6.0; it must be 0 or more"
      ),
      (["ads", "--payments", "1"], 1, "the number of payments is 1; it must be 6"),
      (["ads", "--continuation", "2"], 1, "a probability to look is 2.0"),
      (["ads", "--examination", "1,0.5"], 1, "there must be 3, one a place"),
      (["exhibition", "--crowd=-1"], 1, "--crowd is -1"),
      (["exhibition", "--ablation", "--policy", "ucb1"], 64, "leave --policy out"),
      (["replay", "--data", "nowhere.zip"], 1, "nowhere.zip"),
      (["replay", "--data", "nowhere.csv"], 1, "nowhere.csv"),
      (["replay", "--data", "x.csv", "--method", "guess"], 64, "guess"),
      (
        ["replay", "--data", "x.zip", "--campaign", "dogs"], 64,
        "--campaign is dogs; it must be one of all, men or women"
      ),
    ])
  func refused(arguments: [String], code: Int32, words: String) throws {
    let outcome = try Program.run(["bandit"] + arguments)
    expectRefused(outcome, code, words)
  }

  @Test("a log in a .csv is replayed, and one without propensities is refused")
  func replay() throws {
    let folder = Scratch()
    let rows = (0..<400).map { "u\($0),1,a\($0 % 2),\($0 % 2),0.5" }
    try folder.write(
      "log.csv", "user,position,action,reward,propensity\n" + rows.joined(separator: "\n") + "\n")
    let outcome = try Program.run(
      ["bandit", "replay", "--data", "log.csv", "--policy", "ucb1", "--seeds", "2", "--json"],
      in: folder)
    let found = try object(outcome.output)
    #expect(found["decisions"] as? Int == 400 && found["loggedValue"] as? Double == 0.5)
    let row = try #require((found["rows"] as? [[String: Any]])?.first)
    #expect((row["value"] as? Double ?? 0) > 0.8)
    let written = try Program.run(
      ["bandit", "--policy", "epsilon", "--out", "own.csv", "--rounds", "300"], in: folder)
    #expect(written.code == 0 && folder.exists("own.csv"), "\(written.description)")
    #expect(
      try Program.run(
        ["bandit", "replay", "--data", "own.csv", "--method", "weighted"], in: folder
      ).code == 0)
    expectRefused(try Program.run(["bandit", "--out", "own.csv"], in: folder), 64, "one --policy")
    try folder.write("bare.csv", "user,position,action,reward\nu,1,a,1\n")
    expectRefused(
      try Program.run(["bandit", "replay", "--data", "bare.csv"], in: folder), 1, "propensity")
    expectRefused(
      try Program.run(
        ["bandit", "replay", "--data", "log.csv", "--position", "2"], in: folder), 1,
      "the position is 2; it must be 1 ... 1")
  }
}
