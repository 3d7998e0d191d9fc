import ClickSessions
import DRRCore
import DRRTestSupport
import Foundation
import Testing

@Suite("Session readers")
struct SessionReaderTests {
  let temporary = TemporaryFolder()

  @Test func threeFiles() throws {
    let log = try SessionSource.load(
      try temporary.folder("sim", SessionFixtures.threeFiles))
    #expect(log.isWhole && log.itemCount == 4 && log.name == "sim" && log.states.isEmpty)
    #expect(log.spelled == ["3[3,3] 1/1.0[0,1] 0[0,2]", "2[2,2]!", "0[0,0] 3/0.5[1,3]!"])
    #expect(log.repairs.isEmpty && !log.listsAreSampled && log.targetCount == 3)
    let all = ["gen_click.txt", "gen_action.txt", "gen_reward.txt"].map {
      SessionFixtures.threeFiles[$0]!
    }
    #expect(log.checksum == hexadecimal(referenceCRC(all.joined().utf8)))
  }

  @Test func semicolon() throws {
    let folder = try temporary.folder("mdp", ["output.txt": SessionFixtures.semicolon])
    for path in [folder, "\(folder)/output.txt"] {
      let log = try SessionSource.load(path)
      #expect(log.isWhole && log.itemCount == 4)
      #expect(log.spelled == ["0[] 3[1,3] 2/1.0[2,0]", "0[]!", "0[] 1[3,1]!"])
      #expect(log.states == [0, 0, 2, 0, 0, 0] && log.lastStates == [1, 0, 4])
    }
    let longest = try SessionSource.load(folder, options { $0.maximumLength = 4 })
    #expect(longest.ended == [true, true, true])
  }

  @Test func lines() throws {
    let folder = try temporary.folder(
      "shop", ["train_sessions.txt": "10 9 10\n7\n9 100 \n", "test_sessions.txt": "100  9\n"])
    let log = try SessionSource.load(folder)
    #expect(log.isWhole && log.itemIDs == ["9", "10", "100"])
    #expect(log.spelled == ["1[] 0[] 1[]", "0[] 2[]!", "2[] 0[]!"])
    #expect(log.repairs.count(.tooShort) == 1)
    #expect(log.repairs.entries.first?.first == ["shop/train_sessions.txt, line 2"])
    let test = try SessionSource.load(folder, options { $0.file = "test_sessions.txt" })
    #expect(test.count == 1 && test.itemIDs == ["9", "100"] && test.name == "test_sessions.txt")
    let short = try SessionSource.load(folder, options { $0.minimumLength = 1 })
    #expect(short.count == 4 && short.itemIDs == ["7", "9", "10", "100"])
  }

