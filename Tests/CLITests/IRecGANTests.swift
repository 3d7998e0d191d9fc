import Foundation
import TestSupport
import Testing

@Suite("drr and IRecGAN")
struct IRecGANTests {
  static let settings = [
    "--user-epochs", "2", "--agent-epochs", "2", "--discriminator-epochs", "1", "--rounds", "1",
    "--refreshes", "1", "--rollouts", "2", "--user-units", "8", "--agent-units", "8",
    "--embedding", "6", "--batch-size", "32", "--discriminator-sessions", "40", "--device", "cpu",
  ]

  static func train(_ run: String, _ more: String...) -> [String] {
    ["train", "irecgan", "--env", "tabular", "--sessions", "60", "--run", run] + settings + more
  }

  @Test("a log is made, everybody is trained, ranked and let play")
  func wholePath() throws {
    let folder = Scratch()
    let trained = try Program.run(Self.train("gan", "--all-methods", "--json"), in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let reports = try #require(try json(trained.output) as? [[String: Any]])
    #expect(
      Set(reports.compactMap { $0["part"] as? String })
        == ["pretrained", "irecgan", "pg", "ac", "pgu"])
    #expect(
      try folder.names("gan").filter { $0.hasSuffix(".safetensors") } == [
        "ac.safetensors", "irecgan.safetensors", "pg.safetensors", "pgu.safetensors",
        "pretrained.safetensors",
      ])
    let evaluated = try Program.run(
      ["evaluate", "irecgan", "--run", "gan", "--sessions", "60", "--device", "cpu", "--json"],
      in: folder)
    #expect(evaluated.code == 0, "\(evaluated.description)")
    let rows = try #require(try object(evaluated.output)["rows"] as? [[String: Any]])
    let names = rows.compactMap { $0["name"] as? String }
    for name in [
      "chance", "click popularity", "first-order Markov", "user model (LSTM)", "IRecGAN", "PG",
      "actor-critic", "PG with U", "the world's optimal",
    ] { #expect(names.contains(name), "\(name)") }
    let made = rows.filter { !(($0["simulated"] as? [Any]) ?? []).isEmpty }
    #expect(made.count == 2, "the user model, before and after")
    let played = try Program.run(
      ["simulate", "irecgan", "--run", "gan", "--sessions", "60", "--device", "cpu", "--json"],
      in: folder)
    #expect(played.code == 0, "\(played.description)")
    #expect(try object(played.output)["simulatedSessions"] as? Int == 60)
    #expect(folder.exists("gan/evaluation.json") && folder.exists("gan/online.json"))

    let found = try Program.run(["evaluate", "--run", "gan", "--device", "cpu"], in: folder)
    #expect(found.code == 0, "\(found.description)")
    for label in [
      "\nuniform ", "\nagent, pretrained (MLE) ", "\noptimal policy ", "  MRR  ",
      "\ntest sessions ",
    ] {
      #expect(found.output.contains(label), "\(label): \(found.output)")
    }
    let foreign = try Program.run(["recommend", "--run", "gan", "--user", "1"], in: folder)
    #expect(
      foreign.error
        == "Error: IRecGAN recommends for the clicks of a session and knows no users; name clicks by "
        + "--session\n",
      "\(foreign.description)")
    let world = try Program.run(
      ["simulate", "irecgan", "--run", "gan", "--env", "lstm", "--device", "cpu"], in: folder)
    #expect(world.code == 1)
    #expect(
      world.error == "Error: the world has 99 items, but the log has 50; it must be the world that "
        + "the log came from\n")
    let settings = try Program.run(Self.train("gan", "--discount", "0.5"), in: folder)
    #expect(
      settings.code == 1 && settings.error.contains("the run was started with"))
    let again = try Program.run(Self.train("gan"), in: folder)
    #expect(again.code == 0, "\(again.description)")
  }

  @Test("logs of worlds are written and read again")
  func sessions() throws {
    let folder = Scratch()
    for (world, names) in [
      ("tabular", nil), ("lstm:2", ["gen_action.txt", "gen_click.txt", "gen_reward.txt"]),
    ] as [(String, [String]?)] {
      let made = try Program.run(
        [
          "simulate", "sessions", "--env", world, "--sessions", "80", "--out",
          "log-\(world.prefix(4))",
          "--json", "--device", "cpu",
        ], in: folder)
      #expect(made.code == 0, "\(made.description)")
      #expect(try object(made.output)["sessions"] as? Int ?? 0 >= 80)
      if let names { #expect(try folder.names("log-\(world.prefix(4))") == names) }
      let trained = try Program.run(
        [
          "train", "irecgan", "--data", "log-\(world.prefix(4))", "--method", "pg", "--run",
          "of-\(world)",
        ]
          + Self.settings, in: folder)
      #expect(trained.code == 0, "\(trained.description)")
    }
    let values = try Program.run(
      ["simulate", "values", "--sessions", "0", "--list-sizes", "1,2", "--json"], in: folder)
    #expect(values.code == 0, "\(values.description)")
    let rows = try #require(try json(values.output) as? [Any])
    #expect(rows.count == 10)
  }

  @Test("a sweep does every kind of log once")
  func sweep() throws {
    let folder = Scratch()
    let words =
      ["simulate", "sweep", "--sizes", "30", "--policies", "max", "--seeds", "2", "--method", "pg"]
      + ["--evaluation-sessions", "40", "--run", "sweep", "--json"] + Self.settings
    let first = try Program.run(words, in: folder)
    #expect(first.code == 0, "\(first.description)")
    let rows = try #require(try json(first.output) as? [[String: Any]])
    #expect(rows.count == 1 && rows[0]["seeds"] as? Int == 2)
    let before = try folder.contents("sweep")
    #expect(before.keys.sorted() == ["checkpoint.safetensors", "config.json", "metrics.jsonl"])
    let again = try Program.run(words, in: folder)
    #expect(again.output == first.output)
    #expect(try folder.contents("sweep") == before)
  }

  @Test(
    "bad input is one sentence, and no run is begun",
    arguments: [
      (["--list-size", "51"], Int32(1), "--list-size is 51, but the catalogue has 50 items"),
      (
        ["--policy", "best"], 1,
        "policy is best; it must be one of random, max, mix, blind, optimal"
      ),
      (
        ["--shown", "20"], 1,
        "--list-size is 20; it must be from 1 to 15, the items that the mix policy"
      ),
      (
        ["--shown", "51", "--policy", "random"], 1,
        "--list-size is 51; it must be from 1 to the 50 items"
      ),
      (
        ["--env", "tabular:x"], 1, "--env is tabular:x; it must be tabular:SEED with a whole SEED"
      ),
      (["--env", "nowhere"], 1, "nowhere"),
      (["--data", "nowhere"], 1, "nowhere: no such file or folder"),
      (["--preset", "huge"], 64, "huge"),
      (["--baseline", "huge"], 64, "huge"),
      (["--seeds", "0"], 64, "--seeds is 0; it must be at least 1."),
      (
        ["--accuracy-ceiling", "0.2"], 1,
        "--accuracy-ceiling is 0.2; it must be above 0.5 and at most 1"
      ),
      (["--rollouts", "0"], 1, "--rollouts is 0; it must be 1 ... 1000"),
      (["--longest-session", "2"], 1, "--longest-session is 2, but "),
      (["--sessions", "0"], 1, "sessions is 0; it must be 1 ... 10,000,000"),
    ])
  func badInput(_ more: [String], _ code: Int32, _ text: String) throws {
    let folder = Scratch()
    let outcome = try Program.run(Self.train("gan") + more, in: folder)
    #expect(outcome.code == code && outcome.output == "", "\(outcome.description)")
    #expect(outcome.error.contains(text), "\(outcome.error)")
    #expect(outcome.error.split(separator: "\n").count <= (code == 64 ? 4 : 1), "\(outcome.error)")
    #expect(!folder.exists("gan"))
  }

  @Test("a run of DRR is none of IRecGAN, and a folder without a run neither")
  func otherRuns() throws {
    let folder = try Tiny.trained()
    let other = try Program.run(
      ["evaluate", "irecgan", "--run", "run", "--device", "cpu"], in: folder)
    #expect(other.code == 1)
    #expect(
      other.error
        == "Error: run is a DRR run; use `drr evaluate --run run` or `drr compare --run run` or `drr "
        + "recommend --user ID --run run`\n")
    let none = try Program.run(
      ["simulate", "irecgan", "--run", "none", "--device", "cpu"], in: folder)
    #expect(none.code == 1)
    #expect(
      none.error == "Error: none: no run was started there; use `drr train irecgan --run none`\n")
  }

  @Test("killed at any moment, a run goes on to the same bits")
  func killed() throws {
    let folder = Scratch()
    let more = ["--user-epochs", "40", "--agent-epochs", "20", "--patience", "0", "--rounds", "3"]
    #expect(try Program.run(Self.train("whole") + more, in: folder).code == 0)
    for name in ["config.json", "metrics.jsonl", "pretrained.safetensors", "irecgan.safetensors"] {
      let program = try Program(Self.train("parts") + more, in: folder)
      program.until { folder.exists("parts/\(name)") }
      program.send(SIGKILL)
      _ = try program.wait()
    }
    let program = try Program(Self.train("parts") + more, in: folder)
    program.until { folder.exists("parts/pg.safetensors") }
    program.send(SIGINT)
    #expect([0, 130].contains(try program.wait().code))
    let outcome = try Program.run(Self.train("parts") + more, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try folder.names("whole") == folder.names("parts"))
    for name in try folder.names("whole") {
      #expect(try folder.data("whole/\(name)") == folder.data("parts/\(name)"), "\(name)")
    }
  }
}
