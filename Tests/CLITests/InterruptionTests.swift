import Foundation
import TestSupport
import Testing

@Suite("Interrupted at any moment, a run goes on as it was begun")
struct InterruptionTests {
  private static let cpu = ["--device", "cpu"]

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
    return try program.ended(within: 10)
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
    #expect(!folder.exists("parts/beliefs.safetensors"))
    // The command that is named goes on: that of the run, or, where a sweep is given up because it
    // takes long on a busy machine, the one that was typed.
    let named = try #require(stopped.error.firstMatch(of: /to go on: drr (train residual .*)/))
    let resume = named.1.split(separator: " ").map(String.init)
    let outcome = try Program.run(resume + Self.cpu, in: folder)
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
      ["train", "residual"] + Tiny.factorization + ["--cloning-steps", ages, "--no-twin"] + cpu,
      "beliefs.safetensors"),
    Stage(
      "steps of DRR",
      ["train", "drr"] + Tiny.factorization
        + ["--steps", ages, "--checkpoint-steps", "50"] + cpu, "checkpoint.safetensors"),
    Stage(
      "steps of the γ = 0 run",
      ["train", "drr"] + Tiny.factorization
        + ["--steps", "20000", "--checkpoint-steps", "50", "--validations", "0"] + cpu,
      "twin/checkpoint.safetensors"),
    Stage(
      "steps of DQN",
      ["train", "dqn"] + Tiny.factorization + ["--steps", ages, "--checkpoint-steps", "64"] + cpu,
      "checkpoint.safetensors"),
    Stage(
      "steps of REINFORCE",
      ["train", "pg"] + Tiny.factorization + ["--steps", ages, "--checkpoint-steps", "64"] + cpu,
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
      Tiny.gan + ["--sessions", "400", "--user-epochs", "100000", "--patience", "0"] + cpu,
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
      ["train", "drr", "--seeds", "2"] + Tiny.factorization + ["--steps", ages]
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
