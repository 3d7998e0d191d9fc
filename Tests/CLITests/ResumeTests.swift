import Foundation
import TestSupport
import Testing

@Suite("Runs that are stopped and go on")
struct ResumeTests {
  /// Long enough to be hit: some 0.4 s alone.
  static func train(
    _ run: String, data: String? = "generated:tiny", device: String = "cpu"
  )
    -> [String]
  {
    ["train", "drr", "--run", run, "--device", device, "--checkpoint-steps", "10", "--no-myopic"]
      + (data.map {
        [
          "--data", $0, "--steps", "600", "--hidden", "16", "--dimension", "8", "--batch-size",
          "16",
        ]
          + ["--pmf-epochs", "40", "--pmf-batch-size", "200", "--buffer-size", "250"]
          + ["--learning-starts", "50", "--checkpoint", "best"]
      } ?? [])
  }

  static let results = ["checkpoint.safetensors", "metrics.jsonl", "pmf.safetensors"]

  static func expectEqual(_ folder: Scratch, _ run: String, _ other: String) throws {
    for name in results {
      #expect(
        try folder.data("\(run)/\(name)") == folder.data("\(other)/\(name)"), "\(run)/\(name)")
    }
    #expect(
      try folder.names(other) == [
        "checkpoint.safetensors", "config.json", "metrics.jsonl", "pmf.safetensors", "report.json",
      ])
    let (left, right) = (
      try object(try folder.text("\(run)/report.json")),
      try object(try folder.text("\(other)/report.json"))
    )
    for key in ["sessionRMSE", "last", "steps"] {
      #expect((left[key] as? NSObject)?.isEqual(right[key]) == true, "\(key)")
    }
  }

  @Test("killed at any moment, a run goes on to the same bits", arguments: [1, 2, 3] as [UInt64])
  func killed(seed: UInt64) throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("whole"), in: folder).code == 0)
    var random = SeededGenerator(seed)
    // Milliseconds until the kill; longer again after every one, so that the run ends.
    var patience = 10.0
    var kills = (pmf: 0, drr: 0)
    while true {
      let program = try Program(Self.train("parts"), in: folder)
      let deadline = Date() + Double.random(in: 0.3...1, using: &random) * patience / 1_000
      program.until { Date() > deadline }
      program.send(SIGKILL)
      let outcome = try program.wait()
      if let code = outcome.code {
        #expect(code == 0, "\(outcome.description)")
        break
      }
      if folder.exists("parts/pmf.safetensors") { kills.drr += 1 } else { kills.pmf += 1 }
      patience *= 1.07
    }
    #expect(kills.pmf >= 1 && kills.drr >= 1, "\(kills)")
    try Self.expectEqual(folder, "whole", "parts")
  }

  @Test("killed just after each file appears, a run goes on to the same bits")
  func killedBetweenFiles() throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("whole"), in: folder).code == 0)
    for name in [
      "config.json", "metrics.jsonl", "pmf-checkpoint.safetensors", "pmf.safetensors",
      "checkpoint.safetensors", "report.json",
    ] {
      let program = try Program(Self.train("parts"), in: folder)
      program.until { folder.exists("parts/\(name)") }
      program.send(SIGKILL)
      _ = try program.wait()
      #expect(folder.exists("parts/config.json"))
    }
    let outcome = try Program.run(Self.train("parts"), in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    try Self.expectEqual(folder, "whole", "parts")
  }

  @Test("interrupted, a run says how to go on and does", arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) throws {
    let folder = Scratch()
    let long = Self.train("parts") + ["--pmf-epochs", "60", "--steps", "3000"]
    for name in ["metrics.jsonl", "checkpoint.safetensors"] {
      let program = try Program(long, in: folder)
      program.until { folder.exists("parts/\(name)") }
      program.send(signal)
      let outcome = try program.wait()
      #expect(outcome.code == 130, "\(outcome.description)")
      #expect(outcome.output == "")
      #expect(
        outcome.error.split(separator: "\n", omittingEmptySubsequences: false)
          .filter { !$0.hasPrefix("warning: PMF is no better than biases") }.joined(separator: "\n")
          .wholeMatch(
            of:
              /interrupted; [\d,]+ (PMF epochs|steps) are saved; to go on: drr train drr --run parts\n/
          ) != nil, "\(outcome.error)")
    }
    let unfinished = try Program.run(["evaluate", "--run", "parts", "--device", "cpu"], in: folder)
    #expect(unfinished.code == 0, "\(unfinished.description)")
    #expect(
      unfinished.error.contains(
        " of 3,000 steps; to go on: drr train drr --run parts"), "\(unfinished.error)")
    try folder.remove("parts/evaluation.json")
    let outcome = try Program.run(Self.train("parts", data: nil), in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    let whole = Self.train("whole") + ["--pmf-epochs", "60", "--steps", "3000"]
    #expect(try Program.run(whole, in: folder).code == 0)
    try Self.expectEqual(folder, "whole", "parts")
  }

  @Test(
    "on OpenCL too, an interrupted run goes on to the same bits",
    arguments: WholePathTests.devices.filter { $0 != "cpu" })
  func interrupted(device: String) throws {
    let folder = Scratch()
    #expect(try Program.run(Self.train("whole", device: device), in: folder).code == 0)
    for name in ["pmf-checkpoint.safetensors", "checkpoint.safetensors"] {
      let program = try Program(Self.train("parts", device: device), in: folder)
      program.until { folder.exists("parts/\(name)") }
      program.send(SIGKILL)
      #expect(try program.wait().code == nil)
    }
    // auto stays on the device that the run was begun on.
    let outcome = try Program.run(Self.train("parts", data: nil, device: "auto"), in: folder)
    #expect(outcome.code == 0 && outcome.error == "", "\(outcome.description)")
    try Self.expectEqual(folder, "whole", "parts")
  }

  @Test("temporary files of killed writes go when the run is taken up, others stay")
  func temporaries() throws {
    let folder = try Tiny.trained()
    let killed = ["", "twin/", "served/", "tensorboard/"].map { "run/\($0).drr-123abc.tmp" }
    for path in killed { try folder.write(path, "half a checkpoint") }
    try folder.write("run/notes.tmp", "mine")
    #expect(try Program.run(Tiny.train("run"), in: folder).code == 0)
    for path in killed { #expect(!folder.exists(path)) }
    #expect(try folder.text("run/notes.tmp") == "mine")
  }

  @Test("two programs do not train in one folder")
  func locked() throws {
    let folder = Scratch()
    let long = Self.train("run") + ["--steps", "100000000"]
    let first = try Program(long, in: folder)
    first.until { folder.exists("run/metrics.jsonl") }
    let second = try Program.run(long, in: folder)
    #expect(second.code == 1)
    #expect(
      second.error
        == "Error: run: another drr is training in this folder; wait for it or name another\n")
    first.send(SIGINT)
    #expect(try first.wait().code == 130)
  }
}
