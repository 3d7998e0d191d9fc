import CZlib
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

@Suite("Layouts of ratings")
struct LayoutTests {
  let temporary = TemporaryFolder()

  private func check(_ log: RatingsLog, _ sample: LayoutSample) {
    #expect(log.format == sample.format && log.spelled == sample.rows)
    #expect(log.ratingRange == sample.range && log.hasTimes == sample.hasTimes)
    #expect(log.titles == sample.titles)
    if !sample.genres.isEmpty { #expect(log.genres.namesOfItem(0) == sample.genres) }
    #expect(log.notes.count == sample.notes.count)
    for (said, start) in zip(log.notes, sample.notes) { #expect(said.hasPrefix(start), "\(said)") }
  }

  @Test("a folder of each is read as it is", arguments: LayoutSample.all)
  func folder(_ sample: LayoutSample) throws {
    let folder = try temporary.folder("set", sample.data)
    let log = try RatingsSource.load(folder)
    check(log, sample)
    // What is written is read back as the same ratings.
    for format in RatingsLog.OutputFormat.allCases {
      try log.write(to: "\(temporary.path)/\(format)", format: format)
      let read = try RatingsSource.load("\(temporary.path)/\(format)")
      #expect(read.ratingRange == log.ratingRange && read.ratings == log.ratings)
      #expect(Array(read.userIDs) == Array(log.userIDs))
      #expect(Array(read.itemIDs) == Array(log.itemIDs))
      if log.hasTimes { #expect(read.times == log.times) }
    }
  }

  @Test("the same inside a zip, a tar.gz and as .gz", arguments: LayoutSample.all)
  func packed(_ sample: LayoutSample) throws {
    var zip = ZipBuilder()
    for (name, data) in sample.data.sorted(by: { $0.key < $1.key }) {
      zip.files.append(.init(name: "a set/\(name)", data: data))
    }
    check(try RatingsSource.load(try temporary.write("a.zip", zip.build())), sample)
    let tar = Gzip.tar(sample.data.map { ("a set/\($0.key)", $0.value) }.sorted { $0.0 < $1.0 })
    check(try RatingsSource.load(try temporary.write("a.tar", tar)), sample)
    check(try RatingsSource.load(try temporary.write("a.tar.gz", Gzip.packed(tar))), sample)
    let each = sample.data.map { ("\($0.key).gz", Gzip.packed($0.value)) }
    let folder = try temporary.folder("set", Dictionary(uniqueKeysWithValues: each))
    check(try RatingsSource.load(folder), sample)
    if sample.files.count == 1, let name = sample.files.keys.first {
      check(try RatingsSource.load("\(folder)/\(name).gz"), sample)
    }
  }

  @Test("every layout stands in docs/formats.md")
  func documented() throws {
    let page = try String(
      contentsOf: packageRoot.appendingPathComponent("docs/formats.md"), encoding: .utf8)
    for sample in LayoutSample.all {
      #expect(page.contains("| \(sample.name) |"), "\(sample.name)")
    }
  }

  // MARK: - Tables with options

  private func load(
    _ files: [String: String], file: String? = nil, range: ClosedRange<Float>? = nil,
    _ change: (inout ReadingOptions) -> Void
  ) throws -> RatingsLog {
    var options = ReadingOptions()
    change(&options)
    let folder = try temporary.folder("t", files)
    return try RatingsSource.load(
      file.map { "\(folder)/\($0)" } ?? folder, range: range, reading: options)
  }

  private func said(
    _ text: String, _ name: String = "a.csv", _ change: (inout ReadingOptions) -> Void
  ) throws -> String {
    let error = #expect(throws: DataError.self) {
      try load([name: text], file: name, change)
    }
    return error?.description ?? ""
  }

  static let separators: [(Separator, String)] = [
    (.comma, ","), (.tab, "\t"), (.semicolon, ";"), (.pipe, "|"), (.doubleColon, "::"),
    (.blank, " \t "),
  ]

  @Test("columns by name or number, fields by any separator", arguments: separators)
  func columns(_ separator: Separator, _ text: String) throws {
    let rows = [["when", "what", "who", "grade"], ["5", "i", "u", "3"], ["4", "j", "u", "9"]]
    let table = rows.map { $0.joined(separator: text) }.joined(separator: "\n")
    for isNamed in [true, false] {
      let log = try load(["a.csv": table], file: "a.csv") {
        $0.separator = separator
        $0.user = isNamed ? .named("who") : .number(3)
        $0.item = isNamed ? .named("What") : .number(2)
        $0.rating = isNamed ? .named("grade") : .number(4)
        $0.time = isNamed ? .named("when") : .number(1)
      }
      #expect(log.spelled == ["u j 9.0 4", "u i 3.0 5"])
      #expect(log.ratingRange == 0...10 && log.hasTimes && log.format == "table")
    }
    let headless = rows.dropFirst().map { $0.joined(separator: text) }.joined(separator: "\n")
    let log = try load(["a.csv": headless], file: "a.csv") {
      ($0.separator, $0.hasNoHeader) = (separator, true)
      ($0.user, $0.item, $0.rating) = (.number(3), .number(2), .number(4))
    }
    #expect(log.spelled == ["u i 3.0 0", "u j 9.0 1"] && !log.hasTimes)
  }

  @Test("JSON lines and a list of objects, whatever the order and the blanks")
  func json() throws {
    let lines =
      "{\"t\": \"2020-01-01\", \"u\": 7, \"i\": \"a\\\"b\\ud83d\\ude00\", \"r\": 3}\n\n"
      + "{\"r\": 4.5, \"x\": {\"u\": [1, {\"y\": \"]}\"}]}, \"i\": \"c\", \"u\": 7,\"t\":\"2020-01-02\"}"
    let list = "\u{feff}[\n" + lines.replacingOccurrences(of: "}\n\n", with: "}\n,\n") + " ]\n"
    for text in [lines, list] {
      let log = try load(["a.json": text], file: "a.json") {
        ($0.user, $0.item, $0.rating, $0.time) = (
          .named("u"), .named("i"), .named("r"), .named("t")
        )
      }
      #expect(log.spelled == ["7 a\"b\u{1f600} 3.0 1577836800", "7 c 4.5 1577923200"])
      #expect(log.checksum == hexadecimal(referenceCRC(text.utf8)) && log.ratingRange == 0.5...5)
    }
  }

  @Test("JSON that is none is refused with its line")
  func brokenJSON() throws {
    func broken(_ text: String) throws -> String {
      try said(text, "a.json") {
        ($0.user, $0.item, $0.rating) = (.named("u"), .named("i"), .named("r"))
      }
    }
    let good = "{\"u\":1,\"i\":2,\"r\":3}"
    let expected =
      ", expected JSON as {\"name\": value, ...}, an object a line or a list of objects"
    for (text, part) in [
      ("\(good)\n{\"u\":1,", "t/a.json, line 2: an object that breaks off"),
      ("\(good)\n\(good)x", "t/a.json, line 2: \"x\" in an object"),
      ("\(good)\n{\"u\":one}", "t/a.json, line 2: \"one}\" in an object"),
      ("\(good)\n[1]", "t/a.json, line 2: \"[1]\" in an object"),
      ("[\(good),\n\(good)\n\(good)]", "t/a.json, line 3: \"\(good)]\" in an object"),
      ("[\(good),\n", "t/a.json, line 2: an object that breaks off"),
      ("{\"u\":1", "t/a.json, line 1: an object that breaks off"),
    ] {
      #expect(try broken(text) == part + expected)
    }
    #expect(
      try said("{}\n", "a.json") { $0.user = .number(1) }.hasPrefix(
        "t/a.json, line 1: no column 1 for the user among 0"))
    #expect(try broken("\(good)\n{\"u\":1,\"r\":3}") == "t/a.json, line 2: item is empty")
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(try broken("\(good)\n{\"u\":\(deep)}").contains("line 2: \"["))
  }

  @Test("events stand for ratings, and the strongest of a user and item counts")
  func events() throws {
    let table = "u,i,e\n1,a,buy\n1,a,view\n1,b,view\n2,a,cart\n"
    let log = try load(["a.csv": table], file: "a.csv") {
      ($0.user, $0.item, $0.event) = (.named("u"), .named("i"), .named("e"))
      $0.eventRatings = [.init("view", 1), .init("cart", 3), .init("buy", 5)]
    }
    #expect(log.spelled == ["1 a 5.0 0", "1 b 1.0 2", "2 a 3.0 3"])
    #expect(log.ratingRange == 1...5 && log.duplicateCount == 1)
    func unknown(_ known: [EventRating]) throws -> String {
      try said(table) {
        ($0.user, $0.item, $0.event) = (.named("u"), .named("i"), .named("e"))
        $0.eventRatings = known
      }
    }
    #expect(
      try unknown([.init("view", 1)])
        == "t/a.csv, line 2: the events \"buy\", \"cart\", expected one of view; name the others in "
        + "--event-ratings too")
    #expect(
      try unknown([])
        == "t/a.csv, line 2: the events \"buy\", \"view\", \"cart\", expected a rating for each, as "
        + "--event-ratings buy=1,view=2,cart=3; say them")
  }

  @Test("without a rating's column every row is a positive, where that is said")
  func implicit() throws {
    let table = "user_id,item_id,timestamp\n1,2,1600000000\n1,3,1600000000\n"
    let log = try load(["a.csv": table], file: "a.csv") {
      ($0.user, $0.item, $0.time) = (.named("user_id"), .named("item_id"), .named("timestamp"))
      $0.isImplicit = true
    }
    #expect(log.spelled == ["1 2 1.0 1600000000", "1 3 1.0 1600000000"])
    #expect(log.ratingRange == 0...1 && log.notes == [LayoutSample.implicit])
    #expect(
      try said(table) { _ in }
        == "\(temporary.path)/t/a.csv: no known ratings layout, its first line is "
        + "\"user_id,item_id,timestamp\"; name its columns, as `drr data import "
        + "\(temporary.path)/t/a.csv --out FOLDER --user-column user_id --item-column item_id "
        + "--rating-column none --time-column timestamp`")
  }

  @Test("what a refusal proposes reads the file")
  func proposals() throws {
    for (text, rows) in [
      ("customer;sku;score\n1;2;3\n", ["1 2 3.0 0"]), ("7|8|2.5\n", ["7 8 2.5 0"]),
      ("a b,c d,e f\nu,i,1\n", ["u i 1.0 0"]), ("who,title,action\nu,i,view\n", ["u i 1.0 0"]),
    ] {
      let refusal = try said(text) { _ in }
      let command = try #require(refusal.firstMatch(of: /`drr ([^`]+)`/)).1.split(separator: " ")
      func value(_ option: String) -> ReadingOptions.Column? {
        command.firstIndex(of: option[...]).map { String(command[$0 + 1]) }.flatMap {
          $0 == "none" ? nil : Int($0).map { .number($0) } ?? .named($0)
        }
      }
      let log = try load(["a.csv": text], file: "a.csv") {
        ($0.user, $0.item) = (value("--user-column"), value("--item-column"))
        ($0.rating, $0.event) = (value("--rating-column"), value("--event-column"))
        $0.isImplicit = $0.rating == nil && $0.event == nil
        if $0.event != nil { $0.eventRatings = [.init("view", 1), .init("buy", 5)] }
        $0.hasNoHeader = command.contains("--no-header")
      }
      #expect(log.spelled == rows, "\(refusal)")
    }
  }

  @Test("columns that are not there, or cannot be named so, are refused")
  func wrongColumns() throws {
    let table = "u,i,r\n1,2,3\n"
    for (change, part) in [
      ({ $0.user = .named("who") }, "no column \"who\" for the user in \"u,i,r\""),
      (
        { ($0.user, $0.item, $0.rating) = (.number(1), .number(2), .number(1)) },
        "column 1 for two purposes, expected a column each"
      ),
      ({ $0.user = .number(4) }, "no column 4 for the user among 3, expected 1 to 3"),
      ({ $0.user = .number(0) }, "no column 0 for the user among 3, expected 1 to 3"),
      (
        { ($0.user, $0.hasNoHeader) = (.named("u"), true) },
        "no header, and the user's column named \"u\", expected its number from 1 on"
      ),
    ] as [((inout ReadingOptions) -> Void, String)] {
      #expect(try said(table) { change(&$0) }.hasPrefix("t/a.csv, line 1: \(part)"))
    }
  }

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

  // MARK: - Enough ratings

  /// Against the definition: of all subsets closed under the rule the largest, found by removing
  /// one user or item at a time.
  @Test(arguments: 1...6)
  func core(_ least: Int) throws {
    var random = SeededGenerator(UInt64(least))
    var pairs: Set<[Int32]> = []
    for _ in 0..<120 {
      pairs.insert([
        Int32.random(in: 0..<14, using: &random), Int32.random(in: 0..<20, using: &random),
      ])
    }
    let rows = pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    let log = RatingsLog(
      name: "x", users: rows.map { $0[0] }, items: rows.map { $0[1] },
      ratings: rows.map { Float($0[1] % 5 + 1) })
    var left = rows
    search: while true {
      for side in 0...1 {
        let counts = Dictionary(grouping: left) { $0[side] }
        if let few = counts.filter({ $0.value.count < least }).keys.min() {
          left.removeAll { $0[side] == few }
          continue search
        }
      }
      break
    }
    func spelled(_ rows: [[Int32]]) -> Set<String> { Set(rows.map { "\($0[0] + 1) \($0[1] + 1)" }) }
    func spelled(_ log: RatingsLog) -> Set<String> {
      Set(
        (0..<log.count).map {
          "\(log.userIDs[Int(log.users[$0])]) \(log.itemIDs[Int(log.items[$0])])"
        })
    }
    if left.isEmpty {
      #expect(throws: DataError.self) { try log.keeping(atLeast: least, repeatedly: true) }
    } else {
      let core = try log.keeping(atLeast: least, repeatedly: true)
      #expect(spelled(core) == spelled(left))
      #expect((0..<core.userCount).allSatisfy { core.rows(ofUser: $0).count >= least })
      for row in 0..<core.count {
        #expect(
          core.ratings[row] == Float((Int32(core.itemIDs[Int(core.items[row])])! - 1) % 5 + 1))
      }
    }
    let (users, items) = (
      Dictionary(grouping: rows) { $0[0] }, Dictionary(grouping: rows) { $0[1] }
    )
    let once = rows.filter { users[$0[0]]!.count >= least && items[$0[1]]!.count >= least }
    if !once.isEmpty {
      #expect(spelled(try log.keeping(atLeast: least, repeatedly: false)) == spelled(once))
    }
  }

  @Test("a sample has all ratings of its users, and the same ones with one seed")
  func sample() throws {
    let log = GeneratedRatings.generate(size: .tiny)
    let sample = log.sampling(users: 0.25, seed: 3)
    #expect(sample.userCount == (log.userCount + 2) / 4)
    for user in 0..<sample.userCount {
      let whole = try #require(log.userIndex(sample.userIDs[user]))
      let (own, all) = (sample.rows(ofUser: user), log.rows(ofUser: whole))
      #expect(Array(sample.ratings[own]) == Array(log.ratings[all]))
      #expect(
        sample.items[own].map { sample.title(ofItem: Int($0)) }
          == log.items[all].map { log.title(ofItem: Int($0)) })
    }
    #expect(sample.spelled == log.sampling(users: 0.25, seed: 3).spelled)
    #expect(sample.spelled != log.sampling(users: 0.25, seed: 4).spelled)
    #expect(log.sampling(users: 1, seed: 1).spelled == log.spelled)
  }

  @Test func titlesFollowTheirItems() throws {
    let log = try load([
      "ratings.csv": "userId,movieId,rating\n1,7,3\n1,8,4\n2,8,5\n2,9,1\n3,8,1\n",
      "movies.csv": "movieId,title,genres\n7,A,War\n8,B,Sea|War\n9,C,\n",
    ]) { _ in }
    let kept = try log.keeping(atLeast: 2, repeatedly: false)
    #expect(kept.titles == ["B"] && kept.genres.namesOfItem(0) == ["Sea", "War"])
    #expect(kept.spelled == ["1 8 4.0 1", "2 8 5.0 2"] && kept.genres.names == log.genres.names)
    #expect(
      kept.notes == [
        "users and items with fewer than 2 ratings left out: 3 ratings, 1 users, 2 items"
      ])
  }

  // MARK: - Archives

  @Test("a gzip file of several members is one; a damaged one is refused")
  func gzip() throws {
    let text = "1\t2\t3\t4\n2\t2\t3\t4\n"
    let whole = Gzip.packed(Data(text.prefix(8).utf8)) + Gzip.packed(Data(text.dropFirst(8).utf8))
    let path = try temporary.write("z/u.data.gz", whole + Data(count: 100))
    #expect(try RatingsSource.load(path).count == 2)
    #expect(
      try RatingsSource.load("\(temporary.path)/z").checksum == hexadecimal(referenceCRC(text.utf8))
    )
    for (data, part) in [
      (whole.dropLast(5), "it ends in the middle of its data; damaged gzip file"),
      (Data("1\t2\t3\t4\n".utf8), "it does not inflate (zlib -3), expected a whole gzip file"),
      (Data(), "it is empty, expected a gzip file"),
    ] {
      try temporary.write("z/u.data.gz", data)
      #expect(loadingError(path) == "z/u.data.gz: \(part)")
    }
    var flipped = [UInt8](whole)
    flipped[flipped.count - 6] ^= 1
    try temporary.write("z/u.data.gz", Data(flipped))
    #expect(
      loadingError(path) == "z/u.data.gz: it does not inflate (zlib -3), expected a whole gzip file"
    )
  }

  @Test("long names of tar archives are whole, and a damaged one is refused")
  func tar() throws {
    let rows = Data("1\t2\t3\t4\n".utf8)
    let long = String(repeating: "folder/", count: 30) + "u.data"
    for isPax in [true, false] {
      let tar = Gzip.tar([(long, rows)], isPax: isPax)
      #expect(try RatingsSource.load(try temporary.write("a.tgz", Gzip.packed(tar))).count == 1)
    }
    let tar = Gzip.tar([("m/u.data", rows), ("m/u.genre", Data("unknown|0\n".utf8))])
    for (data, part) in [
      (tar.prefix(700), "it is cut off; damaged archive"),
      (
        Data("x".utf8) + tar.dropFirst(), "byte 0 begins no entry of a tar archive; damaged archive"
      ),
      (Data(count: 1_024), "no files in it, expected a tar archive with some"),
      (
        Gzip.tar([("m/u.data", rows), ("m/u.data", rows)]),
        "it holds two files named m/u.data, expected one of each name"
      ),
    ] {
      let path = try temporary.write("a.tar", data)
      #expect(loadingError(path) == "\(path): \(part)")
    }
  }
}

