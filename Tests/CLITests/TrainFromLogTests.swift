import DRRTestSupport
import Feedback
import Foundation
import Serving
import TestSupport
import Testing

@Suite("drr train --from") struct TrainFromLogTests {
  /// A log in which users have rated what they were shown.
  private static func log(_ folder: TemporaryFolder, lists: Int = 300, seed: UInt64 = 1) throws {
    try ServedWorld.serve(
      ServedWorld.model(1), lists: lists, positions: 2,
      exploration: Exploration(epsilon: 0.3, temperature: 1, candidates: 30), seed: seed,
      into: folder.path + "/log"
    ) { user, item, _ in .rating(Float(1 + (item + (user ?? 0)) % 5)) }
  }

  private static func train(
    _ folder: TemporaryFolder, _ run: String, _ more: String...
  ) throws -> Outcome {
    try Program.run(
      ["train", "pmf", "--run", run, "--device", "cpu"] + Tiny.factorization + more, in: folder)
  }

  private static func configuration(
    _ folder: TemporaryFolder, _ run: String
  ) throws -> [String: Any] {
    let settings = try object(folder.text("\(run)/config.json"))["settings"] as? [String: Any]
    return try #require(settings?["data"] as? [String: Any])
  }

  @Test("a run has the log's ratings as they were when it began")
  func frozen() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let first = try Self.train(folder, "first", "--from", "log")
    #expect(first.code == 0, "\(first.description)")
    #expect(first.error.contains("log: "), "\(first.error)")
    let kept = try folder.text("first/served/ratings.csv")
    let data = try Self.configuration(folder, "first")
    #expect((data["source"] as? String)?.hasSuffix("+first/served") == true)
    let until = try #require((data["servedUntil"] as? NSNumber)?.int64Value)
    #expect(until == 1_700_000_000_000 + 299 * 60_000 + 1_000)
    // The same by the two sources named, to the bit.
    let named = try Self.train(folder, "named", "--data", try #require(data["source"] as? String))
    #expect(named.code == 0, "\(named.description)")
    let models = try ["first", "named"].map { run in
      #expect(try Program.run(["export", "model", run, "of-\(run)"], in: folder).code == 0)
      return try ExportedModel(folder: folder.path + "/of-\(run)")
    }
    let factors = models.map { $0.factorization?.itemFactors }
    #expect(factors[0] != nil && factors[0] == factors[1])
    // The log grows; the run does not, and one that begins anew does.
    try Self.log(folder, lists: 40, seed: 2)
    let again = try Self.train(folder, "first", "--from", "log")
    #expect(again.code == 0 && again.error.contains("is finished"), "\(again.description)")
    #expect(try folder.text("first/served/ratings.csv") == kept)
    #expect(models.map(\.header.data.servedUntil) == [until, nil])
    let fresh = try Self.train(folder, "first", "--from", "log", "--fresh")
    #expect(fresh.code == 0, "\(fresh.description)")
    #expect(try folder.text("first/served/ratings.csv") != kept)
  }

