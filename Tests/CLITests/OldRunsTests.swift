import Foundation
import TestSupport
import Testing

/// Copies of run folders that version 0.1.0 wrote (Tests/Fixtures/runs/README.md).
enum OldRun {
  static func copied(_ names: String...) throws -> Scratch { try copied(names) }

  static func copied(_ names: [String]) throws -> Scratch {
    let folder = Scratch()
    let fixtures = packageRoot.appendingPathComponent("Tests/Fixtures/runs")
    for name in names {
      try FileManager.default.copyItem(
        at: fixtures.appendingPathComponent(name), to: folder.url(name))
    }
    return folder
  }
}

extension Scratch {
  /// Every file in a folder and those below it, by its path from there.
  func tree(_ folder: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: url(folder).path)
      ?? .init()
    {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(
        atPath: url("\(folder)/\(name)").path, isDirectory: &isFolder)
      if !isFolder.boolValue { found[name] = try data("\(folder)/\(name)") }
    }
    return found
  }

  /// Every tensor of a folder's checkpoints and of those below it: its bytes by file, name, type and
  /// shape. What a checkpoint says beside its tensors does not count.
  func tensors(_ folder: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for (file, bytes) in try tree(folder) where file.hasSuffix(".safetensors") {
      let size = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let header = try object(String(decoding: bytes[8..<8 + size], as: UTF8.self))
      for (name, entry) in header where name != "__metadata__" {
        let entry = try #require(entry as? [String: Any])
        let (type, shape) = (entry["dtype"] as? String, entry["shape"] as? [Int])
        let range = try #require(entry["data_offsets"] as? [Int])
        found["\(file) \(name) \(type ?? "") \(shape ?? [])"] = Data(
          bytes[8 + size + range[0]..<8 + size + range[1]])
      }
    }
    return found
  }
}

/// What two dictionaries do not have alike.
func differences(_ one: [String: Data], _ other: [String: Data]) -> [String] {
  Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
}

/// The row of a report for what today calls `name`.
func row(_ rows: Any?, _ name: String) throws -> [String: Any] {
  let rows = try #require(rows as? [[String: Any]])
  return try #require(
    rows.first { ($0["id"] ?? $0["name"]) as? String == name }, "\(name) has no row")
}

