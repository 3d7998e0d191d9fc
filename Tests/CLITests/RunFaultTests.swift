import Foundation
import TestSupport
import Testing

@Suite("A command goes on with its own kind of run, as it was begun")
struct RunFaultTests {
  static let cpu = ["--device", "cpu"]

  /// How a program ends that is given so many seconds.
  private func ended(_ program: Program, within seconds: Double) throws -> Outcome {
    let deadline = Date() + seconds
    program.until { Date() > deadline }
    #expect(!program.isRunning, "still at work after \(seconds) s")
    program.send(SIGKILL)
    return try program.wait()
  }

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
    try expectRefused(ended(program, within: 60), 1, pair.run, "drr \(pair.owner)")
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

  private static let small = ["--data", "generated:tiny", "--dimension", "8", "--pmf-epochs", "4"]
  private static let deep =
    small + ["--hidden", "8", "--steps", "200", "--environments", "4", "--window", "3"]
  private static let gan = [
    "train", "irecgan", "--world", "tabular", "--sessions", "40", "--user-epochs", "1",
    "--agent-epochs", "1", "--discriminator-epochs", "1", "--rounds", "1", "--refreshes", "1",
    "--roll-outs", "1", "--user-units", "4", "--agent-units", "4", "--embedding", "4",
    "--discriminator-sessions", "20", "--method", "pg",
  ]

