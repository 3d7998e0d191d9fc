import Foundation
import TestSupport
import Testing

@Suite("Reports from the command line")
struct ReportTests {
  @Test("an evaluated agent's page has its verdict, its baselines and what users are shown")
  func agent() throws {
    let folder = TemporaryFolder()
    let trained = try Program.run(
      [
        "train", "residual", "--data", "generated:tiny", "--steps", "60", "--num-envs", "4",
        "--bc-updates", "20", "--pmf-epochs", "3", "--dimension", "8", "--run", "run", "--device",
        "cpu",
      ], in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    // Before any evaluation the page says what is missing.
    let early = try Program.run(["report", "run", "--out", "early.html"], in: folder)
    #expect(early.code == 0, "\(early.description)")
    #expect(try folder.text("early.html").contains("<code>drr evaluate --run run</code>"))
    let words = try Program.run(
      ["evaluate", "--run", "run", "--device", "cpu"], in: folder,
      environment: ["COLUMNS": "80"])
    #expect(words.code == 0 && words.output.hasPrefix("residual agent: NDCG@10 "))
    let lines = words.output.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(words.output)")
    #expect(lines.count { $0.hasPrefix(">residual agent ") } == 1)
    #expect(lines.contains { $0.hasPrefix(" oracle ") })
    let markdown = try Program.run(
      ["evaluate", "--run", "run", "--device", "cpu", "--format", "markdown"], in: folder)
    #expect(markdown.output.hasPrefix("|  | NDCG@10 | P@10 |"), "\(markdown.description)")
    let both = try Program.run(
      ["evaluate", "--run", "run", "--all", "--format", "csv"], in: folder)
    #expect(both.code == 64 && both.error.contains("leave out --format csv"))

    let user = try Program.run(
      ["report", "run", "--user", "3", "--out", "page.html", "--json"], in: folder)
    #expect(user.code == 0, "\(user.description)")
    let page = try folder.text("page.html")
    let verdict = words.output.replacing(/\s+/, with: " ")
    #expect(page.contains("<strong>residual agent: NDCG@10 "))
    let shown = try #require(page.firstMatch(of: /<strong>([^<]*)<\/strong>/)).1
    #expect(verdict.hasPrefix(shown))
    for title in [
      "NDCG@10 beside every baseline", "residual agent minus each", "By the length of the list",
      "Predicted and given ratings", "What user 3 would be shown",
      "before training", "Beyond accuracy",
    ] {
      #expect(page.contains(title), "\(title)")
    }
    #expect(try object(user.output)["bytes"] as? Int == page.utf8.count)
    #expect(!page.contains("<script"))
    let none = try Program.run(["report", "run", "--no-lists", "--out", "none.html"], in: folder)
    #expect(none.code == 0, "\(none.description)")
    #expect(try !folder.text("none.html").contains("would be shown"))
  }

  @Test("what cannot be drawn is refused by a sentence") func refused() throws {
    let folder = TemporaryFolder()
    let absent = try Program.run(["report", "nowhere"], in: folder)
    #expect(
      absent.code == 1 && absent.error.contains("nowhere: no run was started there"),
      "\(absent.description)")
    for (words, says) in [
      (["report"], "run"), (["report", ""], "a run is empty"),
      (["report", "x", "--out", ""], "--out is empty"),
      (["report", "x", "--user", "1", "--no-lists"], "leave one out"),
      (["report", "x", "--episodes", "-1"], "--episodes"),
    ] {
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 64 && outcome.error.contains(says), "\(outcome.description)")
    }
    let trained = try Program.run(["train", "q", "--steps", "100", "--run", "q"], in: folder)
    #expect(trained.code == 0)
    let user = try Program.run(["report", "q", "--user", "1"], in: folder)
    #expect(user.code == 1 && user.error.contains("no run of q recommends to users"))
    #expect(!folder.exists("report.html"))
  }

  @Test("runs are listed, groups in a line, and what cannot be read is said") func runs() throws {
    let folder = TemporaryFolder()
    for words in [
      ["--steps", "100", "--run", "runs/one"],
      ["--steps", "100", "--seeds", "2", "--run", "runs/deep/two"],
    ] {
      let outcome = try Program.run(["train", "q"] + words, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
    }
    try folder.write("runs/bad/config.json", "{")
    // A link that leads back is not followed.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/runs/loop", withDestinationPath: ".")
    let listed = try Program.run(["runs"], in: folder)
    #expect(listed.code == 0, "\(listed.description)")
    let lines = listed.output.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.contains { $0.hasPrefix("runs/deep/two") && $0.contains("  2  ") })
    #expect(lines.contains { $0.hasPrefix("runs/one") && $0.contains("100/100") })
    #expect(lines.contains { $0.hasPrefix("runs/bad") && $0.contains("cannot be read") })
    #expect(listed.error.contains("runs/bad/config.json"))
    let found = try Program.run(["runs", "runs/one", "--json"], in: folder)
    let runs = try #require(try json(found.output) as? [[String: Any]])
    #expect(runs.count == 1 && runs[0]["title"] as? String == "a Q-learning run")
    #expect(
      try Program.run(["runs", "nowhere"], in: folder).error.contains("nowhere is no folder"))
    try folder.makeFolder("empty")
    #expect(try Program.run(["runs", "empty"], in: folder).error.contains("holds no run"))
  }
}
