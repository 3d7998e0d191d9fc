import Dispatch
import Foundation
import Synchronization
import TestSupport

/// Every call of every writer that changes files, failed, torn or the last of its process.
enum WriteFaults: CampaignPart {
  static let name = "writes"
  static let summary = "disks that are full, fail or tear, and ends at every single call"

  /// As the shim has them, in the order of its counts.
  private static let calls = ["open", "write", "fsync", "rename", "truncate", "mkdir", "unlink"]

  private struct Fault {
    var name: String
    /// As the shim has it.
    var setting: String
    /// Whether only a write can have it.
    var isOfWrites = false
    /// Whether a program goes on as if nothing were.
    var isHarmless = false
    var kills = false
  }

  private static let faults = [
    Fault(name: "ENOSPC", setting: "\(ENOSPC)"), Fault(name: "EIO", setting: "\(EIO)"),
    Fault(name: "EINTR", setting: "\(EINTR)", isHarmless: true),
    Fault(name: "half a write", setting: "short", isOfWrites: true, isHarmless: true),
    Fault(name: "a torn write", setting: "tear", isOfWrites: true),
    Fault(name: "killed before", setting: "kill", kills: true),
    Fault(name: "killed in a write", setting: "torn", isOfWrites: true, kills: true),
  ]

  private struct Point {
    var kind: Int
    var call: String
    var at: Int
    var fault: Fault
  }

  static func run(in room: CampaignRoom) throws -> Tally {
    let build = TemporaryFolder()
    let shim: String
    do { shim = try buildShim(in: build) } catch let absence as Absent {
      var tally = Tally()
      tally.notes.append("Nothing is tried: \(absence)")
      return tally
    }
    let kernels = RunKind.onOpenCL(room.program)
    let references = try (RunKind.oneShot + RunKind.resumed + [kernels].compactMap { $0 })
      .map { try Reference($0, room.program) }
    // By kind, call and fault; of each in turn, that the shortest campaign tries all of them.
    var groups: [[Point]] = []
    var draws = room.draws("writes")
    for (number, reference) in references.enumerated() {
      let counts = try count(reference, room, shim)
      for (call, count) in zip(calls, counts) where count > 0 {
        for fault in faults where !fault.isOfWrites || call == "write" {
          // Nobody makes these calls again.
          if fault.isHarmless, ["truncate", "unlink"].contains(call) { continue }
          groups.append(
            (1...count).map { Point(kind: number, call: call, at: $0, fault: fault) }
              .shuffled(using: &draws))
        }
      }
    }
    groups.shuffle(using: &draws)
    let all = (0..<(groups.map(\.count).max() ?? 0)).flatMap { turn in
      groups.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }
    }
    let tally = Mutex(Tally())
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      while !room.isOver {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < all.count else { return }
        let (point, reference) = (all[number], references[all[number].kind])
        let settings = [
          "LD_PRELOAD": shim, "SHIM_CALL": point.call, "SHIM_AT": "\(point.at)",
          "SHIM_FAULT": point.fault.setting,
        ]
        let fault: String?
        do {
          fault = try trial(point, reference, room, settings)
        } catch {
          fault = "\(error)"
        }
        let script =
          reference.kind.preparation(room.program)
          + (["cc", "-shared", "-fPIC", "-o", "shim.so", source].shell
            + "; LD_PRELOAD=./shim.so ")
          + settings.filter { $0.key != "LD_PRELOAD" }.sorted { $0.key < $1.key }
          .map { "\($0)=\($1) " }.joined() + reference.kind.words(room.program).shell
        tally.withLock {
          $0.count(
            "\(point.fault.name), \(point.call)",
            fault.map { "\(reference.kind.name), \(point.call) \(point.at): \($0)" }, again: script)
        }
      }
    }
    var found = tally.withLock { $0 }
    if kernels == nil { found.notes.append("No kernels are kept: there is no OpenCL device.") }
    let tried = min(next.load(ordering: .relaxed), all.count)
    found.notes.append(
      "\(tried) of \(all.count) points of \(references.count) kinds of run: every call of every "
        + "kind that changes files, with each fault.")
    return found
  }

  private static let source = packageRoot.appendingPathComponent("Tests/Campaign/Writes/shim.c")
    .path

  /// The path of the shim, which is made in a folder.
  ///
  /// - Throws: `Absent` where there is no compiler.
  static func buildShim(in folder: TemporaryFolder) throws -> String {
    let shim = folder.path + "/shim.so"
    let built = try Subject.run(
      ["cc", "-shared", "-fPIC", "-O1", "-o", shim, source], in: folder.path,
      limits: .init(seconds: 60))
    guard built.cause == .code(0) else {
      throw Absent(description: "`cc` does not build the shim: \(built.error)")
    }
    return shim
  }

  /// How many calls of each kind a run makes, of those of its processes that make most.
  private static func count(
    _ reference: Reference, _ room: CampaignRoom, _ shim: String
  ) throws -> [Int] {
    let (folder, notes) = (try reference.copy(), TemporaryFolder())
    let ending = try Subject.run(
      reference.kind.words(room.program), in: folder.path,
      environment: [
        "LD_PRELOAD": shim, "SHIM_CALL": "open", "SHIM_AT": "0", "SHIM_FAULT": "0",
        "SHIM_MARK": notes.path + "/counts",
      ].merging(reference.kind.environment(in: folder.path)) { $1 }, limits: .init(seconds: 120))
    guard ending.cause == .code(0) else {
      throw Absent(description: "\(reference.kind.name) under the shim ends with \(ending)")
    }
    var counts = [Int](repeating: 0, count: calls.count)
    for line in try notes.text("counts").split(separator: "\n") {
      for (call, count) in line.split(separator: " ").enumerated() {
        counts[call] = max(counts[call], Int(count) ?? 0)
      }
    }
    return counts
  }

  private static func trial(
    _ point: Point, _ reference: Reference, _ room: CampaignRoom, _ settings: [String: String]
  ) throws -> String? {
    let folder = try reference.copy()
    let words = reference.kind.words(room.program)
    let own = reference.kind.environment(in: folder.path)
    let ending = try Subject.run(
      words, in: folder.path, environment: own.merging(settings) { $1 },
      limits: .init(seconds: 60))
    let tree = Tree(folder.path)
    let isWhole = reference.difference(tree) == nil
    if point.fault.kills {
      guard ending.cause == .signal(SIGKILL) || ending.cause == .code(0) || reference.kind.isGroup
      else { return "it ends with \(ending)" }
    } else {
      if let fault = ending.fault { return fault }
      // What cannot be removed stays until the next writer.
      if point.call != "unlink" {
        if let left = tree.temporaries.first { return "\(left) is left" }
        if ending.cause == .code(0), !isWhole {
          return "it ends well, but \(reference.difference(tree)!)"
        }
      }
      if point.fault.isHarmless, ending.cause != .code(0) { return "it ends with \(ending)" }
    }
    if !reference.kind.isResumed, let change = reference.tear(tree) {
      return "neither old nor new: \(change)"
    }
    let again = try Subject.run(
      words, in: folder.path, environment: own, limits: .init(seconds: 60))
    guard again.cause == .code(0) else { return "taken up again it ends with \(again)" }
    let end = Tree(folder.path)
    if reference.kind.isResumed, let left = end.temporaries.first {
      return "\(left) is left for good"
    }
    return reference.difference(end).map { "taken up again, \($0)" }
  }
}
