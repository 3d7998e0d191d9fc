import Commands
import Foundation
import TestSupport
import Testing

@Suite("Several runs with one command")
struct GroupTests {
  static func train(_ more: String...) -> [String] { Tiny.train("many") + more }

  @Test("seeds and splits: each a whole run, evaluated as one")
  func seedsAndSplits() throws {
    let folder = Scratch()
    let trained = try Program.run(
      Self.train("--seeds", "2", "--splits", "2", "--seed", "5"), in: folder)
    #expect(trained.code == 0 && trained.error == "", "\(trained.description)")
    #expect(trained.output.hasPrefix("DRR-ave: 4 runs of 300 steps, rewards "))
    #expect(try folder.names("many") == ["runs.json", "split-0", "split-1"])
    // A run of a group is the run that one gets alone.
    let alone = try Program.run(
      Tiny.train(
        "alone", data: "generated:tiny", device: "cpu", "--seed", "6", "--split-seed", "1"),
      in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    for file in ["checkpoint.safetensors", "metrics.jsonl", "pmf.safetensors", "config.json"] {
      #expect(
        try folder.data("alone/\(file)") == folder.data("many/split-1/seed-1/\(file)"), "\(file)")
    }
    let evaluated = try Program.run(
      ["evaluate", "--all", "--run", "many", "--device", "cpu", "--json"], in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    #expect(try isResult(evaluated.output, folder.text("many/evaluation.json")))
    let report = try object(evaluated.output)
    let runs = try #require(report["runs"] as? [[String: Any]])
    #expect(runs.map { $0["seed"] as? Int } == [5, 6, 5, 6])
    #expect(runs.map { $0["splitSeed"] as? Int } == [0, 0, 1, 1])
    let part = try Program.run(
      ["evaluate", "--all", "--run", "many", "--device", "cpu", "--seeds", "1"], in: folder)
    #expect(part.code == 0 && part.output.contains("standard deviation over 2 runs"))
    expectRefused(
      try Program.run(["evaluate", "--all", "--run", "many", "--seeds", "3"], in: folder), 1,
      "--seeds is 3; many holds 1 ... 2")
    expectRefused(
      try Program.run(["evaluate", "--all", "--run", "alone", "--seeds", "3"], in: folder), 1,
      "--seeds is 3, but alone holds one run")
    let recommended = try Program.run(["recommend", "--run", "many", "--user", "1"], in: folder)
    #expect(recommended.code == 0 && recommended.error.contains("many: by many/split-"))
    expectRefused(
      try Program.run(Tiny.train("alone", data: nil) + ["--seeds", "2"], in: folder), 1,
      "alone holds a run of its own")
  }

  @Test("interrupted, all runs are saved, and the folder's name alone goes on")
  func interrupted() throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("--seeds", "3"), in: folder).code == 0)
    #expect(try folder.names("many") == ["runs.json", "seed-0", "seed-1", "seed-2"])
    let long = Tiny.train("parts") + ["--seeds", "3"]
    let program = try Program(long, in: folder)
    program.until { folder.exists("parts/seed-0/metrics.jsonl") }
    program.send(SIGINT)
    let outcome = try program.wait()
    #expect(
      outcome.code == 130
        && outcome.error
          == "interrupted; every run is saved; to go on: drr train drr --run parts\n",
      "\(outcome.description)")
    let again = try Program.run(["train", "drr", "--no-myopic", "--run", "parts"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    for seed in 0..<3 {
      for file in ["checkpoint.safetensors", "metrics.jsonl", "pmf.safetensors"] {
        #expect(
          try folder.data("parts/seed-\(seed)/\(file)") == folder.data("many/seed-\(seed)/\(file)"))
      }
    }
  }

  @Test("a run that fails stops the others and is named")
  func failure() throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("--seeds", "2"), in: folder).code == 0)
    try folder.write("many/seed-1/pmf.safetensors", "junk")
    let outcome = try Program.run(["train", "drr", "--run", "many"], in: folder)
    #expect(outcome.code == 1 && outcome.output == "", "\(outcome.description)")
    #expect(outcome.error.contains("Error: many/seed-1/pmf.safetensors: not a valid safetensors"))
    expectRefused(
      try Program.run(["train", "drr", "--run", "many", "--discount", "0.5"], in: folder), 1,
      "many/seed-0: the run was started with --discount 0.9, not 0.5")
    let fresh = try Program.run(
      Self.train("--fresh", "--seeds", "1", "--discount", "0.5"), in: folder)
    #expect(fresh.code == 0, "\(fresh.description)")
    try folder.write("many/runs.json", "{}")
    expectRefused(
      try Program.run(["train", "drr", "--run", "many"], in: folder), 1,
      "many/runs.json: not the list of a group's runs")
  }

  @Test("numbers of runs that cannot be are refused", arguments: ["--seeds", "--splits"])
  func bounds(option: String) throws {
    for number in ["0", "-1", "1001", "x"] {
      let outcome = try Program.run(Self.train(option, number), in: Scratch())
      #expect(outcome.code == 64 && outcome.error.contains(option), "\(outcome.description)")
    }
  }

  @Test("progress travels as a line that is no message")
  func report() {
    let report = ProgressReport(done: 3, total: 40, note: "DRR steps, reward 0.3")
    #expect(ProgressReport(line: report.line) == report)
    #expect(ProgressReport(line: "warning: 3 40 steps") == nil)
    #expect(ProgressReport(line: "") == nil)
  }
}
