import Foundation
import TestSupport

/// Memory and threads under instruments that see what goes past the end: the host's array loops
/// (Tests/Sanitizers/loops.c) under the address, undefined behaviour and thread sanitizers at each
/// vector level, the OpenCL kernels in Oclgrind, and, where there is an hour, the tests of Kernels,
/// Tensor, the readers and what works in threads under the address and thread sanitizers.
enum Sanitizers: CampaignPart {
  static let name = "sanitizers"
  static let summary = "array loops, kernels and threads under sanitizers and Oclgrind"

  static func run(in room: CampaignRoom) throws -> Tally {
    var tally = Tally()
    try loops(room, &tally)
    try kernels(room, &tally)
    if (room.deadline - .now) / .seconds(60) > 45 {
      try tests(room, &tally)
    } else {
      tally.notes.append(
        "The Swift modules are not instrumented in less than an hour: ./campaign sanitizers "
          + "--minutes 60.")
    }
    return tally
  }

  // MARK: - Array loops

  private static func loops(_ room: CampaignRoom, _ tally: inout Tally) throws {
    let folder = TemporaryFolder()
    let root = packageRoot.path
    let which = try Subject.run(["sh", "-c", "command -v swift"], in: root)
    let swift = URL(fileURLWithPath: which.output.trimmingCharacters(in: .whitespacesAndNewlines))
      .resolvingSymlinksInPath().deletingLastPathComponent()
    let clang = swift.appendingPathComponent("clang").path
    guard access(clang, X_OK) == 0 else {
      return tally.notes.append("There is no clang beside swift: no loop was instrumented.")
    }
    let libraries = swift.deletingLastPathComponent().appendingPathComponent("lib/swift/linux").path
    let sources = ["Sources/Kernels/Loops", "Sources/COpenBLAS"].flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []).sorted()
        .filter { $0.hasSuffix(".c") }.map { "\(folder)/\($0)" }
    }
    let kinds = [
      (name: "address and undefined behaviour", flags: ["-fsanitize=address,undefined"]),
      (
        name: "threads",
        flags: [
          "-fsanitize=thread", "-L\(libraries)", "-ldispatch", "-lBlocksRuntime",
          "-Wl,-rpath,\(libraries)",
        ]
      ),
    ]
    for kind in kinds {
      for (architecture, level) in [("x86-64-v4", "4"), ("x86-64-v3", "3"), ("x86-64-v2", "1")]
      where !room.isOver {
        let build =
          [clang, "-std=c2x", "-O1", "-g", "-w", "-fuse-ld=lld", "-march=\(architecture)"]
          + ["-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
          + ["Sources/Kernels/Loops/include", "Sources/COpenBLAS/include", "Sources/Kernels/Loops"]
          .map { "-I\($0)" } + ["Tests/Sanitizers/loops.c"] + sources
          + ["-o", "\(folder.path)/loops", "-lpthread", "-ldl", "-lm"] + kind.flags
        var limits = Subject.Limits()
        limits.seconds = 900
        let built = try Subject.run(build, in: root, limits: limits)
        if built.cause == .time {
          tally.notes.append("There was no time to build the array loops for \(architecture).")
          continue
        }
        guard built.cause == .code(0) else {
          tally.failed("array loops, \(kind.name)", "\(built)", again: build.shell)
          continue
        }
        let environment = [
          "OPENBLAS_NUM_THREADS": "4", "DRR_VECTOR_LEVEL": level,
          "ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "halt_on_error=1",
        ]
        let ending = try Subject.run(
          ["\(folder.path)/loops"], in: root, environment: environment, limits: .patient)
        // Instructions that the processor does not have.
        if ending.cause == .signal(4), architecture == "x86-64-v4" { continue }
        let again =
          build.shell + " && OPENBLAS_NUM_THREADS=4 DRR_VECTOR_LEVEL=\(level) \(folder.path)/loops"
        tally.count(
          "array loops, \(kind.name)",
          ending.cause == .code(0) ? nil : "\(architecture): \(ending)", again: again)
      }
    }
  }

  // MARK: - Kernels

  private static func kernels(_ room: CampaignRoom, _ tally: inout Tally) throws {
    let oclgrind = Implementation.oclgrind
    let folder = TemporaryFolder()
    guard access(KernelTable.path, X_OK) == 0, var settings = try oclgrind.settings(in: folder)
    else {
      return tally.notes.append(
        "Without the tests or Oclgrind (\(oclgrind.origin)) no kernel was instrumented.")
    }
    let log = folder.path + "/oclgrind.log"
    settings["OCLGRIND_LOG"] = log
    settings["OCLGRIND_DATA_RACES"] = "1"
    settings["DRR_TEST_ROWS"] = "1"
    for suite in ["CanaryTests", "WrongIndexTests"] where !room.isOver {
      try? FileManager.default.removeItem(atPath: log)
      let table = KernelTable(suites: [suite], environment: settings)
      let found = try table.run(seconds: max((room.deadline - .now) / .seconds(1), 60))
      let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      let faults = said.split(separator: "\n").filter {
        $0.contains("Invalid ") || $0.contains("race")
      }
      let kind = "kernels in Oclgrind, \(suite.dropLast(5).lowercased())"
      tally.held(kind, times: found.tried)
      if !faults.isEmpty {
        tally.failed(kind, said.prefix(600) + " (\(faults.count) in all)", again: table.shell)
      }
      for failure in found.failed { tally.failed(kind, failure, again: table.shell) }
      if let fault = found.fault { tally.notes.append("\(kind): \(fault)") }
    }
  }

  // MARK: - Swift

  private static func tests(_ room: CampaignRoom, _ tally: inout Tally) throws {
    for (sanitizer, suites) in [
      ("address", ["KernelsTests", "TensorTests", "DataTests"]),
      ("thread", ["CoreTests", "TablesTests", "KernelsTests"]),
    ] {
      let words =
        [
          "swift", "test", "-c", "release", "--sanitize=\(sanitizer)", "--scratch-path",
          ".build-\(sanitizer)", "--no-parallel",
        ] + suites.flatMap { ["--filter", $0] }
      var limits = Subject.Limits()
      limits.seconds = max((room.deadline - .now) / .seconds(1), 60)
      // OpenCL compilers are not instrumented, and have leaks and races of their own.
      let environment = [
        "DRR_TESTS": suites.joined(separator: ","), "DRR_TEST_DEVICES": "cpu",
        "ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "exitcode=66",
      ]
      let ending = try Subject.run(
        words, in: packageRoot.path, environment: environment, limits: limits)
      if ending.cause == .time {
        tally.notes.append("There was no time for the tests under the \(sanitizer) sanitizer.")
        continue
      }
      tally.count(
        "Swift tests, \(sanitizer)", ending.cause == .code(0) ? nil : "\(ending)",
        again: environment.map { "\($0)=\($1)" }.sorted().joined(separator: " ") + " "
          + words.shell)
    }
  }
}