/// What the system's tools pack.
enum Gzip {
  static func packed(_ data: Data) -> Data {
    let deflated = ZipBuilder.deflate(data)
    func little(_ value: UInt32) -> Data { withUnsafeBytes(of: value.littleEndian) { Data($0) } }
    return Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) + deflated + little(referenceCRC(data))
      + little(UInt32(data.count))
  }

  /// POSIX ustar; names over a hundred bytes by GNU's or pax's long names.
  static func tar(_ files: [(String, Data)], isPax: Bool = false) -> Data {
    func entry(_ name: String, _ data: Data, _ type: UInt8) -> Data {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ at: Int) {
        header.replaceSubrange(at..<at + text.utf8.count, with: text.utf8)
      }
      put(String(name.prefix(99)), 0)
      put("0000644\0", 100)
      let size = String(data.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size, 124)
      put("        ", 148)
      header[156] = type
      put("ustar\u{0}00", 257)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
      return Data(header) + data + Data(count: (512 - data.count % 512) % 512)
    }
    var archive = Data()
    for (name, data) in files {
      if name.utf8.count > 99 {
        let record = "path=\(name)\n"
        let text = isPax ? "\(record.utf8.count + 4) \(record)" : name + "\0"
        archive += entry("long", Data(text.utf8), isPax ? 120 : 76)
      }
      archive += entry(name, data, 48)
    }
    return archive + Data(count: 1_024)
  }
}
