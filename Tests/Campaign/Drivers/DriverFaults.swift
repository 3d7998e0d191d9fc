import Foundation
import TestSupport

/// OpenCL drivers that crash, end the process, hang or fail at a call; too little address space; a
/// cache folder that somebody has been at.
enum DriverFaults: CampaignPart {
  static let name = "drivers"
  static let summary = "OpenCL drivers that fail or crash, little memory, a foul cache"

  static func run(in room: CampaignRoom) throws -> Tally {
    var tally = Tally()
    var trial = try Trials(room)
    try trial.faultsOfTheTrial(&tally)
    try trial.foulCaches(&tally)
    try trial.addressSpace(&tally)
    try trial.faultsOfCalls(&tally)
    return tally
  }
}

private struct Trials {
  let room: CampaignRoom
  let scratch = TemporaryFolder()
  /// The folder of a libOpenCL that fails where it is told to, and the real one.
  let shim: String
  let real: String
  var draws: SeededGenerator

  /// Small, and yet with every phase: factorisation, learning, checkpoints.
  static func training(_ run: String, on device: String, steps: Int = 60) -> [String] {
    [
      "train", "drr", "--data", "generated:tiny", "--steps", "\(steps)", "--learning-starts", "20",
      "--hidden", "16", "--dimension", "8", "--pmf-epochs", "2", "--batch-size", "16",
      "--buffer-size", "200", "--checkpoint-steps", "20", "--no-myopic", "--checkpoint", "best",
      "--run", run, "--device", device,
    ]
  }

  init(_ room: CampaignRoom) throws {
    self.room = room
    draws = room.draws("drivers")
    let library = scratch.path + "/shim/libOpenCL.so.1"
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/shim", withIntermediateDirectories: true)
    let source = packageRoot.appendingPathComponent("Tests/Campaign/Drivers/shim.c").path
    let built = try Subject.run(
      ["clang", "-shared", "-fPIC", "-O1", source, "-o", library], in: scratch.path)
    guard built.cause == .code(0) else { throw Absent(description: "no shim: \(built)") }
    shim = scratch.path + "/shim"
    let places = [
      "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
    ]
    guard
      let found = places.map({ $0 + "/libOpenCL.so.1" })
        .first(where: FileManager.default.fileExists)
    else { throw Absent(description: "libOpenCL.so.1 is not where Debian has it") }
    real = found
  }

  private var cache: String { scratch.path + "/cache" }

  private func environment(_ more: [String: String] = [:]) -> [String: String] {
    ["DRR_CACHE": cache].merging(more) { $1 }
  }

  private func faulty(
    _ call: String, at count: Int, _ kind: String, inTrial: Bool
  ) -> [String: String] {
    environment([
      "LD_LIBRARY_PATH": shim, "DRR_FAULT_REAL": real, "DRR_FAULT_CALL": call,
      "DRR_FAULT_AT": "\(count)", "DRR_FAULT_KIND": kind, "DRR_FAULT_CHILD": inTrial ? "1" : "0",
    ])
  }

  private func again(_ words: [String], _ environment: [String: String]) -> String {
    (["env"] + environment.map { "\($0)=\($1)" }.sorted() + [room.program] + words).shell
  }

  private func drr(
    _ words: [String], _ environment: [String: String], in folder: String? = nil,
    seconds: Double = 60, addressSpace: Int? = nil
  ) throws -> Subject.Ending {
    var limits = Subject.Limits()
    (limits.seconds, limits.addressSpace) = (seconds, addressSpace)
    return try Subject.run(
      [room.program] + words, in: folder ?? scratch.path, environment: environment,
      limits: limits)
  }

  // MARK: - A driver that cannot be used

  /// `devices` says so and goes on; a device that was asked for is refused with a sentence; where the
  /// choice is the program's, it trains on the CPU.
  mutating func faultsOfTheTrial(_ tally: inout Tally) throws {
    let calls = [
      "clGetPlatformIDs", "clGetDeviceIDs", "clCreateContext", "clBuildProgram",
      "clEnqueueNDRangeKernel", "clEnqueueReadBuffer",
    ]
    for call in calls {
      for kind in ["abort", "exit", "hang", "-6"] where !room.isOver {
        // That the drivers hold must not be known from before.
        try? FileManager.default.removeItem(atPath: cache)
        let fault = faulty(call, at: 1, kind, inTrial: true)
        let listing = try drr(["devices"], fault, seconds: 25)
        let isFound = kind == "-6" && call.hasPrefix("clGet")
        let isSaid = listing.output.contains("left out") || isFound
        tally.count(
          "a driver's \(kind == "-6" ? "error" : kind): devices",
          listing.fault ?? (listing.cause != .code(0) ? "\(listing)" : nil)
            ?? (isSaid ? nil : "not a word: \(listing.output)"),
          again: again(["devices"], fault))
        guard call == "clBuildProgram" else { continue }
        try? FileManager.default.removeItem(atPath: cache)
        let refused = Self.training("refused", on: "opencl")
        let refusal = try drr(refused, fault)
        let isRefused = refusal.cause == .code(1) && refusal.error.contains("left out")
        tally.count(
          "a driver's \(kind == "-6" ? "error" : kind): asked for",
          refusal.fault ?? (isRefused ? nil : "\(refusal)"), again: again(refused, fault))
        let chosen = Self.training("auto-\(kind)", on: "auto")
        let training = try drr(chosen, fault)
        tally.count(
          "a driver's \(kind == "-6" ? "error" : kind): trains on the CPU",
          training.fault ?? (training.cause != .code(0) ? "\(training)" : nil),
          again: again(chosen, fault))
      }
    }
  }

