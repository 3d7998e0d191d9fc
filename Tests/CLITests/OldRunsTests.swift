import Foundation
import TestSupport
import Testing

@Suite("Run folders of version 0.1.0 still open")
struct OldRunsTests {
  struct Finished: CustomTestStringConvertible, Sendable {
    var run: String
    var command: [String]
    var says: String
    var testDescription: String { run }

    init(_ run: String, _ command: [String], _ says: String) {
      (self.run, self.command, self.says) = (run, command, says)
    }
  }

  static let cpu = ["--device", "cpu"]
  static let finished = [
    Finished("pmf", ["train", "pmf"] + cpu, "k 4: RMSE 1.225"),
    Finished("drr-paper", ["train", "drr"] + cpu, "DRR-ave: 160 steps, reward -0.035"),
    Finished("drr-best", ["train", "residual"] + cpu, "residual agent: 112 steps, reward 0.75"),
    Finished("dqn", ["train", "dqn"] + cpu, "DQN: 400 steps, reward 0.300"),
    Finished("pg", ["train", "pg"] + cpu, "REINFORCE top-5: 400 steps, reward 0.300"),
    Finished("a2c", ["train", "pg"] + cpu, "A2C: 416 steps, reward 0.068"),
    Finished("dqn-world", ["train", "dqn"] + cpu, "policy is worth -100.000, the best -12.248"),
    Finished("pg-world", ["train", "pg"] + cpu, "policy is worth -0.933, the best 0.660"),
    Finished("point", ["train", "pg"] + cpu, "cost 41.813 an episode, gain 0.026"),
    Finished("q", ["train", "q"], "worth 8.900, the best policy 8.900"),
    Finished("multi-q", ["train", "multi-q"], "checksum a628b94d7c3733d5"),
    Finished("bandit-arms", ["bandit", "arms"], "11.1 [0.0, 26.8]"),
    Finished("bandit-linear", ["bandit", "linear"], "0.4 [0.4, 0.4]"),
    Finished("bandit-cascade", ["bandit", "cascade"], "12.1 [12.1, 12.1]"),
    Finished("bandit-ads", ["bandit", "ads"], "4.3 [4.3, 4.3]"),
    Finished("bandit-exhibition", ["bandit", "exhibition"], "2.1 [2.1, 2.1]"),
    Finished(
      "irecgan", ["train", "irecgan", "--all-methods"] + cpu,
      "trained by IRecGAN, PG, actor-critic, PG with U"),
    Finished("irecgan-group", ["train", "irecgan", "--method", "pg"] + cpu, "trained by PG"),
    Finished(
      "group-seeds", ["train", "drr", "--no-twin"] + cpu,
      "DRR-ave: 2 runs of 40 steps, rewards 0.500 -0.250"),
    Finished(
      "group-splits", ["train", "drr", "--no-twin"] + cpu,
      "DRR-ave: 2 runs of 40 steps, rewards 0.500 0.500"),
  ]

  @Test("what is finished is told again, and not a bit of it changes", arguments: finished)
  func takenUp(_ old: Finished) throws {
    let folder = try OldRun.copied(old.run)
    let before = try folder.tensors(old.run)
    #expect(!before.isEmpty)
    let outcome = try Program.run(old.command + ["--run", old.run], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains(old.says), "\(outcome.output)")
    #expect(try differences(before, folder.tensors(old.run)) == [])
  }

  struct Interrupted: CustomTestStringConvertible, Sendable {
    var run: String
    var command: [String]
    /// A number of its metrics, and another in its place: only who goes on keeps that.
    var written: String
    var changed: String
    /// Of the report at the end, by its key.
    var key: String
    var value: Double
    var tolerance = 0.0
    var testDescription: String { run }
  }

  static let interrupted = [
    Interrupted(
      run: "pmf-interrupted", command: ["train", "pmf"] + cpu, written: "\"error\":1.1695",
      changed: "\"error\":7.1695", key: "sessionRMSE", value: 0.97683, tolerance: 1e-3),
    Interrupted(
      run: "drr-paper-interrupted", command: ["train", "drr", "--no-twin"] + cpu,
      written: "\"ndcg10\":0.324", changed: "\"ndcg10\":0.987", key: "steps", value: 2_000),
    Interrupted(
      run: "drr-best-interrupted", command: ["train", "residual", "--no-twin"] + cpu,
      written: "\"step\":56", changed: "\"step\":55", key: "steps", value: 112),
    Interrupted(
      run: "dqn-interrupted", command: ["train", "dqn"] + cpu, written: "\"step\":200",
      changed: "\"step\":199", key: "steps", value: 4_000),
    Interrupted(
      run: "q-interrupted", command: ["train", "q"], written: "\"meanReturn\":-1828",
      changed: "\"meanReturn\":-1234", key: "error", value: 0.00064998, tolerance: 1e-6),
  ]

