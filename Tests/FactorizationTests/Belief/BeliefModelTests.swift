import DRRData
import DRRTestSupport
import Factorization
import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Beliefs of items")
struct BeliefModelTests {
  private static let split = UserSplit(Worlds.tiny, BeliefWorlds.evaluation)

  private static func bytes(_ model: BeliefModel) throws -> [UInt8] {
    var file = SafetensorsWriter()
    try model.save(to: &file)
    return try file.bytes()
  }

  private static func restored(
    _ bytes: [UInt8], _ configuration: BeliefModel.Configuration = BeliefWorlds.configuration,
    userCount: Int = 50, itemCount: Int = 120
  ) throws -> BeliefModel {
    try BeliefModel(
      configuration, contentsOf: SafetensorsFile(bytes: bytes, name: "beliefs"),
      userCount: userCount, itemCount: itemCount)
  }

  @Test("training users are dealt evenly into folds, the others see everything")
  func folds() throws {
    let model = try BeliefWorlds.model
    let counts = (0...3).map { fold in
      (0..<50 as Range<Int32>).count { model.fold(ofUser: $0) == fold }
    }
    let training = Self.split.trainUsers.count
    #expect(counts[3] == 50 - training && model.everything == 3)
    #expect(counts[..<3].max()! - counts[..<3].min()! <= 1)
    #expect(Self.split.trainUsers.allSatisfy { model.fold(ofUser: $0) < 3 })
    #expect(model.blocks == [4, 5] && model.itemWidth == 17)
  }

  @Test("an item's statistics are those of the other folds' ratings")
  func statistics() throws {
    let (model, log) = (try BeliefWorlds.model, Worlds.tiny)
    let visible = Self.split.visibleRows(in: log).map { Int($0) }
    for fold in 0...3 {
      let rows = visible.filter { fold == 3 || model.fold(ofUser: log.users[$0]) != fold }
      func reward(_ row: Int) -> Double { (Double(log.ratings[row]) - 3) / 2 }
      func mean(_ rows: [Int], drawnTo prior: Double, of value: (Int) -> Double) -> Double {
        (rows.reduce(0) { $0 + value($1) } + 5 * prior) / Double(rows.count + 5)
      }
      let all = rows.reduce(0) { $0 + reward($1) } / Double(rows.count)
      let likes = Double(rows.count { reward($0) > 0 }) / Double(rows.count)
      for item in 0..<120 {
        let own = rows.filter { log.items[$0] == Int32(item) }
        let expected = [
          mean(own, drawnTo: all, of: reward),
          mean(own, drawnTo: likes) { reward($0) > 0 ? 1 : 0 },
          Foundation.log(Double(own.count + 1)) / 10, 1,
        ]
        let found = model.itemVector(item, fold: fold)[9..<13].map { Double($0) }
        #expect(relativeError(found, expected) < 1e-6, "item \(item), fold \(fold)")
      }
    }
  }

  @Test("an item's kind, the same in every fold, is that of all visible ratings")
  func kinds() throws {
    let (model, log) = (try BeliefWorlds.model, Worlds.tiny)
    let kinds = ItemClusters.fit(
      LoggedRewards(log, scale: .fiveStars) { Self.split.visibleRows(of: $0, in: log) },
      users: Array(0..<50), itemCount: 120)
    #expect(Set(kinds).count > 1)
    for fold in 0...3 {
      for (item, kind) in kinds.enumerated() {
        let expected = (0..<4).map { $0 == kind ? 1 : 0 } as [Float]
        #expect(Array(model.itemVector(item, fold: fold)[13...]) == expected)
      }
    }
  }

