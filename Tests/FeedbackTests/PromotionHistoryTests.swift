import DRRTestSupport
import Feedback
import Foundation
import Serving
import TestSupport
import Testing

@Suite("The history of a served model")
struct PromotionHistoryTests {
  /// In a folder `current`, the third model, which took the place of the second, and that of the
  /// first.
  private static func world(_ folder: TemporaryFolder) throws -> [String] {
    let models = try (1...3).map { try ServedWorld.model(UInt64($0)) }
    try models[0].write(toFolder: folder.path + "/current")
    try ServedWorld.serve(
      models[0], lists: 20, positions: 1, exploration: SlateReplayTests.exploration, seed: 1,
      into: folder.path + "/log"
    ) { _, item, _ in .click(item % 2 == 0) }
    let replayed = try models.map {
      ReplayedModel(name: "model", policy: try ServedWorld.policy($0))
    }
    let promotion = try Promotion(
      of: replayed[1], over: replayed[0], on: SlateReplayTests.evaluation(folder.path + "/log"))
    for model in models[1...] {
      let history = try PromotionHistory(of: folder.path + "/current")
      try history.promote(
        model, over: ExportedModel(folder: folder.path + "/current"), source: "elsewhere",
        promotion)
    }
    return models.map(\.header.checksum)
  }

  private static func version(_ folder: TemporaryFolder) throws -> String {
    try ExportedModel(folder: folder.path + "/current").header.checksum
  }

  private static func rollBack(
    _ folder: TemporaryFolder, reached: @escaping (PromotionHistory.Step) -> Void = { _ in }
  ) throws -> PromotionHistory.Record {
    let history = try PromotionHistory(of: folder.path + "/current", reached: reached)
    return try history.rollback(from: ExportedModel(folder: folder.path + "/current"))
  }

  @Test("a rollback that was killed is completed by the next, and not made twice")
  func killed() throws {
    let folder = TemporaryFolder()
    let versions = try Self.world(folder)
    #expect(try Self.version(folder) == versions[2])
    // What a kill behind each step leaves.
    let left = [TemporaryFolder(), TemporaryFolder()]
    func keep(_ place: Int) {
      for name in ["current", "current.history"] {
        try? FileManager.default.copyItem(
          atPath: folder.path + "/" + name, toPath: left[place].path + "/" + name)
      }
    }
    let record = try Self.rollBack(folder) { keep($0 == .announced ? 0 : 1) }
    #expect(record.to == versions[1])
    #expect(try Self.version(left[0]) == versions[2])
    #expect(try Self.version(left[1]) == versions[1])
    for killed in left {
      let again = try Self.rollBack(killed)
      #expect(again.to == versions[1] && again.number == record.number)
      #expect(try Self.version(killed) == versions[1])
      // The next is another.
      #expect(try Self.rollBack(killed).to == versions[0])
      #expect(try Self.version(killed) == versions[0])
      #expect(throws: FeedbackError.self) { try Self.rollBack(killed) }
    }
    // One that ended is not repeated either: the next goes a step back.
    #expect(try Self.rollBack(folder).to == versions[0])
  }
}
