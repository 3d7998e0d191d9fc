import ArgumentParser
import DRR
import Platform
import Terminal

/// A command that shares its work among the processes that `mpirun` starts.
package protocol SharesWork: ParsableCommand {}

/// This process among those that `mpirun` started.
package enum Ranks {
  nonisolated(unsafe) private static var processes: MPICollective?

  /// Variables by which a launcher lets a process know of the others: what is started without them
  /// works alone.
  static let signs = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE"]

  /// Alone where `mpirun` started no other.
  static var all: any Collective { processes ?? SoleCollective() }

  /// Whether the processes have found each other.
  package static var areAtWork: Bool { processes != nil }

  /// Whether this process speaks and writes.
  static var leads: Bool { all.leads }

  /// Runs a command, with the other processes where there are any. One that cannot share its work
  /// is refused there: each would do all of it, in one folder.
  package static func run(_ command: inout any ParsableCommand) throws {
    guard let count = MPICollective.launched, count > 1 else { return try command.run() }
    guard command is any SharesWork else {
      throw RunError(
        "mpirun started \(count) processes of a command that works in one; leave mpirun out: only "
          + "`drr evaluate`, `drr simulate` and `drr train` of pmf, drr, residual, dqn, pg, planner, "
          + "irecgan, gru, ddpg, slateq and multi-q share their work")
    }
    let ranks = try MPICollective()
    processes = ranks
    if !ranks.leads { Screen.mute() }
    do {
      try command.run()
    } catch let error where !ranks.leads && !(error is Interrupted) {
      letFirstSpeak()
      Screen.unmute()
      throw CollectiveError.lost(rank: ranks.rank, reason: "\(error)")
    }
    try ranks.end()
    processes = nil
  }

  /// Where the first rank has the same to say, it is given the time, and then ends this one.
  package static func letFirstSpeak() {
    guard (MPICollective.launchedRank ?? 0) > 0 else { return }
    if sleep(3) != 0 { Platform.exit(1) }
  }

  /// Begins a run by the first rank, once all have looked at its folder; the others go on from that.
  static func begun<Need>(
    _ folder: RunFolder, _ begin: () throws -> Void, with make: () throws -> Need
  ) throws -> Need {
    try all.barrier()
    let need = try leads ? folder.begun(begin, with: make) : make()
    try all.barrier()
    return need
  }

  /// Refuses what works in one process, in a few words, where there are several.
  static func requireOne(for work: String) throws {
    if all.size > 1 {
      throw RunError(
        "mpirun started \(all.size) processes, and \(work) works in one; leave mpirun out")
    }
  }

  /// Throws on every rank, once all have come here, where one has something to say that went wrong:
  /// what the first of them has.
  static func requireNone(_ failure: String) throws {
    let failures = try all.allGather(Array(failure.utf8))
    if let first = failures.first(where: { !$0.isEmpty }) {
      throw RunError(String(decoding: first, as: UTF8.self))
    }
  }

  /// Ends this process, and the others where its work is not done.
  package static func exit(_ code: Int32) -> Never {
    processes?.abort(code: code)
    Platform.exit(code)
  }

  /// The number of this process among those of its machine.
  static var localRank: Int {
    number(of: ["OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID"]) ?? 0
  }

  /// How many processes `mpirun` started on this machine.
  static var localCount: Int {
    guard areAtWork else { return 1 }
    return max(number(of: ["OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_NTASKS_PER_NODE"]) ?? 1, 1)
  }

  /// What the first of these variables that is one says.
  private static func number(of variables: [String]) -> Int? {
    variables.lazy.compactMap { name in
      getenv(name).flatMap { Int(String(cString: $0)) }
    }.first
  }
}
