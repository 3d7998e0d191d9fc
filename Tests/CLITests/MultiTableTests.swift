import Foundation
import TestSupport
import Testing

@Suite("Many tables") struct MultiTableTests {
  static func train(_ run: String, _ more: String...) -> [String] {
    [
      "train", "multi-q", "--run", run, "--data", "generated:tiny", "--epochs", "20",
      "--round-size", "64", "--checkpoint-steps", "20",
    ] + more
  }

  static func checksum(_ folder: Scratch, _ run: String) throws -> String {
    try #require(try object(try folder.text("\(run)/report.json"))["checksum"] as? String)
  }

  @Test("killed at any moment, with any number of shards, a run goes on to the same bits")
  func killed() throws {
    let folder = Scratch()
    let whole = try Program.run(Self.train("whole"), in: folder)
    #expect(
      whole.code == 0 && whole.output.contains("state-action entries in "), "\(whole.description)")
    let (kills, _) = try Program.killedUntilDone(seed: 1, first: 0.03, growth: 1.5) { kills in
      try Program(Self.train("parts", "--shards", "\(1 + kills % 3)"), in: folder)
    }
    #expect(kills >= 1)
    #expect(try Self.checksum(folder, "parts") == Self.checksum(folder, "whole"))
    let tables = try folder.names("parts").filter { $0.hasPrefix("table-") }
    #expect(!tables.isEmpty && tables.count <= 3)
  }

  @Test("on a short log rounds are so small that γ counts, and a round that holds it is warned of")
  func shortLog() throws {
    let folder = Scratch()
    func train(_ run: String, _ more: String...) throws -> Outcome {
      try Program.run(
        ["train", "multi-q", "--run", run, "--data", "generated:tiny"] + more, in: folder)
    }
    for discount in ["0", "0.4", "0.9"] {
      let outcome = try train("fit\(discount)", "--discount", discount)
      #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
      let one = try train("one\(discount)", "--discount", discount, "--round-size", "4096")
      #expect(one.error.contains("warning: --round-size is 4096") == (discount != "0"))
    }
    let fit = try ["fit0", "fit0.4", "fit0.9"].map { try Self.checksum(folder, $0) }
    #expect(Set(fit).count == 3, "\(fit)")
    #expect(
      try Set(["one0", "one0.4", "one0.9"].map { try Self.checksum(folder, $0) }).count == 1)
    // 2,000 ratings, 1,400 of them to learn from.
    #expect(try folder.text("fit0/config.json").contains("\"roundSize\" : 43"))
    #expect(try train("fit0", "--discount", "0").code == 0)
  }

  @Test("recommends after training by other settings, and begins again with --fresh alone")
  func settings() throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("run"), in: folder).code == 0)
    let first = try Self.checksum(folder, "run")
    let again = try Program.run(
      ["train", "multi-q", "--run", "run", "--aggregation", "max", "--json"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    #expect(try object(again.output)["checksum"] as? String == first)
    expectRefused(
      try Program.run(["train", "multi-q", "--run", "run", "--discount", "0.7"], in: folder), 1,
      "--discount 0.4, not 0.7", "--fresh")
    let fresh = try Program.run(
      ["train", "multi-q", "--run", "run", "--discount", "0.7", "--fresh"], in: folder)
    #expect(fresh.code == 0, "\(fresh.description)")
    #expect(try Self.checksum(folder, "run") != first)
    expectRefused(try Program.run(["train", "drr", "--run", "run"], in: folder))
    let compared = try Program.run(["compare", "--run", "run", "--json"], in: folder)
    #expect(compared.code == 0 && compared.output.contains("multi-table Q, shrunk"))
  }

  @Test("refuses settings that cannot work before it touches the folder")
  func refusals() throws {
    let folder = Scratch()
    for (options, parts) in [
      (["--order", "4"], ["order is 4; it must be at most the window, 3"]),
      (["--table", "Dramma"], ["the genre \"Dramma\"", "it has Action, Adventure, "]),
      (["--step-size", "2"], ["--step-size is 2"]),
      (["--preset", "published", "--solver", "iteration"], ["reward clicks"]),
      (["--optimistic-start", "nan"], ["--optimistic-start is nan; it must be a number"]),
    ] {
      let outcome = try Program.run(Self.train("run") + options, in: folder)
      expectRefused(outcome)
      for part in parts { #expect(outcome.error.contains(part), "\(outcome.error)") }
      #expect(!folder.exists("run"))
    }
    let shards = try Program.run(Self.train("run", "--shards", "0"), in: folder)
    #expect(shards.code == 64 && shards.error.contains("--shards is 0"))
    try folder.write("bare.inter", "user_id:token\titem_id:token\trating:float\n1\t2\t3\n1\t3\t4\n")
    expectRefused(
      try Program.run(["train", "multi-q", "--run", "run", "--data", "bare.inter"], in: folder), 1,
      "names no genres", "--genres clusters")
  }
}