  @Test func clickLogs() throws {
    let folder = try temporary.folder("cikm", SessionFixtures.clickLogs)
    let log = try SessionSource.load(folder)
    // Session 7 by time: query 10 at 6 and 40, query 11 at 95; its last click on 101 bought it.
    #expect(log.isWhole && log.itemIDs == ["101", "102", "103", "104", "105"])
    #expect(
      log.spelled == ["2[0,1,2] 0[0,1,2] 0/1.0[3,0]", "1[1,4] 4[1,4]!"])
    let views = try SessionSource.load(
      folder,
      options {
        $0.file = "train-item-views.csv"
        $0.minimumLength = 1
      })
    #expect(views.spelled == ["0[]"] && views.itemIDs == ["103"])
    var spelled = SessionFixtures.clickLogs
    spelled["train-clicks.csv"] = "time_frame;item_id;query_id\n95;101;11\n6;103;10\n"
    let other = try SessionSource.load(try temporary.folder("other", spelled))
    #expect(other.clicks.map { other.itemIDs[Int($0)] } == ["103", "101"])
  }

  @Test("Yoochoose: clicks and purchases without a header, times as dates")
  func yoochoose() throws {
    let files = [
      "yoochoose-clicks.dat":
        "1,2014-04-07T10:54:09.868Z,101,0\n1,2014-04-07T10:51:09.277Z,102,0\n"
        + "2,2014-04-07T13:56:37.614Z,101,S\n2,2014-04-07T13:57:19.373Z,103,0\n",
      "yoochoose-buys.dat": "1,2014-04-08T10:51:09.277Z,101,500,1\n",
    ]
    let folder = try temporary.folder("yoochoose", files)
    for path in [folder, "\(folder)/yoochoose-clicks.dat"] {
      let log = try SessionSource.load(path)
      #expect(log.format == "Yoochoose" && log.itemIDs == ["101", "102", "103"])
      #expect(log.spelled == ["1[] 0/1.0[]", "0[] 2[]"])
    }
    let broken = try temporary.folder(
      "broken", ["yoochoose-clicks.dat": "1,2014-04-07T10:54:09.868Z,101\n"])
    #expect(
      sessionMessage(broken)
        == "broken/yoochoose-clicks.dat, line 1: 3 fields, expected 4, as in every line")
  }

  @Test("a table of sessions, items and times by tabs")
  func timed() throws {
    let table =
      "SessionId\tUserId\tItemId\tTime\n5\t1\t9\t1420070402.0\n5\t1\t7\t1420070401.0\n"
      + "6\t1\t9\t1420070403.0\n6\t1\t9\t1420070404.0\n"
    let folder = try temporary.folder("timed", ["nowplaying.txt": table])
    let log = try SessionSource.load("\(folder)/nowplaying.txt")
    #expect(log.itemIDs == ["7", "9"] && log.spelled == ["0[] 1[]", "1[] 1[]"])
  }

  @Test func paperFilter() throws {
    // Clicks: 1 four times, 2 three times, 3 twice, 4 and 5 once.
    let lines = "1 2 1\n3 1 2\n4 2\n1 5\n3\n"
    let folder = try temporary.folder("top", ["train_sessions.txt": lines])
    let log = try SessionSource.load(folder, options { $0.topItems = 3 })
    #expect(log.itemIDs == ["1", "2", "3"] && log.spelled == ["0[] 1[] 0[]", "2[] 0[] 1[]"])
    #expect(log.repairs.count(.rareItem) == 2 && log.repairs.count(.tooShort) == 3)
    var paper = SessionOptions.paper
    paper.maximumLength = 2
    let short = try SessionSource.load(folder, paper)
    #expect(short.itemIDs == ["1", "2", "4", "5"] && short.spelled == ["2[] 1[]", "0[] 3[]"])
    #expect(short.repairs.count(.tooLong) == 2)
    paper.longSessions = .cut
    #expect(try SessionSource.load(folder, paper).count == 4)
    let semicolon = try temporary.folder("few", ["output.txt": SessionFixtures.semicolon])
    let few = try SessionSource.load(semicolon, options { $0.topItems = 2 })
    #expect(few.itemIDs == ["0", "1"] && few.spelled == ["0[]!", "0[]!", "0[] 1[1]"])
  }

  @Test(arguments: SessionOptions.Negatives.allCases)
  func sampledLists(_ negatives: SessionOptions.Negatives) throws {
    let lines = (0..<400).map { "\($0 % 7) 3 \($0 % 2)\n" }.joined()
    let folder = try temporary.folder("s", ["train_sessions.txt": lines])
    func load(_ size: Int, seed: UInt64 = 1) throws -> SessionLog {
      try SessionSource.load(
        folder,
        options {
          $0.listSize = size
          $0.negatives = negatives
          $0.seed = seed
        })
    }
    for size in [1, 2, 3, 6, 7] {
      let log = try load(size)
      #expect(log.isWhole && log.listsAreSampled && log.describe().listsAreSampled)
      for position in log.positions(of: 0..<log.count) {
        let list = log.list(of: position.step)
        #expect(Set(list).count == size && list.contains(log.clicks[position.step]))
      }
    }
    let two = try load(2)
    let (again, other) = (try load(2), try load(2, seed: 2))
    #expect(two.shown == again.shown && two.shown != other.shown)
    // The click is first as often as second: within 4 standard errors of half of 800.
    let first = two.positions(of: 0..<400).count {
      two.list(of: $0.step).first == two.clicks[$0.step]
    }
    #expect(abs(first - 400) < 57)
    // Item 5 is clicked 57 times of 1,200, item 1 some 257 times.
    let others = two.positions(of: 0..<400).flatMap { position in
      two.list(of: position.step).filter { $0 != two.clicks[position.step] }
    }
    let (five, one) = (others.count { $0 == 5 }, others.count { $0 == 1 })
    #expect(negatives == .popularity ? one > 2 * five : one < 2 * five)
    #expect(
      sessionMessage(folder, options { $0.listSize = 8 })
        == "listSize is 8, expected at most 7, the items of s/train_sessions.txt")
  }

  @Test func optionsAreKept() throws {
    var paper = SessionOptions.paper
    paper.repairs = [.dropSessions, .mergeDuplicates]
    let data = try JSONEncoder().encode(paper)
    #expect(try JSONDecoder().decode(SessionOptions.self, from: data) == paper)
  }

  @Test func splits() throws {
    let split = try SessionSplit(count: 10_000)
    #expect(split.training == Array(0..<8_000) && split.test == Array(9_000..<10_000))
    let permuted = try SessionSplit(count: 999, order: .permuted(seed: 3))
    #expect(
      (permuted.training + permuted.validation + permuted.test).sorted() == Array(0..<999))
    #expect(permuted != (try SessionSplit(count: 999, order: .permuted(seed: 4))))
    #expect(permuted == (try SessionSplit(count: 999, order: .permuted(seed: 3))))
    #expect(throws: ConfigurationError.self) { try SessionSplit(count: 9, training: 1.1) }
    #expect(throws: ConfigurationError.self) {
      try SessionSplit(count: 9, training: 0.8, validation: 0.3)
    }
  }
}
