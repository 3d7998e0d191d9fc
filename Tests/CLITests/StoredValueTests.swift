import Foundation
import Tensor
import TestSupport
import Testing

/// What a checkpoint may do to the program that goes on from it, where its checksum is right and a
/// value is none that a training writes: nothing but a sentence with its name, value and range.
@Suite("A stored value that no training writes is refused by name")
struct StoredValueTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var run: String
    var file = "checkpoint.safetensors"
    var tensor: String
    var place = 0
    var value: Double
    /// What is said of it.
    var expected: String
    var testDescription: String { "\(run): \(tensor)[\(place)] = \(value)" }
  }

  private static let commands = [
    "drr-paper-interrupted": "train drr", "drr-best-interrupted": "train residual",
    "dqn-interrupted": "train dqn", "pmf-interrupted": "train pmf", "q-interrupted": "train q",
    "multi-q-interrupted": "train multi-q", "irecgan-interrupted": "train irecgan",
  ]

  static let cases: [Case] = {
    let count = "0 ... 281474976710656"
    var cases: [Case] = []
    func add(
      _ run: String, _ tensor: String, _ value: Double, _ expected: String, at place: Int = 0,
      in file: String = "checkpoint.safetensors"
    ) {
      cases.append(
        Case(
          run: run, file: file, tensor: tensor, place: place, value: value, expected: expected))
    }
    for (run, prefix) in [
      ("drr-paper-interrupted", "drr.actor_adam"), ("drr-best-interrupted", "residual.critic_adam"),
      ("dqn-interrupted", "dqn.adam"),
    ] {
      add(run, "\(prefix).step", -1, count)
      add(run, "replay.states", 1e9, "0 ..<")
      add(run, "replay.next_states", -1, "0 ..<")
      add(run, "replay.priorities", .nan, "a finite number, 0 or more", at: 1)
      add(run, "replay.maximum_priority", 0, "a finite number above 0")
      add(run, "replay.next", -1, "0 ..<")
      add(run, "trainer.counters", -1, count)
      add(run, "trainer.counters", 1e9, "at most")
    }
    let (drr, residual, dqn) = (
      "drr-paper-interrupted", "drr-best-interrupted", "dqn-interrupted"
    )
    // 50 users, 120 items, the user first: one past the end.
    add(drr, "replay.states", 50, "0 ..< 50")
    add(drr, "replay.states", 120, "-1 ..< 120", at: 1)
    add(drr, "replay.states", -2, "-1 ..< 120", at: 2)
    add(drr, "trainer.episodes", -1, "0 ..<")
    add(drr, "trainer.episodes", 1e9, "0 ..<")
    add(drr, "trainer.chosen_counts", 5, "0 ... 0")
    add(drr, "trainer.reward", .infinity, "a finite number")
    add(drr, "policy.step", -1, count)
    add(drr, "validation.steps", -5, count)
    add(drr, "validation.measures", .nan, "0.0 ... 1.0")
    add(residual, "trainer.rows", 1e9, "0 ..<")
    add(residual, "trainer.rows", -1, "0 ...", at: 1)
    add(residual, "trainer.trainees", -1, "0 ..<")
    add(residual, "trainer.shown", 120, "0 ..< 120")
    add(residual, "trainer.shown_counts", 9e18, "0 ... 4")
    add(residual, "trainer.counters", 1e9, "0 ...", at: 4)
    add(residual, "trainer.states", .nan, "a finite number")
    add(residual, "beliefs.folds", 9, "0 ..<", in: "beliefs.safetensors")
    add(residual, "beliefs.kinds", -1, "0 ..<", in: "beliefs.safetensors")
    add(residual, "beliefs.0.user_variances", 0, "above 0", in: "beliefs.safetensors")
    add(residual, "pmf.items", .nan, "a finite number", in: "pmf.safetensors")
    add(dqn, "replay.states", 120, "0 ..< 120", at: 4)
    add(dqn, "environments.playing", 1e9, "0 ..<")
    add(dqn, "environments.places", 1e9, "0 ..<")
    add(dqn, "environments.begun", -1, count)
    add(dqn, "tally.counts", -1, count)
    let pmf = "pmf-checkpoint.safetensors"
    add("pmf-interrupted", "pmf.epoch", -1, "0 ...", in: pmf)
    add("pmf-interrupted", "pmf.epoch", 9e18, "0 ...", in: pmf)
    add("pmf-interrupted", "pmf.best.error", .nan, "0 or more", in: pmf)
    add("pmf-interrupted", "pmf.best.epoch", 1e9, "0 ...", in: pmf)
    add("pmf-interrupted", "pmf.adam.step", -1, count, in: pmf)
    add("q-interrupted", "counters", 1e12, "at most")
    add("q-interrupted", "counters", 4, "an action -1 ..< 4", at: 4)
    add("q-interrupted", "environment.place", 48, "a state below 48")
    add("q-interrupted", "environment.place", -1, count)
    add("q-interrupted", "visits.0", -1, count)
    add("q-interrupted", "table.1", .infinity, "a finite number")
    add("multi-q-interrupted", "round", -1, "0 ...")
    add("multi-q-interrupted", "round", 1e9, "0 ...")
    add("multi-q-interrupted", "parts", 0, "1 ...")
    let table = "table-5-0-0.safetensors"
    add("multi-q-interrupted", "table.keys", 0, "the key of one of", in: table)
    add("multi-q-interrupted", "table.keys", 1.8e19, "the key of one of", at: 73, in: table)
    add("multi-q-interrupted", "table.actions", 120, "0 ..< 120", in: table)
    add("multi-q-interrupted", "table.n", 0, "1 ...", in: table)
    add("multi-q-interrupted", "table.row_offsets", 1e18, "0 ...", at: 1, in: table)
    add("multi-q-interrupted", "table.q", .nan, "a finite number", in: table)
    let gan = "irecgan.safetensors"
    add("irecgan-interrupted", "trainer.place", 1e9, "a segment", in: gan)
    add("irecgan-interrupted", "trainer.place", -1, count, at: 1, in: gan)
    add("irecgan-interrupted", "user_adam.step", -1, count, in: gan)
    add("irecgan-interrupted", "best.agent_score", .nan, "or -inf", in: gan)
    add("irecgan-interrupted", "user_learning_rate", -1, "0 or more", in: gan)
    return cases
  }()

  @Test(arguments: cases)
  func refused(_ wrong: Case) throws {
    let folder = try OldRun.copied(wrong.run)
    let path = folder.url("\(wrong.run)/\(wrong.file)").path
    let file = try SafetensorsFile(contentsOf: path)
    try file.changing(wrong.tensor, at: wrong.place, to: wrong.value).write(to: path)
    let command = try #require(Self.commands[wrong.run])
    let outcome = try Program.run(
      command.split(separator: " ").map(String.init) + ["--run", wrong.run]
        + (["train q", "train multi-q"].contains(command) ? [] : ["--device", "cpu"]),
      in: folder)
    #expect(outcome.code == 1, "\(outcome.description)")
    for words in [
      "\(wrong.run)/\(wrong.file): tensor '\(wrong.tensor)'", ", expected ", wrong.expected,
      "; restore the file from a copy, or start again with --fresh",
    ] { #expect(outcome.error.contains(words), "\(words): \(outcome.error)") }
    #expect(outcome.output.isEmpty)
  }

  @Test("a count of the metadata that is none is refused, and no line of the metrics is lost")
  func metadata() throws {
    let run = "drr-paper-interrupted"
    for value in ["-1", "nonsense", "99999999999999999999"] {
      let folder = try OldRun.copied(run)
      let path = folder.url("\(run)/checkpoint.safetensors").path
      let file = try SafetensorsFile(contentsOf: path)
      var metadata = file.metadata
      metadata["metrics_lines"] = value
      try file.rewritten(metadata: metadata).write(to: path)
      let before = try folder.data("\(run)/metrics.jsonl")
      let outcome = try Program.run(
        ["train", "drr", "--run", run, "--device", "cpu"], in: folder)
      #expect(outcome.code == 1, "\(outcome.description)")
      #expect(
        outcome.error.contains("its metrics_lines is \(value), expected 0 or more"),
        "\(outcome.error)")
      #expect(try folder.data("\(run)/metrics.jsonl") == before)
    }
  }

  @Test("a bandit's state that none of its policies has is refused")
  func bandit() throws {
    let folder = Scratch()
    let words = [
      "bandit", "arms", "--arms", "0.5,0.4", "--policy", "thompson", "--rounds", "3000000",
      "--seeds", "1", "--checkpoint-steps", "500", "--run", "run",
    ]
    let program = try Program(words, in: folder)
    program.until { folder.exists("run/checkpoint.safetensors") }
    program.send(SIGINT)
    _ = try program.wait()
    let path = folder.url("run/checkpoint.safetensors").path
    let file = try SafetensorsFile(contentsOf: path)
    let text = String(decoding: try file.values("experiment") as [UInt8], as: UTF8.self)
    let state = try object(text)
    let tally = try #require(state["tally"] as? [String: Any])
    let encoded = try #require(state["trial"] as? String)
    let decoded = try #require(Data(base64Encoded: encoded))
    let trial = try object(String(decoding: decoded, as: UTF8.self))
    func refused(_ what: String, _ tally: [String: Any], _ trial: [String: Any]) throws {
      var state = state
      state["tally"] = tally
      state["trial"] = try JSONSerialization.data(withJSONObject: trial).base64EncodedString()
      try file.rewritten { entry, writer in
        try writer.add(
          entry.name, Array(JSONSerialization.data(withJSONObject: state)))
        return true
      }.write(to: path)
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 1, "\(what): \(outcome.description)")
      #expect(
        outcome.error.contains("tensor 'experiment' is no state of these policies"),
        "\(what): \(outcome.error)")
    }
    for (key, value) in [
      ("rounds", -1), ("rounds", 1_000_000_000), ("best", -1), ("regret", [Double]()),
    ] as [(String, Any)] {
      var wrong = tally
      wrong[key] = value
      try refused("\(key) = \(value)", wrong, trial)
    }
    for (key, value) in [
      // A Gamma of a shape below 1 is drawn for ever.
      ("successes", [-5.0, 1]), ("successes", [1.0]), ("failures", [1e300, 1]),
    ] as [(String, Any)] {
      var wrong = trial
      var policy = try #require(trial["policy"] as? [String: Any])
      policy[key] = value
      wrong["policy"] = policy
      try refused("\(key) = \(value)", tally, wrong)
    }
  }
}