  @Test("what was interrupted goes on to its end", arguments: interrupted)
  func goneOn(_ old: Interrupted) throws {
    let folder = try OldRun.copied(old.run)
    let metrics = try folder.text("\(old.run)/metrics.jsonl")
    try #require(metrics.contains(old.written))
    try folder.write(
      "\(old.run)/metrics.jsonl", metrics.replacing(old.written, with: old.changed))
    let fitted = try folder.tensors(old.run).filter { $0.key.hasPrefix("pmf.safetensors") }
    let outcome = try Program.run(old.command + ["--run", old.run, "--json"], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let found = try number(try object(outcome.output), old.key)
    #expect(abs(found - old.value) <= old.tolerance, "\(found)")
    #expect(try folder.text("\(old.run)/metrics.jsonl").contains(old.changed))
    let after = try folder.tensors(old.run)
    for (name, bytes) in fitted { #expect(after[name] == bytes, "\(name)") }
    let again = try Program.run(old.command + ["--run", old.run], in: folder)
    #expect(again.code == 0, "\(again.description)")
    #expect(try differences(after, folder.tensors(old.run)) == [])
  }

  @Test("an interrupted run of many tables goes on from its last round")
  func interruptedTables() throws {
    let run = "multi-q-interrupted"
    let folder = try OldRun.copied(run)
    let train = ["train", "multi-q", "--run", run, "--json"]
    // It is read: without its tables nothing goes on.
    let table = "\(run)/table-5-0-0.safetensors"
    let bytes = try folder.data(table)
    try folder.remove(table)
    expectRefused(try Program.run(train, in: folder), 1, "cannot read \(table)")
    try folder.write(table, bytes)
    let outcome = try Program.run(train, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try object(outcome.output)["checksum"] as? String == "1ee732d372c58f72")
    let tables = try folder.names(run).filter { $0.hasPrefix("table-") }
    #expect(tables == ["table-840-0-0.safetensors"])
  }

  @Test("an interrupted method of IRecGAN goes on, and others begin where it did")
  func interruptedMethod() throws {
    let (folder, run) = (try OldRun.copied("irecgan-interrupted"), "irecgan-interrupted")
    let metrics = try folder.text("\(run)/metrics.jsonl")
    let (written, changed) = ("\"loss\":21.6055", "\"loss\":77.6055")
    try #require(metrics.contains(written))
    try folder.write("\(run)/metrics.jsonl", metrics.replacing(written, with: changed))
    let begun = try folder.tensors(run).filter { $0.key.hasPrefix("pretrained") }
    let outcome = try Program.run(
      ["train", "irecgan", "--method", "irecgan", "--method", "ac", "--json", "--run", run]
        + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let reports = try #require(try json(outcome.output) as? [[String: Any]])
    for method in ["irecgan", "ac"] {
      let rounds = reports.filter { $0["part"] as? String == method }
      #expect(rounds.compactMap { $0["round"] as? Int }.max() == 3, "\(method)")
    }
    #expect(try folder.text("\(run)/metrics.jsonl").contains(changed))
    let after = try folder.tensors(run)
    for (name, bytes) in begun { #expect(after[name] == bytes, "\(name)") }
  }

  @Test("an agent is trained on a factorisation that was fitted alone")
  func agentOnFactorization() throws {
    let folder = try OldRun.copied("pmf")
    let before = try folder.tensors("pmf").filter { $0.key.hasPrefix("pmf.") }
    let outcome = try Program.run(
      [
        "train", "residual", "--run", "pmf", "--no-twin", "--batch", "8", "--replay", "32",
        "--learning-starts", "16", "--cloning-steps", "4", "--steps", "48", "--validations", "1",
      ] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("residual agent: 52 steps"))
    let after = try folder.tensors("pmf").filter { $0.key.hasPrefix("pmf.") }
    #expect(differences(before, after) == [])
  }

  @Test("a sweep reads what it has done, and does none of it again")
  func sweep() throws {
    let folder = try OldRun.copied("sweep")
    // Rewards that no training has earned.
    var rewards = [7, 9]
    let lines = try folder.text("sweep/outcomes.jsonl").split(separator: "\n").map { line in
      var cell = try #require(try json(String(line)) as? [[String: Any]])
      let plain = try #require(cell.firstIndex { $0["method"] as? String == "pg" })
      cell[plain]["reward"] = rewards.removeFirst()
      return String(decoding: try JSONSerialization.data(withJSONObject: cell), as: UTF8.self)
    }
    try folder.write("sweep/outcomes.jsonl", lines.joined(separator: "\n") + "\n")
    let outcome = try Program.run(
      [
        "simulate", "sweep", "--sizes", "30", "--policies", "max", "--seeds", "2", "--method", "pg",
        "--evaluation-sessions", "40", "--user-epochs", "2", "--agent-epochs", "2",
        "--discriminator-epochs", "1", "--rounds", "1", "--refreshes", "1", "--roll-outs", "2",
        "--user-units", "4", "--user-layers", "1", "--agent-units", "4", "--embedding", "3",
        "--batch", "16", "--discriminator-sessions", "20", "--run", "sweep", "--json",
      ] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let rows = try json(outcome.output)
    #expect(abs(try number(rows, 0, "rewards", "pg", "mean") - 8) < 1e-9)
    #expect(abs(try number(rows, 0, "rewards", "random", "mean") - 1.9875) < 1e-9)
  }

  @Test("the leak ladder reads what it has measured, and measures none of it again")
  func ladder() throws {
    let folder = try OldRun.copied("ladder")
    let text = try folder.text("ladder/leak-ladder.json")
    // Of the random order on the first rung; nothing measures this.
    let (written, changed) = ("\"mean\":0.6695652173913043", "\"mean\":0.6543219876543219")
    try #require(text.contains(written))
    try folder.write("ladder/leak-ladder.json", text.replacing(written, with: changed))
    let outcome = try Program.run(
      [
        "evaluate", "--leak-ladder", "--data", "generated:tiny", "--steps", "20", "--run",
        "ladder", "--json",
      ] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let measurements = try object(outcome.output)["measurements"]
    #expect((measurements as? [Any])?.count == 5)
    let first = try #require((measurements as? [[String: Any]])?.first)
    let random = try row(first["rankers"], "random")
    #expect(try number(random, "rows", 0, "precision", "mean") == 0.6543219876543219)
  }
}