/// The number at a path of keys and places.
func number(_ value: Any?, _ path: Any...) throws -> Double {
  var value = value
  for part in path {
    if let key = part as? String { value = (value as? [String: Any])?[key] }
    if let place = part as? Int { value = (value as? [Any])?[place] }
  }
  return try #require(value as? Double, "no number at \(path)")
}

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
    Finished("bandit-arms", ["bandit", "arms"], "11.1 [9.9, 12.4]"),
    Finished("bandit-linear", ["bandit", "linear"], "0.4 [0.4, 0.4]"),
    Finished("bandit-cascade", ["bandit", "cascade"], "12.1 [12.1, 12.1]"),
    Finished("bandit-ads", ["bandit", "ads"], "4.3 [4.3, 4.3]"),
    Finished("bandit-exhibition", ["bandit", "exhibition"], "2.1 [2.1, 2.1]"),
    Finished(
      "irecgan", ["train", "irecgan", "--all-methods"] + cpu,
      "trained by IRecGAN, PG, actor-critic, PG with U"),
    Finished("irecgan-group", ["train", "irecgan", "--method", "pg"] + cpu, "trained by PG;"),
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

  struct Evaluated: CustomTestStringConvertible, Sendable {
    var run: String
    /// P@5 and NDCG@10.
    var rows: [String: (Double, Double)]
    var testDescription: String { run }

    init(_ run: String, _ rows: [String: (Double, Double)]) { (self.run, self.rows) = (run, rows) }
  }

  @Test(
    "evaluate",
    arguments: [
      Evaluated(
        "drr-paper",
        [
          "item-kNN": (0.6, 0.6945), "PMF rating": (0.6, 0.6346),
          "DRR-ave untrained": (0.5333, 0.5746), "DRR-ave": (0.4667, 0.5881),
          "DRR-ave γ=0": (0.4667, 0.5689),
        ]),
      Evaluated(
        "drr-best",
        [
          "PMF rating": (0.6, 0.6075), "residual agent untrained": (0.6, 0.6254),
          "residual agent cloned": (0.6, 0.6244), "residual agent": (0.6, 0.6032),
          "residual agent γ=0": (0.6, 0.6032),
        ]),
      Evaluated("dqn", ["PMF rating": (0.55, 0.7158), "DQN": (0.56, 0.7399)]),
      Evaluated("pg", ["PMF rating": (0.55, 0.7158), "REINFORCE top-5": (0.54, 0.7466)]),
      Evaluated("a2c", ["PMF rating": (0.55, 0.7158), "A2C": (0.49, 0.7398)]),
      Evaluated("group-seeds", ["PMF rating": (0.6667, 0.6149), "DRR-ave": (0.5667, 0.5506)]),
      Evaluated("group-splits", ["PMF rating": (0.52, 0.5563), "DRR-ave": (0.5, 0.5356)]),
    ])
  func evaluated(_ old: Evaluated) throws {
    let folder = try OldRun.copied(old.run)
    let outcome = try Program.run(["evaluate", "--run", old.run, "--json"] + Self.cpu, in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let rankers = try object(outcome.output)["rankers"]
    for (name, expected) in old.rows {
      let found = try row(rankers, name)
      let precision = try number(found, "rows", 0, "precision", "mean")
      let gain = try number(found, "rows", 1, "ndcg", "mean")
      #expect(abs(precision - expected.0) < 1e-3, "\(name): \(precision)")
      #expect(abs(gain - expected.1) < 1e-3, "\(name): \(gain)")
    }
  }

  @Test(
    "recommend",
    arguments: [
      ("drr-paper", "49 50 48 67 116"), ("drr-best", "4 58 11 12 36"), ("dqn", "75 36 12 45 86"),
      ("pg", "12 74 4 36 25"), ("a2c", "49 48 67 23 116"),
    ])
  func recommended(run: String, ids: String) throws {
    let folder = try OldRun.copied(run)
    let outcome = try Program.run(
      ["recommend", "--run", run, "--user", "3", "--top", "5", "--json"] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let items = try #require(try object(outcome.output)["items"] as? [[String: Any]])
    #expect(items.compactMap { $0["id"] as? String }.joined(separator: " ") == ids)
  }

  @Test(
    "compare",
    arguments: [
      (
        ["dqn", "pg", "a2c", "multi-q"],
        [
          "item-kNN": 0.6798, "PMF rating": 0.2611, "DQN": 0.5468, "REINFORCE top-5": 0.4926,
          "A2C": 0.1773, "multi-table Q, shrunk": 0.4598, "multi-table visits": 0.4445,
        ]
      ),
      (
        ["pmf", "drr-paper", "drr-best"],
        [
          "PMF rating": 0.2655, "DRR-ave": 0.1864, "DRR-ave γ=0": 0.1864,
          "residual agent": 0.3333, "residual agent γ=0": 0.3333,
        ]
      ),
    ])
  func compared(runs: [String], hitRates: [String: Double]) throws {
    let folder = try OldRun.copied(runs)
    let outcome = try Program.run(
      ["compare", "--json"] + runs.flatMap { ["--run", $0] } + Self.cpu, in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let rows = try object(outcome.output)["rows"]
    for (name, expected) in hitRates {
      let found = try number(try row(rows, name), "cutoffs", 2, "hitRate", "mean")
      #expect(abs(found - expected) < 1e-3, "\(name): \(found)")
    }
  }

  @Test(
    "simulate",
    arguments: [
      (
        "drr-paper",
        [
          "popularity": 0.32273, "PMF greedy": 0.15286, "DRR-ave frozen": 0.19927,
          "DRR-ave updated": 0.19814, "DRR-ave γ=0 frozen": 0.18941,
        ]
      ),
      (
        "drr-best",
        [
          "PMF greedy": 0.15214, "residual agent untrained": 0.27731,
          "residual agent frozen": 0.28717, "residual agent γ=0 frozen": 0.28717,
        ]
      ),
    ])
  func simulated(run: String, rewards: [String: Double]) throws {
    let folder = try OldRun.copied(run)
    let world = try folder.tensors(run).filter { $0.key.hasPrefix("world.") }
    let outcome = try Program.run(["simulate", "--run", run, "--seen-items", "--json"] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let policies = try object(outcome.output)["policies"]
    for (name, expected) in rewards {
      let found = try number(try row(policies, name), "rows", 0, "reward", "mean")
      #expect(abs(found - expected) < 1e-3, "\(name): \(found)")
    }
    let after = try folder.tensors(run)
    for (name, bytes) in world { #expect(after[name] == bytes, "\(name)") }
  }

  @Test("IRecGAN is ranked and let play, and a group of it")
  func irecgan() throws {
    let folder = try OldRun.copied("irecgan", "irecgan-group")
    func rows(_ command: String, _ run: String) throws -> Any? {
      let outcome = try Program.run(
        [command, "irecgan", "--run", run, "--sessions", "40", "--seed", "1", "--json"] + Self.cpu,
        in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      return try object(outcome.output)["rows"]
    }
    func expectClose(_ found: Double, _ expected: Double, _ name: String) {
      #expect(abs(found - expected) < 1e-3, "\(name): \(found)")
    }
    let ranked = try rows("evaluate", "irecgan")
    let played = try rows("simulate", "irecgan")
    for (name, rank, reward) in [
      ("click popularity", 0.6012, 2.575), ("user model (LSTM)", 0.5774, 1.375),
      ("agent of the log (MLE)", 0.4345, 1.5), ("IRecGAN", 0.4405, 1.475), ("PG", 0.4405, 1.45),
      ("actor-critic", 0.4405, 1.45), ("PG with U", 0.4405, 1.5),
    ] {
      let found = try row(ranked, name)
      expectClose(try number(found, "foresight", 0, "reciprocalRank", "mean"), rank, name)
      expectClose(try number(found, "online", 0, "reward", "mean"), reward, name)
      expectClose(
        try number(try row(played, name), "online", 0, "reward", "mean"), reward, name)
    }
    let group = try row(try rows("evaluate", "irecgan-group"), "PG")
    for (seed, expected) in [0.4405, 0.3929].enumerated() {
      expectClose(
        try number(group, "foresight", seed, "reciprocalRank", "mean"), expected, "seed \(seed)")
    }
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
