import Foundation
import TestSupport
import Testing

/// Ends of processes that are asked for, and results that find no room.
@Suite("Asked to stop, a command ends, with nothing half written")
struct StopTests {
  static let signals = [SIGINT, SIGTERM, SIGHUP]

  /// Starts a command, and sends a signal once `isTime`.
  private func stopped(
    _ words: [String], _ signal: Int32, in folder: Scratch, once isTime: () -> Bool
  ) throws -> Outcome {
    let program = try Program(words, in: folder)
    let deadline = Date() + 60
    program.until { isTime() || Date() > deadline }
    program.send(signal)
    return try program.wait()
  }

  @Test("the writing of a large set of ratings leaves nothing", arguments: signals)
  func generation(signal: Int32) throws {
    let folder = Scratch()
    let outcome = try stopped(["data", "generate", "large", "--out", "data"], signal, in: folder) {
      folder.names.contains { $0.hasPrefix(".drr-") }
    }
    #expect(outcome.code == 130 && outcome.output == "", "\(outcome.description)")
    #expect(folder.names == [])
  }

  @Test("a training ends in a step that would take minutes", arguments: signals)
  func longStep(signal: Int32) throws {
    let folder = Scratch()
    // The ratings are made, the first epoch's batch is as long as the epoch, and neither asks.
    let outcome = try stopped(
      [
        "train", "pmf", "--data", "generated:medium", "--pmf-solver", "sgd", "--dimension", "200",
        "--pmf-epochs", "1000", "--device", "cpu", "--run", "run",
      ], signal, in: folder
    ) { folder.exists("run/config.json") }
    #expect(outcome.code == 130 && outcome.output == "", "\(outcome.description)")
    #expect(outcome.error.contains("to go on: drr train pmf"), "\(outcome.error)")
    #expect(try folder.names("run").allSatisfy { !$0.hasPrefix(".drr-") })
  }

  @Test("started by mpirun, a training takes a slow save away before it is killed")
  func slowSave() throws {
    let folder = Scratch()
    // A disk that takes five seconds from when there is a file `slow`.
    try folder.write(
      "slow.c",
      """
      #include <time.h>
      #include <unistd.h>
      int fsync(int file) {
        struct timespec left = {5, 0};
        if (access("slow", F_OK) == 0) while (nanosleep(&left, &left) != 0);
        return fdatasync(file);
      }
      """)
    let program = try Program(
      ["train", "q", "--run", "run", "--steps", "100000000000", "--checkpoint-steps", "1000"],
      in: folder, environment: ["OMPI_COMM_WORLD_SIZE": "1"],
      script: "clang -shared -fPIC -o slow.so slow.c && LD_PRELOAD=./slow.so exec \"$@\"")
    program.until { folder.exists("run/checkpoint.safetensors") }
    try folder.write("slow", "")
    func isSaving() throws -> Bool {
      try folder.names("run").contains { $0.hasPrefix(".drr-") }
    }
    // What began before is whole by then.
    usleep(500_000)
    program.until { (try? isSaving()) == true }
    program.send(SIGTERM)
    let sent = ContinuousClock.now
    let outcome = try program.wait()
    #expect(ContinuousClock.now - sent < .seconds(2))
    #expect(outcome.code == 130, "\(outcome.description)")
    #expect(try !isSaving())
    #expect(folder.exists("run/checkpoint.safetensors"))
  }

  @Test("under nohup, a hang-up is none")
  func noHangUp() throws {
    let folder = Scratch()
    let program = try Program(
      ResumeTests.train("run"), in: folder, script: "trap '' HUP; exec \"$@\"")
    program.until { folder.exists("run/metrics.jsonl") }
    program.send(SIGHUP)
    #expect(try program.wait().code == 0)
  }

