import Foundation
import Tensor
import TestSupport
import Testing

@Suite("drr train --from-run") struct WarmStartTests {
  /// Ratings `old.csv`, and `new.csv` with later ones, among them of users and items of its own.
  private static func ratings() throws -> Scratch {
    let folder = Scratch()
    func text(_ rows: [(user: Int, item: Int)]) -> String {
      "user,item,rating,time\n"
        + rows.enumerated().map { at, row in
          let taste = (row.user % 3 == row.item % 3 ? 4 : 1) + (row.user + row.item * 7) % 2
          return "u\(row.user),i\(row.item),\(taste),\(1_000 + at)\n"
        }.joined()
    }
    let old = (0..<24).flatMap { user in (0..<14).map { (user, (user * 5 + $0 * 3) % 30) } }
    let new = (18..<30).flatMap { user in (0..<9).map { (user, 12 + (user * 7 + $0 * 4) % 26) } }
    try folder.write("old.csv", text(old))
    try folder.write("new.csv", text(new))
    try train(folder, "first", "--data", "old.csv", "--split", "none").required()
    return folder
  }

  private static func train(
    _ folder: Scratch, _ run: String, _ more: String..., dimension: String? = "6"
  ) throws -> Outcome {
    try Program.run(
      ["train", "pmf", "--run", run, "--device", "cpu"]
        + (dimension.map { ["--dimension", $0] } ?? []) + more, in: folder)
  }

  private static func settings(_ folder: Scratch, _ run: String) throws -> [String: Any] {
    let all = try object(folder.text("\(run)/config.json"))["settings"] as? [String: Any]
    return try #require(all)
  }

