import DRRTestSupport
import Foundation
import Testing

@Suite("Small worlds and deep agents on the command line")
struct SmallWorldTests {
  /// α 0.7 and γ 0.99: the first step onto an empty tile is worth −0.7, the best way 8.9.
  @Test func tableAsItLearns() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      ["train", "q", "--env", "lizard", "--show", "--run", "q"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.error.contains("step 1,") && outcome.error.contains("-0.700"))
    #expect(outcome.output.contains("greedy path: empty 5 → empty 6 → 5 crickets"))
    #expect(outcome.output.contains("worth 8.900, the best policy 8.900"))
    let again = try Program.run(["train", "q", "--run", "q", "--json"], in: folder)
    let report = try object(again.output)
    #expect(report["step"] as? Int == 10_000 && report["greedyValue"] as? Double ?? 0 > 8.89)
    expectRefused(
      try Program.run(["train", "q", "--run", "q", "--method", "sarsa"], in: folder), 1,
      "the run was started with --method q, not sarsa")
  }

  /// Staying low earns 1 a step for ever, 100 in all with γ 0.99; high is worth (4 + 99) / 2.
  @Test func processOfAFile() throws {
    let folder = Scratch()
    let header = "state,action,probability,next,reward,done\n"
    try folder.write(
      "two.csv",
      header + "low,save,1,high,0,0\nlow,spend,1,low,1,0\nhigh,save,1,high,0,0\n"
        + "high,spend,0.5,low,4,0\nhigh,spend,0.5,ruin,0,1\n")
    try folder.write("start.csv", "state,probability\nlow,0.5\nhigh,0.5\n")
    let learn = ["train", "q", "--env", "two.csv", "--steps", "4000", "--exploring-starts"]
    let outcome = try Program.run(learn + ["--run", "q"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("worth 100.000, the best policy 100.000"), "\(outcome.output)")
    let both = try Program.run(
      learn + ["--start", "start.csv", "--run", "both", "--json"], in: folder)
    #expect(try object(both.output)["bestValue"] as? Double ?? 0 > 75.7, "\(both.description)")
    // The run goes on with its file, wherever that lies, and with no other.
    try folder.copy("two.csv", "moved.csv")
    #expect(
      try Program.run(["train", "q", "--env", "moved.csv", "--run", "q"], in: folder).code == 0)
    try folder.write("moved.csv", header + "low,spend,1,low,2,0\n")
    expectRefused(
      try Program.run(["train", "q", "--run", "q"], in: folder), 1,
      "q: the run was started with environment moved.csv of checksum ",
      ", not moved.csv of checksum ", "; name another --run, or start again with --fresh")
    try folder.write("bad.csv", header + "low,spend,1,low,two,0\n")
    expectRefused(
      try Program.run(["train", "q", "--env", "bad.csv", "--run", "bad"], in: folder), 1,
      "bad.csv, line 2: reward is \"two\", expected a number")
    expectRefused(
      try Program.run(["train", "q", "--start", "start.csv", "--run", "bad"], in: folder), 64,
      "add --env FILE.csv")
    #expect(!folder.exists("bad"))
    // It has no tiles to draw, and curves all the same.
    let report = try Program.run(["report", "both", "--out", "page.html"], in: folder)
    #expect(report.code == 0 && folder.exists("page.html"), "\(report.description)")
  }

  /// Every learner takes the same files, and tells the same of them.
  @Test(arguments: ["sarsa-lambda", "dqn", "pg"]) func learnsInAFile(_ command: String) throws {
    let folder = Scratch()
    let cpu = command == "sarsa-lambda" ? [] : ["--device", "cpu"]
    func train(_ options: String...) throws -> Outcome {
      try Program.run(["train", command] + options + cpu, in: folder)
    }
    try folder.write("own.csv", FileWorld.text)
    try folder.write("start.csv", "state,probability\nnorth,0.5\nnorth east,0.5\n")
    let short = ["--steps", "1000", "--discount", "0.9"]
    let outcome = try Program.run(
      ["train", command, "--env", "own.csv", "--run", "run"] + short + cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.hasPrefix("own.csv, step "), "\(outcome.output)")
    #expect(
      outcome.output.contains(", the best -3.439\ngreedy path: start → "), "\(outcome.output)")
    // Two steps from the goal, and one.
    let both = try Program.run(
      ["train", command, "--env", "own.csv", "--start", "start.csv", "--run", "both", "--json"]
        + short + cpu, in: folder)
    #expect(abs((try object(both.output)["bestValue"] as? Double ?? 0) + 1.45) < 1e-9)
    try folder.copy("own.csv", "moved.csv")
    #expect(try train("--env", "moved.csv", "--run", "run").code == 0)
    try folder.write("moved.csv", FileWorld.text.replacing("goal,-1", with: "goal,-2"))
    expectRefused(
      try train("--run", "run"), 1, "run: the run was started with environment moved.csv",
      ", not moved.csv of checksum ")
    try folder.write("bad.csv", FileWorld.text.replacing("goal,-1", with: "goal,none"))
    expectRefused(
      try train("--env", "bad.csv", "--run", "bad"), 1,
      "bad.csv, line 17: reward is \"none\", expected a number")
    expectRefused(
      try train("--env", "cliff", "--start", "start.csv", "--run", "bad"), 64,
      "add --env FILE.csv")
    #expect(!folder.exists("bad"))
    let report = try Program.run(["report", "run", "--out", "page.html"], in: folder)
    #expect(report.code == 0, "\(report.description)")
  }

  @Test func impossibleSettingsAreNamed() throws {
    let folder = Scratch()
    func train(_ arguments: String...) throws -> Outcome {
      try Program.run(["train"] + arguments + ["--run", "bad"], in: folder)
    }
    expectRefused(try train("q", "--epsilon-start", "2"), 1, "--epsilon-start is 2.0", "0 and 1")
    expectRefused(try train("q", "--step-size", "1.5"), 1, "--step-size is 1.5")
    expectRefused(try train("q", "--discount", "1.1"), 1, "discount is 1.1")
    #expect(try train("q", "--step-size", "fast").code == 64)
    #expect(try train("q", "--env", "moon").code == 64)
    expectRefused(
      try train("dqn", "--env", "lizard", "--target-rate", "0"), 1, "--target-rate is 0.0")
    expectRefused(
      try train("pg", "--env", "lizard", "--weight-cap=-1"), 1, "--weight-cap is -1.0")
    expectRefused(
      try train("pg", "--data", "generated:tiny", "--method", "a2c", "--device", "cpu"), 1,
      "--method is a2c, which learns nothing from a log's choices; it must be reinforce")
    expectRefused(
      try Program.run(Tiny.train("drr", "--env", "playback"), in: folder), 64,
      "--env is playback; it must be one of log, pmf or items")
    for (command, options, part) in [
      ("dqn", ["--env", "cliff", "--data", "x"], "--data is an option of ratings"),
      ("pg", ["--env", "robot", "--state", "u"], "--state is an option of ratings"),
      ("dqn", ["--exploring-starts"], "--exploring-starts is an option of tabular MDPs"),
      ("dqn", ["--start", "own.csv"], "--start is an option of tabular MDPs"),
      ("pg", ["--env", "own.csv", "--state", "u"], "--env own.csv has none"),
      ("pg", ["--env", "point", "--method", "a2c"], "--method has no meaning"),
      ("pg", ["--env", "point", "--start", "own.csv"], "--start has no meaning"),
      ("dqn", ["--env", "point"], "`drr train pg`"),
      ("pg", ["--env", "cliff", "--point"], "--env and --point are one option"),
    ] {
      expectRefused(
        try Program.run(["train", command, "--run", "run"] + options, in: folder), 64, part)
    }
    #expect(!folder.exists("bad") && !folder.exists("run"))
  }

  @Test(arguments: ["dqn", "pg"]) func smallWorld(_ command: String) throws {
    let folder = Scratch()
    let arguments = ["train", command, "--run", "run", "--device", "cpu"]
    let outcome = try Program.run(
      arguments + ["--env", "lizard", "--steps", "3000", "--exploring-starts"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("the greedy policy is worth"))
    let again = try object(Program.run(arguments + ["--json"], in: folder).output)
    #expect(again["bestValue"] as? Double ?? 0 > 8.89)
    let other = command == "dqn" ? "pg" : "dqn"
    expectRefused(
      try Program.run(["train", other, "--run", "run", "--device", "cpu"], in: folder), 1,
      "go on with it by `drr train \(command) --run run`")
    expectRefused(
      try Program.run(["evaluate", "--run", "run"], in: folder), 1,
      "run is a run in a tabular MDP; use `drr train \(command) --run run`")
  }

  /// Trained on ratings, stopped, gone on with, evaluated and set beside the baselines.
  @Test(arguments: [["dqn"], ["pg"], ["pg", "--env", "pmf", "--method", "a2c"]])
  func onRatings(_ command: [String]) throws {
    let folder = Scratch()
    let settings = [
      "--data", "generated:tiny", "--split", "latest", "--dimension", "8", "--pmf-epochs", "3",
      "--hidden", "16", "--steps", "1500", "--num-envs", "8", "--window", "4", "--device",
      "cpu",
    ]
    let outcome = try Program.run(
      ["train"] + command + ["--run", "run", "--eval-count", "2"] + settings, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let name = command[0] == "dqn" ? "DQN" : command.contains("a2c") ? "A2C" : "REINFORCE"
    #expect(outcome.output.hasPrefix("\(name): 1,5"))
    let again = try Program.run(
      ["train", command[0], "--run", "run", "--device", "cpu"], in: folder)
    #expect(again.code == 0 && again.error.contains("is finished"), "\(again.description)")
    let table = try Program.run(["compare", "--run", "run", "--device", "cpu"], in: folder)
    #expect(table.code == 0 && table.output.contains("\n>\(name) "), "\(table.description)")
    let recommended = try Program.run(
      ["recommend", "--run", "run", "--user", "1", "--device", "cpu"], in: folder)
    #expect(recommended.code == 0, "\(recommended.description)")
    expectRefused(
      try Program.run(
        ["train", command[0], "--run", "run", "--hidden", "32", "--device", "cpu"], in: folder), 1,
      "hidden 16, not 32")
  }

  @Test func aPointIsMoved() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      ["train", "pg", "--env", "point", "--steps", "50000", "--run", "point", "--device", "cpu"],
      in: folder)
    #expect(outcome.code == 0 && outcome.output.contains("gain"), "\(outcome.description)")
  }
}
