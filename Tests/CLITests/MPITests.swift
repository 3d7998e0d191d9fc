#if MPI
  import Foundation
  import Testing

  /// What `mpirun` starts, beside threads of one process.
  @Suite("Many tables under mpirun", .serialized) struct MPITests {
    /// Ranks that share a core wait long for each other.
    private static let few = ["--epochs", "6"]

    private static func mpirun(_ ranks: Int, _ command: String = "\"$@\"") -> String {
      "exec mpirun --allow-run-as-root --oversubscribe -n \(ranks) \(command)"
    }

    @Test("of 2 and 4 ranks come to the bits of one process", arguments: [2, 4])
    func ranks(ranks: Int) throws {
      let folder = Scratch()
      #expect(try Program.run(MultiTableTests.train("alone") + Self.few, in: folder).code == 0)
      let outcome = try Program.run(
        MultiTableTests.train("ranks") + Self.few, in: folder, script: Self.mpirun(ranks))
      #expect(outcome.code == 0, "\(outcome.description)")
      #expect(
        try MultiTableTests.checksum(folder, "ranks") == MultiTableTests.checksum(folder, "alone"))
      let report = try object(try folder.text("ranks/report.json"))
      #expect(report["shards"] as? Int == ranks)
      #expect(
        try folder.names("ranks").filter { $0.hasPrefix("table-") }.count == ranks)
    }

    @Test("stop where a rank is killed, name it, and go on to the same bits")
    func killed() throws {
      let folder = Scratch()
      #expect(try Program.run(MultiTableTests.train("alone") + Self.few, in: folder).code == 0)
      // Rank 2 is killed once a checkpoint is there.
      let victim = """
        sh -c 'if [ "$OMPI_COMM_WORLD_RANK" != 2 ]; then exec "$@"; fi; "$@" & pid=$!; \
        until [ -e ranks/checkpoint.safetensors ]; do sleep 0.01; done; kill -9 $pid; wait $pid' \
        sh "$@"
        """
      let long = MultiTableTests.train("ranks", "--checkpoint-steps", "10") + Self.few
      let broken = try Program.run(long, in: folder, script: Self.mpirun(4, victim))
      #expect(broken.code != 0)
      #expect(broken.error.contains(",2]") || broken.error.contains("rank 2"), "\(broken.error)")
      #expect(!folder.exists("ranks/report.json"))
      let resumed = try Program.run(long, in: folder, script: Self.mpirun(4))
      #expect(resumed.code == 0, "\(resumed.description)")
      #expect(
        try MultiTableTests.checksum(folder, "ranks") == MultiTableTests.checksum(folder, "alone"))
    }

    @Test("end together, with the sentence of the rank that cannot go on")
    func refused() throws {
      let folder = Scratch()
      let outcome = try Program.run(
        MultiTableTests.train("run", "--shards", "2"), in: folder, script: Self.mpirun(2))
      #expect(outcome.code != 0 && outcome.error.contains("--shards is 2 under mpirun"))
      #expect(!folder.exists("run"))
    }
  }
#endif
