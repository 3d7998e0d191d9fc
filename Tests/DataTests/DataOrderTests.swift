import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Order of rows")
struct DataOrderTests {
  let temporary = TemporaryFolder()

  /// Rows sorted by the definition, against shuffled files of three shapes.
  @Test(arguments: [1, 2, 3])
  func rowsAreByUserTimeAndFileOrder(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    var rows: [(user: Int, item: Int, rating: Int, time: Int)] = []
    for user in 1...40 {
      for item in 1...30 where Int.random(in: 0..<3, using: &random) > 0 {
        rows.append((user, item * 7, Int.random(in: 1...5, using: &random), 0))
      }
    }
    for index in rows.indices { rows[index].time = Int.random(in: 0..<6, using: &random) }
    if seed != 1 { rows.shuffle(using: &random) }
    if seed == 3 { rows.sort { $0.user < $1.user } }
    let text = rows.map { "\($0.user)\t\($0.item)\t\($0.rating)\t\($0.time)\n" }.joined()
    let log = try RatingsSource.load(try temporary.folder("m", ["u.data": text]))
    let expected = rows.enumerated().sorted {
      ($0.element.user, $0.element.time, $0.offset) < ($1.element.user, $1.element.time, $1.offset)
    }.map(\.element)
    #expect(
      log.spelled == expected.map { "\($0.user) \($0.item) \(Float($0.rating)) \($0.time)" })
    for user in 0..<log.userCount {
      #expect(log.rows(ofUser: user).allSatisfy { log.users[$0] == Int32(user) })
    }
    #expect(log.userOffsets.last == log.count && log.duplicateCount == 0)
  }

  /// Lines of plain numbers are read many at a time, others one by one: rows of a file of several
  /// such parts, some of them with odd lines, are those that its lines spell.
  @Test(arguments: [0, 40_000])
  func oddLinesAmongPlainOnes(_ odd: Int) throws {
    var random = SeededGenerator(11)
    var text = "userId,movieId,rating,timestamp\n"
    var expected: [(user: Int, time: Int, line: String)] = []
    for row in 0..<60_000 {
      let (user, item) = (Int.random(in: 1...300, using: &random), row + 1)
      let (half, time) = (
        Int.random(in: 1...10, using: &random), Int.random(in: 0..<9_000, using: &random)
      )
      let rating = Float(half) / 2
      switch odd > 0 && row >= odd ? row % 5 : 0 {
      case 1: text += "\"\(user)\",\(item),\(rating),\(time)\r\n"
      case 2: text += "\n\(user),\(item),\(Double(half) * 5)e-1,\(time)\n"
      case 3: text += "\(user),\(item),\(rating),0000000000000000\(time)\n"
      default: text += "\(user),\(item),\(rating),\(time)\n"
      }
      expected.append((user, time, "\(user) \(item) \(rating) \(time)"))
    }
    let log = try RatingsSource.load(try temporary.folder("m", ["ratings.csv": text]))
    let sorted = expected.enumerated().sorted {
      ($0.element.user, $0.element.time, $0.offset) < ($1.element.user, $1.element.time, $1.offset)
    }
    #expect(log.spelled == sorted.map(\.element.line))
  }

  @Test func aBadLineIsNamedBehindManyGoodOnes() throws {
    let lines = (0..<90_000).map { "\($0 % 100 + 1),\($0 + 1),3.5,\($0)" }
    for bad in [50_000, 89_999] {
      var text = lines
      text[bad] = "7,8,nine,10"
      let folder = try temporary.folder(
        "m\(bad)",
        ["ratings.csv": "userId,movieId,rating,timestamp\n" + text.joined(separator: "\n")])
      let error = try #require(throws: DataError.self) { try RatingsSource.load(folder) }
      #expect("\(error)".contains("\(bad + 2)") && "\(error)".contains("nine"))
    }
  }

  @Test func theLastDuplicateByTimeStays() throws {
    let text =
      "2\t1\t1\t5\n1\t1\t1\t30\n1\t2\t2\t10\n1\t1\t2\t20\n1\t2\t3\t10\n2\t1\t2\t5\n1\t1\t3\t10\n"
    let log = try RatingsSource.load(try temporary.folder("m", ["u.data": text]))
    #expect(log.spelled == ["1 2 3.0 10", "1 1 1.0 30", "2 1 2.0 5"])
    #expect(log.duplicateCount == 4 && log.userOffsets == [0, 2, 3])
  }

  @Test func denseIndicesFollowTheIdsNotTheRows() throws {
    let numbers = try temporary.folder("n", ["u.data": "10\t5\t3\t1\n9\t40\t3\t1\n100\t7\t3\t1\n"])
    let log = try RatingsSource.load(numbers)
    #expect(Array(log.userIDs) == ["9", "10", "100"] && Array(log.itemIDs) == ["5", "7", "40"])
    let words = try temporary.folder("w", ["u.data": "b\t5\t3\t1\n10\t40\t3\t1\n9\ta\t3\t1\n"])
    let named = try RatingsSource.load(words)
    #expect(Array(named.userIDs) == ["10", "9", "b"] && Array(named.itemIDs) == ["40", "5", "a"])
    #expect((0..<3).allSatisfy { named.userIndex(named.userIDs[$0]) == $0 })
  }

  @Test func manyIdsAreFoundAgain() throws {
    let text = (0..<5_000).map { "u\($0 * 13 % 5_000)\ti\($0)\t3\t1\n" }.joined()
    let log = try RatingsSource.load(try temporary.folder("m", ["u.data": text]))
    #expect(log.userCount == 5_000 && log.itemCount == 5_000)
    #expect((0..<5_000).allSatisfy { log.itemIDs[log.itemIndex("i\($0)") ?? 0] == "i\($0)" })
    #expect(log.itemIndex("i5000") == nil && log.itemIndex("") == nil)
  }

  @Test func rowsAtHandAndPartsOfThem() {
    let log = RatingsLog(
      name: "hand", users: [1, 0, 1, 1], items: [2, 0, 0, 1], ratings: [5, 4, 3, 2],
      times: [9, 8, 7, 7])
    #expect(log.spelled == ["1 1 4.0 8", "2 1 3.0 7", "2 2 2.0 7", "2 3 5.0 9"])
    let part = log.keepingRows { log.ratings[$0] < 4 }
    #expect(part.spelled == ["2 1 3.0 7", "2 2 2.0 7"])
    #expect(part.userOffsets == [0, 0, 2] && part.itemCount == 3 && part.userCount == 2)
    let ordered = RatingsLog(name: "hand", users: [0, 0], items: [1, 0], ratings: [1, 2])
    #expect(!ordered.hasTimes && ordered.items == [1, 0])
  }
}
