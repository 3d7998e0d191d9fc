import Foundation
import TestSupport
import Testing

@Suite("Models for other programs")
struct ExportModelTests {
  private static let pmf = Tiny.factorization + ["--device", "cpu"]
  private static let deep =
    pmf + ["--no-myopic", "--hidden", "16", "--steps", "400", "--learning-starts", "10"]
  private static let gru = [
    "train", "gru", "--device", "cpu", "--dimension", "8", "--hidden", "12", "--epochs", "2",
  ]

  /// What trains a run `run`, of everything that is a network.
  static let networks: [(name: String, words: [String])] =
    [
      ("PMF", ["train", "pmf"] + pmf),
      ("DQN", ["train", "dqn", "--batch-size", "16"] + deep),
      (
        "DQN, rewards in the state",
        ["train", "dqn", "--batch-size", "16", "--state", "gru-rewards"] + deep
      ),
      (
        "policy gradient",
        ["train", "pg", "--no-myopic", "--hidden", "16", "--steps", "100"] + pmf
      ),
      ("residual", ["train", "residual", "--data", "generated:tiny"] + Tiny.residual),
      ("GRUs", gru + ["--data", "generated:tiny", "--networks", "2"]),
      ("GRU, cosine", gru + ["--data", "generated:tiny", "--cosine-scale", "12"]),
    ]
    + ["p", "u", "ave", "att", "items", "gru", "gru-rewards"].map {
      ("DRR-\($0)", ["train", "drr", "--batch-size", "16", "--state", $0] + deep)
    }

  /// Of a recommendation options that are given twice stay so.
  private static func run(_ words: [String], in folder: Scratch) throws -> String {
    try Program.run(words, in: folder, asGiven: words[0] == "recommend").required().output
  }

  /// Whether onnxruntime finds the scores of lists.
  private static func compare(_ folder: Scratch, _ lists: String) throws {
    let script = try String(
      contentsOf: packageRoot.appendingPathComponent("Tests/Golden/onnx_scores.py"),
      encoding: .utf8)
    let printed = try Python.output(
      of: script, ["model", "model.onnx", lists].map { "\(folder.path)/\($0)" },
      importing: "onnx, onnxruntime, numpy, safetensors")
    if let printed { #expect(printed.contains(" lists, "), "\(printed)") }
  }

  @Test("as ONNX score as the program does", arguments: networks)
  func users(_ network: (name: String, words: [String])) throws {
    let folder = Scratch()
    _ = try Self.run(network.words + ["--run", "run"], in: folder)
    _ = try Self.run(["export", "model", "run", "model"], in: folder)
    _ = try Self.run(
      ["recommend", "--model", "model", "--users", "all", "--out", "l.csv"], in: folder)
    let text = try Self.run(["export", "onnx", "model", "--out", "model.onnx"], in: folder)
    #expect(text.contains("scores  float [batch, 120]"), "\(text)")
    // A run gives what its model gives.
    _ = try Self.run(["export", "onnx", "run", "--out", "run.onnx"], in: folder)
    #expect(try folder.data("run.onnx") == folder.data("model.onnx"))
    try Self.compare(folder, "l.csv")
  }

  @Test(
    "of sessions too",
    arguments: [
      Tiny.gan + ["--run", "run"], Tiny.gan + ["--run", "run", "--cell", "gru"],
      gru + ["--run", "run", "--sessions", "sessions.txt"],
    ])
  func sessions(_ words: [String]) throws {
    let folder = Scratch()
    try folder.write(
      "sessions.txt",
      (0..<60).map { "1\($0 % 7) 2\($0 % 5) 1\(($0 + 3) % 7) 2\($0 * 2 % 5)\n" }.joined())
    _ = try Self.run(words, in: folder)
    _ = try Self.run(["export", "model", "run", "model"], in: folder)
    let ids = try #require(object(folder.text("model/items.json"))["ids"] as? [String])
    var lines = ""
    for count in [1, 2, 4] {
      let clicks = (0..<count).map { ids[($0 * 3 + count) % ids.count] }
      let printed = try Self.run(
        ["recommend", "--model", "model", "--json"] + clicks.flatMap { ["--session", $0] },
        in: folder)
      let list = try #require(object(printed)["items"])
      let line = try JSONSerialization.data(withJSONObject: ["clicks": clicks, "list": list])
      lines += String(decoding: line, as: UTF8.self) + "\n"
    }
    try folder.write("l.jsonl", lines)
    _ = try Self.run(["export", "onnx", "model", "--out", "model.onnx"], in: folder)
    try Self.compare(folder, "l.jsonl")
  }

  @Test("run by the Python that the manual shows")
  func manual() throws {
    let folder = Scratch()
    _ = try Self.run(
      ["train", "drr", "--data", "generated:small", "--run", "run", "--device", "cpu", "--steps"]
        + ["100", "--no-myopic", "--pmf-epochs", "1", "--dimension", "8"], in: folder)
    _ = try Self.run(["export", "onnx", "run", "--out", "first.onnx"], in: folder)
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/commands.md"), encoding: .utf8)
    let code = try #require(
      page.firstMatch(of: /```python\n(import json, numpy, onnxruntime(?s:.*?))```/))
    let printed = try Python.output(
      of: "import os, sys; os.chdir(sys.argv[1])\n" + code.1, [folder.path],
      importing: "onnxruntime, numpy")
    guard let printed else { return }
    let list = try #require(printed.firstMatch(of: /\['\d+'(?:, '\d+'){9}\]/))
    #expect(Set(list.0.split(separator: ", ")).count == 10, "\(printed)")
  }

