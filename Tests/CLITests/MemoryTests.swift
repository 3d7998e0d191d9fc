import TestSupport
import Testing

/// Trainings that no machine has room for, in an address space that is small enough on any.
@Suite("A training that finds no memory is refused before it takes any")
struct MemoryTests {
  @Test(
    "by what takes most of it, and the option that makes it less",
    arguments: [
      (["train", "drr", "--hidden", "65536"], "the networks", "--hidden (65536)"),
      (["train", "drr", "--hidden", "65536", "--seeds", "2"], "the networks", "--hidden (65536)"),
      (["train", "dqn", "--hidden", "40000"], "the networks", "--hidden (40000)"),
      (
        ["train", "slateq", "--hidden", "40000", "--seeds", "2", "--world", "interest-evolution"],
        "the networks", "--hidden (40000)"
      ),
      (["train", "pg", "--hidden", "40000"], "the networks", "--hidden (40000)"),
      (
        [
          "train", "slateq", "--world", "interest-evolution", "--rollouts", "1000", "--horizon",
          "300",
        ],
        "the steps that are kept", "--rollouts (1000)"
      ),
      (
        ["train", "drr", "--buffer-size", "100000000", "--steps", "100000000"],
        "the replay memory", "--buffer-size (100000000)"
      ),
      (
        ["train", "residual", "--buffer-size", "100000000", "--steps", "100000000"],
        "the replay memory", "--buffer-size (100000000)"
      ),
      (
        ["train", "drr", "--batch-size", "65536", "--hidden", "4096"],
        "the states of a batch", "--batch-size (65536)"
      ),
      (
        ["train", "dqn", "--env", "cliff", "--hidden", "65536"], "the networks",
        "--hidden (65536)"
      ),
      (
        [
          "train", "irecgan", "--world", "tabular", "--sessions", "40", "--user-units", "4096",
          "--user-layers", "8",
        ], "the user model", "--user-units (4096)"
      ),
    ])
  func refused(words: [String], item: String, option: String) throws {
    let folder = Scratch()
    let data = words.contains { ["--env", "--world"].contains($0) }
    let outcome = try Program.run(
      words + (data ? [] : ["--data", "generated:tiny"]) + ["--run", "run", "--device", "cpu"],
      in: folder, script: "ulimit -v 4000000; exec \"$@\"")
    expectRefused(
      outcome, 1, "training takes at least ", " of it for \(item), and ",
      " are free on this machine",
      "; lower \(option)")
    #expect(!folder.exists("run"))
  }
}