  // MARK: - A cache folder that somebody has been at

  mutating func foulCaches(_ tally: inout Tally) throws {
    try? FileManager.default.removeItem(atPath: cache)
    let clean = Self.training("clean", on: "opencl", steps: 30)
    guard try drr(clean, environment(), seconds: 240).cause == .code(0) else {
      tally.notes.append("No OpenCL device trains here: caches and failing calls are not tried.")
      return
    }
    let expected = try Bytes.checkpoint(scratch, "clean")
    let names = try FileManager.default.contentsOfDirectory(atPath: cache).sorted()
    let fouls: [(String, (String) throws -> Void)] = [
      ("a pipe", { path in mkfifo(path, 0o600) }),
      (
        "a link to a pipe",
        { path in
          mkfifo(path + ".pipe", 0o600)
          symlink(path + ".pipe", path)
        }
      ),
      ("a folder", { path in mkdir(path, 0o700) }),
      ("an empty file", { path in try Data().write(to: URL(fileURLWithPath: path)) }),
      (
        "a file that others may write",
        { path in
          try Data(repeating: 7, count: 4_000).write(to: URL(fileURLWithPath: path))
          chmod(path, 0o666)
        }
      ),
      ("a link to /dev/zero", { path in symlink("/dev/zero", path) }),
    ]
    for (kind, foul) in fouls where !room.isOver {
      try? FileManager.default.removeItem(atPath: cache)
      mkdir(cache, 0o700)
      for name in names { try foul(cache + "/" + name) }
      let run = "foul-\(kind.filter(\.isLetter))"
      let words = Self.training(run, on: "opencl", steps: 30)
      let ending = try drr(words, environment(), seconds: 240)
      var fault = ending.fault ?? (ending.cause != .code(0) ? "\(ending)" : nil)
      if fault == nil, try Bytes.checkpoint(scratch, run) != expected { fault = "other bytes" }
      tally.count("the cache: \(kind)", fault, again: again(words, environment()))
    }
  }

  // MARK: - Too little address space

  mutating func addressSpace(_ tally: inout Tally) throws {
    for kibibytes in stride(from: 60_000, through: 1_500_000, by: 45_000) where !room.isOver {
      let words = Self.training("space-\(kibibytes)", on: "cpu")
      let ending = try drr(words, environment(), seconds: 60, addressSpace: kibibytes)
      tally.count(
        "ulimit -v", ending.fault, again: "ulimit -v \(kibibytes); " + again(words, environment()))
    }
  }

  // MARK: - A call that fails at work

  /// A sentence, and a run that goes on to the same bytes afterwards.
  mutating func faultsOfCalls(_ tally: inout Tally) throws {
    let calls = [
      "clCreateContext", "clCreateCommandQueue", "clCreateBuffer", "clCreateProgramWithSource",
      "clCreateProgramWithBinary", "clBuildProgram", "clCreateKernel", "clSetKernelArg",
      "clEnqueueNDRangeKernel", "clEnqueueWriteBuffer", "clEnqueueReadBuffer",
      "clEnqueueCopyBuffer", "clEnqueueFillBuffer", "clEnqueueMapBuffer",
      "clEnqueueUnmapMemObject", "clFlush", "clFinish", "clWaitForEvents", "clGetProgramInfo",
    ]
    let codes = ["-4", "-5", "-6", "-36", "-61", "-9999"]
    let whole = Self.training("whole", on: "opencl")
    guard try drr(whole, environment(), seconds: 240).cause == .code(0) else { return }
    let expected = try Bytes.checkpoint(scratch, "whole")
    while !room.isOver {
      let call = calls.randomElement(using: &draws)!
      let code = codes.randomElement(using: &draws)!
      // Early calls and late ones alike.
      let count = Int(exp2(Double.random(in: 0..<11, using: &draws)))
      let run = "call-\(UInt32.random(in: 0 ... .max, using: &draws))"
      let fault = faulty(call, at: count, code, inTrial: false)
      let own = Self.training(run, on: "opencl")
      let ending = try drr(own, fault)
      var what = ending.fault
      if what == nil, ending.cause != .code(0), !ending.error.contains("Error: ") {
        what = "no sentence: \(ending)"
      }
      if what == nil {
        let rest = try drr(own, environment(), seconds: 60)
        what = rest.fault ?? (rest.cause != .code(0) ? "does not resume: \(rest)" : nil)
        if what == nil, try Bytes.checkpoint(scratch, run) != expected {
          what = "resumes to other bytes"
        }
      }
      tally.count("a call fails", what, again: again(own, fault))
      try? FileManager.default.removeItem(atPath: scratch.path + "/" + run)
    }
  }
}

private enum Bytes {
  static func checkpoint(_ scratch: TemporaryFolder, _ run: String) throws -> Data {
    try scratch.data(run + "/checkpoint.safetensors")
  }
}
