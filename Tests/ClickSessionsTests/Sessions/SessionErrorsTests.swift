import ClickSessions
import DRRTestSupport
import Foundation
import Testing

@Suite("Sessions that are not as they should be")
struct SessionErrorsTests {
  let temporary = TemporaryFolder()

  /// A file of the three, its text, and what reading says.
  static let raggedCases: [(file: String, text: String, message: String)] = [
    (
      "gen_click.txt", "3 1 0\n2\n0\n",
      "sim/gen_action.txt, line 3: a session of 2 steps, expected 1, as in sim/gen_click.txt"
    ),
    (
      "gen_reward.txt", "0 1 0\n0\n",
      "sim/gen_reward.txt, line 3: a session of 0 steps, expected 2, as in sim/gen_click.txt"
    ),
    (
      "gen_action.txt", "3,3 0,1 0,2\n2,2\n0,0 1,3\n1,1\n",
      "sim/gen_action.txt, line 4: a session of 1 step, expected 0, as in sim/gen_click.txt"
    ),
    (
      "gen_click.txt", "3 x 0\n2\n0 3\n",
      "sim/gen_click.txt, line 1: step 1 has \"x\", expected an item number from 0 to 9999999"
    ),
    (
      "gen_click.txt", "3 1 0\n-2\n0 3\n",
      "sim/gen_click.txt, line 2: step 0 has \"-2\", expected an item number from 0 to 9999999"
    ),
    (
      "gen_click.txt", "3 1,2 0\n2\n0 3\n",
      "sim/gen_click.txt, line 1: step 1 has 2 clicks, expected one"
    ),
    (
      "gen_reward.txt", "0 inf 0\n0\n0 0\n",
      "sim/gen_reward.txt, line 1: step 1 has \"inf\", expected a number"
    ),
    (
      "gen_click.txt", "3 1 3\n2\n0 3\n",
      "sim/gen_click.txt, line 1: step 2 clicks item 3, which is not in its list, "
        + "expected one of 0,2"
    ),
    (
      "gen_action.txt", "3,3 0,1 0,0\n2,2\n0,0 1,3\n",
      "sim/gen_click.txt, line 1: step 2 shows item 0 twice, expected each item of a list once"
    ),
  ]

  @Test(arguments: raggedCases.indices)
  func threeFiles(_ index: Int) throws {
    let (file, text, message) = Self.raggedCases[index]
    var files = SessionFixtures.threeFiles
    files[file] = text
    let folder = try temporary.folder("sim", files)
    #expect(sessionMessage(folder) == message)
    let log = try SessionSource.load(folder, options { $0.repairs = .dropSessions })
    #expect(log.isWhole && log.repairs.entries.map(\.count) == [1])
    let line = message.split(separator: ":")[0]
    #expect(log.repairs.entries[0].first == [String(line)])
  }

