import Foundation
import TestSupport
import Testing

@Suite("A command goes on with its own kind of run, as it was begun")
struct RunFaultTests {
  static let cpu = ["--device", "cpu"]

  // MARK: - Another command's run

  struct Pair: CustomTestStringConvertible, Sendable {
    var command: String
    var run: String
    /// The command that the run is of.
    var owner: String
    var testDescription: String { "drr \(command) on \(run)" }
  }

  /// Every command on every run of another. A factorisation is part of the runs of agents that stand
  /// on one, and what they begin with.
  static let wrongPairs: [Pair] = {
    let onFactorization = ["train pmf", "train drr", "train residual", "train dqn", "train pg"]
    let runs = [
      ("pmf", "train pmf"), ("drr-paper", "train drr"), ("drr-best", "train residual"),
      ("group-seeds", "train drr"), ("dqn", "train dqn"), ("pg", "train pg"), ("a2c", "train pg"),
      ("dqn-world", "train dqn"), ("pg-world", "train pg"), ("point", "train pg"),
      ("q", "train q"), ("multi-q", "train multi-q"), ("irecgan", "train irecgan"),
      ("irecgan-group", "train irecgan"), ("bandit-arms", "bandit arms"),
      ("sweep", "simulate sweep"),
    ]
    let commands =
      onFactorization + [
        "train q", "train multi-q", "train irecgan", "bandit arms", "bandit linear",
        "simulate sweep",
      ]
    return runs.flatMap { run, owner in
      let isSmall = ["dqn-world", "pg-world", "point"].contains(run)
      return commands.filter { command in
        let stands = !isSmall && onFactorization.contains(owner)
        return command != owner && !(command == "train pmf" && stands)
          && !(run == "pmf" && onFactorization.contains(command))
      }.map { Pair(command: $0, run: run, owner: owner) }
    }
  }()

  @Test("a run of another command is refused by the name of that, untouched", arguments: wrongPairs)
  func wrongCommand(_ pair: Pair) throws {
    let folder = try OldRun.copied(pair.run)
    let before = try folder.tree(pair.run)
    let onDevice = ["drr", "residual", "dqn", "pg", "pmf", "irecgan", "sweep"].contains {
      pair.command.hasSuffix(" " + $0)
    }
    let program = try Program(
      pair.command.split(separator: " ").map(String.init) + ["--run", pair.run]
        + (onDevice ? Self.cpu : []), in: folder)
    // What is not refused may train for hours.
    try expectRefused(program.ended(within: 60), 1, pair.run, "drr \(pair.owner)")
    #expect(try differences(before, folder.tree(pair.run)) == [])
  }

  // MARK: - Unfinished

