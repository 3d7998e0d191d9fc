import ArgumentParser
import DRR
import Platform
import Terminal

/// A command that shares its work among the processes that `mpirun` starts.
package protocol SharesWork: ParsableCommand {}

/// This process among those that `mpirun` started.
package enum Ranks {
  nonisolated(unsafe) private static var processes: MPICollective?

  /// Alone where `mpirun` started no other.
  static var all: any Collective { processes ?? SoleCollective() }

  /// Whether this process speaks and writes.
  static var leads: Bool { all.leads }

  /// Runs a command, with the other processes where there are any. One that cannot share its work
  /// is refused there: each would do all of it, in one folder.
  package static func run(_ command: inout any ParsableCommand) throws {
    guard let count = MPICollective.launched, count > 1 else { return try command.run() }
    guard command is any SharesWork else {
      throw RunError(
        "mpirun started \(count) processes of a command that works in one; leave mpirun out: only "
          + "`drr train multi-q`, `drr train pmf` and `drr evaluate` share their work")
    }
    let ranks = try MPICollective()
    processes = ranks
    if !ranks.leads { Screen.mute() }
    do {
      try command.run()
    } catch let error where !ranks.leads && !(error is Interrupted) {
      // Where the first rank has the same to say, it is given the time, and then ends this one.
      guard sleep(3) == 0 else { Platform.exit(1) }
      Screen.unmute()
      throw CollectiveError.lost(rank: ranks.rank, reason: "\(error)")
    }
    try ranks.end()
    processes = nil
  }

  /// Refuses what works in one process, in a few words, where there are several.
  static func requireOne(for work: String) throws {
    if all.size > 1 {
      throw RunError(
        "mpirun started \(all.size) processes, and \(work) works in one; leave mpirun out")
    }
  }

  /// Ends this process, and the others where its work is not done.
  package static func exit(_ code: Int32) -> Never {
    processes?.abort(code: code)
    Platform.exit(code)
  }

  /// The number of this process among those of its machine.
  static var localRank: Int {
    ["OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"].lazy.compactMap { (name: String) in
      getenv(name).flatMap { Int(String(cString: $0)) }
    }.first ?? 0
  }
}
