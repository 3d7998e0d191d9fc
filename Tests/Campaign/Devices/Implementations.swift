import Foundation
import TestSupport

/// An implementation of OpenCL, alone among those that the loader finds.
struct Implementation {
  var name: String
  /// Its library, or the file that names it.
  var library: String
  var environment: [String: String] = [:]
  /// How many of an op's rows there is time for.
  var rows: Int?
  /// What is known to be wrong with it, so that it is tried, and noted, and no failure of ours.
  var known: String?
  /// What of it is in another package, to be said where it is absent.
  var origin: String

  static let all: [Implementation] = [
    Implementation(
      name: "PoCL", library: first(["/etc/OpenCL/vendors/pocl.icd"], "pocl"),
      origin: "Debian's pocl-opencl-icd"),
    Implementation(
      name: "Intel's CPU runtime", library: first([], "intel"),
      origin: "PyPI's intel-opencl-rt, intel-cmplr-lib-rt, tbb, tcmlib and umf, unpacked"),
    Implementation(
      name: "Rusticl on llvmpipe",
      library: first(["/etc/OpenCL/vendors/rusticl.icd"], "rusticl"),
      environment: ["RUSTICL_ENABLE": "llvmpipe"], rows: 1,
      known: "22.3.6 is wrong in matrix products of the CPU form, and does not end in a layer's",
      origin: "Debian's mesa-opencl-icd"),
    oclgrind,
  ]

  static let oclgrind = Implementation(
    name: "Oclgrind",
    library: first(["/usr/lib/oclgrind/liboclgrind-rt-icd.so"], "oclgrind"),
    rows: 2, origin: "Debian's oclgrind")

  /// The first of these that is there, or the file `*.icd` in a folder below `DRR_OPENCL_ICDS`.
  private static func first(_ files: [String], _ name: String) -> String {
    let root = ProcessInfo.processInfo.environment["DRR_OPENCL_ICDS"]
    let folder = root.map { "\($0)/\(name)" }
    let names = folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
    let inside = names.filter { $0.hasSuffix(".icd") }.map { "\(folder!)/\($0)" }
    return (files + inside).first { access($0, R_OK) == 0 } ?? ""
  }

  /// What makes the loader see it and nothing else; nil where it is not there.
  func settings(in folder: TemporaryFolder) throws -> [String: String]? {
    guard !library.isEmpty else { return nil }
    let text =
      library.hasSuffix(".icd")
      ? try String(contentsOfFile: library, encoding: .utf8) : library + "\n"
    let vendors = folder.path + "/vendors"
    try FileManager.default.createDirectory(
      atPath: vendors, withIntermediateDirectories: true)
    try text.write(toFile: vendors + "/only.icd", atomically: true, encoding: .utf8)
    let own = text.trimmingCharacters(in: .whitespacesAndNewlines)
    var all = environment
    all["OCL_ICD_VENDORS"] = vendors
    all["DRR_TEST_DEVICES"] = "opencl"
    all["DRR_REQUIRE_DEVICES"] = "opencl"
    // What it stands on may be beside it.
    if own.hasPrefix("/") {
      all["LD_LIBRARY_PATH"] = URL(fileURLWithPath: own).deletingLastPathComponent().path
    }
    if let rows { all["DRR_TEST_ROWS"] = "\(rows)" }
    return all
  }
}

/// The op table of the kernels' tests on every implementation of OpenCL that is there, each in a
/// process of its own: results against the Float64 reference, writes outside of views, gradients,
/// equal bits, and row numbers that are none.
enum Implementations: CampaignPart {
  static let name = "devices"
  static let summary = "the kernels' table on every OpenCL implementation that is there"

  static func run(in room: CampaignRoom) throws -> Tally {
    var tally = Tally()
    guard access(KernelTable.path, X_OK) == 0 else {
      tally.notes.append("The tests are not built: swift build -c release --build-tests.")
      return tally
    }
    for implementation in Implementation.all {
      let folder = TemporaryFolder()
      guard let settings = try implementation.settings(in: folder) else {
        tally.notes.append("\(implementation.name) is not there (\(implementation.origin)).")
        continue
      }
      if room.isOver { break }
      // A simulator wants one context at a time.
      let suites =
        implementation.known != nil
        ? ["ForwardTests"]
        : implementation.rows == nil
          ? ["ForwardTests", "CanaryTests", "GradientTests", "DeterminismTests", "WrongIndexTests"]
          : ["ForwardTests", "CanaryTests"]
      for suite in suites where !room.isOver {
        let table = KernelTable(suites: [suite], environment: settings)
        let left = max((room.deadline - .now) / .seconds(1), 120)
        let found = try table.run(seconds: implementation.known == nil ? left : min(left, 120))
        for (name, device) in found.devices.sorted(by: { $0.key < $1.key })
        where suite == suites[0] {
          tally.notes.append("\(implementation.name), \(name): \(device)")
        }
        let kind = "\(implementation.name), \(suite.dropLast(5).lowercased())"
        if let known = implementation.known {
          let what = found.failed + (found.fault.map { ["\($0.prefix(40))"] } ?? [])
          tally.notes.append("\(kind): \(known). Seen: \(what.joined(separator: "; ")).")
          continue
        }
        tally.held(kind, times: max(0, found.tried - found.failed.count))
        for failure in found.failed { tally.failed(kind, failure, again: table.shell) }
        if let fault = found.fault { tally.failed(kind, fault, again: table.shell) }
      }
    }
    return tally
  }
}