  @Test("has the data and settings of a run, what is new, and its vectors by id")
  func begins() throws {
    let folder = try Self.ratings()
    let outcome = try Self.train(
      folder, "second", "--from-run", "first", "--new-ratings", "new.csv", dimension: nil)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(
      outcome.error.contains("first's vectors of 24 of 30 users and 30 of 38 items"),
      "\(outcome.error)")
    #expect(!outcome.error.contains("holds out"))
    let (first, second) = (
      try Self.settings(folder, "first"), try Self.settings(folder, "second")
    )
    #expect((second["data"] as? [String: Any])?["source"] as? String == "old.csv+new.csv")
    #expect((second["pmf"] as? [String: Any])?["dimension"] as? Int == 6)
    let splits = [first, second].map { ($0["evaluation"] as? [String: Any])?["split"] as? String }
    #expect(splits[0] == splits[1])
    // A user's row in the exported models has the same place as the id.
    for run in ["first", "second"] {
      #expect(try Program.run(["export", "model", run, "of-\(run)"], in: folder).code == 0)
    }
    func ids(_ run: String) throws -> [String] {
      try #require(object(folder.text("of-\(run)/users.json"))["ids"] as? [String])
    }
    let start = try SafetensorsFile(contentsOf: folder.path + "/second/start.safetensors")
    let fitted = try SafetensorsFile(contentsOf: folder.path + "/first/pmf.safetensors")
    let (before, after) = (try ids("first"), try ids("second"))
    let (old, new) = (try fitted.floats("pmf.users"), try start.floats("pmf.users"))
    let known = try start.values("known.users", Expected<UInt8>.flag)
    for (row, id) in after.enumerated() {
      let place = before.firstIndex(of: id)
      #expect((known[row] != 0) == (place != nil))
      let own = new[row * 6..<row * 6 + 6]
      #expect(
        Array(own) == place.map { Array(old[$0 * 6..<$0 * 6 + 6]) } ?? Array(repeating: 0, count: 6)
      )
    }
    // The same command finds its end, and names nothing else.
    let again = try Self.train(
      folder, "second", "--from-run", "first", "--new-ratings", "new.csv", dimension: nil)
    #expect(again.code == 0, "\(again.description)")
  }

  @Test("tells how much of what is held out the vectors have learned")
  func learned() throws {
    let folder = try Self.ratings()
    let split = ["--split", "latest", "--split-seed", "3"]
    func told(_ run: String, from earlier: String, _ more: [String]) throws -> (Int, String) {
      let outcome = try Program.run(
        ["train", "pmf", "--run", run, "--device", "cpu", "--from-run", earlier] + more, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(try Self.settings(folder, run)["warm"] is [String: Any])
      let found = outcome.error.firstMatch(of: /have learned (\d+) of the/)
      return (found.flatMap { Int($0.1) } ?? 0, outcome.error)
    }
    // What the first run saw was everything.
    let all = try told("all", from: "first", split)
    #expect(all.0 > 20 && all.1.contains("its figures will be too good"))
    // One that held out the same has learned none of it.
    let none = try told("none", from: "all", split)
    #expect(none.0 == 0 && !none.1.contains("holds out"))
  }

  @Test("a residual agent's beliefs begin with the earlier run's, which may be gone after a kill")
  func beliefs() throws {
    let folder = Scratch()
    let rows = (0..<60).map {
      "\(45 + $0 / 4),\(100 + $0 * 7 % 30),\(1 + $0 % 5),\(2_000_000_000 + $0)"
    }
    try folder.write("new.csv", (["user,item,rating,time"] + rows).joined(separator: "\n") + "\n")
    func train(_ run: String) -> [String] {
      ["train", "residual", "--run", run, "--device", "cpu"]
    }
    let first = try Program.run(
      train("first") + ["--data", "generated:tiny"] + Tiny.residual, in: folder)
    #expect(first.code == 0, "\(first.description)")
    let from = ["--from-run", "first", "--new-ratings", "new.csv", "--no-myopic"]
    let whole = try Program.run(train("whole") + from, in: folder)
    #expect(whole.code == 0, "\(whole.description)")
    #expect(whole.error.contains("beliefs begin with first's of 120 of "), "\(whole.error)")
    #expect(whole.output.contains(" sweeps from the earlier run's"), "\(whole.output)")
    #expect(!folder.exists("whole/belief-start.safetensors"))
    let sweeps = try object(folder.text("whole/report.json"))["beliefSweeps"] as? [Int]
    #expect(sweeps?.count == 4 && sweeps!.allSatisfy { 1...12 ~= $0 }, "\(sweeps ?? [])")
    // Killed when there is a factorization, and no beliefs yet or just now.
    let program = try Program(train("parts") + from, in: folder)
    program.until { folder.exists("parts/pmf.safetensors") }
    program.send(SIGKILL)
    _ = try program.wait()
    try FileManager.default.removeItem(atPath: folder.path + "/first")
    let parts = try Program.run(train("parts"), in: folder)
    #expect(parts.code == 0, "\(parts.description)")
    #expect(!folder.exists("parts/belief-start.safetensors"))
    for name in ["pmf", "beliefs", "checkpoint"] {
      #expect(
        try folder.data("parts/\(name).safetensors") == folder.data("whole/\(name).safetensors"),
        "\(name)")
    }
    // A run of PMF alone has none to begin with.
    let plain = try Program.run(
      ["train", "pmf", "--run", "pmf", "--device", "cpu"] + Tiny.factorization, in: folder)
    #expect(plain.code == 0, "\(plain.description)")
    let drawn = try Program.run(
      train("drawn") + ["--from-run", "pmf"] + Tiny.residual, in: folder)
    #expect(drawn.code == 0, "\(drawn.description)")
    #expect(
      drawn.error.contains("pmf has no beliefs: those of this run begin as drawn"),
      "\(drawn.error)")
    #expect(!folder.exists("drawn/belief-start.safetensors"))
  }

  @Test("refuses what has no such vectors, in a sentence")
  func refusals() throws {
    let folder = try Self.ratings()
    #expect(
      try Program.run(
        ["train", "multi-q", "--data", "generated:tiny", "--run", "tables", "--round-size", "50"],
        in: folder
      ).code == 0)
    #expect(try Self.train(folder, "cold", "--data", "old.csv").code == 0)
    for (words, part) in [
      (["pmf", "--run", "a", "--from-run", "none"], "none"),
      (["pmf", "--run", "a", "--from-run", "tables"], "no run on ratings with a factorization"),
      (["pmf", "--run", "a", "--new-ratings", "new.csv"], "add --from-run RUN or --data"),
      (["pmf", "--run", "a", "--from-run", "first", "--dimension", "7"], "vectors of 6 numbers"),
      (["pmf", "--run", "cold", "--from-run", "first"], "was started without --from-run"),
      (["multi-q", "--run", "a", "--from-run", "first"], "nothing here has one"),
      (["gru", "--run", "a", "--from-run", "first"], "nothing here has one"),
    ] {
      let outcome = try Program.run(["train"] + words, in: folder)
      #expect(outcome.code != 0 && outcome.error.contains(part), "\(words): \(outcome.description)")
      #expect(!folder.exists("a"))
    }
  }
}
