import Foundation
import Tensor
import TestSupport
import Testing

@Suite("An agent beside its myopic baseline")
struct MyopicTests {
  static func train(_ run: String, _ more: String...) -> [String] {
    Tiny.train(run) + ["--myopic"] + more
  }

  static let results = ["checkpoint.safetensors", "metrics.jsonl", "pmf.safetensors"]

  @Test("trained together, it is in both tables with paired differences")
  func tables() throws {
    let folder = Scratch()
    let trained = try Program.run(Self.train("run"), in: folder)
    #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    #expect(
      try folder.names("run/twin") == [
        "checkpoint.safetensors", "config.json", "metrics.jsonl", "pmf.safetensors",
      ])
    let evaluate = ["evaluate", "--all", "--run", "run", "--device", "cpu"]
    let report = try object(try Program.run(evaluate + ["--json"], in: folder).output)
    let rankers = try #require(report["rankers"] as? [[String: Any]]).map { $0["name"] as? String }
    #expect(rankers.suffix(3) == ["DRR-ave", "DRR-ave γ=0", "oracle"])
    let differences = try #require(report["differences"] as? [[String: Any]])
    #expect(differences.contains { $0["ranker"] as? String == "DRR-ave γ=0" })
    // The two are compared at one step.
    let own = try folder.kept("run")
    #expect(try folder.kept("run/twin") == own)
    let words = try Program.run(evaluate, in: folder)
    #expect(words.error == "", "\(words.description)")
    #expect(
      words.output.contains(
        /\npolicy    checkpoint of step \d+, of the best NDCG@10 on the validation users; P@5 over the later 6 of 11 checkpoints [\d.]+ ±[\d.]+, [\d.]+–[\d.]+\n/
      ), "\(words.output)")

    let simulate = ["simulate", "--all", "--run", "run", "--device", "cpu"]
    let online = try object(try Program.run(simulate + ["--json"], in: folder).output)
    #expect(online["twin"] as? String == "DRR-ave γ=0")
    for policy in try #require(online["policies"] as? [[String: Any]]) {
      let name = try #require(policy["name"] as? String)
      for row in try #require(policy["rows"] as? [[String: Any]]) {
        let over = try #require(row["overTwin"] as? [String: Any])["mean"] as? Double
        #expect(!name.hasPrefix("DRR-ave γ=0") || over == 0)
      }
    }
    let simulated = try Program.run(simulate, in: folder)
    #expect(simulated.output.contains("\nminus DRR-ave myopic"), "\(simulated.description)")

    // The myopic baseline is a run like any other, and has none itself.
    let alone = try Program.run(["train", "drr", "--run", "run/twin"], in: folder)
    #expect(alone.code == 0 && !folder.exists("run/twin/twin"), "\(alone.description)")
    let myopic = try Program.run(
      ["evaluate", "--all", "--run", "run/twin", "--device", "cpu"], in: folder)
    #expect(myopic.code == 0 && !myopic.output.contains("myopic"), "\(myopic.description)")
    #expect(
      myopic.output.contains(
        "\npolicy    checkpoint of step \(own), the step of the agent that it is compared with"),
      "\(myopic.output)")
    // With the run its myopic baseline is forgotten.
    let fresh = try Program.run(
      Tiny.train("run", data: "generated:tiny", device: "cpu", "--fresh"), in: folder)
    #expect(fresh.code == 0 && !folder.exists("run/twin"), "\(fresh.description)")
  }

  @Test(
    "interrupted in the myopic baseline's half, the folder's name alone goes on to the same bits",
    arguments: [SIGKILL, SIGINT])
  func interrupted(signal: Int32) throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("whole"), in: folder).code == 0)
    let program = try Program(Self.train("parts"), in: folder)
    program.until { folder.exists("parts/twin/checkpoint.safetensors") }
    program.send(signal)
    let stopped = try program.wait()
    #expect(stopped.code == (signal == SIGINT ? 130 : nil), "\(stopped.description)")
    if signal == SIGINT {
      #expect(
        stopped.error.contains(
          /^interrupted; [3-5]\d\d steps are saved; to go on: drr train drr --run parts\n/))
    }
    let outcome = try Program.run(
      ["train", "drr", "--run", "parts", "--device", "cpu"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    for part in ["", "/twin"] {
      for file in Self.results {
        #expect(
          try folder.data("whole\(part)/\(file)") == folder.data("parts\(part)/\(file)"), "\(file)")
      }
    }
  }

  @Test("of several runs each has its own; one without leaves all out, which is said")
  func group() throws {
    let folder = Scratch()
    let trained = try Program.run(Self.train("many", "--seeds", "2"), in: folder)
    #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    let evaluate = ["evaluate", "--all", "--run", "many", "--device", "cpu"]
    let both = try Program.run(evaluate, in: folder)
    #expect(both.error == "" && both.output.contains("\nDRR-ave myopic "), "\(both.description)")
    #expect(both.output.contains("\npolicy    run 0, split 0: checkpoint of step "))
    #expect(both.output.contains("\n          run 1, split 0: checkpoint of step "))
    try folder.remove("many/seed-1/twin")
    let one = try Program.run(evaluate, in: folder)
    #expect(one.error == "only 1 of 2 runs have a myopic agent: it is left out\n")
    #expect(one.code == 0 && !one.output.contains("myopic"))
  }

  @Test("DRR starts as published, and what is given beside it overrides")
  func published() throws {
    let folder = Scratch()
    for (run, options) in [
      ("plain", Tiny.train("plain").filter { !["--checkpoint", "best"].contains($0) }),
      ("other", Tiny.train("other") + ["--pmf-regularization", "1"]),
    ] {
      let trained = try Program.run(options, in: folder)
      #expect(trained.code == 0, "\(trained.description)")
      let configuration = try object(try folder.text("\(run)/config.json"))
      let settings = try #require(configuration["settings"] as? [String: Any])
      let pmf = try #require(settings["pmf"] as? [String: Any])
      let drr = try #require(settings["agent"] as? [String: Any])
      #expect(drr["choice"] as? String == (run == "plain" ? "last" : "best"))
      #expect(pmf["biasRegularization"] as? Double == 0.05)
      #expect(pmf["regularization"] as? Double == (run == "plain" ? 0.05 : 1))
      #expect(drr["steps"] as? Int == 300 && pmf["dimension"] as? Int == 8)
    }
  }
}

extension Scratch {
  /// The step whose policy a run keeps.
  fileprivate func kept(_ run: String) throws -> Int64 {
    try SafetensorsFile(contentsOf: path + "/\(run)/checkpoint.safetensors").int64s("policy.step")[
      0]
  }
}
