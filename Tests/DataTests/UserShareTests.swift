import DRRCore
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// What ranks hold of a log, beside the log in one process.
@Suite("Ratings of a share of the users") struct UserShareTests {
  let temporary = TemporaryFolder()

  /// Some ratings of 90 users in a drawn order, some of them twice, at few times.
  private static let rows: [(user: Int, item: Int, rating: Int, time: Int)] = {
    var random = SeededGenerator(31)
    return (0..<6_000).map { _ in
      (
        Int.random(in: 1...90, using: &random), Int.random(in: 1...200, using: &random),
        Int.random(in: 1...5, using: &random), Int.random(in: 1...40, using: &random)
      )
    }
  }()

  private static func text(
    _ header: String, _ line: ((user: Int, item: Int, rating: Int, time: Int)) -> String
  ) -> String {
    header + rows.map { line($0) + "\n" }.joined()
  }

  /// Files by name: plain, with a line now and then that is not, without times, in milliseconds, and
  /// in objects.
  static let files: [(name: String, text: String)] = [
    (
      "ratings.csv",
      text("userId,movieId,rating,timestamp\n") { "\($0.user),\($0.item),\($0.rating),\($0.time)" }
    ),
    (
      "quoted/ratings.csv",
      text("userId,movieId,rating,timestamp\n") {
        $0.item % 9 == 0
          ? "\"\($0.user)\",u\($0.item),\($0.rating),\($0.time)"
          : "\($0.user),\($0.item),\($0.rating),\($0.time)"
      }
    ),
    (
      "untimed/ratings.csv",
      text("userId,movieId,rating\n") { "\($0.user),\($0.item),\($0.rating)" }
    ),
    (
      "milliseconds/ratings.csv",
      text("userId,movieId,rating,timestamp\n") {
        "\($0.user),\($0.item),\($0.rating),\(1_600_000_000_000 + $0.time * 700)"
      }
    ),
    ("u.data", text("") { "\($0.user)\t\($0.item)\t\($0.rating)\t\($0.time)" }),
  ]

  private static func shares(_ path: String, _ size: Int) throws -> [RatingsLog] {
    try ThreadCollective.run(size) { try RatingsSource.load(path, among: $0) }
  }

