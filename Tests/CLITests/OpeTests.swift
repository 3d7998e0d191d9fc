import Foundation
import TestSupport
import Testing

@Suite("Off-policy evaluation")
struct OpeTests {
  private func interval(_ report: Any?, _ estimator: String) throws -> (Double, Double, Double) {
    let estimates = try #require((report as? [String: Any])?["estimates"] as? [String: Any])
    let found = try #require(estimates[estimator] as? [String: Double])
    return (found["value"]!, found["low"]!, found["high"]!)
  }

  @Test("what is simulated is written, read and judged near its truth, the same each time")
  func roundTrip() throws {
    let folder = Scratch()
    let made = try Program.run(
      ["ope", "simulate", "--log-only", "--out", "made", "--sizes", "1500", "--json"], in: folder)
    #expect(made.code == 0 && made.error == "", "\(made.description)")
    let truth = try object(made.output)
    #expect(try object(folder.text("made/truth.json")).count == truth.count)
    let words = [
      "ope", "--data", "made/log.csv", "--policy", "uniform", "--policy", "made/target.csv",
      "--policy", "greedy:0.2", "--crossed", "--folds", "3", "--bootstrap", "100",
      "--regularization", "10",
    ]
    let judged = try Program.run(words + ["--json", "--run", "kept"], in: folder)
    #expect(judged.code == 0, "\(judged.description)")
    #expect(try isResult(judged.output, folder.text("kept/report.json")))
    #expect(try Program.run(words + ["--json"], in: folder).output == judged.output)
    let policies = try #require(try object(judged.output)["policies"] as? [[String: Any]])
    #expect(
      policies.compactMap { $0["name"] as? String } == ["uniform", "target.csv", "greedy:0.2"])
    for (policy, key) in [(policies[0], "uniform"), (policies[1], "target")] {
      let (value, low, high) = try interval(policy, "dr")
      let expected = try #require(truth[key] as? Double)
      #expect(abs(value - expected) < 1.5 * (high - low), "\(key) \(value) \(expected)")
      #expect(policy["rank"] is Int && policy["diagnostics"] is [String: Any])
    }
    let page = try Program.run(["report", "kept", "--out", "page.html"], in: folder)
    #expect(page.code == 0, "\(page.description)")
    #expect(page.output.hasPrefix("page.html: one evaluation, "))
    try folder.write("judged.json", judged.output)
    let again = try Program.run(["report", "judged.json", "--out", "again.html"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    let drawn = try folder.text("page.html")
    #expect(drawn.contains("Importance weights of target.csv") && drawn.contains(", rank 1"))
    #expect(
      try folder.text("again.html") == drawn.replacing(">kept<", with: ">judged.json<"))
    let foreign = try Program.run(["report", "made/truth.json"], in: folder)
    #expect(
      foreign.code == 1
        && foreign.error.contains("made/truth.json is no result that a report draws; name a folder")
    )
    let text = try Program.run(words + ["--minimum-ess", "100000"], in: folder)
    #expect(text.code == 0 && text.output.contains("not ranked"))
    #expect(text.output.contains("uniform: not ranked: the effective sample size is"))
    let sessions = try Program.run(
      [
        "ope", "sessions", "made/sessions.csv", "--policy", "made/session-target.csv", "--json",
        "--bootstrap", "100",
      ], in: folder)
    #expect(sessions.code == 0, "\(sessions.description)")
    let (value, low, high) = try interval(object(sessions.output), "dr")
    #expect(abs(value - (truth["sessionTarget"] as! Double)) < 1.5 * (high - low))
    let described = try Program.run(["ope", "describe", "made/log.csv"], in: folder)
    #expect(described.output.contains("1,500 decisions, 10 actions"))
    #expect(described.output.contains("375 by user, the largest 4"))
  }

  @Test("the estimators' table is printed and kept")
  func simulate() throws {
    let folder = Scratch()
    let words = ["ope", "simulate", "--sizes", "100", "--seeds", "4", "--bootstrap", "40"]
    let table = try Program.run(words + ["--folds", "2", "--run", "kept"], in: folder)
    #expect(table.code == 0, "\(table.description)")
    for word in ["coverage", "rank corr.", "switch-dr", "wpdis", "overlap"] {
      #expect(table.output.contains(word))
    }
    let report = try object(folder.text("kept/report.json"))
    #expect((report["decisions"] as? [Any])?.count == 24)
    #expect((report["sessions"] as? [Any])?.count == 6)
  }

  @Test("thousands of actions, with the reward model where it is asked for and without")
  func manyActions() throws {
    let folder = Scratch()
    let rows = (0..<2_500).map { "\($0 / 5),a\($0),\($0 % 2),0.0004" }
    try folder.write(
      "log.csv", "user,action,reward,propensity\n" + rows.joined(separator: "\n") + "\n")
    let words = ["ope", "--data", "log.csv", "--bootstrap", "40"]
    let plain = try Program.run(
      words + ["--policy", "uniform", "--estimator", "ips", "--json"], in: folder)
    #expect(plain.code == 0, "\(plain.description)")
    let report = try object(plain.output)
    #expect(report["model"] == nil)
    let policy = (report["policies"] as? [[String: Any]])?.first
    #expect(abs(try interval(policy, "ips").0 - 0.5) < 1e-9 && policy?["rank"] as? Int == 1)
    let modelled = try Program.run(words, in: folder)
    #expect(modelled.code == 0, "\(modelled.description)")
    #expect(modelled.output.contains("model     ridge, 2501 columns"))
    let text = try Program.run(
      words + ["--policy", "uniform", "--estimator", "snips", "--estimator", "ips"], in: folder)
    #expect(text.output.contains("model     none"), "\(text.description)")
    #expect(text.output.contains("rank by snips"), "\(text.description)")
  }

  @Test("decisions with candidates of their own, in Criteo's layout and in Vowpal Wabbit's")
  func candidates() throws {
    let folder = Scratch()
    try folder.write(
      "criteo_train.txt",
      """
      70 |l 0.001 |p 4.0|f 0:300 1:250 2:1
      70 |f 0:300 1:250 3:1
      71 |l 0.999 |p 2|f 0:320 1:50 3:1
      71 |f 0:320 1:50 2:1
      71 |f 0:320 1:50 4:1

      """)
    let export = try Program.run(
      ["export", "decisions", "--data", "criteo_train.txt", "--out", "log.dsjson"], in: folder)
    #expect(export.code == 0, "\(export.description)")
    let note = "impressions without a click count 10 times each, as the data have one in 10 of them"
    for (data, told) in [
      ("criteo_train.txt", note), ("log.dsjson", "decisions count 1/(1 - pdrop) times each"),
    ] {
      let words = ["ope", "--data", data, "--bootstrap", "40", "--folds", "2"]
      let weighed = words + ["--policy", "uniform", "--estimator", "ips"]
      let policies = try object(Program.run(weighed + ["--json"], in: folder).output)["policies"]
      // A weight of 2 on the click, and eleven decisions, by hand.
      let value = try interval((policies as? [[String: Any]])?.first, "ips").0
      #expect(abs(value - 2.0 / 11) < 1e-9, "\(data)")
      let text = try Program.run(weighed, in: folder)
      #expect(text.output.contains("2 decisions, 2.5 candidates on average, at most 3, 1 position"))
      #expect(text.output.contains(told), "\(text.description)")
      let modelled = try Program.run(words + ["--minimum-ess", "0"], in: folder)
      #expect(modelled.code == 0, "\(modelled.description)")
      #expect(modelled.output.contains("model     ridge, "), "\(modelled.description)")
      let described = try Program.run(["ope", "describe", data], in: folder)
      #expect(described.output.contains("2 decisions, 2.5 candidates on average, at most 3"))
      #expect(described.output.contains(told), "\(described.description)")
      let crossed = try Program.run(words + ["--crossed"], in: folder)
      #expect(crossed.code == 1 && crossed.error.contains("it must be false where decisions have"))
    }
  }

  @Test("what cannot be judged is refused in one sentence")
  func refused() throws {
    let folder = Scratch()
    try folder.write("log.csv", "action,reward,propensity\na,1,0.5\nb,0,0.5\n")
    try folder.write("none.csv", "action,reward\na,1\n")
    try folder.write("zero.csv", "action,reward,propensity\na,1,0\n")
    try folder.write("three.csv", "action,probability\nc,1\n")
    try folder.write("sessions.csv", "session,step,action,reward,propensity\n1,1,a,1,1\n")
    for (words, code, parts) in [
      (
        ["--data", "none.csv"], 1, ["none.csv, line 1", "no column propensity", "never taken as 1"]
      ),
      (["--data", "zero.csv"], 1, ["zero.csv, line 2", "propensity is \"0\""]),
      (["--data", "missing.csv"], 1, ["missing.csv: no such file"]),
      (["--data", "missing"], 1, ["missing: no such file or folder"]),
      (["--data", "."], 1, ["no bts/men/men.csv in it", "the layout of Open Bandit"]),
      (["--data", "log.csv"], 1, ["folds is 5", "log.csv has 2 clusters"]),
      (["--data", "log.csv", "--folds", "2", "--policy", "best"], 64, ["--policy is \"best\""]),
      (
        ["--data", "log.csv", "--folds", "2", "--policy", "greedy:2"], 64,
        ["the ε \"2\"", "0.0 ... 1.0"]
      ),
      (
        ["--data", "log.csv", "--folds", "2", "--policy", "softmax:0"], 64,
        ["the temperature \"0\""]
      ),
      (["--data", "log.csv", "--folds", "2", "--policy", "marginal"], 64, ["no other log"]),
      (
        ["--data", "log.csv", "--folds", "2", "--policy", "uniform", "--policy", "uniform"], 64,
        ["twice"]
      ),
      (
        ["--data", "log.csv", "--folds", "2", "--policy", "three.csv"], 1,
        ["three.csv, line 2", "\"c\""]
      ),
      (["--data", "log.csv", "--clip=-1"], 1, ["clip is -1.0"]),
      (["--data", "log.csv", "--bootstrap", "3"], 1, ["bootstrap is 3"]),
      (["--data", "log.csv", "--campaign", "men"], 64, ["--campaign is an option of Open Bandit"]),
      (["describe", "zero.csv"], 1, ["zero.csv, line 2"]),
      (["describe", "."], 1, ["no bts/men/men.csv"]),
      (["sessions", "log.csv"], 1, ["no column session"]),
      (["sessions", "sessions.csv"], 1, ["has no column target"]),
      (["sessions", "sessions.csv", "--policy", "uniform"], 1, ["folds is 5"]),
      (["simulate", "--sizes", "10"], 1, ["sizes is 10"]),
      (["simulate", "--sizes", "ten"], 64, ["--sizes has \"ten\""]),
      (["simulate", "--seeds", "1"], 1, ["--seeds is 1"]),
    ] as [([String], Int32, [String])] {
      let outcome = try Program.run(["ope"] + words, in: folder)
      #expect(outcome.code == code && outcome.output == "", "\(words) \(outcome.description)")
      #expect(parts.allSatisfy(outcome.error.contains), "\(words) \(outcome.description)")
    }
  }

  @Test("the real logs: the men's is ranked, the women's refused")
  func real() throws {
    let data = ProcessInfo.processInfo.environment["DRR_DATA"]
    let path = (data ?? packageRoot.path + "/../shared/data") + "/open-bandit-small.zip"
    let words = ["ope", "--data", path, "--policy", "uniform", "--bootstrap", "100"]
    guard FileManager.default.fileExists(atPath: path) else {
      print("real data absent: \(path); set DRR_DATA to the folder that has it")
      #expect(try Program.run(words).code == 1)
      return
    }
    let men = try Program.run(words)
    #expect(men.code == 0 && men.output.contains("rank by dr"), "\(men.description)")
    #expect(men.output.contains("0.00301 [") && men.output.contains("0.00319 ["))
    #expect(men.output.contains("on-policy value") && !men.output.contains("not ranked"))
    let women = try Program.run(words + ["--campaign", "women"])
    #expect(women.code == 0 && women.output.contains("not ranked"))
    #expect(
      women.output.contains("uniform: not ranked: the effective sample size is 2.1, below 100"))
    #expect(women.output.contains("uniform: the mean weight is 3.13, expected about 1"))
  }
}
