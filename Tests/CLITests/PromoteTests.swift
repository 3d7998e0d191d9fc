import DRRTestSupport
import Feedback
import Foundation
import Serving
import TestSupport
import Testing

@Suite("Models that take the place of the one that is served") struct PromoteTests {
  static let words = ["promote", "better", "--over", "current", "--log", "log"]

  private static func records(_ folder: TemporaryFolder) throws -> [[String: Any]] {
    try folder.text("current.history/promotions.jsonl").split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test("a better model is promoted with its figures, and the older one comes back to the byte")
  func promote() throws {
    let folder = TemporaryFolder()
    try ServedModels.write(folder, lists: 1_500)
    let (old, new) = (try folder.contents("current"), try folder.contents("better"))
    let dry = try Program.run(Self.words + ["--dry-run", "--json"], in: folder)
    #expect(dry.code == 0, "\(dry.description)")
    #expect(try folder.contents("current") == old && !folder.exists("current.history"))
    let outcome = try object(dry.output)
    #expect(outcome["outcome"] as? String == "would-promote")
    let figures = try #require(outcome["promotion"] as? [String: Any])
    let difference = try #require(figures["difference"] as? [String: Double])
    #expect(difference["low"]! > 0 && figures["lists"] as? Int == 1_500)
    #expect(figures["mismatched"] as? Int == 0 && figures["users"] as? Int == 50)

    let done = try Program.run(Self.words, in: folder)
    #expect(done.code == 0, "\(done.description)")
    #expect(done.output.contains("current is better now; what it was is in current.history/0001"))
    #expect(try folder.contents("current") == new)
    #expect(try folder.contents("current.history/0001") == old)
    let records = try Self.records(folder)
    #expect(records.count == 1 && records[0]["action"] as? String == "promote")
    let kept = try #require(records[0]["promotion"] as? [String: Any])
    #expect(NSDictionary(dictionary: kept) == NSDictionary(dictionary: figures))

    let again = try Program.run(Self.words, in: folder)
    #expect(again.code == 0 && again.output.contains("current is better already"))
    // The log has no list that the new model served.
    expectRefused(
      try Program.run(["promote", "third", "--over", "current", "--log", "log"], in: folder), 1,
      "has no list that the model of version")
    let back = try Program.run(["promote", "--over", "current", "--rollback"], in: folder)
    #expect(back.code == 0, "\(back.description)")
    #expect(try folder.contents("current") == old)
    #expect(try folder.contents("current.history/0002") == new)
    expectRefused(
      try Program.run(["promote", "--over", "current", "--rollback"], in: folder), 1,
      "no promotion to take back")
    #expect(
      try Self.records(folder).compactMap { $0["action"] as? String } == [
        "promote", "rollback",
      ])
  }

  @Test("a model for which the log does not speak is not promoted, with a code of its own")
  func refused() throws {
    let folder = TemporaryFolder()
    try ServedModels.write(folder, lists: 600)
    let old = try folder.contents("current")
    for (words, reason) in [
      (
        ["promote", "third", "--over", "current", "--log", "log"],
        "the lower bound of what it earns"
      ),
      (Self.words + ["--margin", "2"], "not above the margin of 2"),
      (Self.words + ["--minimum-ess", "100000"], "the effective sample size is"),
    ] {
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 3, "\(outcome.description)")
      #expect(outcome.error.contains("is not promoted over current: "))
      #expect(outcome.error.contains(reason), "\(outcome.error)")
      #expect(outcome.output.contains("current stays as it is"))
    }
    #expect(try folder.contents("current") == old && !folder.exists("current.history"))
    for (words, reason) in [
      (["promote", "better", "--over", "current"], "no log is named"),
      (["promote", "--over", "current", "--log", "log"], "no model is named"),
      (["promote", "better", "--over", "current", "--rollback"], "exclude each other"),
      (Self.words + ["--estimator", "dr"], "snrips"),
      (Self.words + ["--positions", "0"], "--positions is 0"),
    ] {
      let outcome = try Program.run(words, in: folder)
      #expect(outcome.code == 64 && outcome.error.contains(reason), "\(outcome.description)")
    }
    expectRefused(
      try Program.run(["promote", "better", "--over", "current", "--log", "better"], in: folder), 1,
      "holds no feedback log")
    expectRefused(
      try Program.run(Self.words + ["--estimator", "pi"], in: folder), 1, "--positions")
  }

  @Test("killed at any time, no model is lost, and the same command goes on")
  func killed() throws {
    let folder = TemporaryFolder()
    try ServedModels.write(folder, lists: 400, positions: 1)
    let versions = try ["current", "better"].map {
      try ExportedModel(folder: folder.path + "/" + $0).header.checksum
    }
    let old = try folder.contents("current")
    var random = SeededGenerator(9)
    func count() -> (copies: Int, records: Int) {
      (
        (try? folder.names("current.history").count { Int($0) != nil }) ?? 0,
        (try? Self.records(folder).count) ?? 0
      )
    }
    for trial in 0..<8 {
      let before = count()
      let program = try Program(Self.words, in: folder)
      program.until {
        trial % 2 == 0 ? count().copies > before.copies : count().records > before.records
      }
      usleep(UInt32(random.next() % 4_000))
      program.send(SIGKILL)
      _ = try program.wait()
      let served = try ExportedModel(folder: folder.path + "/current").header.checksum
      #expect(versions.contains(served))
      let copies = try folder.names("current.history").filter { Int($0) != nil }
      let kept = try copies.map {
        try ExportedModel(folder: folder.path + "/current.history/" + $0).header.checksum
      }
      #expect(served == versions[0] || kept.contains(versions[0]))
      let ended = try Program.run(Self.words, in: folder)
      #expect(ended.code == 0, "\(ended.description)")
      #expect(
        try ExportedModel(folder: folder.path + "/current").header.checksum == versions[1])
      let back = try Program.run(["promote", "--over", "current", "--rollback"], in: folder)
      #expect(back.code == 0, "\(back.description)")
      #expect(try folder.contents("current") == old)
    }
    // A rollback that is killed is finished by the next.
    #expect(try Program.run(Self.words, in: folder).code == 0)
    let before = try Self.records(folder).count
    let program = try Program(["promote", "--over", "current", "--rollback"], in: folder)
    program.until { (try? Self.records(folder).count) ?? 0 > before }
    program.send(SIGKILL)
    _ = try program.wait()
    if try folder.contents("current") != old {
      let back = try Program.run(["promote", "--over", "current", "--rollback"], in: folder)
      #expect(back.code == 0, "\(back.description)")
    }
    #expect(try folder.contents("current") == old)
  }
}