  @Test("the runs of a group whose process is killed end with it, and the same command goes on")
  func orphans() throws {
    let folder = Scratch()
    let words = Tiny.train("run") + ["--seeds", "2"]
    let outcome = try stopped(words + ["--steps", "100000"], SIGKILL, in: folder) {
      folder.exists("run/seed-0/checkpoint.safetensors")
    }
    #expect(outcome.code == nil)
    try folder.write("run/.drr-2.tmp", "half a list of runs")
    // The lock of a run that is still at work would refuse this.
    let again = try Program.run(words + ["--fresh"], in: folder)
    #expect(again.code == 0, "\(again.description)")
    #expect(try folder.names("run") == ["runs.json", "seed-0", "seed-1"])
  }

  @Test("results that cannot be written are printed all the same")
  func unwritable() throws {
    let folder = try Tiny.trained()
    _ = try folder.folder("run/evaluation.json", [String: String]())
    _ = try folder.folder("run/online.json", [String: String]())
    _ = try folder.folder("out/report.json", [String: String]())
    for (words, table, file) in [
      (["evaluate", "--run", "run", "--device", "cpu"], "DRR", "run/evaluation.json"),
      (["simulate", "--run", "run", "--device", "cpu"], "mean reward", "run/online.json"),
      (
        ["ope", "simulate", "--sizes", "50", "--seeds", "2", "--bootstrap", "40", "--out", "out"],
        "bias", "out/report.json"
      ),
      (
        ["bandit", "arms", "--rounds", "50", "--seeds", "1", "--plot", "run"], "regret", "run"
      ),
    ] {
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 1 && outcome.output.contains(table), "\(outcome.description)")
      #expect(
        outcome.error.contains("Error: cannot write \(file): Is a directory; name another file\n"),
        "\(outcome.error)")
    }
  }

  @Test("a training of the leakage ablation that was killed while it was removed goes")
  func leftOver() throws {
    let folder = try Tiny.trained()
    let words = [
      "evaluate", "--leakage-ablation", "--data", "generated:tiny", "--steps", "20", "--run",
      "ladder", "--device", "cpu",
    ]
    let first = try Program.run(words, in: folder)
    #expect(first.code == 0, "\(first.description)")
    #expect(try folder.names("ladder") == ["leak-ladder.json"])
    try folder.write(
      "ladder/leak-ladder-asPublished-0/config.json", try folder.data("run/config.json"))
    #expect(try Program.run(words, in: folder).output == first.output)
    #expect(try folder.names("ladder") == ["leak-ladder.json"])
  }

  @Test("a sweep does not go on in a simulator whose files have changed")
  func changedWorld() throws {
    let folder = Scratch()
    func world(_ reward: Double) throws {
      _ = try folder.folder(
        "world",
        [
          "score.txt": (0..<2).map { state in
            (0..<12).map { "\(($0 + state) % 3 == 0 ? reward : 0.25)" }.joined(separator: " ")
          }.joined(separator: "\n") + "\n",
          "prob.txt": (0..<2).map { _ in
            (0..<12).map { _ in "0.5 0.5\n" }.joined() + "=====\n"
          }.joined(),
        ])
    }
    try world(0.5)
    let words = [
      "simulate", "sweep", "--env", "world", "--sizes", "20", "--policies", "max", "--list-sizes",
      "2", "--method", "pg", "--evaluation-sessions", "20", "--batch-size", "16", "--user-units",
      "4", "--agent-units", "4", "--embedding", "3", "--user-epochs", "1", "--agent-epochs", "1",
      "--discriminator-epochs", "1", "--rounds", "1", "--rollouts", "1", "--device", "cpu", "--run",
      "run", "--seeds",
    ]
    let first = try Program.run(words + ["1"], in: folder)
    #expect(first.code == 0, "\(first.description)")
    #expect(try Program.run(words + ["1"], in: folder).output == first.output)
    try world(0.75)
    let before = try folder.tree("run")
    let outcome = try Program.run(words + ["2"], in: folder)
    #expect(outcome.code == 1 && outcome.output == "", "\(outcome.description)")
    #expect(
      outcome.error.contains("run: the run was started with worldChecksum "),
      "\(outcome.error)")
    #expect(try differences(before, folder.tree("run")) == [])
  }
}
