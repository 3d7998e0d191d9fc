import DRRTestSupport
import Feedback
import Foundation
import TestSupport
import Testing

@Suite("What was served, as data") struct ServedDataTests {
  private static func log(_ folder: TemporaryFolder) throws {
    try ServedWorld.model(1).write(toFolder: folder.path + "/current")
    try ServedWorld.serve(
      ServedWorld.model(1), lists: 600, positions: 4,
      exploration: Exploration(epsilon: 0.3, temperature: 1, candidates: 30), seed: 1,
      into: folder.path + "/log"
    ) { user, item, position in
      position == 3 ? nil : .rating(Float(1 + (item + (user ?? 0)) % 5))
    }
  }

  @Test("ratings of a log train a model")
  func ratings() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let written = try Program.run(["data", "feedback", "log", "--out", "served.csv"], in: folder)
    #expect(written.code == 0 && written.output.hasPrefix("served.csv: "), "\(written.description)")
    let lines = try folder.text("served.csv").split(separator: "\n")
    #expect(lines[0] == "user,item,rating,time" && lines.count > 500)
    let described = try Program.run(["data", "describe", "served.csv", "--json"], in: folder)
    #expect(try object(described.output)["ratings"] as? Int == lines.count - 1)
    let trained = try Program.run(
      Tiny.train("run", data: "served.csv", device: "cpu", "--minimum-candidates", "3"), in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let exported = try Program.run(["export", "model", "run", "second"], in: folder)
    #expect(exported.code == 0, "\(exported.description)")
  }

  @Test("decisions and sessions of a log are read by what reads such files")
  func others() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let ope = try Program.run(
      ["data", "feedback", "log", "--out", "d.csv", "--as", "ope", "--model", "current", "--json"],
      in: folder)
    #expect(ope.code == 0, "\(ope.description)")
    let counts = try #require(try object(ope.output)["counts"] as? [String: Int])
    #expect(counts["lists"] == 600 && counts["shown"] == 2_400 && counts["missing"] == 600)
    let judged = try Program.run(
      [
        "ope", "--data", "d.csv", "--policy", "uniform", "--estimator", "ips", "--bootstrap", "40",
        "--json",
      ], in: folder)
    #expect(judged.code == 0, "\(judged.description)")
    let report = try #require(try object(judged.output)["log"] as? [String: Any])
    #expect(report["decisions"] as? Int == 2_400 && report["clusters"] as? Int == 50)
    let dropped = try Program.run(
      ["data", "feedback", "log", "--out", "d.jsonl", "--as", "ope", "--missing", "drop"],
      in: folder)
    #expect(dropped.code == 0 && dropped.output.contains("they are left out"))
    #expect(try folder.text("d.jsonl").split(separator: "\n").count == 1_800)
    let sessions = try Program.run(
      ["data", "feedback", "log", "--out", "s.txt", "--as", "sessions", "--gap", "1e6"],
      in: folder)
    #expect(sessions.code == 0, "\(sessions.description)")
    let read = try Program.run(["data", "sessions", "s.txt", "--json"], in: folder)
    #expect(read.code == 0, "\(read.description)")
    #expect(try object(read.output)["sessions"] as? Int == 50)
  }

  @Test("models are judged on a log's folder, and what is not of it is refused")
  func evaluate() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let words = ["ope", "evaluate", "--data", "log", "--bootstrap", "40"]
    let found = try Program.run(
      words + ["--policy", "model:current", "--policy", "model:current@0.5,1,30", "--json"],
      in: folder)
    #expect(found.code == 0, "\(found.description)")
    let policies = try #require(try object(found.output)["policies"] as? [[String: Any]])
    let sizes = policies.compactMap {
      ($0["diagnostics"] as? [String: Any])?["effectiveSampleSize"] as? Double
    }
    #expect(abs(sizes[0] - 600) < 1e-2 && sizes[1] < 599 && sizes[1] > 100)
    #expect(policies.allSatisfy { $0["mismatched"] as? Int == 0 })
    let text = try Program.run(
      words + ["--policy", "model:current", "--positions", "2"], in: folder)
    #expect(text.code == 0, "\(text.description)")
    for part in [
      "600 lists of 1,200 items, at most 2 positions, 50 users", "mean reward by position",
      "600 items had no feedback: they earned 0", "snrips minus the log",
    ] {
      #expect(text.output.contains(part), "\(text.output)")
    }
    try folder.write("plain.csv", "action,reward,propensity\n1,1,0.5\n2,0,0.5\n")
    for (words, reason) in [
      (words, "add --policy model:FOLDER"), (words + ["--policy", "uniform"], "it must be model:"),
      (words + ["--policy", "model:current@1"], "behind @ it must have"),
      (words + ["--policy", "model:current@2,1,5"], "epsilon"),
      (words + ["--policy", "model:current", "--estimator", "dr"], "needs a reward model"),
      (words + ["--policy", "model:current", "--crossed"], "--crossed is not of a feedback log"),
      (["ope", "--data", "plain.csv", "--positions", "2"], "--positions is of a feedback log"),
      (["ope", "--data", "plain.csv", "--estimator", "rips"], "rips is of lists"),
      (["data", "feedback", "log", "--out", "r.csv", "--within", "5"], "--within is of rewards"),
    ] {
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 64 && outcome.error.contains(reason), "\(outcome.description)")
    }
    expectRefused(
      try Program.run(words + ["--policy", "model:nothing"], in: folder), 1, "nothing")
    expectRefused(
      try Program.run(["ope", "describe", "log"], in: folder), 1,
      "`drr data feedback log --as ope --out decisions.csv`")
    expectRefused(
      try Program.run(["data", "feedback", "current", "--out", "r.csv"], in: folder), 1,
      "holds no feedback log")
  }
}
