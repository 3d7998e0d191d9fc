import Foundation
import TestSupport
import Testing

@Suite("drr search")
struct SearchTests {
  private static let space = """
    train: dqn
    env: chain
    steps: 270
    exploring-starts: true
    device: cpu
    search:
      learning-rate: {low: 1e-4, high: 1e-1, scale: log}
      hidden: [4, 8]
      batch-size: {low: 8, high: 16}
    """

  private static func search(
    _ folder: Scratch, _ more: String..., run: String = "search"
  ) throws -> Outcome {
    try folder.write("space.yaml", space)
    return try Program.run(["search", "--space", "space.yaml", "--run", run] + more, in: folder)
  }

  /// The value that the last line of a training's metrics has.
  private static func value(_ folder: Scratch, _ run: String) throws -> Double {
    let last = try #require(try folder.text("\(run)/metrics.jsonl").split(separator: "\n").last)
    return try #require(try object(String(last))["greedyValue"] as? Double)
  }

  @Test("a trial is the run that its settings make, and the best has the best value")
  func trials() throws {
    let folder = Scratch()
    let outcome = try Self.search(folder, "--trials", "4", "--seeds", "2", "--seed", "5", "--json")
    #expect(outcome.code == 0, "\(outcome.description)")
    let report = try object(outcome.output)
    let trials = try #require(report["trials"] as? [[String: Any]])
    #expect(trials.count == 4 && report["measure"] as? String == "value")
    var means: [Double] = []
    for trial in trials {
      let run = try #require(trial["run"] as? String)
      let settings = try #require(trial["settings"] as? [String: String])
      let rate = try #require(settings["learning-rate"].flatMap(Double.init))
      let batch = try #require(settings["batch-size"].flatMap(Int.init))
      #expect(1e-4...1e-1 ~= rate && 8...16 ~= batch && ["4", "8"].contains(settings["hidden"]))
      let scores = try #require(trial["scores"] as? [Double])
      #expect(
        try scores == [Self.value(folder, "\(run)/seed-0"), Self.value(folder, "\(run)/seed-1")])
      means.append(scores.reduce(0, +) / 2)
    }
    #expect(means == means.sorted(by: >))
    // The second training of the best, alone.
    let best = try #require(trials[0]["run"] as? String)
    let again = try Program.run(
      ["train", "dqn", "--config", "search/best.yaml", "--seed", "6", "--run", "again"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    #expect(
      try folder.data("again/checkpoint.safetensors")
        == folder.data("\(best)/seed-1/checkpoint.safetensors"))
    let picture = XMLScan(try folder.text("search/search.svg"))
    #expect(picture.isWellFormed && picture.elements.filter { $0.name == "path" }.count == 4)
  }

  @Test("a longer search begins as a shorter does, and goes on from it")
  func resumed() throws {
    let folder = Scratch()
    #expect(try Self.search(folder, "--trials", "2").code == 0)
    let first = try folder.data("search/trial-001/checkpoint.safetensors")
    try folder.remove("search/trial-000/report.json")
    let longer = try Self.search(folder, "--trials", "4")
    #expect(longer.code == 0 && longer.output.contains("is the best of 4"), "\(longer.description)")
    #expect(try folder.data("search/trial-001/checkpoint.safetensors") == first)
    let whole = try Self.search(folder, "--trials", "4", run: "whole")
    #expect(whole.code == 0, "\(whole.description)")
    func table(_ text: String) -> [Substring] { Array(text.split(separator: "\n").prefix(5)) }
    #expect(table(whole.output) == table(longer.output))
    expectRefused(
      try Self.search(folder, "--trials", "4", "--seed", "1"), 1,
      "search: the search was started with --seed 0, not 1; name another --run")
  }

