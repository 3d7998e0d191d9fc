import ArgumentParser
import DRR
import Platform

/// Refuses a command that `mpirun` starts several times and that does not share its work: each
/// would do all of it, in one folder.
package func requireOneProcess(for command: any ParsableCommand.Type) throws {
  // Open MPI's, and that of MPICH and its like.
  let counts = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].compactMap { (name: String) -> Int? in
    guard let value = getenv(name) else { return nil }
    return Int(String(cString: value))
  }
  guard let count = counts.max(), count > 1 else { return }
  #if MPI
    if command == TrainCommand.MultiQ.self { return }
    throw RunError(
      "mpirun started \(count) processes of a command that works in one; leave mpirun out: only "
        + "`drr train multi-q` shares its work")
  #else
    throw RunError(
      "mpirun started \(count) processes, and this drr was built without MPI, so that each would do "
        + "the whole work; leave mpirun out, or build with `swift build -c release --traits MPI` "
        + "for `drr train multi-q`")
  #endif
}