  @Test(
    "what stopped before its last step is said to, with the command that goes on",
    arguments: [
      ("drr-best-interrupted", "train residual", "100 of 112 steps"),
      ("drr-paper-interrupted", "train drr", "80 of 2,000 steps"),
      ("dqn-interrupted", "train dqn", "200 of 4,000 steps"),
    ])
  func unfinished(run: String, command: String, steps: String) throws {
    let folder = try OldRun.copied(run)
    let readings = [
      ["evaluate"], ["recommend", "--user", "3"], ["compare"],
    ].map { $0 + ["--run", run] + Self.cpu }
    for reading in readings {
      let outcome = try Program.run(reading, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(outcome.error.contains("not fully trained"), "\(reading[0]): \(outcome.error)")
      let said = outcome.error.replacing(",", with: "")
      #expect(said.contains(steps.replacing(",", with: "")), "\(reading[0]): \(outcome.error)")
    }
    let evaluated = try Program.run(readings[0], in: folder)
    #expect(evaluated.error.contains("to go on: drr \(command) --run \(run)"), "\(evaluated.error)")
    let trained = try Program.run(
      command.split(separator: " ").map(String.init) + ["--run", run]
        + (["train drr", "train residual"].contains(command) ? ["--no-twin"] : []) + Self.cpu,
      in: folder)
    #expect(trained.code == 0, "\(trained.description)")
    for reading in readings {
      let outcome = try Program.run(reading, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(!outcome.error.contains("trained"), "\(reading[0]): \(outcome.error)")
    }
  }

  // MARK: - The same again

  private static let deep =
    Tiny.factorization + [
      "--hidden", "8", "--steps", "200", "--environments", "4", "--window", "3",
    ]

  @Test(
    "the same command given twice is accepted, and changes nothing",
    arguments: [
      [
        "train", "drr", "--data", "generated:tiny", "--pmf-solver", "sgd", "--no-twin", "--steps",
        "200",
      ],
      ["train", "drr", "--pmf-regularization", "0.3"] + Tiny.factorization
        + ["--steps", "200"],
      ["train", "drr", "--pmf-solver", "sgd", "--steps", "200"] + Tiny.factorization,
      ["train", "residual", "--pmf-solver", "sgd"] + Array(Tiny.residual.dropLast())
        + ["--data", "generated:tiny"],
      ["train", "drr", "--as-published", "--no-twin", "--steps", "200"] + Tiny.factorization
        + ["--data", "generated:small", "--pmf-solver", "sgd", "--pmf-epochs", "1"],
      ["train", "drr", "--pmf-solver", "sgd", "--seeds", "2", "--no-twin"]
        + ["--steps", "100"] + Tiny.factorization,
      ["train", "pmf", "--pmf-solver", "sgd", "--split", "latest"] + Tiny.factorization,
      ["train", "dqn", "--pmf-solver", "sgd"] + deep,
      ["train", "pg", "--pmf-solver", "sgd"] + deep,
      ["train", "dqn", "--env", "cliff", "--steps", "500"],
      ["train", "pg", "--point", "--steps", "5000", "--discount", "0.8"],
      ["train", "q", "--env", "cliff", "--method", "sarsa", "--step-size", "1/n"]
        + ["--steps", "500"],
      ["train", "multi-q", "--data", "generated:tiny", "--preset", "published", "--epochs", "2"],
      ["train", "multi-q", "--data", "generated:tiny", "--preset", "best", "--discount", "0.3"],
      Tiny.gan, Tiny.gan + ["--preset", "small"],
      ["bandit", "arms", "--random-arms", "4", "--rounds", "200", "--seeds", "2"],
    ])
  func twice(_ command: [String]) throws {
    let folder = Scratch()
    let onDevice = !["q", "multi-q", "arms"].contains(command[1])
    let whole = command + ["--run", "run"] + (onDevice ? Self.cpu : [])
    let first = try Program.run(whole, in: folder)
    #expect(first.code == 0, "\(first.description)")
    let trained = try folder.tensors("run")
    #expect(!trained.isEmpty)
    let second = try Program.run(whole, in: folder)
    #expect(second.code == 0, "\(second.description)")
    #expect(try differences(trained, folder.tensors("run")) == [])
  }

  /// DRR and the residual agent, each as it is called and as older programs called it.
  static let actorCritics = [
    (name: "drr", old: ["train", "drr", "--preset", "paper"]),
    (name: "residual", old: ["train", "drr", "--preset", "best"]),
  ]

  @Test("what a run was begun with is kept, however it is called")
  func again() throws {
    let folder = Scratch()
    let begun = try Program.run(Tiny.train("drr"), in: folder)
    #expect(begun.code == 0, "\(begun.description)")
    let best = try Program.run(
      ["train", "residual", "--data", "generated:tiny", "--run", "residual"] + Tiny.residual
        + Self.cpu, in: folder)
    #expect(best.code == 0, "\(best.description)")
    for (place, (name, old)) in Self.actorCritics.enumerated() {
      let trained = try folder.tensors(name)
      let more = ["--run", name, "--no-twin"] + Self.cpu
      for command in [["train", name], old] {
        let named = try Program.run(command + more, in: folder)
        #expect(named.code == 0, "\(named.description)")
        #expect(try differences(trained, folder.tensors(name)) == [])
        expectRefused(
          try Program.run(command + ["--steps", "77"] + more, in: folder), 1, "steps 3", "not 77")
      }
      expectRefused(
        try Program.run(Self.actorCritics[1 - place].old + more, in: folder), 1,
        "go on with it by `drr train \(name) --run \(name)`")
      #expect(try differences(trained, folder.tensors(name)) == [])
    }
  }

  @Test(
    "an agent leaves the factorisation as it was begun",
    arguments: [[], ["--pmf-solver", "sgd"], ["--pmf-regularization", "0.2"]] as [[String]],
    ["drr", "residual"])
  func onFactorization(options: [String], name: String) throws {
    let folder = Scratch()
    let fitted = try Program.run(
      ["train", "pmf", "--run", "run"] + Tiny.factorization + options + Self.cpu, in: folder)
    #expect(fitted.code == 0, "\(fitted.description)")
    let before = try folder.tensors("run")
    #expect(!before.isEmpty)
    let train =
      ["train", name, "--run", "run", "--no-twin", "--steps", "64"]
      + (name == "residual" ? ["--cloning-steps", "4"] : []) + Self.cpu
    expectRefused(
      try Program.run(train + ["--pmf-regularization", "0.7"], in: folder), 1,
      "started with --pmf-regularization", "not 0.7")
    expectRefused(
      try Program.run(train + ["--dimension", "9"], in: folder), 1,
      "started with --dimension 8, not 9")
    for _ in 0..<2 {
      let trained = try Program.run(train, in: folder)
      #expect(trained.code == 0, "\(trained.description)")
      #expect(
        trained.output.hasPrefix(
          name == "drr" ? "DRR-ave: 64 steps" : "residual agent: 68 steps"),
        "\(trained.output)")
      let after = try folder.tensors("run").filter { before.keys.contains($0.key) }
      #expect(differences(before, after) == [])
    }
  }

  enum Moment: CaseIterable { case finished, interrupted, killedAtOnce }

  @Test(
    "without a γ = 0 run a run stays, until the command line names one",
    arguments: Moment.allCases)
  func noTwin(_ moment: Moment) throws {
    let folder = Scratch()
    let program = try Program(Tiny.train("run"), in: folder)
    switch moment {
    case .finished: break
    case .interrupted:
      program.until { folder.exists("run/checkpoint.safetensors") }
      program.send(SIGINT)
    case .killedAtOnce:
      program.until { folder.exists("run/config.json") }
      program.send(SIGKILL)
    }
    _ = try program.wait()
    let evaluate = ["evaluate", "--all", "--run", "run", "--json"] + Self.cpu
    func names() throws -> [String] {
      let outcome = try Program.run(evaluate, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      let rankers = try #require(try object(outcome.output)["rankers"] as? [[String: Any]])
      return rankers.compactMap { ($0["id"] ?? $0["name"]) as? String }
    }
    let goOn = ["train", "drr", "--run", "run"] + Self.cpu
    let alone = try Program.run(goOn, in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    #expect(try names().contains("DRR-ave") && !names().contains("DRR-ave γ=0"))
    #expect(!folder.exists("run/twin"))
    let own = try folder.tensors("run")
    let named = try Program.run(goOn + ["--twin"], in: folder)
    #expect(named.code == 0, "\(named.description)")
    #expect(try names().contains("DRR-ave γ=0"))
    // And that is kept as well.
    #expect(try Program.run(goOn, in: folder).code == 0)
    #expect(try names().contains("DRR-ave γ=0"))
    let after = try folder.tensors("run").filter { own.keys.contains($0.key) }
    #expect(differences(own, after) == [])
  }

  @Test("so do the runs of a group")
  func noTwinInGroup() throws {
    let folder = Scratch()
    let program = try Program(Tiny.train("many") + ["--seeds", "2"], in: folder)
    program.until { folder.exists("many/seed-0/checkpoint.safetensors") }
    program.send(SIGINT)
    _ = try program.wait()
    let alone = try Program.run(["train", "drr", "--run", "many"] + Self.cpu, in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    let evaluated = try Program.run(["evaluate", "--all", "--run", "many"] + Self.cpu, in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    #expect(!evaluated.output.contains("γ=0"), "\(evaluated.output)")
    for seed in 0..<2 { #expect(!folder.exists("many/seed-\(seed)/twin")) }
  }

  @Test("the methods that a run of IRecGAN was begun with are those it goes on with")
  func methods() throws {
    let folder = Scratch()
    let begin = Tiny.gan.dropLast() + ["ac", "--user-epochs", "200", "--patience", "0"]
    let program = try Program(begin + ["--run", "run"] + Self.cpu, in: folder)
    program.until { folder.exists("run/metrics.jsonl") }
    program.send(SIGINT)
    #expect(try program.wait().code == 130)
    let alone = try Program.run(["train", "irecgan", "--run", "run"] + Self.cpu, in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    let parts = Set(try folder.tensors("run").keys.map { $0.prefix { $0 != "." } })
    #expect(parts == ["pretrained", "ac"])
  }
}
