import Foundation
import TestSupport
import Testing

/// Scores the files of `--lists` by a few lines of its own: nothing of the library's.
@Suite("Files of rankings") struct RankingFileTests {
  struct Row {
    var run, ranker, user, item: String
    var rank: Int?
    var reward: Double
    var score: Double?
  }

  static func rows(_ text: String, isCSV: Bool) throws -> [Row] {
    let lines = text.split(separator: "\n")
    if isCSV {
      #expect(lines[0] == "run,ranker,user,rank,item,reward,score")
      return try lines.dropFirst().map { line in
        let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return Row(
          run: cells[0], ranker: cells[1], user: cells[2], item: cells[4], rank: Int(cells[3]),
          reward: try #require(Double(cells[5])), score: Double(cells[6]))
      }
    }
    return try lines.map { line in
      let found = try object(String(line))
      func text(_ key: String) -> String { found[key] as? String ?? "" }
      return Row(
        run: text("run"), ranker: text("ranker"), user: text("user"), item: text("item"),
        rank: found["rank"] as? Int, reward: try #require(found["reward"] as? Double),
        score: found["score"] as? Double)
    }
  }

  /// P@K and NDCG@K of a ranker: means over the users, those without a liked candidate left out of the
  /// latter.
  static func measures(_ rows: [Row], _ ranker: String, at k: Int) -> (p: Double, ndcg: Double) {
    var candidates: [String: [String: Double]] = [:]
    for row in rows where row.ranker == "candidates" {
      candidates[row.user, default: [:]][row.item] = row.reward
    }
    var lists: [String: [Row]] = [:]
    for row in rows where row.ranker == ranker { lists[row.user, default: []].append(row) }
    var (precisions, gains): ([Double], [Double]) = ([], [])
    for (user, list) in lists where candidates[user]!.count >= k {
      let top = list.sorted { $0.score! > $1.score! }.prefix(k)
      let liked = top.map { candidates[user]![$0.item]! > 0 }
      precisions.append(Double(liked.count { $0 }) / Double(k))
      func discount(_ place: Int) -> Double { 1 / log2(Double(place + 2)) }
      let gain = liked.enumerated().reduce(0.0) { $0 + ($1.element ? discount($1.offset) : 0) }
      let all = candidates[user]!.values.count { $0 > 0 }
      let best = (0..<min(k, all)).reduce(0.0) { $0 + discount($1) }
      if all > 0 { gains.append(gain / best) }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    return (mean(precisions), mean(gains))
  }

  @Test("of an evaluation give its figures again", arguments: ["lists.csv", "lists.jsonl"])
  func evaluation(name: String) throws {
    let folder = try Tiny.trained()
    let outcome = try Program.run(
      ["evaluate", "--run", "run", "--device", "cpu", "--json", "--lists", name], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let rows = try Self.rows(try folder.text(name), isCSV: name.hasSuffix("csv"))
    let rankers = try #require(try object(outcome.output)["rankers"] as? [[String: Any]])
    #expect(rankers.count == 16)
    #expect(Set(rows.map(\.ranker)).count == 17 && Set(rows.map(\.run)) == ["run"])
    for ranker in rankers {
      let title = try #require(ranker["name"] as? String)
      for row in try #require(ranker["rows"] as? [[String: Any]]) {
        let k = try #require(row["k"] as? Int)
        func figure(_ measure: String) -> Double? {
          (row[measure] as? [String: Any])?["mean"] as? Double
        }
        let found = Self.measures(rows, title, at: k)
        #expect(abs(found.p - figure("precision")!) < 1e-9, "\(title) @\(k)")
        #expect(abs(found.ndcg - figure("ndcg")!) < 1e-9, "\(title) @\(k)")
      }
    }
    let own = rows.filter { $0.ranker == "DRR-ave" }
    #expect(own.allSatisfy { abs($0.score! - 1 / Double($0.rank!)) < 1e-6 })
  }

  @Test("of a comparison give its figures again")
  func comparison() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      [
        "compare", "--baselines-only", "--data", "generated:tiny", "--test-fraction", "0.5",
        "--device", "cpu", "--json",
        "--lists", "lists.csv",
      ], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let rows = try Self.rows(try folder.text("lists.csv"), isCSV: true)
    let table = try #require(try object(outcome.output)["rows"] as? [[String: Any]])
    #expect(table.count > 5 && Set(rows.map(\.run)) == ["split 0"])
    for ranker in table {
      let title = try #require(ranker["name"] as? String)
      for row in try #require(ranker["reranking"] as? [[String: Any]]) {
        let k = try #require(row["k"] as? Int)
        func figure(_ measure: String) -> Double? {
          (row[measure] as? [String: Any])?["mean"] as? Double
        }
        let found = Self.measures(rows, title, at: k)
        #expect(abs(found.p - figure("precision")!) < 1e-9, "\(title) @\(k)")
        #expect(abs(found.ndcg - figure("ndcg")!) < 1e-9, "\(title) @\(k)")
      }
    }
  }

  @Test("of another extension, or where there is none to write, are refused")
  func refusals() throws {
    let folder = Scratch()
    expectRefused(
      try Program.run(["evaluate", "--run", "run", "--lists", "lists.txt"], in: folder), 64,
      "--lists is lists.txt; its name must end in .csv or .jsonl")
    expectRefused(
      try Program.run(
        ["evaluate", "--leakage-ablation", "--data", "generated:tiny", "--lists", "l.csv"],
        in: folder), 1, "--lists is l.csv, but --leakage-ablation has a table for each protocol")
  }
}
