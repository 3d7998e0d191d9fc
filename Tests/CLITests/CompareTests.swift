import Foundation
import Testing

@Suite("drr compare")
struct CompareTests {
  private static func train(_ folder: Scratch, _ run: String, _ more: String...) throws {
    try Program.run(
      ["train", "drr", "--run", run, "--device", "cpu", "--data", "generated:tiny"]
        + Tiny.settings + more, in: folder
    ).required()
  }

  @Test("runs of one split stand beside every baseline; others are refused")
  func table() throws {
    let folder = Scratch()
    try Self.train(folder, "a", "--split", "latest")
    try Self.train(folder, "b", "--split", "latest", "--seed", "1")
    try Self.train(folder, "users")
    let arguments = ["compare", "--all", "--run", "a", "--run", "b", "--device", "cpu"]
    let outcome = try Program.run(arguments, in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    for line in [
      "protocol  each user's ratings split by time 70%/10%/20%", "in an order drawn by seed 0",
      "runs      a: DRR-ave\n          b: DRR-ave, b\n", "\nrandom ", "\nco-occurrence kNN ",
      "\nfirst-order Markov ", "\nwindowed Markov ", "\nsession kNN ", "\nPMF (no biases) ",
      "\noracle ",
      "\nDRR-ave ", "\nDRR-ave, b ", "HR@10, NDCG@10 by time",
      "HR@10 by popularity", "\nranking held-out items ",
    ] {
      #expect(outcome.output.contains(line), "\(line): \(outcome.output)")
    }
    let table = try object(Program.run(arguments + ["--json"], in: folder).output)
    let rows = try #require(table["rows"] as? [[String: Any]])
    #expect(rows.count == 12 && rows.last?["name"] as? String == "DRR-ave, b")
    #expect(rows[0]["hitRateDifference"] != nil && rows[3]["hitRateDifference"] == nil)

    let other = try Program.run(["compare", "--run", "a", "--run", "users"], in: folder)
    expectRefused(
      other, 1,
      "users was trained with --split users, a with latest; one table needs the same split"
    )
    try Self.train(folder, "seed", "--split", "latest", "--split-seed", "3")
    expectRefused(
      try Program.run(["compare", "--run", "a", "--run", "seed"], in: folder), 1,
      "seed was trained with --split-seed 3, a with 0")
    expectRefused(
      try Program.run(
        ["compare", "--run", "a", "--data", "generated:tiny:2", "--device", "cpu"], in: folder), 1,
      "the data have changed since the run began")
    expectRefused(
      try Program.run(
        ["compare", "--run", "a", "--against", "oracl", "--device", "cpu"], in: folder),
      64, "--against is oracl, which is no row; name one of random, popularity",
      "the nearest is oracle", "Usage: drr compare")
    for name in ["item-kNN", "co-occurrence kNN"] {
      let found = try Program.run(arguments + ["--against", name], in: folder)
      #expect(found.output.contains("minus: minus co-occurrence kNN,"), "\(found.description)")
    }
    // The stored setting says how ties are ordered, and the run goes on under it.
    #expect(try folder.text("a/config.json").contains("\"ties\" : \"drawn\""))
    let recommend = ["recommend", "--run", "a", "--user", "1", "--device", "cpu"]
    #expect(try Program.run(recommend, in: folder).code == 0)
    expectRefused(
      try Program.run(
        ["train", "drr", "--run", "a", "--ties", "file", "--device", "cpu"], in: folder), 1,
      "--ties drawn, not file")
  }

  @Test("the baselines need no run, and a split of theirs can be had")
  func baselines() throws {
    let outcome = try Program.run([
      "compare", "--baselines-only", "--data", "generated:tiny", "--splits", "2", "--ties", "file",
      "--liked-only", "--users", "20", "--device", "cpu", "--json",
    ])
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let table = try object(outcome.output)
    #expect(table["splitSeeds"] as? [Int] == [0, 1] && (table["rows"] as? [Any])?.count == 10)
    #expect(table["users"] as? [Int] != nil && (table["runs"] as? [Any])?.isEmpty == true)
  }

  @Test("what cannot be compared is refused")
  func refused() throws {
    let folder = Scratch()
    for (arguments, code, message) in [
      (["compare"], 64, "no run is named"),
      (["compare", "--run", "x", "--baselines-only"], 64, "exclude each other"),
      (
        ["compare", "--run", "x", "--splits", "2"], 64, "--splits is an option of --baselines-only"
      ),
      (["compare", "--run", "x", "--run", "x"], 64, "--run x is named twice"),
      (["compare", "--baselines-only", "--splits", "0"], 64, "--splits is 0"),
      (["compare", "--run", "x"], 1, "x: no run was started there"),
      (
        ["compare", "--baselines-only", "--data", "generated:tiny", "--split", "rows"], 1,
        "the next item cannot be asked for where ratings are held out at random"
      ),
      (
        ["compare", "--baselines-only", "--data", "generated:tiny", "--users", "0"], 1,
        "users is 0"
      ),
    ] as [([String], Int32, String)] {
      expectRefused(try Program.run(arguments, in: folder), code, message)
    }
  }
}
