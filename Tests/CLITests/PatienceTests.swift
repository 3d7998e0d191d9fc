import Foundation
import TestSupport
import Testing

@Suite("--patience")
struct PatienceTests {
  private static let train =
    Tiny.train("run").map { $0 == "300" ? "3000" : $0 }.filter { $0 != "--no-myopic" }
    + ["--eval-count", "30", "--patience", "3"]

  /// (step, NDCG@10) of every validation.
  private static func validations(_ folder: Scratch, _ run: String) throws -> [(Int, Double)] {
    try folder.text("\(run)/metrics.jsonl").split(separator: "\n").compactMap { line in
      let line = try object(String(line))
      guard line["kind"] as? String == "validation" else { return nil }
      return (try #require(line["step"] as? Int), try #require(line["ndcg10"] as? Double))
    }
  }

  @Test("training ends where so many validations were no better, and goes on to the same bits")
  func ends() throws {
    let folder = Scratch()
    let outcome = try Program.run(Self.train, in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    // What is looked at before anything is learned does not count.
    let found = try Self.validations(folder, "run").filter { $0.0 > 50 }
    let best = try #require(found.map(\.1).max())
    let kept = try #require(found.first { $0.1 == best })
    #expect(found.count { $0.0 > kept.0 } == 3 && found.last!.0 < 3_000, "\(found)")
    // Before that no three in a row were without a better one.
    var since = (best: -1.0, count: 0)
    for (step, value) in found where step <= kept.0 {
      since = value > since.best ? (value, 0) : (since.best, since.count + 1)
      #expect(since.count < 3)
    }
    #expect(outcome.output.contains("steps") && outcome.output.contains("kept"))
    // Its myopic copy ends at the step that is kept, and neither is said to be unfinished.
    #expect(try Self.validations(folder, "run/twin").last?.0 == kept.0)
    let evaluated = try Program.run(["evaluate", "--run", "run", "--device", "cpu"], in: folder)
    #expect(evaluated.code == 0 && evaluated.error == "", "\(evaluated.description)")
    // Killed after its first checkpoint, it ends there as well.
    let bytes = try folder.data("run/checkpoint.safetensors")
    let killed = try Program(
      Self.train.map { $0 == "run" ? "killed" : $0 }, in: folder)
    while killed.isRunning && !folder.exists("killed/checkpoint.safetensors") { usleep(2_000) }
    killed.send(SIGKILL)
    _ = try killed.wait()
    let resumed = try Program.run(Self.train.map { $0 == "run" ? "killed" : $0 }, in: folder)
    #expect(resumed.code == 0, "\(resumed.description)")
    #expect(try folder.data("killed/checkpoint.safetensors") == bytes)
    let again = try Program.run(Self.train, in: folder)
    #expect(again.error.contains("run is finished"), "\(again.description)")
  }

  @Test("what it cannot be is refused")
  func refused() throws {
    expectRefused(
      try Program.run(Tiny.train("run") + ["--patience", "0"]), 1, "patience is 0; it must be 1 ..."
    )
    expectRefused(
      try Program.run(["train", "dqn", "--env", "cliff", "--patience", "2"]), 64,
      "--patience is an option of ratings")
  }
}
