internal import CMPI
import Platform
import Tensor

/// Ranks that are processes, started by `mpirun`, on one machine or many. Open MPI is looked for at
/// run time, where a launcher started this process.
///
/// Where one is killed, `mpirun` ends the others and tells which it was.
public final class MPICollective: Collective {
  public let rank: Int
  public let size: Int
  /// Bytes of the longest message; what is longer goes in pieces.
  private let piece: Int64

  /// How many processes the launcher says that it started with this one, where it says so; nil
  /// where none started it.
  public static var launched: Int? {
    guard mpi_is_launched() != 0 else { return nil }
    // Open MPI's, that of MPICH and its like, and SLURM's, whose PMIx names no number.
    return first(of: ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"]) ?? 1
  }

  /// Which of them this one is, where the launcher says so.
  public static var launchedRank: Int? {
    guard mpi_is_launched() != 0 else { return nil }
    return first(of: ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"])
  }

  /// The number that the first of these variables has which is set.
  private static func first(of variables: [String]) -> Int? {
    variables.lazy.compactMap { number(of: $0) }.first
  }

  private static func number(of variable: String) -> Int? {
    getenv(variable).flatMap { Int(String(cString: $0)) }
  }

  /// This process among those that were started with it. To be called once.
  ///
  /// - Throws: `CollectiveError` where there is no Open MPI, or it finds other processes than the
  ///   launcher started.
  public init() throws(CollectiveError) {
    let launched = Self.launched ?? 1
    if let reason = mpi_open() {
      throw .missing(
        "mpirun started \(launched) processes, and Open MPI's library, by which they work together, "
          + "cannot be opened (\(String(cString: reason))); install it (Debian: libopenmpi3), or "
          + "leave mpirun out")
    }
    var (rank, size): (Int32, Int32) = (0, 0)
    try Self.check(mpi_begin(&rank, &size), "MPI_Init")
    (self.rank, self.size) = (Int(rank), Int(size))
    piece = Int64(Self.number(of: "DRR_MPI_PIECE") ?? 1 << 30)
    if launched != self.size {
      throw .missing(
        "the launcher started \(launched) processes, and Open MPI finds \(size) of them; start drr "
          + "by Open MPI's mpirun, or by srun --mpi=pmix")
    }
  }

  /// Takes leave of the others.
  public func end() throws(CollectiveError) { try Self.check(mpi_end(), "MPI_Finalize") }

  /// Ends all processes.
  public func abort(code: Int32) { mpi_abort(code) }

  private static func check(_ code: Int32, _ operation: String) throws(CollectiveError) {
    if code != 0 {
      throw .refused(operation: operation, reason: String(cString: mpi_text(code)))
    }
  }

  public func exchange(
    _ sent: [UnsafeRawBufferPointer], into received: [UnsafeMutableRawBufferPointer]
  ) throws(CollectiveError) {
    try Self.check(
      mpi_exchange(
        sent.map(\.baseAddress), sent.map { Int64($0.count) }, received.map(\.baseAddress),
        received.map { Int64($0.count) }, piece),
      "an exchange of \(size) ranks")
  }
}
