import DRRData
import DRRTestSupport
import TestSupport
import Testing

@Suite("Columns of tables, named or numbered")
struct TableColumnTests: ReadsTables {
  let temporary = TemporaryFolder()

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
}
