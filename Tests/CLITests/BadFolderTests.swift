import Foundation
import TestSupport
import Testing

@Suite("Run folders that are damaged, full or not folders")
struct BadFolderTests {
  @Test("where a folder cannot be, the reason is said")
  func notAFolder() throws {
    let folder = Scratch()
    try folder.write("file", "mine")
    expectRefused(
      try Program.run(Tiny.train("file"), in: folder), 1, "file is not a folder")
    expectRefused(
      try Program.run(Tiny.train("file/deeper"), in: folder), 1,
      "cannot create the run folder file/deeper: Not a directory")
    expectRefused(
      try Program.run(Tiny.train("/proc/drr/run"), in: folder), 1, "cannot create the run folder")
    expectRefused(
      try Program.run(["evaluate", "--run", "nowhere"], in: folder), 1,
      "nowhere: no run was started there; use `drr train drr --run nowhere`")
    #expect(try folder.text("file") == "mine")
  }

  /// Nobody may make a file in /sys/kernel, root included.
  @Test("a folder that may not be written is said so", arguments: ["run", "/sys/kernel"])
  func unwritable(run: String) throws {
    let folder = Scratch()
    try FileManager.default.createDirectory(
      at: folder.url("run"), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o555])
    let mayWrite = getuid() == 0 && run == "run"
    let outcome = try Program.run(Tiny.train(run), in: folder)
    #expect(outcome.code == (mayWrite ? 0 : 1), "\(outcome.description)")
    #expect(
      mayWrite || outcome.error.contains("Permission denied")
        || outcome.error.contains("Read-only file system"))
  }

  @Test(
    "a flipped byte is found, and nothing is changed",
    arguments: ["checkpoint.safetensors", "pmf.safetensors"])
  func flipped(name: String) throws {
    let folder = try Tiny.trained()
    let whole = try folder.data("run/\(name)")
    var random = SeededGenerator(5)
    for position in [3, 40, whole.count / 2, whole.count - 1]
      + (0..<8).map({ _ in Int.random(in: 0..<whole.count, using: &random) })
    {
      var damaged = whole
      damaged[position] ^= 0x10
      try folder.write("run/\(name)", damaged)
      let before = try folder.contents("run")
      for arguments in [
        ["train", "drr", "--run", "run", "--device", "cpu"],
        ["evaluate", "--run", "run", "--device", "cpu"],
        ["recommend", "--run", "run", "--user", "3"],
      ] {
        expectRefused(try Program.run(arguments, in: folder), 1, "run/\(name)")
      }
      #expect(try folder.contents("run") == before)
    }
    for count in [0, 7, whole.count / 2, whole.count - 1] {
      try folder.write("run/\(name)", whole.prefix(count))
      expectRefused(
        try Program.run(["train", "drr", "--run", "run"], in: folder), 1, "run/\(name)")
    }
  }

  @Test("files of another run are refused by what differs")
  func foreign() throws {
    let folder = try Tiny.trained()
    for (name, options, part) in [
      ("checkpoint", ["--seed", "9"], "has seed 9, expected 0"),
      ("pmf", ["--seed", "9"], "has seed 9, expected 0"),
      ("checkpoint", ["--window", "4"], "has agent.window 4, expected 5"),
      ("pmf", ["--dimension", "9"], "has pmf.dimension 9, expected 8"),
      ("pmf", ["--data", "generated:tiny:2"], "has data.checksum "),
    ] {
      #expect(try Program.run(Tiny.train("other", "--fresh") + options, in: folder).code == 0)
      try folder.copy("run", "mixed")
      try folder.copy("other/\(name).safetensors", "mixed/\(name).safetensors")
      let before = try folder.contents("mixed")
      for arguments in [
        ["train", "drr", "--run", "mixed", "--device", "cpu"],
        ["evaluate", "--run", "mixed", "--device", "cpu"],
      ] {
        expectRefused(
          try Program.run(arguments, in: folder), 1,
          "mixed/\(name).safetensors belongs to another run: its ", part)
      }
      #expect(try folder.contents("mixed") == before)
    }
    try folder.copy("run", "mixed")
    try folder.copy("run/pmf.safetensors", "mixed/checkpoint.safetensors")
    expectRefused(
      try Program.run(["evaluate", "--run", "mixed", "--device", "cpu"], in: folder), 1,
      "mixed/checkpoint.safetensors belongs to another run: its kind is pmf, expected drr")
    // A run that lost its configuration is not mixed with another.
    try folder.remove("run/config.json")
    expectRefused(
      try Program.run(Tiny.train("run", "--window", "4"), in: folder), 1,
      "run/checkpoint.safetensors belongs to another run")
  }

  @Test("a damaged configuration is refused or read, never a crash", arguments: [1, 2] as [UInt64])
  func configuration(seed: UInt64) throws {
    let folder = try Tiny.trained()
    let whole = try folder.data("run/config.json")
    var random = SeededGenerator(seed)
    var codes: Set<Int32> = []
    for round in 0..<60 {
      var damaged = whole
      // Half of the damage is to the digits, and leaves JSON.
      let digits = whole.indices.filter { (0x30...0x39).contains(whole[$0]) }
      // Every fourth round changes one digit for another, which many settings survive.
      let isMild = round % 4 == 1
      for _ in 0..<(isMild ? 1 : Int.random(in: 1...3, using: &random)) {
        if isMild {
          damaged[digits.randomElement(using: &random)!] = "0123456789"
            .utf8.randomElement(using: &random)!
        } else if Bool.random(using: &random) {
          damaged[digits.randomElement(using: &random)!] = "0123456789-.e"
            .utf8.randomElement(using: &random)!
        } else {
          damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
      }
      // Half of the rounds have nothing trained that would refuse a changed setting.
      if round % 2 == 0 { try folder.copy("run", "copy") }
      try folder.write("copy/config.json", damaged)
      if round % 2 == 1 {
        for name in ResumeTests.results + ["report.json"] { try? folder.remove("copy/\(name)") }
      }
      let program = try Program(
        ["train", "drr", "--run", "copy", "--device", "cpu"], in: folder)
      let deadline = Date() + 2
      program.until { Date() > deadline }
      // A setting of very many steps is stopped.
      if program.isRunning { program.send(SIGTERM) }
      let outcome = try program.wait()
      let code = try #require(
        outcome.code, "\(String(decoding: damaged, as: UTF8.self)): \(outcome.description)")
      #expect([0, 1, 130].contains(code), "\(outcome.description)")
      codes.insert(code)
      if code == 1 {
        // What is warned of before it is refused.
        let refused = Outcome(
          code: code, output: outcome.output, error: outcome.saidBesideWarnings)
        expectRefused(refused)
      }
    }
    #expect(codes.isSuperset(of: [0, 1]))
  }

  @Test("a full disk is said so, and the checkpoint before it stays", arguments: [24, 32, 40])
  func full(blocks: Int) throws {
    let folder = Scratch()
    #expect(try Program.run(Tiny.train("whole"), in: folder).code == 0)
    // A limit on the size of files, as the disk's end.
    let outcome = try Program.run(
      Tiny.train("run"), in: folder,
      script: "trap '' XFSZ; ulimit -f \(blocks); exec \"$@\"")
    expectRefused(outcome, 1, "cannot write run/", ": File too large")
    #expect(
      Set(try folder.names("run")).isSubset(of: [
        "checkpoint.safetensors", "config.json", "metrics.jsonl", "pmf-checkpoint.safetensors",
        "pmf.safetensors",
      ]))
    let resumed = try Program.run(Tiny.train("run"), in: folder)
    #expect(resumed.code == 0, "\(resumed.description)")
    try ResumeTests.expectEqual(folder, "whole", "run")
  }

  @Test("metrics and results that cannot be written are errors")
  func fullDevice() throws {
    let folder = Scratch()
    try folder.write("run/notes.txt", "")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/run/metrics.jsonl", withDestinationPath: "/dev/full")
    expectRefused(
      try Program.run(Tiny.train("run"), in: folder), 1,
      "cannot append to run/metrics.jsonl: No space left on device")
    for arguments in [["devices"], ["data", "describe", "generated:tiny", "--json"]] {
      expectRefused(
        try Program.run(arguments, in: folder, script: "\"$@\" >/dev/full"), 1,
        "cannot write to standard output: No space left on device")
    }
  }
}