  @Test("successive halving trains fewer trials by more steps, round by round")
  func halving() throws {
    let folder = Scratch()
    let outcome = try Self.search(folder, "--trials", "9", "--rounds", "3", "--json")
    #expect(outcome.code == 0, "\(outcome.description)")
    for (round, count, steps) in [(0, 9, 30), (1, 3, 90), (2, 1, 270)] {
      let names = try folder.names("search/round-\(round)").filter { $0.hasPrefix("trial-") }
      #expect(names.count == count, "\(names)")
      for name in names {
        let config = try object(folder.text("search/round-\(round)/\(name)/config.json"))
        #expect((config["settings"] as? [String: Any])?["steps"] as? Int == steps)
      }
    }
    // Those that go on are the best of the round before.
    func values(_ round: Int) throws -> [String: Double] {
      try folder.names("search/round-\(round)").filter { $0.hasPrefix("trial-") }
        .reduce(into: [:]) { $0[$1] = try Self.value(folder, "search/round-\(round)/\($1)") }
    }
    let (before, after) = (try values(0), try values(1))
    let kept = after.keys.compactMap { before[$0] }
    let left = before.filter { after[$0.key] == nil }.values
    #expect(try #require(kept.min()) >= #require(left.max()))
  }

  @Test("trials that fail are told, and the search goes on")
  func failures() throws {
    let folder = Scratch()
    try folder.write(
      "space.yaml",
      "train: q\nenv: cliff\nsteps: 100\nsearch:\n  discount: [0.5, 3]\n  initial-value: [0, 1]\n")
    let outcome = try Program.run(
      ["search", "--space", "space.yaml", "--trials", "8", "--run", "s"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("failed") && outcome.error.contains("discount is 3"))
    try folder.write("space.yaml", "train: q\nsearch:\n  discount: [3, 4]\n")
    expectRefused(
      try Program.run(
        ["search", "--space", "space.yaml", "--trials", "2", "--run", "t"], in: folder),
      1, "t: no trial has a score", "discount is")
  }

  @Test(
    "a space that is wrong is refused by line",
    arguments: [
      (
        "search:\n  hidden: [4]",
        "space.yaml:1: \"train:\" is missing; it must be one of drr, residual"
      ),
      (
        "train: irecgan\nsearch:\n  seed: [4]",
        "space.yaml:1: \"train:\" is irecgan; it must be one of drr"
      ),
      ("train: dqn\n", "space.yaml:1: \"search:\" must have a line for each setting"),
      ("train: dqn\nsearch:\n  hiden: [4]", "space.yaml:3: hiden is no option of drr train dqn"),
      ("train: dqn\nsearch:\n  hidden: 4", "space.yaml:3: hidden is one value"),
      ("train: dqn\nsearch:\n  hidden: []", "space.yaml:3: hidden has a list that is empty"),
      ("train: dqn\nsearch:\n  hidden: {low: 4}", "low is 4 and high missing"),
      ("train: dqn\nsearch:\n  hidden: {low: 9, high: 4}", "low is 9 and high 4; they must be"),
      ("train: dqn\nsearch:\n  hidden: {low: 0, high: 4, scale: log}", "the lower first, above 0"),
      ("train: dqn\nsearch:\n  hidden: {low: 1, high: 4, scale: exp}", "scale is exp; it must be"),
      ("train: dqn\nsearch:\n  hidden: {low: 1, high: 4, step: 1}", "has step beside low, high"),
      ("train: dqn\nseed: 3\nsearch:\n  hidden: [4]", "space.yaml:2: seed is set by the search"),
      ("train: dqn\nhidden: 3\nsearch:\n  hidden: [4]", "hidden has a value in line 2; leave one"),
    ])
  func refused(text: String, message: String) throws {
    let folder = Scratch()
    try folder.write("space.yaml", text)
    let outcome = try Program.run(["search", "--space", "space.yaml", "--run", "s"], in: folder)
    #expect(outcome.code == 1 && outcome.error.contains(message), "\(outcome.description)")
    #expect(!folder.exists("s"))
  }

  @Test("options that are out of range, rounds without steps, a folder of a run")
  func options() throws {
    let folder = Scratch()
    for (name, value) in [("--trials", "0"), ("--seeds", "1001"), ("--rounds", "11")] {
      expectRefused(
        try Self.search(folder, name, value), 64, "\(name) is \(value); it must be 1 ...")
    }
    try folder.write("few.yaml", "train: q\nsearch:\n  discount: [0.5]\n")
    expectRefused(
      try Program.run(
        ["search", "--space", "few.yaml", "--rounds", "3", "--run", "s"], in: folder),
      1, "few.yaml: --rounds is 3, and the steps are too few to be cut; write a line \"steps: N\"")
    #expect(try Program.run(["train", "q", "--steps", "50", "--run", "q"], in: folder).code == 0)
    expectRefused(try Self.search(folder, run: "q"), 1, "q holds a run of its own")
  }
}
