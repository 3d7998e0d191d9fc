#if MPI
  internal import CMPI
  import Tensor

  /// Ranks that are processes, started by `mpirun`, on one machine or many.
  ///
  /// A rank that throws ends all of them; where one is killed, `mpirun` ends the others and tells
  /// which it was.
  public final class MPICollective: Collective {
    public let rank: Int
    public let size: Int

    private init(rank: Int, size: Int) {
      self.rank = rank
      self.size = size
    }

    /// This process among those that were started with it; nil where `mpirun` did not start it. To
    /// be called once.
    public static func ofThisProcess() throws(CollectiveError) -> MPICollective? {
      guard drr_mpi_is_launched() != 0 else { return nil }
      var (rank, size): (Int32, Int32) = (0, 0)
      try check(drr_mpi_begin(&rank, &size), "MPI_Init")
      return MPICollective(rank: Int(rank), size: Int(size))
    }

    /// Does a rank's work and takes leave of the others. Where it throws, `report` is told and all
    /// processes end with `code`.
    public func run(
      report: (CollectiveError) -> Void, code: Int32 = 1, _ body: () throws -> Void
    ) throws {
      do {
        try body()
      } catch {
        report(.lost(rank: rank, reason: "\(error)"))
        drr_mpi_abort(code)
        throw error
      }
      try Self.check(drr_mpi_end(), "MPI_Finalize")
    }

    private static func check(_ code: Int32, _ operation: String) throws(CollectiveError) {
      if code != 0 { throw .refused(operation: operation, code: Int(code)) }
    }

    public func barrier() throws(CollectiveError) {
      try Self.check(drr_mpi_barrier(), "MPI_Barrier")
    }

    public func broadcast<Element: BitwiseCopyable & Sendable>(
      _ values: [Element], root: Int
    ) throws(CollectiveError) -> [Element] {
      var count = [Int64(values.count)]
      var code = count.withUnsafeMutableBytes {
        drr_mpi_broadcast($0.baseAddress, Int32($0.count), Int32(root))
      }
      try Self.check(code, "MPI_Bcast")
      let total = Int(count[0]) * MemoryLayout<Element>.stride
      let bytes = try Self.size(total)
      let received = [Element](unsafeUninitializedCapacity: Int(count[0])) { buffer, filled in
        if rank == root { _ = buffer.initialize(from: values) }
        code = drr_mpi_broadcast(buffer.baseAddress, bytes, Int32(root))
        filled = Int(count[0])
      }
      try Self.check(code, "MPI_Bcast")
      return received
    }

    public func allGather<Element: BitwiseCopyable & Sendable>(
      _ values: [Element]
    ) throws(CollectiveError) -> [[Element]] {
      let counts = try exchange([Int](repeating: values.count, count: size))
      let stride = MemoryLayout<Element>.stride
      let places = try Places(counts, stride)
      var code: Int32 = 0
      let all = [Element](unsafeUninitializedCapacity: counts.reduce(0, +)) { buffer, filled in
        code = values.withUnsafeBytes {
          drr_mpi_all_gather(
            $0.baseAddress, Int32($0.count), buffer.baseAddress, places.counts, places.offsets)
        }
        filled = counts.reduce(0, +)
      }
      try Self.check(code, "MPI_Allgatherv")
      return Self.split(all, counts)
    }

    public func allToAll<Element: BitwiseCopyable & Sendable>(
      _ parts: [[Element]]
    ) throws(CollectiveError) -> [[Element]] {
      require(parts.count == size, "all-to-all: \(parts.count) parts for \(size) ranks")
      let stride = MemoryLayout<Element>.stride
      let counts = try exchange(parts.map(\.count))
      let sent = try Places(parts.map(\.count), stride)
      let received = try Places(counts, stride)
      let joined = Array(parts.joined())
      var code: Int32 = 0
      let all = [Element](unsafeUninitializedCapacity: counts.reduce(0, +)) { buffer, filled in
        code = joined.withUnsafeBytes {
          drr_mpi_all_to_all(
            $0.baseAddress, sent.counts, sent.offsets, buffer.baseAddress, received.counts,
            received.offsets)
        }
        filled = counts.reduce(0, +)
      }
      try Self.check(code, "MPI_Alltoallv")
      return Self.split(all, counts)
    }

    /// One number to each rank, and one from each.
    private func exchange(_ numbers: [Int]) throws(CollectiveError) -> [Int] {
      let places = try Places([Int](repeating: 1, count: size), MemoryLayout<Int>.stride)
      var received = [Int](repeating: 0, count: size)
      let code = numbers.withUnsafeBytes { sent in
        received.withUnsafeMutableBytes { received in
          drr_mpi_all_to_all(
            sent.baseAddress, places.counts, places.offsets, received.baseAddress, places.counts,
            places.offsets)
        }
      }
      try Self.check(code, "MPI_Alltoallv")
      return received
    }

    private static func split<Element>(_ all: [Element], _ counts: [Int]) -> [[Element]] {
      var first = 0
      return counts.map { count in
        defer { first += count }
        return Array(all[first..<first + count])
      }
    }

    private static func size(_ bytes: Int) throws(CollectiveError) -> Int32 {
      guard let size = Int32(exactly: bytes) else {
        throw .refused(operation: "a message of \(bytes) bytes, more than MPI takes,", code: 2)
      }
      return size
    }

    /// Counts and offsets in bytes.
    private struct Places {
      var counts: [Int32] = []
      var offsets: [Int32] = []

      init(_ elements: [Int], _ stride: Int) throws(CollectiveError) {
        var end = 0
        for count in elements {
          counts.append(try MPICollective.size(count * stride))
          offsets.append(try MPICollective.size(end))
          end += count * stride
        }
        _ = try MPICollective.size(end)
      }
    }
  }
#endif