  @Test("runs side by side share what a log tells")
  func group() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    for _ in 0..<2 {
      let outcome = try Self.train(folder, "two", "--from", "log", "--seeds", "2")
      #expect(outcome.code == 0, "\(outcome.description)")
    }
    let sources = try ["seed-0", "seed-1"].map {
      try Self.configuration(folder, "two/\($0)")["source"] as? String
    }
    #expect(sources[0] == sources[1] && sources[0]?.hasSuffix("+two/seed-0/served") == true)
  }

  @Test("the log alone is enough")
  func alone() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let outcome = try Program.run(
      [
        "train", "multi-q", "--from", "log", "--run", "tables", "--rating-range", "1,5",
        "--genres", "clusters",
      ], in: folder)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(try Self.configuration(folder, "tables")["source"] as? String == "tables/served")
  }

  @Test("what is wrong is refused, and nothing is left behind")
  func refused() throws {
    let folder = TemporaryFolder()
    let none = try Self.train(folder, "run", "--from", "nowhere")
    #expect(none.code == 1 && none.error.contains("nowhere"), "\(none.description)")
    try FeedbackLog(folder: folder.path + "/log").append(
      .feedback(ItemFeedback(time: 1, request: nil, user: "1", item: "2", value: .reward(4))))
    let empty = try Self.train(folder, "run", "--from", "log")
    #expect(
      empty.code == 1
        && empty.error.contains("no user with an id has rated or clicked an item yet"))
    try FeedbackLog(folder: folder.path + "/log").append(
      .feedback(ItemFeedback(time: 1, request: nil, user: "1", item: "2", value: .rating(40))))
    let outside = try Self.train(folder, "run", "--from", "log")
    #expect(outside.code == 1 && outside.error.contains("40.0"), "\(outside.description)")
    #expect(!folder.exists("run"))
    let plain = try Self.train(folder, "run")
    #expect(plain.code == 0, "\(plain.description)")
    let late = try Self.train(folder, "run", "--from", "log")
    #expect(late.code == 1 && late.error.contains("started without --from"), "\(late.description)")
  }

  @Test("--follow trains again when the log has grown, and Control-C ends it")
  func follow() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    let words =
      ["train", "pmf", "--run", "shop", "--device", "cpu", "--from", "log", "--follow"]
      + ["--every", "50"] + Tiny.factorization
    let program = try Program(words, in: folder, asGiven: true)
    func waits(for text: String) throws {
      let deadline = Date() + 60
      program.until { program.error.contains(text) || Date() > deadline }
      #expect(program.error.contains(text), "\(program.error)")
    }
    try waits(for: "promote shop/0001/model")
    // Feedback that is later than all that was learned from.
    try ServedWorld.serve(
      ServedWorld.model(1), lists: 60, positions: 1, exploration: nil, seed: 5,
      into: folder.path + "/log", shape: { $1.time += 100_000_000 }
    ) { user, item, _ in .rating(Float(1 + (item + (user ?? 0)) % 5)) }
    try waits(for: "promote shop/0002/model")
    program.send(SIGINT)
    let outcome = try program.ended(within: 20)
    #expect(outcome.code == 0 && outcome.error.contains("stopped"), "\(outcome.description)")
    let models = try ["0001", "0002"].map {
      try ExportedModel(folder: folder.path + "/shop/\($0)/model").header
    }
    #expect(models[0].checksum != models[1].checksum)
    #expect(models[0].data.servedUntil! < models[1].data.servedUntil!)
  }

  @Test("a model is judged by lists that it has not learned from")
  func judged() throws {
    let folder = TemporaryFolder()
    try Self.log(folder)
    try ServedWorld.model(1).write(toFolder: folder.path + "/current")
    #expect(try Self.train(folder, "run", "--from", "log").code == 0)
    #expect(try Program.run(["export", "model", "run", "next"], in: folder).code == 0)
    let words = ["promote", "next", "--over", "current", "--log", "log", "--json", "--dry-run"]
    let none = try Program.run(words, in: folder)
    #expect(
      none.code == 1 && none.error.contains("a model has learned from"), "\(none.description)")
    try ServedWorld.serve(
      ServedWorld.model(1), lists: 70, positions: 2,
      exploration: Exploration(epsilon: 0.3, temperature: 1, candidates: 30), seed: 6,
      into: folder.path + "/log", shape: { $1.time += 100_000_000 }
    ) { user, item, _ in .rating(Float(1 + (item + (user ?? 0)) % 5)) }
    let later = try Program.run(words, in: folder)
    let promotion = try #require(try object(later.output)["promotion"] as? [String: Any])
    #expect(promotion["lists"] as? Int == 70 && promotion["learnedLists"] as? Int == 300)
    let judged = try Program.run(
      ["ope", "evaluate", "--data", "log", "--policy", "model:next", "--json"], in: folder)
    let log = try #require(try object(judged.output)["log"] as? [String: Any])
    #expect(log["lists"] as? Int == 70 && log["learned"] as? Int == 300)
  }
}