  @Test(
    "the same command given twice is accepted, and changes nothing",
    arguments: [
      [
        "train", "drr", "--data", "generated:tiny", "--pmf-solver", "sgd", "--no-twin", "--steps",
        "200",
      ],
      ["train", "drr", "--pmf-regularization", "0.3"] + small
        + ["--steps", "200"],
      ["train", "drr", "--pmf-solver", "sgd", "--steps", "200"] + small,
      ["train", "residual", "--pmf-solver", "sgd"] + Array(Tiny.residual.dropLast())
        + ["--data", "generated:tiny"],
      ["train", "drr", "--as-published", "--no-twin", "--steps", "200"] + small
        + ["--data", "generated:small", "--pmf-solver", "sgd", "--pmf-epochs", "1"],
      ["train", "drr", "--pmf-solver", "sgd", "--seeds", "2", "--no-twin"]
        + ["--steps", "100"] + small,
      ["train", "pmf", "--pmf-solver", "sgd", "--split", "latest"] + small,
      ["train", "dqn", "--pmf-solver", "sgd"] + deep,
      ["train", "pg", "--pmf-solver", "sgd"] + deep,
      ["train", "dqn", "--env", "cliff", "--steps", "500"],
      ["train", "pg", "--point", "--steps", "5000", "--discount", "0.8"],
      ["train", "q", "--env", "cliff", "--method", "sarsa", "--step-size", "1/n"]
        + ["--steps", "500"],
      ["train", "multi-q", "--data", "generated:tiny", "--preset", "published", "--epochs", "2"],
      ["train", "multi-q", "--data", "generated:tiny", "--preset", "best", "--discount", "0.3"],
      gan, gan + ["--preset", "small"],
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
      ["train", "pmf", "--run", "run"] + Self.small + options + Self.cpu, in: folder)
    #expect(fitted.code == 0, "\(fitted.description)")
    let before = try folder.tensors("run")
    #expect(!before.isEmpty)
    let train =
      ["train", name, "--run", "run", "--no-twin", "--steps", "64"]
      + (name == "residual" ? ["--cloning-steps", "4"] : []) + Self.cpu
    expectRefused(
      try Program.run(train + ["--pmf-regularization", "0.7"], in: folder), 1,
      "started with pmf.regularization", "not 0.7")
    expectRefused(
      try Program.run(train + ["--dimension", "9"], in: folder), 1,
      "started with pmf.dimension 8, not 9")
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
    let evaluate = ["evaluate", "--run", "run", "--json"] + Self.cpu
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
    let evaluated = try Program.run(["evaluate", "--run", "many"] + Self.cpu, in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    #expect(!evaluated.output.contains("γ=0"), "\(evaluated.output)")
    for seed in 0..<2 { #expect(!folder.exists("many/seed-\(seed)/twin")) }
  }

  @Test("the methods that a run of IRecGAN was begun with are those it goes on with")
  func methods() throws {
    let folder = Scratch()
    let begin = Self.gan.dropLast() + ["ac", "--user-epochs", "200", "--patience", "0"]
    let program = try Program(begin + ["--run", "run"] + Self.cpu, in: folder)
    program.until { folder.exists("run/metrics.jsonl") }
    program.send(SIGINT)
    #expect(try program.wait().code == 130)
    let alone = try Program.run(["train", "irecgan", "--run", "run"] + Self.cpu, in: folder)
    #expect(alone.code == 0, "\(alone.description)")
    let parts = Set(try folder.tensors("run").keys.map { $0.prefix { $0 != "." } })
    #expect(parts == ["pretrained", "ac"])
  }

  // MARK: - Interrupted

  @Test("what a run is asked to be is kept before a device is looked for")
  func configurationFirst() throws {
    let folder = Scratch()
    #expect(try Program.run(Tiny.train("whole"), in: folder).code == 0)
    // A pipe without a writer for a driver: who looks for OpenCL's devices waits for ever.
    try folder.write("drivers/README", "")
    #expect(mkfifo(folder.path + "/drivers/slow.icd", 0o600) == 0)
    let program = try Program(
      Tiny.train("parts", device: "auto"), in: folder,
      environment: ["OCL_ICD_VENDORS": folder.path + "/drivers"])
    let deadline = Date() + 30
    program.until { folder.exists("parts/config.json") || Date() > deadline }
    program.send(SIGKILL)
    _ = try program.wait()
    try #require(folder.exists("parts/config.json"))
    let outcome = try Program.run(["train", "drr", "--run", "parts"] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try differences(folder.tensors("whole"), folder.tensors("parts")) == [])
  }

  /// Starts a command, sends SIGINT some seconds after a file is there, and returns how it ended.
  private func interrupted(
    _ arguments: [String], in folder: Scratch, at file: String, after seconds: Double = 0
  ) throws -> Outcome {
    let program = try Program(arguments, in: folder)
    let deadline = Date() + 120
    program.until { folder.exists(file) || Date() > deadline }
    try #require(folder.exists(file), "\(file) has not come")
    let moment = Date() + seconds
    program.until { Date() >= moment }
    program.send(SIGINT)
    return try ended(program, within: 10)
  }

  @Test("interrupted in the first epoch of its factorisation, a run goes on to the same bits")
  func firstEpoch() throws {
    let folder = Scratch()
    // An epoch of some two seconds: what is heeded within one gives it up.
    let train = [
      "train", "drr", "--data", "generated:small", "--dimension", "20",
      "--pmf-batch", "3", "--pmf-epochs", "1", "--steps", "200", "--learning-starts", "100",
      "--hidden", "16", "--batch", "16", "--replay", "300", "--no-twin", "--run",
    ]
    #expect(try Program.run(train + ["whole"] + Self.cpu, in: folder).code == 0)
    for (run, seconds) in [("begun", 0), ("fitted", 0.3)] {
      let stopped = try interrupted(
        train + [run] + Self.cpu, in: folder, at: "\(run)/config.json", after: seconds)
      #expect(stopped.code == 130 && stopped.output == "", "\(run): \(stopped.description)")
      #expect(
        stopped.error.contains("interrupted; 0 ")
          && stopped.error.contains("to go on: drr train drr --run \(run)"), "\(stopped.error)")
      #expect(try folder.tensors(run).isEmpty)
      let outcome = try Program.run(["train", "drr", "--run", run] + Self.cpu, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(try differences(folder.tensors("whole"), folder.tensors(run)) == [])
    }
  }

  @Test("interrupted in the fit of its beliefs, a run gives it up, and goes on to the same bits")
  func beliefs() throws {
    let folder = Scratch()
    let train = [
      "train", "residual", "--data", "generated:small", "--pmf-solver", "sgd", "--pmf-epochs", "1",
      "--dimension", "8", "--cloning-steps", "4", "--steps", "48", "--validations", "1",
      "--no-twin", "--run",
    ]
    let stopped = try interrupted(
      train + ["parts"] + Self.cpu, in: folder, at: "parts/pmf.safetensors")
    #expect(stopped.code == 130 && stopped.output == "", "\(stopped.description)")
    #expect(
      stopped.error.contains("to go on: drr train residual --run parts"), "\(stopped.error)")
    #expect(!folder.exists("parts/beliefs.safetensors"))
    let outcome = try Program.run(["train", "residual", "--run", "parts"] + Self.cpu, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try Program.run(train + ["whole"] + Self.cpu, in: folder).code == 0)
    #expect(try differences(folder.tensors("whole"), folder.tensors("parts")) == [])
  }

  struct Stage: CustomTestStringConvertible, Sendable {
    var name: String
    /// Minutes or hours of work.
    var command: [String]
    /// A file of the run that is there once the stage is at work.
    var file: String
    var testDescription: String { name }

    init(_ name: String, _ command: [String], _ file: String) {
      (self.name, self.command, self.file) = (name, command, file)
    }
  }

  private static let ages = "100000000"
  static let stages = [
    Stage(
      "factorisation",
      ["train", "pmf", "--data", "generated:small", "--pmf-batch", "1", "--pmf-epochs", "1000"]
        + cpu, "config.json"),
    Stage(
      "cloning",
      ["train", "residual"] + small + ["--cloning-steps", ages, "--no-twin"] + cpu,
      "beliefs.safetensors"),
    Stage(
      "steps of DRR",
      ["train", "drr"] + small
        + ["--steps", ages, "--checkpoint-steps", "50"] + cpu, "checkpoint.safetensors"),
    Stage(
      "steps of the γ = 0 run",
      ["train", "drr"] + small
        + ["--steps", "20000", "--checkpoint-steps", "50", "--validations", "0"] + cpu,
      "twin/checkpoint.safetensors"),
    Stage(
      "steps of DQN",
      ["train", "dqn"] + small + ["--steps", ages, "--checkpoint-steps", "64"] + cpu,
      "checkpoint.safetensors"),
    Stage(
      "steps of REINFORCE",
      ["train", "pg"] + small + ["--steps", ages, "--checkpoint-steps", "64"] + cpu,
      "checkpoint.safetensors"),
    Stage(
      "a network in a small world",
      ["train", "dqn", "--env", "cliff", "--steps", ages, "--checkpoint-steps", "64"] + cpu,
      "checkpoint.safetensors"),
    Stage(
      "a point",
      ["train", "pg", "--point", "--steps", ages, "--checkpoint-steps", "5000"] + cpu,
      "checkpoint.safetensors"),
    Stage(
      "one table", ["train", "q", "--steps", "100000000000", "--checkpoint-steps", "1000"],
      "checkpoint.safetensors"),
    Stage(
      "many tables",
      ["train", "multi-q", "--data", "generated:tiny", "--epochs", "1000000"]
        + ["--checkpoint-steps", "5"], "checkpoint.safetensors"),
    Stage(
      "bandits", ["bandit", "arms", "--rounds", "100000000", "--checkpoint-steps", "1000"],
      "checkpoint.safetensors"),
    Stage(
      "a user model",
      gan + ["--sessions", "400", "--user-epochs", "100000", "--patience", "0"] + cpu,
      "metrics.jsonl"),
    Stage(
      "a sweep",
      [
        "simulate", "sweep", "--sizes", "30", "--policies", "max", "--seeds", "1", "--user-epochs",
        "100000", "--patience", "0",
      ] + cpu, "config.json"),
    Stage(
      "the leak ladder",
      ["evaluate", "--leak-ladder", "--data", "generated:tiny", "--steps", ages] + cpu,
      "leak-ladder-asPublished-0/pmf.safetensors"),
    Stage(
      "a group",
      ["train", "drr", "--seeds", "2"] + small + ["--steps", ages]
        + ["--checkpoint-steps", "50"] + cpu, "seed-0/checkpoint.safetensors"),
  ]

  @Test("Control-C is heeded in every stage, and saves", arguments: stages)
  func heeded(_ stage: Stage) throws {
    let folder = Scratch()
    let outcome = try interrupted(
      stage.command + ["--run", "run"], in: folder, at: "run/\(stage.file)", after: 0.3)
    #expect(outcome.code == 130 && outcome.output == "", "\(outcome.description)")
    #expect(outcome.error.contains("interrupted"), "\(outcome.error)")
  }

  // MARK: - Children

  @Test("a program that is replaced while it trains a group goes on with the one that began")
  func replaced() throws {
    let folder = Scratch()
    // More runs than cores, so that some begin when others are done.
    let count = min(2 * ProcessInfo.processInfo.processorCount + 8, 1_000)
    let program = try Program(
      Tiny.train("many") + ["--seeds", "\(count)", "--steps", "60", "--pmf-epochs", "1"],
      in: folder,
      script: "program=$1; shift; cp \"$program\" drr && exec ./drr \"$@\"")
    program.until { folder.exists("many/seed-0/report.json") }
    #expect(program.isRunning)
    try folder.write("new", "#!/bin/sh\necho 'Error: another program' >&2\nexit 3\n")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.path + "/new")
    #expect(rename(folder.path + "/new", folder.path + "/drr") == 0)
    let outcome = try program.wait()
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    let missing = (0..<count).filter { !folder.exists("many/seed-\($0)/report.json") }
    #expect(missing == [])
  }

  @Test("children do not outlive a group that is killed")
  func orphans() throws {
    let folder = Scratch()
    let program = try Program(
      Tiny.train("many") + ["--seeds", "2", "--steps", Self.ages], in: folder)
    program.until { folder.exists("many/seed-0/checkpoint.safetensors") }
    program.send(SIGKILL)
    #expect(try program.wait().code == nil)
    // A child that trains keeps its folder locked.
    let deadline = Date() + 10
    var isLocked = true
    while isLocked && Date() < deadline {
      let descriptor = open(folder.path + "/many/seed-0", O_RDONLY | O_CLOEXEC)
      isLocked = flock(descriptor, LOCK_EX | LOCK_NB) != 0
      close(descriptor)
      if isLocked { usleep(50_000) }
    }
    #expect(!isLocked, "a child still trains 10 s after its group was killed")
  }
}