  /// Each user's ratings are in one of the shares as the whole log has them, and all else in each.
  private func expectParts(_ shares: [RatingsLog], of whole: RatingsLog) {
    var holders = [Int](repeating: 0, count: whole.userCount)
    for log in shares {
      let held = (0..<log.userCount).map { !log.rows(ofUser: $0).isEmpty }
      for user in 0..<log.userCount where held[user] { holders[user] += 1 }
      let wanted = whole.keepingRows { held[Int(whole.users[$0])] }
      #expect(log.users == wanted.users && log.items == wanted.items)
      #expect(log.ratings == wanted.ratings && log.times == wanted.times)
      #expect(log.userOffsets == wanted.userOffsets)
      #expect(log.userIDs.elementsEqual(whole.userIDs))
      #expect(log.itemIDs.elementsEqual(whole.itemIDs))
      #expect(log.wholeCount == whole.count && log.duplicateCount == whole.duplicateCount)
      #expect(log.ratingRange == whole.ratingRange && log.ratingUnit == whole.ratingUnit)
      #expect(log.hasTimes == whole.hasTimes && log.notes == whole.notes)
      #expect(log.titles == whole.titles && log.listedItemCount == whole.listedItemCount)
      #expect(
        DataIdentity(source: "s", log: log) == DataIdentity(source: "s", log: whole))
      // About as many each.
      #expect(log.count < 2 * whole.count / shares.count)
    }
    #expect(holders.allSatisfy { $0 == 1 })
  }

  @Test("is the whole log with the rows of those alone", arguments: files.map(\.name))
  func parts(_ name: String) throws {
    let path = try temporary.write(name, Self.files.first { $0.name == name }!.text)
    let whole = try RatingsSource.load(path)
    #expect(whole.duplicateCount > 500 && whole.wholeCount == whole.count)
    for size in [1, 2, 4] { expectParts(try Self.shares(path, size), of: whole) }
  }

  @Test("of generated ratings is that of the whole, its checksum too")
  func generated() throws {
    for size in [2, 3] {
      expectParts(try Self.shares("generated:tiny", size), of: Worlds.tiny)
    }
  }

  @Test("has the scale, the unit and the name of ratings that others hold")
  func scale() throws {
    // One user of many rates in tenths.
    let lines = (0..<40).map { "u\($0)\ti\($0 % 3)\t\($0 == 7 ? "3.7" : "4")\n" }
    let path = try temporary.write(
      "x.inter", "user_id:token\titem_id:token\trating:float\n" + lines.joined())
    let whole = try RatingsSource.load(path)
    #expect(whole.ratingRange == 0.5...5 && whole.ratingUnit == "rating units")
    expectParts(try Self.shares(path, 4), of: whole)
  }

  @Test("of joined sources is all of them")
  func joined() throws {
    let path = try temporary.write(
      "ratings.csv", "userId,movieId,rating,timestamp\n1,1,2,2000000000\nnew,1,3,7\n")
    let source = "generated:tiny+\(path)"
    let whole = try RatingsSource.load(source)
    for log in try Self.shares(source, 2) {
      #expect(log.spelled == whole.spelled && log.wholeCount == log.count)
    }
  }

  @Test(
    "is refused as the whole is, whoever holds the user",
    arguments: [
      "1,2,x,4", "2,2,9,4", "3,2,4,soon", "4,2", "-5,2,3,4", "6,2,3,1600000000000",
    ])
  func refused(line: String) throws {
    let text = (1...40).map { "\($0),7,3,\($0)\n" }.joined()
    let path = try temporary.write(
      "bad/ratings.csv", "userId,movieId,rating,timestamp\n\(text)\(line)\n\(text)")
    let error = try #require(#expect(throws: DataError.self) { try RatingsSource.load(path) })
    let found = try ThreadCollective.run(3) { ranks in
      do {
        _ = try RatingsSource.load(path, share: UserShare(of: ranks))
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(found == Array(repeating: error.description, count: 3))
  }

  // MARK: Splits

  /// What is held out by users.
  static let evaluations: [EvaluationProtocol] = {
    var few = Worlds.latest(seed: 3)
    (few.testShare, few.validationShare) = (0.05, 0)
    var drawn = EvaluationProtocol()
    (drawn.splitSeed, drawn.ties) = (2, .drawn)
    var nothing = EvaluationProtocol()
    nothing.split = .nothing
    return [EvaluationProtocol(), drawn, Worlds.latest(seed: 1), few, nothing]
  }()

  @Test("is split as the whole is", arguments: evaluations.indices)
  func splits(_ index: Int) throws {
    let evaluation = Self.evaluations[index]
    for name in ["ratings.csv", "untimed/ratings.csv"] {
      let path = try temporary.write(name, Self.files.first { $0.name == name }!.text)
      let whole = try RatingsSource.load(path)
      let split = UserSplit(whole, evaluation)
      let parts = try ThreadCollective.run(3) { ranks in
        let log = try RatingsSource.load(path, among: ranks)
        let part = try UserSplit(log, evaluation, among: ranks)
        return (log, part, try part.orderWarning(in: log, among: ranks))
      }
      for (log, part, warning) in parts {
        #expect(part.trainUsers == split.trainUsers && part.testUsers == split.testUsers)
        #expect(part.validationUsers == split.validationUsers)
        #expect(warning == split.orderWarning(in: whole))
        for user in 0..<log.userCount where !log.rows(ofUser: user).isEmpty {
          #expect(
            part.visibleRows(of: user, in: log).map { log.items[$0] }
              == split.visibleRows(of: user, in: whole).map { whole.items[$0] })
          #expect(
            part.sessionRows(of: user, in: log).map { log.items[$0] }
              == split.sessionRows(of: user, in: whole).map { whole.items[$0] })
        }
      }
    }
  }

  @Test("is refused a split without a part, and warned of an order, as the whole is")
  func splitRefused() throws {
    // Four ratings each, of items that ascend.
    let lines = (1...12).flatMap { user in
      (0..<4).map { "\(user),\($0 + 1),4,\($0)\n" }
    }
    let path = try temporary.write(
      "ratings.csv", "userId,movieId,rating,timestamp\n" + lines.joined())
    let whole = try RatingsSource.load(path)
    var few = Worlds.latest(ties: .file)
    (few.testShare, few.validationShare) = (0.01, 0)
    let evaluation = few
    let split = UserSplit(whole, evaluation)
    let error = try #require(
      #expect(throws: ConfigurationError.self) { try split.requireEveryPart() })
    #expect(error.description.contains("48 ratings into 48 to train on"))
    let warning = try #require(split.orderWarning(in: whole))
    #expect(warning.contains("the ratings of 12 of 12 users ascend"))
    let found = try ThreadCollective.run(2) { ranks in
      let log = try RatingsSource.load(path, among: ranks)
      let part = try UserSplit(log, evaluation, among: ranks)
      let warning = try part.orderWarning(in: log, among: ranks)
      do {
        try part.requireEveryPart()
        return [warning]
      } catch {
        return [warning, "\(error)"]
      }
    }
    #expect(found == [[warning, error.description], [warning, error.description]])
  }
}
