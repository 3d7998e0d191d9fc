import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Rows with text, dates or quotation marks, read many at a time.
@Suite("Rows of text, many at a time")
struct TextRowTests: ReadsTables {
  let temporary = TemporaryFolder()

  private func field(_ text: String, _ separator: String, _ isQuoted: Bool) -> String {
    isQuoted || text.contains(separator) ? "\"\(text)\"" : text
  }

  private let header = "userId,movieId,rating,timestamp\n"

  static let separators: [(Separator, String)] = [
    (.comma, ","), (.tab, "\t"), (.semicolon, ";"), (.pipe, "|"), (.doubleColon, "::"),
  ]

  /// Several parts of a file against what its lines spell: users of text in runs, items of text or
  /// numbers, dates in any order, line ends of both kinds.
  @Test(arguments: separators)
  func rows(_ separator: Separator, _ mark: String) throws {
    var random = SeededGenerator(UInt64(mark.utf8.first!))
    let users = (0..<400).map { at in
      ["u\(at)", "zoë \(at)", "a-long-name-of-someone-\(at)", "\(at)x"][at % 4]
    }
    let quotes = mark.utf8.count == 1 && mark != "\t"
    var text = ["when", "what", "note", "who", "grade"].joined(separator: mark) + "\n"
    var expected: [(user: String, time: Int, line: String)] = []
    var user = users[0]
    for row in 0..<40_000 {
      if Int.random(in: 0..<3, using: &random) == 0 { user = users.randomElement(using: &random)! }
      let item = row % 7 == 0 ? "\(row)" : "item \(row)"
      let (day, second) = (
        Int.random(in: 1...28, using: &random), Int.random(in: 0..<60, using: &random)
      )
      let date = String(format: "2020-02-%02dT00:00:%02dZ", day, second)
      let rating = Float(Int.random(in: 1...10, using: &random)) / 2
      let fields = [date, item, "", user, "\(rating)"].map { text in
        field(text, mark, quotes && Int.random(in: 0..<5, using: &random) == 0)
      }
      text += fields.joined(separator: mark) + (row % 3 == 0 ? "\r\n" : "\n")
      // 2020-02-01 is 18,293 days after 1970-01-01.
      let time = (18_292 + day) * 86_400 + second
      expected.append((user, time, "\(user) \(item) \(rating) \(time)"))
    }
    let log = try load(["a.csv": text], file: "a.csv") {
      ($0.user, $0.item, $0.rating) = (.named("who"), .named("what"), .named("grade"))
      ($0.time, $0.separator) = (.named("when"), separator)
    }
    #expect(log.textCount == 40_000 && log.plainCount == 0)
    let sorted = expected.enumerated().sorted { first, second in
      let (a, b) = (first.element, second.element)
      if a.user != b.user { return a.user.utf8.lexicographicallyPrecedes(b.user.utf8) }
      return (a.time, first.offset) < (b.time, second.offset)
    }
    #expect(log.spelled == sorted.map(\.element.line))
  }

  @Test("one part of numbers and one of text have the same ids")
  func mixed() throws {
    // Behind a text, the numbers of its part are text too.
    let rows = (0..<100_000).map { "\($0 % 90 + 1),\($0 + 1),3" }
    var odd = rows
    odd[99_999] = "x,100000,3"
    let text = "userId,movieId,rating\n"
    let plain = try load(["ratings.csv": text + rows.joined(separator: "\n")]) { _ in }
    let log = try load(["ratings.csv": text + odd.joined(separator: "\n")]) { _ in }
    #expect(plain.plainCount == 100_000 && plain.userCount == 90)
    #expect(log.plainCount > 0 && log.textCount > 0 && log.plainCount + log.textCount == 100_000)
    #expect(log.userCount == 91 && log.itemCount == 100_000)
    #expect(Array(plain.itemIDs) == Array(log.itemIDs))
  }

  @Test("a bad line behind many good ones is named")
  func errors() throws {
    let lines = (0..<60_000).map { "user\($0 % 50),i\($0),3.5,2020-01-01 00:00:00" }
    for (bad, said) in [
      ("u,i,nine,2020-01-01", "rating \"nine\" is not a number"),
      ("u,i,3,2020-13-01", "the time \"2020-13-01\", expected a date"),
      ("u,i,3,1600000000", "the time \"1600000000\", expected a date"),
      ("u,-5,3,2020-01-01", "item \"-5\""), ("u,,3,2020-01-01", "item is empty"),
      ("u,a\u{1}b,3,2020-01-01", "expected an id without control characters"),
      ("u,i,3", "3 fields"), ("u,i,9,2020-01-01", "9"),
      ("\"u\"x,i,3,2020-01-01", "behind a closing"),
    ] {
      var text = lines
      text[55_000] = bad
      let table = header + text.joined(separator: "\n")
      let error = try self.said(table, "ratings.csv") { _ in }
      #expect(error.contains("t/ratings.csv, line 55002: "), "\(error)")
      #expect(error.contains(said), "\(error)")
    }
  }

  @Test("dates in one part of a file and numbers in the next are refused")
  func units() throws {
    let dates = (0..<40_000).map { "u\($0),i,3,2020-01-01" }
    let numbers = (0..<40_000).map { "\($0),1,3,1600000000" }
    for (rows, line, said) in [
      (dates + numbers, 40_002, "expected a date"), (numbers + dates, 40_002, "2020-01-01"),
    ] {
      let table = header + rows.joined(separator: "\n")
      let error = try self.said(table, "ratings.csv") { _ in }
      #expect(error.hasPrefix("t/ratings.csv, line \(line): "), "\(error)")
      #expect(error.contains(said), "\(error)")
    }
  }

  @Test("events are read so, those without a rating told by their line")
  func events() throws {
    let events = ["view", "addtocart", "transaction"]
    var rows = (0..<30_000).map { "\(1_433_221_332_117 + $0),\($0 % 99),\(events[$0 % 3]),\($0)," }
    let header = "timestamp,visitorid,event,itemid,transactionid\n"
    let log = try load(["events.csv": header + rows.joined(separator: "\n")]) { _ in }
    #expect(log.textCount == 30_000)
    #expect(log.count == 30_000 && log.ratingRange == 1...5)
    for row in 0..<log.count {
      let item = Int(log.itemIDs[Int(log.items[row])])!
      #expect(log.ratings[row] == [1, 3, 5][item % 3])
    }
    rows[20_000] = "5,6,wish,7,"
    #expect(
      try said(header + rows.joined(separator: "\n"), "events.csv") { _ in }.hasPrefix(
        "t/events.csv, line 20002: the event \"wish\""))
  }

  @Test("a scale that is said has no room for what stands for no rating")
  func unrated() throws {
    let log = try load(
      ["BX-Book-Ratings.csv": "User-ID;ISBN;Book-Rating\n1;2;0\n1;3;5\n"], range: 0...10
    ) { _ in }
    #expect(log.spelled == ["1 3 5.0 0"])
  }
}
