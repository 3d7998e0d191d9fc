import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Rows of tables, and files of them")
struct TableRowTests: ReadsTables {
  let temporary = TemporaryFolder()

  @Test("rows that lack something are refused, or left out and counted")
  func missing() throws {
    let table = "u,i,r,t\n1,2,3,4\n,2,3,4\n1,NA,3,4\n1,3,nan,4\n1,4,3,\\N\n1,5,4,5\n"
    func columns(_ options: inout ReadingOptions) {
      (options.user, options.item) = (.named("u"), .named("i"))
      (options.rating, options.time) = (.named("r"), .named("t"))
    }
    #expect(try said(table) { columns(&$0) } == "t/a.csv, line 3: user is empty")
    let log = try load(["a.csv": table], file: "a.csv") {
      columns(&$0)
      $0.missing = .skip
    }
    #expect(log.spelled == ["1 2 3.0 4", "1 5 4.0 5"])
    #expect(log.notes == ["4 rows that lack a user, item, rating or time left out"])
    // Somebody may be called so.
    let named = try load(["a.csv": "u,i,r\nNULL,2,3\n1,None,4\n1,2,5\n"], file: "a.csv") {
      (options: inout ReadingOptions) in
      (options.user, options.item, options.rating) = (.named("u"), .named("i"), .named("r"))
    }
    #expect(named.count == 3)
    #expect(
      named.notes.contains { $0.hasPrefix("2 rows have a user or item that is called NULL, NaN") },
      "\(named.notes)")
  }

  @Test("ids in Latin-1 are read where that is said")
  func latin() throws {
    let folder = try temporary.folder(
      "t", ["a.csv": Data("userId,movieId,rating\n".utf8) + Data([0xe9, 44, 50, 44, 51, 10])])
    var options = ReadingOptions()
    #expect(throws: DataError.self) { try RatingsSource.load(folder, reading: options) }
    options.encoding = .latin1
    #expect(Array(try RatingsSource.load(folder, reading: options).userIDs) == ["\u{e9}"])
  }

  @Test("the unit of times is told by their size; two units are refused")
  func units() throws {
    let second: Int64 = 1_600_000_000
    for (factor, unit) in [
      (1, nil), (1_000, "milliseconds"), (1_000_000, "microseconds"),
      (1_000_000_000, "nanoseconds"),
    ] as [(Int64, String?)] {
      // Below a second the order is kept.
      let times = [second * factor + factor / 2, second * factor + factor / 4, second * factor]
      let table =
        "userId,movieId,rating,timestamp\n"
        + times.enumerated().map { "1,\($0),3,\($1)\n" }.joined()
      let log = try load(["ratings.csv": table]) { _ in }
      #expect(log.times == [second, second, second])
      #expect(log.items == (factor == 1 ? [0, 1, 2] : [2, 1, 0]))
      #expect(log.notes.first?.hasPrefix("times are \(unit ?? "")") == (unit == nil ? nil : true))
    }
    let mixed = "userId,movieId,rating,timestamp\n1,2,3,1600000000\n1,3,3,1600000000000\n"
    #expect(
      try said(mixed, "ratings.csv") { _ in }
        == "t/ratings.csv: times from 1600000000 to 1600000000000, of two units, expected all in "
        + "seconds, milliseconds, microseconds or nanoseconds")
    let dates = "userId,movieId,rating,timestamp\n1,2,3,2020-01-01\n1,3,3,1600000000\n"
    #expect(
      try said(dates, "ratings.csv") { _ in }
        == "t/ratings.csv, line 3: the time \"1600000000\", expected a date as 2019-11-24 or "
        + "2019-11-24T00:03:13Z")
  }

  /// Against the calendar of the system's library.
  @Test func dates() throws {
    var random = SeededGenerator(5)
    let utc = TimeZone(identifier: "UTC")!
    let day = ISO8601DateFormatter()
    day.timeZone = utc
    let texts = (0..<300).map { _ in
      let seconds = Int64.random(in: -2_000_000_000..<4_000_000_000, using: &random)
      let date = Date(timeIntervalSince1970: Double(seconds))
      day.timeZone = TimeZone(secondsFromGMT: 1_800 * Int.random(in: -20...20, using: &random))
      return (day.string(from: date), seconds)
    }
    let table =
      "userId,movieId,rating,timestamp\n"
      + texts.enumerated().map { "1,\($0),3,\($1.0)\n" }.joined()
    let log = try load(["ratings.csv": table]) { _ in }
    for row in 0..<log.count {
      #expect(log.times[row] == texts[Int(log.itemIDs[Int(log.items[row])])!].1)
    }
  }

  @Test("files of a folder that are alike are one set, in the order of their numbers")
  func several() throws {
    func part(_ rows: String) -> String { "who,what,grade\n\(rows)\n" }
    let files = [
      "part10.csv": part("1,c,3"), "part2.csv": part("1,b,3"), "part1.csv": part("1,a,3"),
      "readme.txt": "nothing\n",
    ]
    func columns(_ options: inout ReadingOptions) {
      (options.user, options.item) = (.named("who"), .named("what"))
      options.rating = .named("grade")
    }
    let log = try load(files, columns)
    #expect(log.spelled == ["1 a 3.0 0", "1 b 3.0 1", "1 c 3.0 2"])
    let all = files.filter { $0.key != "readme.txt" }.sorted {
      $0.key.count < $1.key.count || $0.key.count == $1.key.count && $0.key < $1.key
    }
    #expect(log.checksum == hexadecimal(referenceCRC(all.map(\.value).joined().utf8)))
    let one = try load(files) {
      columns(&$0)
      $0.file = "part2.csv"
    }
    #expect(one.spelled == ["1 b 3.0 0"])
    let error = #expect(throws: DataError.self) {
      try load(["a.csv": "userId,itemId,rating\n1,2,3\n", "b.tsv": "1\t2\t3\t4\n"]) { _ in }
    }
    #expect(error?.description.contains("tables of 2 layouts, a.csv, b.tsv, expected one") == true)
  }

  @Test("titles and genres of any file that is named")
  func items() throws {
    let ratings = "userId,movieId,rating\n1,7,3\n1,8,3\n"
    for (name, text) in [
      ("x.csv", "sku,item_id,product_title,category\n1,7,\"A, \"\"b\"\"\",War|Sea\n2,8,C,\n"),
      ("x.tsv", "item_id\ttitle\tgenres\n7\tA, \"b\"\tWar, Sea\n8\tC\t\n"),
      (
        "x.json",
        "{\"asin\":\"7\",\"title\":\"A, \\\"b\\\"\",\"category\":[\"War\",\"Sea\"]}\n"
          + "{\"asin\":\"8\",\"title\":\"C\"}\n"
      ),
    ] {
      let log = try load(["ratings.csv": ratings, name: text], file: "ratings.csv") {
        $0.items = "\(temporary.path)/t/\(name)"
      }
      #expect(log.titles == ["A, \"b\"", "C"])
      #expect(log.genres.namesOfItem(0) == ["War", "Sea"])
      #expect(log.genres.namesOfItem(1) == ["unknown"])
    }
  }

  /// Rows with columns named go the same fast way as those of a known layout: what a plain part
  /// cannot be is told by one odd line.
  @Test func optionsKeepTheFastPath() throws {
    let rows = (0..<200_000).map { "\($0 % 500 + 1);\($0 % 3_000 + 1);\($0 % 5 + 1)" }
    let log = try load(["a.csv": "u;i;r\n" + rows.joined(separator: "\n")], file: "a.csv") {
      ($0.user, $0.item, $0.rating) = (.named("u"), .named("i"), .named("r"))
    }
    #expect(log.plainCount == 200_000 && log.count + log.duplicateCount == 200_000)
    let known = try load(["ratings.csv": "userId,movieId,rating\n1,2,3\n\"1\",4,3\n"]) { _ in }
    #expect(known.plainCount == 0 && known.count == 2)
  }
}
