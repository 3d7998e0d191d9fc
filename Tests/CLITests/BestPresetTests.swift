import Foundation
import TestSupport
import Testing

@Suite("The preset best, the default")
struct BestPresetTests {
  private static func train(_ run: String, device: String = "cpu") -> [String] {
    [
      "train", "drr", "--run", run, "--device", device, "--data", "generated:tiny",
    ] + Tiny.best
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
    let evaluated = try Program.run(["evaluate"] + on, in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    #expect(evaluated.output.contains("\nresidual agent"))
    let simulated = try Program.run(["simulate"] + on, in: folder)
    #expect(simulated.code == 0 && simulated.error == "", "\(simulated.description)")
    #expect(simulated.output.contains("\nresidual agent, fixed weights"), "\(simulated.output)")
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
    let again = try Program.run(["train", "drr"] + on, in: folder)
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
    let outcome = try Program.run(["train", "drr", "--run", "parts", "--no-myopic"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try folder.names("parts") == Self.files)
    for name in Self.files where name != "report.json" {
      #expect(try folder.data("parts/\(name)") == folder.data("whole/\(name)"), "\(name)")
    }
  }

  @Test("a run begun anew is of preset best, as published of paper; one taken up stays its own")
  func defaults() throws {
    let folder = Scratch()
    func hasBeliefs(_ run: String, _ options: [String]) throws -> Bool {
      let trained = try Program.run(
        ["train", "drr", "--run", run, "--device", "cpu"] + options, in: folder)
      #expect(trained.code == 0, "\(trained.description)")
      let configuration = try object(try folder.text("\(run)/config.json"))
      let settings = try #require(configuration["settings"] as? [String: Any])
      return try #require(settings["agent"] as? [String: Any])["residual"] != nil
    }
    let tiny = ["--data", "generated:tiny"]
    let small = Array(Tiny.best.dropFirst(2))
    #expect(try hasBeliefs("best", tiny + Tiny.best))
    #expect(try !hasBeliefs("published", ["--data", "generated:small", "--as-published"] + small))
    #expect(try !hasBeliefs("paper", tiny + small + ["--preset", "paper"]))
    #expect(try !hasBeliefs("paper", ["--no-myopic"]))
    #expect(try hasBeliefs("best", ["--no-myopic", "--preset", "best"] + Tiny.best))
  }

  @Test("cloning steps that cannot be are refused by name")
  func refused() throws {
    let folder = Scratch()
    let plain = ["train", "drr", "--run", "run", "--data", "generated:tiny", "--device", "cpu"]
    expectRefused(
      try Program.run(plain + ["--preset", "paper", "--bc-updates", "5"], in: folder), 1,
      "--bc-updates is 5, but only the residual agent of --preset best is cloned; leave it out")
    for option in [
      ["--state", "u"], ["--hidden", "16"], ["--exploration", "ou"], ["--n-step", "2"],
      ["--exploration-noise", "1"], ["--exploration-reversion", "1"], ["--policy-noise", "1"],
      ["--noise-clip", "1"],
    ] {
      expectRefused(
        try Program.run(plain + option, in: folder), 1,
        "\(option[0]) is an option of DRR, and --preset best trains the residual agent; "
          + "add --preset paper")
    }
    for value in ["-1", "\(Int.max)"] {
      expectRefused(
        try Program.run(plain + ["--bc-updates=\(value)"], in: folder), 1,
        "cloning steps is \(value); it must be 0 ... 1,000,000,000")
    }
    #expect(!folder.exists("run"))
  }
}
