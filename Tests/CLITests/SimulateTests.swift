import Foundation
import TestSupport
import Testing

@Suite("Simulation")
struct SimulateTests {
  @Test("agents of two worlds are simulated in both, the same each time, and stored")
  func simulate() throws {
    let folder = Scratch()
    for (run, more) in [("one", ["--num-envs", "8"]), ("two", ["--streak-strength", "1"])] {
      let trained = try Program.run(
        Tiny.train(run) + ["--env", run == "one" ? "pmf" : "items"] + more, in: folder)
      #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    }
    let words = ["simulate", "--run", "one", "--device", "cpu"]
    for world in ["pmf", "items"] {
      let options = ["--env", world, "--streak-strength", "0.5", "--run", "two"]
      let first = try Program.run(words + options + ["--json"], in: folder)
      #expect(first.code == 0 && first.error == "", "\(first.description)")
      #expect(try isResult(first.output, folder.text("one/online.json")))
      let again = try Program.run(words + options + ["--json"], in: folder)
      #expect(again.output == first.output)
      let report = try object(first.output)
      let policies = try #require(report["policies"] as? [[String: Any]])
      #expect(
        policies.compactMap { $0["name"] as? String } == [
          "random", "popularity", "item mean", "PMF greedy", "random action", "DRR-ave untrained",
          "DRR-ave untrained updated", "DRR-ave frozen", "DRR-ave updated", "two frozen",
          "PMF greedy, changing kinds", "PMF greedy, changing own kinds",
          "DRR-ave untrained, changing kinds", "DRR-ave untrained, changing own kinds",
          "world's model greedy", "world greedy", "world greedy, changing kinds",
        ])
      for policy in policies {
        let rows = try #require(policy["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["k"] as? Int } == [5, 10, 15, 20])
        for row in rows {
          let mean = try #require((row["reward"] as? [String: Any])?["mean"] as? Double)
          #expect(abs(mean) <= 1)
        }
      }
      #expect((report["protocolSummary"] as? String)?.contains("strength 0.5") == true)
    }
    let table = try Program.run(words + ["--frozen-only", "--epsilon", "0.1"], in: folder)
    #expect(
      table.output.contains("\n>DRR-ave, fixed weights ")
        && !table.output.contains("online fine-tuning"))
    let said = table.output.replacing(/\s+/, with: " ")
    #expect(said.contains("less the start, the user's profile and what was recommended"))
    #expect(said.contains("exploration 0.1"))
    let again = try Program.run(words + ["--frozen-only", "--seen-items"], in: folder)
    #expect(
      again.output.replacing(/\s+/, with: " ").contains("the user's profile among them and what"))
    #expect(!table.output.contains("alternating clusters"))
    // Training goes on from what is there, the world's file among it.
    let finished = try Program.run(
      ["train", "drr", "--no-myopic", "--run", "one", "--device", "cpu"], in: folder)
    #expect(finished.code == 0, "\(finished.description)")
  }

  @Test("what cannot be simulated is refused by name")
  func refused() throws {
    let folder = try Tiny.trained()
    func error(_ words: [String]) throws -> String {
      let outcome = try Program.run(words + ["--device", "cpu"], in: folder)
      #expect(outcome.code != 0 && outcome.output == "", "\(outcome.description)")
      return outcome.error
    }
    let simulate = ["simulate", "--run", "run"]
    #expect(
      try error(simulate + ["--streak-strength=-1"]).contains(
        "--streak-strength is -1.0; it must be 0 ... 100"))
    #expect(try error(simulate + ["--env", "moon"]).contains("moon"))
    #expect(try error(["simulate", "--run", "none"]).contains("no run was started there"))
    #expect(
      try error(["train", "drr", "--run", "run", "--env", "items"]).contains(
        "the run was started with --env pmf, not items"))
    #expect(
      try error(["train", "drr", "--run", "run", "--num-envs", "2"]).contains(
        "the run was started with --num-envs 1, not 2"))
    let other = try Program.run(Tiny.train("other") + ["--split-seed", "1"], in: folder)
    #expect(other.code == 0)
    #expect(
      try error(simulate + ["--run", "other"]).contains(
        "--run other has other data, another split or another window than run"))
  }
}
