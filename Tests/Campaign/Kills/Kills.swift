import Dispatch
import Foundation
import Synchronization
import TestSupport

/// Runs that are stopped at random moments and inside writes, several times in a row, and then end
/// as one that nothing disturbed.
enum Kills: CampaignPart {
  static let name = "kill"
  static let summary = "every kind of run, stopped at any moment and taken up again"

  private static let signals: [(name: String, number: Int32)] = [
    ("SIGKILL", SIGKILL), ("SIGTERM", SIGTERM), ("SIGINT", SIGINT), ("SIGHUP", SIGHUP),
  ]

  static func run(in room: CampaignRoom) throws -> Tally {
    let tally = Mutex(Tally())
    let stops = Mutex([String: Int]())
    let endings = Mutex([Double]())
    var kinds = RunKind.resumed + RunKind.oneShot
    if let ranks = RunKind.ofProcesses(room.program) {
      kinds.append(ranks)
    } else {
      tally.withLock {
        $0.notes.append("Ranks of MPI are not tried: this program or machine has none.")
      }
    }
    let references = try kinds.map { try Reference($0, room.program) }
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
      while !room.isOver {
        let number = next.add(1, ordering: .relaxed).oldValue
        let reference = references[number % references.count]
        var trial = Trial(reference, room, number)
        let fault: String?
        do { fault = try trial.run() } catch { fault = "\(error)" }
        tally.withLock { $0.count(reference.kind.name, fault, again: trial.script) }
        stops.withLock { for name in trial.stops { $0[name, default: 0] += 1 } }
        endings.withLock { $0 += trial.seconds }
      }
    }
    var found = tally.withLock { $0 }
    let counts = stops.withLock { $0 }
    let slowest = endings.withLock { $0.max() ?? 0 }
    found.notes.append(
      "\(counts.values.reduce(0, +)) stops in these runs: "
        + counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        + ". After SIGTERM, SIGINT or SIGHUP the slowest ended in "
        + "\(Int((slowest * 1_000).rounded())) ms.")
    return found
  }

  /// One run, from its first stop to its end.
  private struct Trial {
    let reference: Reference
    let room: CampaignRoom
    var draws: SeededGenerator
    /// What was done, for a shell.
    private(set) var script = ""
    private(set) var stops: [String] = []
    /// From a signal that can be heeded to the end.
    private(set) var seconds: [Double] = []

    init(_ reference: Reference, _ room: CampaignRoom, _ number: Int) {
      (self.reference, self.room) = (reference, room)
      draws = room.draws("kill \(number)")
    }

    mutating func run() throws -> String? {
      let folder = try reference.copy()
      script = reference.kind.preparation(room.program)
      for _ in 0..<Int.random(in: 1...4, using: &draws) {
        if let fault = try stop(in: folder.path) { return fault }
      }
      let ending = try Subject.run(
        reference.kind.words(room.program), in: folder.path, environment: threads(),
        limits: .init(seconds: 120))
      script += reference.kind.words(room.program).shell
      guard ending.cause == .code(0) else { return "taken up again it ends with \(ending)" }
      let tree = Tree(folder.path)
      if reference.kind.isResumed, let left = tree.temporaries.first { return "\(left) is left" }
      return reference.difference(tree)
    }

    private mutating func threads() -> [String: String] {
      ["OPENBLAS_NUM_THREADS": "\(Int.random(in: 1...3, using: &draws))"]
    }

    /// Starts the run and stops it. Nil where it ended as it may.
    private mutating func stop(in folder: String) throws -> String? {
      let signal = Kills.signals.randomElement(using: &draws)!
      let delay = Double.random(in: 0...1.05, using: &draws) * reference.seconds
      let inWrite = Bool.random(using: &draws)
      // SIGKILL leaves some until the next writer comes.
      let before = Tree(folder)
      let atChild = reference.kind.isGroup && Bool.random(using: &draws)
      let subject = try Subject(
        reference.kind.words(room.program), in: folder, environment: threads(),
        limits: .init(seconds: 60))
      while subject.isRunning, subject.seconds < delay { usleep(500) }
      while inWrite, subject.isRunning, subject.seconds < delay + reference.seconds,
        !Tree.isWriting(folder)
      {
        usleep(100)
      }
      if atChild { return try stop(aChildOf: subject, signal) }
      guard subject.isRunning else {
        let ending = try subject.wait()
        return ending.cause == .code(0) ? nil : "it ends with \(ending)"
      }
      let sent = subject.seconds
      subject.send(signal.number)
      script +=
        "(\(reference.kind.words(room.program).shell)) & sleep \(sent); kill -\(signal.name) $!; wait; "
      let ending = try subject.wait()
      if ending.cause == .code(0) { return nil }
      stops.append(signal.name + (inWrite ? " in a write" : ""))
      if signal.number == SIGKILL {
        return ending.cause == .signal(SIGKILL) || reference.kind.name == "ranks of MPI"
          ? nil : "after \(signal.name) it ends with \(ending)"
      }
      // Until the program has begun to heed signals, one ends it, and it has written nothing.
      if ending.cause == .signal(signal.number), Tree(folder).files == before.files { return nil }
      let took = ending.seconds - sent - reference.kind.launcherSeconds
      seconds.append(took)
      if took > 1 { return "\(took) s from \(signal.name) to its end" }
      guard ending.cause == .code(130) || reference.kind.name == "ranks of MPI" else {
        return "after \(signal.name) it ends with \(ending)"
      }
      return Tree(folder).temporaries.first { !before.temporaries.contains($0) }
        .map { "\($0) is left after \(signal.name)" }
    }

    /// Stops one of the processes that a run has started; the others save, and the run says so.
    private mutating func stop(
      aChildOf subject: Subject, _ signal: (name: String, number: Int32)
    ) throws -> String? {
      let path = "/proc/\(subject.process)/task/\(subject.process)/children"
      let children =
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ") ?? []
      if let child = children.compactMap({ pid_t($0) }).randomElement(using: &draws) {
        kill(child, signal.number)
        stops.append("\(signal.name) of a child")
        script +=
          "(\(reference.kind.words(room.program).shell)) & kill -\(signal.name) CHILD; wait; "
      }
      let ending = try subject.wait()
      return ending.fault
    }
  }
}
