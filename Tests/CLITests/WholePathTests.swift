import Foundation
import TestSupport
import Testing

@Suite("The whole path from ratings to recommendations")
struct WholePathTests {
  static let devices = TestDevices.all.map(\.name).filter { !$0.contains("/") }

  @Test("every device asked for is there")
  func devicesPresent() { #expect(TestDevices.missing == []) }

  @Test("train, evaluate, recommend", arguments: devices)
  func train(device: String) throws {
    let folder = Scratch()
    let trained = try Program.run(Tiny.train("run", device: device, "--json"), in: folder)
    #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    let report = try object(trained.output)
    #expect(
      Set(report.keys) == ["run", "device", "configuration", "sessionRMSE", "steps", "last"])
    #expect(report["device"] as? String == device)
    #expect(report["steps"] as? Int == 300)
    let rmse = try #require(report["sessionRMSE"] as? Double)
    #expect(rmse > 0.5 && rmse < 2)
    #expect(
      try folder.names("run") == [
        "checkpoint.safetensors", "config.json", "metrics.jsonl", "pmf.safetensors", "report.json",
      ])
    #expect(try isResult(trained.output, folder.text("run/report.json")))

    let lines = try folder.text("run/metrics.jsonl").split(separator: "\n").map {
      try object(String($0))
    }
    let epochs = lines.compactMap { $0["epoch"] as? Int }
    #expect(epochs == [1, 2, 3, 4])
    let validations = lines.filter { $0["ndcg10"] != nil }
    #expect(
      validations.compactMap { $0["step"] as? Int } == Array(stride(from: 0, through: 300, by: 30))
    )
    let steps = lines.filter { $0["reward"] != nil }.compactMap { $0["step"] as? Int }
    #expect(steps == Array(stride(from: 15, through: 300, by: 15)))

    let words = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", device], in: folder)
    #expect(words.code == 0 && words.error == "", "\(words.description)")
    for name in ["random", "rating kNN", "PMF", "LinUCB", "DRR-ave", "oracle"] {
      #expect(words.output.contains("\n\(name)"))
    }
    let evaluated = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", device, "--json"], in: folder)
    #expect(try isResult(evaluated.output, folder.text("run/evaluation.json")))
    let evaluation = try object(evaluated.output)
    #expect(
      Set(evaluation.keys) == [
        "agent", "configuration", "ratingUnit", "seed", "protocolSummary", "device", "runs",
        "rankers", "differences", "users", "activity", "calibration",
      ])
    let runs = try #require(evaluation["runs"] as? [[String: Any]])
    #expect(runs.count == 1 && runs[0]["steps"] as? Int == 300)
    #expect(runs[0]["sessionRMSE"] as? Double == rmse)
    #expect((evaluation["rankers"] as? [Any])?.count == 16)
    #expect(!words.output.contains("nan") && !evaluated.output.contains("nan"))

    for asked in [["--user", "3"], ["--liked", "5", "--liked", "7"]] {
      let recommended = try Program.run(
        ["recommend", "--run", "run", "--device", device, "--top", "4", "--json"] + asked,
        in: folder)
      #expect(recommended.code == 0, "\(recommended.description)")
      let items = try #require(
        try object(recommended.output)["items"] as? [[String: Any]])
      let ranks = items.compactMap { $0["rank"] as? Int }
      #expect(ranks == [1, 2, 3, 4])
      for item in items {
        #expect(Set(item.keys) == ["rank", "id", "title", "score", "predictedRating"])
        #expect(item["id"] as? String != "5" || asked[0] == "--user")
        #expect((1...5).contains(item["predictedRating"] as? Double ?? 0))
      }
      let scores = items.compactMap { $0["score"] as? Double }
      #expect(scores == scores.sorted(by: >))
    }
  }

  @Test(
    "other protocols are trained and evaluated under, and printed",
    arguments: [
      (["--as-published"], "protocol  ratings split at random 80%/0%/20% "),
      (["--split", "rows"], "protocol  ratings split at random 70%/10%/20% "),
      (
        ["--split", "time", "--test-fraction", "0.4"],
        "protocol  ratings split by time 50%/10%/40% "
      ),
    ])
  func protocols(options: [String], expected: String) throws {
    let folder = Scratch()
    // A user of the small set has some 25 of her ratings among the test's.
    let trained = try Program.run(
      Tiny.train("run", data: "generated:small", "--steps", "60") + options, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    let outcome = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(outcome.code == 0 && outcome.output.contains(expected), "\(outcome.description)")
    #expect(outcome.output.contains(" test users; left out: "))
    #expect(!outcome.output.contains("nan"))
    // The protocol is a setting of the run.
    let other = try Program.run(["train", "drr", "--run", "run", "--split", "users"], in: folder)
    #expect(
      other.code == 1
        && other.error.contains(
          "--split \(options[0] == "--split" ? options[1] : "rows"), not users")
    )
  }

  @Test("the leak ladder needs no run, and is read back where it was climbed")
  func leakLadder() throws {
    let folder = Scratch()
    let command = [
      "evaluate", "--leakage-ablation", "--run", "ladder", "--data", "generated:tiny", "--seeds",
      "2",
      "--steps", "30", "--device", "cpu",
    ]
    let first = try Program.run(command, in: folder)
    #expect(first.code == 0, "\(first.description)")
    for rung in ["as published", "ε 0", "history removed", "default protocol"] {
      #expect(first.output.contains("\n\(rung)  "))
    }
    #expect(!first.output.contains("nan"))
    let said = first.error.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.contains("PMF is no better than biases") }.joined(separator: "\n")
    #expect(
      said == "warning: the agent makes no update in 30 steps, since the first is after "
        + "1,000; lower --learning-starts or raise --steps\n")
    #expect(try folder.names("ladder") == ["leak-ladder.json"])
    let before = try folder.data("ladder/leak-ladder.json")
    #expect(try Program.run(command, in: folder).output == first.output)
    let report = try object(try Program.run(command + ["--json"], in: folder).output)
    #expect((report["measurements"] as? [Any])?.count == 10)
    #expect(try folder.data("ladder/leak-ladder.json") == before)
  }

  @Test("a user's own items are not recommended to her")
  func known() throws {
    let folder = try Tiny.trained()
    #expect(try Program.run(["data", "import", "generated:tiny", "csv"], in: folder).code == 0)
    let rows: [[Substring]] = try folder.text("csv/ratings.csv").split(separator: "\n")
      .map { $0.split(separator: ",") }
    let rated: [String] = rows.filter { $0[0] == "3" }.map { String($0[1]) }
    #expect(rated.count >= 20)
    let outcome = try Program.run(
      ["recommend", "--run", "run", "--user", "3", "--top", "999", "--json"], in: folder)
    let items = try #require(try object(outcome.output)["items"] as? [[String: Any]])
    let ids = items.compactMap { $0["id"] as? String }
    #expect(!ids.isEmpty && Set(ids).count == ids.count && ids.count <= 120 - rated.count)
    #expect(Set(ids).isDisjoint(with: rated))
  }

  @Test("a factorisation alone, then an agent on it")
  func factorisation() throws {
    let folder = Scratch()
    let settings = ["--dimension", "8", "--pmf-epochs", "4", "--device", "cpu", "--run", "run"]
    let alone = try Program.run(
      ["train", "pmf", "--data", "generated:tiny", "--json"] + settings, in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    #expect(
      Set(try object(alone.output).keys) == ["run", "device", "configuration", "sessionRMSE"])
    let model = try folder.data("run/pmf.safetensors")
    let early = try Program.run(
      ["evaluate", "--all", "--run", "run", "--device", "cpu"], in: folder)
    #expect(early.code == 1)
    #expect(
      early.error
        == "Error: run: no agent has been trained in this run; use `drr train drr --run run`\n")
    let trained = try Program.run(
      ["train", "residual", "--run", "run", "--device", "cpu"] + Tiny.residual, in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    #expect(try folder.data("run/pmf.safetensors") == model)
    #expect(try Program.run(["evaluate", "--all", "--run", "run"], in: folder).code == 0)
  }

  @Test("data are described, generated and imported, also as JSON")
  func data() throws {
    let folder = Scratch()
    let described = try Program.run(["data", "describe", "generated:tiny", "--json"], in: folder)
    let summary = try object(described.output)
    #expect(summary["ratings"] as? Int == 2_000)
    #expect(summary["users"] as? Int == 50)
    let generated = try Program.run(["data", "generate", "tiny", "made", "--json"], in: folder)
    #expect(Set(try object(generated.output).keys) == ["folder", "ratings", "checksum", "notes"])
    #expect(try object(generated.output)["checksum"] as? String == summary["checksum"] as? String)
    let imported = try Program.run(
      ["data", "import", "made", "atomic", "--format", "inter", "--json"], in: folder)
    #expect(try object(imported.output)["ratings"] as? Int == 2_000)
    for source in ["made", "atomic", "made/ratings.csv"] {
      let again = try Program.run(["data", "describe", source], in: folder)
      #expect(again.code == 0 && again.output.contains("2,000"), "\(again.description)")
    }
    #expect(imported.error == "" && generated.error == "" && described.error == "")
  }
}
