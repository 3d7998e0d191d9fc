import Foundation
import TestSupport
import Testing

@Suite("What run folders of version 0.1.0 hold is read as it was")
struct OldRunReadingTests {
  static let cpu = ["--device", "cpu"]

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
    let outcome = try Program.run(
      ["simulate", "--run", run, "--seen-items", "--json"] + Self.cpu, in: folder)
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
}