  /// What remains of a user in their own fold is what the other users' vectors have learned of items
  /// that the user rated too; of the user's own ratings no sum has any.
  @Test("what a training user rated later is in no sum that their fold sees")
  func laterHalves() throws {
    let model = try BeliefWorlds.model
    let user = Self.split.trainUsers[7]
    let fold = model.fold(ofUser: user)
    var changed = Worlds.tiny
    let rows = changed.rows(ofUser: Int(user))
    for row in rows.dropFirst(rows.count / 2) { changed.ratings[row] = 6 - changed.ratings[row] }
    let other = try BeliefWorlds.model(changed)
    func statistics(_ model: BeliefModel, _ fold: Int) -> [[Float]] {
      (0..<120).map { Array(model.itemVector($0, fold: fold)[9..<13]) }
    }
    for seen in 0...3 {
      #expect((statistics(model, seen) == statistics(other, seen)) == (seen == fold))
    }

    // An item that one fold alone has rated is unknown to it and known to the others.
    var lonely = Worlds.tiny
    let item = lonely.items[rows.upperBound - 1]
    lonely = lonely.keepingRows { Worlds.tiny.items[$0] != item || Worlds.tiny.users[$0] == user }
    let alone = try BeliefWorlds.model(lonely)
    for seen in 0...3 {
      let vector = alone.itemVector(Int(item), fold: seen)
      let learned = vector[0..<3] + vector[4..<8]
      #expect(learned.allSatisfy { $0 == 0 } == (seen == fold))
    }
  }

  @Test("one seed is one model, and a file keeps its bits")
  func roundTrip() throws {
    let model = try BeliefWorlds.model
    let bytes = try Self.bytes(model)
    #expect(try Self.bytes(BeliefWorlds.model(Worlds.tiny)) == bytes)
    #expect(try Self.bytes(BeliefWorlds.model(Worlds.tiny, seed: 2)) != bytes)
    let read = try Self.restored(bytes)
    #expect(try Self.bytes(read) == bytes)
    for fold in 0...3 {
      #expect(read.vectors(fold) == model.vectors(fold))
      var (belief, again) = (model.belief(), read.belief())
      for item in [4, 70, 33] as [Int32] {
        belief.observe(item, 0.5, fold: fold)
        again.observe(item, 0.5, fold: fold)
      }
      #expect(belief.action() == again.action())
    }
    #expect((0..<50).allSatisfy { read.fold(ofUser: $0) == model.fold(ofUser: $0) })
  }

  @Test("a file of another model is refused")
  func refused() throws {
    let bytes = try Self.bytes(BeliefWorlds.model)
    #expect(throws: CheckpointError.self) { try Self.restored(bytes, userCount: 51) }
    #expect(throws: CheckpointError.self) { try Self.restored(bytes, itemCount: 119) }
    var wider = BeliefWorlds.configuration
    wider.factorizations[1].dimension = 4
    #expect(throws: CheckpointError.self) { try Self.restored(bytes, wider) }
    var more = BeliefWorlds.configuration
    more.folds = 4
    #expect(throws: CheckpointError.self) { try Self.restored(bytes, more) }
    for (fold, kind, why) in [
      (4, 0, "'beliefs.folds' is 4 at place 0 of 50, expected 0 ..< 4"),
      (0, 4, "'beliefs.kinds' is 4 at place 0 of 120, expected 0 ..< 4"),
    ] as [(Int32, Int32, String)] {
      var file = SafetensorsWriter()
      try file.add("beliefs.folds", [Int32](repeating: fold, count: 50))
      try file.add("beliefs.kinds", [Int32](repeating: kind, count: 120))
      let outside = try file.bytes()
      #expect {
        try Self.restored(outside)
      } throws: {
        "\($0)".contains(why)
      }
    }
  }

  @Test("settings that cannot work are refused by name")
  func settings() {
    func message(_ change: (inout BeliefModel.Configuration) -> Void) -> String {
      var configuration = BeliefModel.Configuration()
      change(&configuration)
      do {
        try configuration.validate()
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(message { _ in } == "nothing")
    #expect(message { $0.folds = 1 } == "belief folds is 1; it must be 2 ... 64")
    #expect(message { $0.factorizations = [] }.hasPrefix("belief factorizations is 0"))
    #expect(message { $0.factorizations[0].dimension = 0 }.hasPrefix("belief dimension is 0"))
    #expect(message { $0.factorizations[0].sweeps = 0 }.hasPrefix("belief sweeps is 0"))
  }
}