  @Test func emptySession() throws {
    let folder = try temporary.folder(
      "sim", SessionFixtures.threeFiles.mapValues { "\n" + $0 + "\n\n" })
    #expect(
      sessionMessage(folder)
        == "sim/gen_click.txt, line 1: a session without a step, expected its start at least")
    let log = try SessionSource.load(folder, options { $0.repairs = .dropSessions })
    #expect(log.count == 3 && log.repairs.count(.empty) == 1)
  }

  @Test func catalogue() throws {
    let folder = try temporary.folder("sim", SessionFixtures.threeFiles)
    #expect(
      sessionMessage(folder, options { $0.itemCount = 3 })
        == "sim/gen_click.txt, line 1: step 0 has \"3\", expected an item number from 0 to 2")
    #expect(try SessionSource.load(folder, options { $0.itemCount = 9 }).itemCount == 9)
    #expect(
      sessionMessage(folder, options { $0.minimumList = 3 })
        == "sim/gen_click.txt, line 1: step 1 shows 2 items, expected at least 3")
    // A log with lists is not asked for the size of sampled ones.
    #expect(try SessionSource.load(folder, options { $0.listSize = 9 }).longestList == 2)
    #expect(
      sessionMessage(folder, options { $0.maximumLength = 2 })
        == "sim/gen_click.txt, line 1: a session of 3 steps, expected at most 2")
    #expect(
      sessionMessage(folder, options { $0.maximumLength = 0 })
        == "maximumLength is 0, expected at least 1")
  }

  static let lineCases: [(text: String, message: String)] = [
    (
      "1;0;0;;0\n1;2;3;1,2;0\n",
      "m/output.txt, line 2: step 1 clicks item 3, which is not in its list, expected one of 1,2"
    ),
    (
      "1;0;0;;0\n1;2;3;;0\n",
      "m/output.txt, line 2: step 1 clicks item 3, which is not in its list, "
        + "expected a list with it"
    ),
    (
      "1;0;0;;0\n1;2;3;3\n",
      "m/output.txt, line 2: 4 fields in \"1;2;3;3\", "
        + "expected 5 by semicolon: session;state;click;i1,..,ik;purchase"
    ),
    (
      "1;0;0;;0\n1;x;3;3;0\n",
      "m/output.txt, line 2: state \"x\", expected a whole number from 0 on"
    ),
    (
      "1;0;0;;0\n1;1;3;3,;0\n",
      "m/output.txt, line 2: item of the list \"\", expected an item number from 0 to 9999999"
    ),
    ("1;0;0;;0\n1;1;3;3;yes\n", "m/output.txt, line 2: purchase \"yes\", expected a number"),
    (
      "1;0;0;;0\n2;0;0;;0\n1;0;0;;0\n",
      "m/output.txt, line 3: session \"1\" comes back, expected the lines of a session together"
    ),
  ]

  @Test(arguments: lineCases.indices)
  func semicolon(_ index: Int) throws {
    let (text, message) = Self.lineCases[index]
    let folder = try temporary.folder("m", ["output.txt": text + "9;0;1;;0\n"])
    #expect(sessionMessage(folder) == message)
    let log = try SessionSource.load(folder, options { $0.repairs = .dropSessions })
    #expect(log.isWhole && log.repairs.entries.map(\.count) == [1])
  }

  @Test func appended() throws {
    let folder = try temporary.folder(
      "m", ["output.txt": "1;0;0;;0\n1;2;3;1,2;0\n1;2;2;2,2,4;0\n1;2;2;;0\n"])
    let mended = options { $0.repairs = [.appendClicks, .mergeDuplicates] }
    let log = try SessionSource.load(folder, mended)
    #expect(log.spelled == ["0[] 3[1,2,3] 2[2,4] 2[2]"])
    #expect(log.repairs.entries.map(\.kind) == [.clickAppended, .duplicatesMerged])
    #expect(
      log.repairs.entries.map(\.first) == [
        ["m/output.txt, line 2", "m/output.txt, line 4"], ["m/output.txt, line 3"],
      ])
  }

  static let rowCases: [(file: String, row: String, message: String)] = [
    (
      "train-clicks.csv", "99;5;101",
      "c/train-clicks.csv, line 7: query 99, expected one of train-queries.csv"
    ),
    (
      "train-clicks.csv", "10;soon;101",
      "c/train-clicks.csv, line 7: timeframe \"soon\", expected a number or a date"
    ),
    (
      "train-clicks.csv", "10;5",
      "c/train-clicks.csv, line 7: 2 fields, expected 3, as in the header"
    ),
    (
      "train-clicks.csv", "12;5;101",
      "c/train-clicks.csv, line 7: step 1 clicks item 101, which is not in its list, "
        + "expected one of 102,105"
    ),
    (
      "train-queries.csv", "10;7;NA;5;1;d;1;0;101;FALSE",
      "c/train-queries.csv, line 6: query 10 again, expected each query once"
    ),
    (
      "train-queries.csv", "77;7;NA;5;1;d;1;0;;FALSE",
      "c/train-queries.csv, line 6: no items, expected those shown"
    ),
    (
      "train-purchases.csv", "x;7;1;d;1;101",
      "c/train-purchases.csv, line 4: sessionid \"x\", expected an id of digits"
    ),
  ]

  @Test(arguments: rowCases.indices)
  func clickLogs(_ index: Int) throws {
    let (file, row, message) = Self.rowCases[index]
    var files = SessionFixtures.clickLogs
    files[file]! += row + "\n"
    let folder = try temporary.folder("c", files)
    #expect(sessionMessage(folder) == message)
    let log = try SessionSource.load(folder, options { $0.repairs = .dropSessions })
    #expect(log.isWhole && log.repairs.entries.map(\.count) == [1])
    files[file] = "a;b\n"
    #expect(
      sessionMessage(try temporary.folder("c", files))?.hasPrefix(
        "c/\(file), line 1: the header is \"a;b\", expected columns ") == true)
  }

  @Test func recognition() throws {
    #expect(
      sessionMessage(try temporary.folder("none", ["a.txt": "1 2\n"]))?.contains(
        "none: no known layout of sessions; looked for gen_click.txt") == true)
    #expect(
      sessionMessage(try temporary.folder("two", ["gen_click.txt": "1\n"]))?.hasSuffix(
        "two/gen_action.txt: no such file or folder") == true)
    #expect(
      sessionMessage(try temporary.write("a.csv", Data("a,b\n".utf8)))?.contains(
        "a.csv: no known layout of sessions; looked for session;state;click") == true)
    let empty = try temporary.folder("e", ["output.txt": ""])
    #expect(sessionMessage(empty)?.hasSuffix(": no sessions in it") == true)
    let long = String(repeating: "1 ", count: 600_000)
    #expect(
      sessionMessage(try temporary.folder("l", ["test_sessions.txt": long]))
        == "l/test_sessions.txt"
        + ", line 1: a line longer than 1048576 bytes, expected a session or a step")
  }
}