  @Test("that are no network say so, and so do folders that hold no model")
  func refusals() throws {
    let folder = Scratch()
    _ = try Self.run(
      ["train", "multi-q", "--data", "generated:tiny", "--run", "run", "--round-size", "100"],
      in: folder)
    for (words, wanted) in [
      (["run", "--out", "m.onnx"], "looks states up in tables"),
      (["none", "--out", "m.onnx"], "none"),
      (["run", "--out", "no/m.onnx"], "there is no folder no"),
    ] {
      let outcome = try Program.run(["export", "onnx"] + words, in: folder)
      #expect(outcome.code != 0 && outcome.error.contains(wanted), "\(outcome.description)")
      #expect(outcome.output == "")
    }
  }

  @Test("have a card of the facts that their run holds")
  func card() throws {
    let folder = try Tiny.trained()
    let before = try Self.run(["export", "card", "run", "--out", "before.md"], in: folder)
    #expect(before.contains("before.md: DRR-ave of generated-tiny"), "\(before)")
    #expect(try folder.text("before.md").contains("No evaluation is on record"))
    _ = try Self.run(["evaluate", "--run", "run", "--device", "cpu"], in: folder)
    _ = try Self.run(["export", "card", "run", "--out", "README.md"], in: folder)
    let card = try folder.text("README.md")
    #expect(card.hasPrefix("---\nlibrary_name: drr\n"))
    let report = try object(folder.text("run/evaluation.json"))
    let rankers = try #require(report["rankers"] as? [[String: Any]])
    #expect(rankers.count > 6)
    for ranker in rankers {
      let rows = try #require(ranker["rows"] as? [[String: Any]])
      let row = try #require(rows.first { $0["k"] as? Int == 10 })
      let ndcg = try #require((row["ndcg"] as? [String: Any])?["mean"] as? Double)
      let figure = String(format: "%.3f", ndcg)
      #expect(card.contains("| \(figure) ["), "\(ranker["name"] ?? "")")
    }
    for words in ["random", "popularity", "oracle", "CRC-32", "no claim is made for others"] {
      #expect(card.contains(words), "\(words)")
    }
  }

  @Test("of GRUs recommend to users, to guests and in sessions what the networks rank")
  func recommends() throws {
    let folder = Scratch()
    _ = try Self.run(Self.gru + ["--data", "generated:tiny", "--run", "run"], in: folder)
    _ = try Self.run(["export", "model", "run", "model"], in: folder)
    let of: ([String]) throws -> [String] = { words in
      let printed = try Self.run(["recommend", "--json"] + words, in: folder)
      let list = try #require(object(printed)["items"] as? [[String: Any]])
      return list.compactMap { $0["id"] as? String }
    }
    let user = try of(["--model", "model", "--user", "3"])
    #expect(try user.count == 10 && user == of(["--run", "run", "--user", "3"]))
    let liked = try of(["--model", "model", "--liked", user[0], "--liked", user[1]])
    #expect(liked.count == 10 && Set(liked).isDisjoint(with: user[0...1]))
    #expect(try liked != of(["--model", "model", "--liked", user[1], "--liked", user[0]]))
    let outcome = try Program.run(
      ["recommend", "--model", "model", "--session", user[0]], in: folder)
    #expect(outcome.code != 0 && outcome.error.contains("ratings"), "\(outcome.description)")
  }
}
