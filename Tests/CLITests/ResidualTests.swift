import Foundation
import TestSupport
import Testing

@Suite("The residual agent")
struct ResidualTests {
  private static func train(_ run: String, device: String = "cpu") -> [String] {
    [
      "train", "residual", "--run", run, "--device", device, "--data", "generated:tiny",
    ] + Tiny.residual
  }

  private static let files = [
    "beliefs.safetensors", "checkpoint.safetensors", "config.json", "metrics.jsonl",
    "pmf.safetensors", "report.json",
  ]

  @Test("train, evaluate, simulate, recommend, take up", arguments: WholePathTests.devices)
  func wholePath(device: String) throws {
    let folder = Scratch()
    let trained = try Program.run(Self.train("run", device: device) + ["--json"], in: folder)
    #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    #expect(try object(trained.output)["steps"] as? Int == 360)
    #expect(try folder.names("run") == Self.files)

    let on = ["--run", "run", "--device", device]
    let evaluated = try Program.run(["evaluate", "--all"] + on, in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    #expect(evaluated.output.contains("\nresidual agent"))
    let simulated = try Program.run(["simulate", "--all"] + on, in: folder)
    #expect(simulated.code == 0 && simulated.error == "", "\(simulated.description)")
    for row in ["fixed weights", "online fine-tuning", "untrained, online fine-tuning"] {
      #expect(
        simulated.output.contains(
          row.hasPrefix("un") ? "\nresidual agent \(row)" : "\nresidual agent, \(row)"),
        "\(simulated.output)")
    }
    #expect(!(evaluated.output + simulated.output).contains("nan"))
    for asked in [["--user", "3"], ["--liked", "5", "--liked", "7"]] {
      let recommended = try Program.run(
        ["recommend", "--top", "4", "--json"] + on + asked, in: folder)
      #expect(recommended.code == 0, "\(recommended.description)")
      let items = try #require(
        try object(recommended.output)["items"] as? [[String: Any]])
      #expect(items.compactMap { $0["rank"] as? Int } == [1, 2, 3, 4])
    }
    let checkpoint = try folder.data("run/checkpoint.safetensors")
    let again = try Program.run(["train", "residual"] + on, in: folder)
    #expect(again.code == 0, "\(again.description)")
    #expect(try folder.data("run/checkpoint.safetensors") == checkpoint)
  }

  @Test("killed just after each file appears, a run goes on to the same bits")
  func killed() throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("whole"), in: folder).code == 0)
    for name in [
      "config.json", "metrics.jsonl", "pmf.safetensors", "beliefs.safetensors",
      "checkpoint.safetensors",
    ] {
      let program = try Program(Self.train("parts"), in: folder)
      program.until { folder.exists("parts/\(name)") }
      program.send(SIGKILL)
      _ = try program.wait()
      #expect(folder.exists("parts/config.json"))
    }
    let outcome = try Program.run(
      ["train", "residual", "--run", "parts", "--no-myopic"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try folder.names("parts") == Self.files)
    for name in Self.files where name != "report.json" {
      #expect(try folder.data("parts/\(name)") == folder.data("whole/\(name)"), "\(name)")
    }
  }

  @Test("what is kept had learned, cloning alone is a row of its own without a Q")
  func learned() throws {
    let folder = Scratch()
    let trained = try Program.run(Self.train("run"), in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let metrics = try folder.text("run/metrics.jsonl").split(separator: "\n").map {
      try object(String($0))
    }
    let points = metrics.filter { $0["ndcg10"] != nil }
    let untaught = points.filter { $0["learned"] as? Bool == false }
    // 40 updates of cloning, then 32 steps before the first update.
    #expect(untaught.compactMap { $0["step"] as? Int } == [0, 36, 72])
    let evaluated = try object(
      Program.run(["evaluate", "--all", "--run", "run", "--device", "cpu", "--json"], in: folder)
        .output)
    let run = try #require((evaluated["runs"] as? [[String: Any]])?.first)
    let policy = try #require(run["policy"] as? [String: Any])
    #expect(try #require(policy["step"] as? Int) > 72)
    for ranker in try #require(evaluated["rankers"] as? [[String: Any]]) {
      guard let policy = ranker["policy"] as? [String: Any] else { continue }
      let name = try #require(ranker["name"] as? String)
      #expect(
        (policy["expectedReturn"] != nil) == (name == "residual agent"), "\(name): \(policy)")
    }
  }

  @Test("where nothing was learned the last policy is kept, which is said")
  func unlearned() throws {
    let folder = Scratch()
    let trained = try Program.run(
      Self.train("run").map { $0 == "32" ? "400" : $0 }, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let evaluated = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(
      evaluated.output.contains(
        "policy    checkpoint of step 360, which had learned nothing yet: its first update comes "
          + "later"), "\(evaluated.description)")
  }

  @Test("options of DRR alone are not those of the residual agent, nor the other way round")
  func refused() throws {
    let folder = Scratch()
    let rest = ["--run", "run", "--data", "generated:tiny", "--device", "cpu"]
    expectRefused(
      try Program.run(["train", "drr", "--bc-updates", "5"] + rest, in: folder), 64,
      "--bc-updates is no option of drr train drr; ")
    for option in [
      ["--state", "u"], ["--hidden", "16"], ["--exploration", "ou"], ["--n-step", "2"],
      ["--exploration-noise", "1"], ["--exploration-reversion", "1"], ["--policy-noise", "1"],
      ["--noise-clip", "1"],
    ] {
      expectRefused(
        try Program.run(["train", "residual"] + option + rest, in: folder), 64,
        "\(option[0]) is no option of drr train residual; ")
    }
    for value in ["-1", "\(Int.max)"] {
      expectRefused(
        try Program.run(["train", "residual", "--bc-updates=\(value)"] + rest, in: folder), 1,
        "--bc-updates is \(value); it must be 0 ... 1,000,000,000")
    }
    #expect(!folder.exists("run"))
  }
}
