import Foundation
import Terminal
import TestSupport
import Testing

@Suite("drr watch, drr terms, and JSON")
struct WatchTests {
  @Test("a curve has its ends and its turns where they belong")
  func plot() {
    let rising = TextPlot("up", (0...10).map { (Double($0) * 100, Double($0)) })
    let lines = rising.text(columns: 60, rows: 4).split(separator: "\n").map(String.init)
    #expect(lines.count == 6 && lines[0] == "up")
    #expect(lines[1].hasPrefix(" 10.0 │") && lines[4].hasPrefix("0.000 │"))
    #expect(lines[5].hasSuffix("1,000") && lines.allSatisfy { $0.count <= 60 })
    // The first dot stands at the lower left, the last at the upper right; the others between.
    func dots(_ line: String) -> [Int] {
      let cells = line.drop { $0 != "│" }.dropFirst()
      return cells.enumerated().filter { $0.element != "\u{2800}" }.map(\.offset)
    }
    #expect(dots(lines[4]).first == 0 && dots(lines[1]).last == lines[1].count - 8)
    let middles = lines[1...4].map { dots($0).reduce(0, +) / max(dots($0).count, 1) }
    #expect(middles == middles.sorted(by: >))
    #expect(TextPlot("none", []).text(columns: 40, rows: 3).contains("nothing yet"))
    for points in [[(0.0, 0.0)], [(1, 5), (1, 5)], [(0, .nan), (1, 1e300), (2, -1e300)]] {
      let text = TextPlot("odd", points).text(columns: 40, rows: 3)
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= 40 }, "\(text)")
    }
  }

  @Test("a run is drawn with how far it is; validation comes first")
  func watch() throws {
    let folder = try Tiny.trained()
    let outcome = try Program.run(["watch", "run", "--curves", "3"], in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    #expect(outcome.output.hasPrefix("run: a DRR run, step 300/300, best NDCG@10 in validation "))
    #expect(outcome.output.contains(", finished\n\nNDCG@10, validation users\n"))
    expectRefused(
      try Program.run(["watch", "none"], in: folder), 1, "none: no run was started there")
    expectRefused(try Program.run(["watch", "--every", "0"], in: folder), 64, "--every is 0.0")
    expectRefused(try Program.run(["watch", "--curves", "0"], in: folder), 64, "--curves is 0")
  }

  @Test("every row and column of a table is defined")
  func terms() throws {
    let folder = try Tiny.trained()
    let defined = try json(Program.run(["terms", "--json"]).output)
    let terms = try #require(defined as? [[String: String]])
    #expect(terms.count > 150 && terms.allSatisfy { $0["meaning"]?.isEmpty == false })
    let labels = Set(terms.compactMap { $0["label"] })
    // Rows of an evaluation, as its CSV has them; an agent's stand for X.
    let table = try Program.run(
      ["evaluate", "--run", "run", "--device", "cpu", "--format", "csv"], in: folder)
    #expect(table.code == 0, "\(table.description)")
    for line in table.output.split(separator: "\n").dropFirst() {
      let name =
        line.hasPrefix("\"")
        ? String(line.dropFirst().prefix { $0 != "\"" }) : String(line.prefix { $0 != "," })
      let general = name.replacing(">", with: "").replacing("DRR-ave", with: "X")
      #expect(labels.contains(general), "\(name)")
    }
    let page = try Program.run(["help", "terms", "normalized", "gain"])
    #expect(
      page.output == "# evaluate\nnormalized gain (id: gain): (P − random) / (oracle − random)\n")
    expectRefused(try Program.run(["terms", "ndgc"]), 1, "ndgc is no label; did you mean ndcg?")
    #expect(
      try Program.run(["terms"], environment: ["COLUMNS": "80"]).output.split(separator: "\n")
        .allSatisfy { $0.count <= 80 })
  }

  @Test(
    "JSON of every command says by which program and commit it is",
    arguments: [
      "runs .", "config show run", "config diff run run/config.json", "evaluate --run run",
      "simulate --run run --frozen-only", "recommend --run run --user 1", "devices",
      "data describe --data generated:tiny", "terms Gini", "simulate values --sessions 0",
      "bandit arms --rounds 50 --seeds 1", "report run --no-lists --out page.html",
      "compare --baselines-only --data generated:tiny --device cpu", "simulate worlds",
    ])
  func heads(command: String) throws {
    let folder = try Tiny.trained()
    let words = command.split(separator: " ").map(String.init) + ["--json"]
    let outcome = try Program.run(words, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let result = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(result["schema"] as? Int == 1 && result["commit"] is String, "\(outcome.output)")
    #expect((result["program"] as? String)?.hasPrefix("drr 0.") == true)
    #expect(result.count > 3)
  }
}
