import ClickSessions
import DRRData
import Foundation
import TestSupport
import Testing

@Suite("Sessions whose next items are predicted")
struct NextItemSessionsTests {
  private static func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    for (name, text) in files {
      try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
    }
    return folder
  }

  @Test("the sessions for test come last, whether they are beside the others or elsewhere")
  func parts() throws {
    let folder = try Self.folder([
      "train_sessions.txt": "7 9 7\n9 3\n3 3 9\n", "test_sessions.txt": "9 12\n",
      "all.txt": "7 9 7\n9 3\n3 3 9\n9 12\n",
    ])
    let both = try SessionSource.loadNextItems(folder.path)
    let named = try SessionSource.loadNextItems(
      "\(folder.path)/train_sessions.txt", test: "\(folder.path)/test_sessions.txt")
    let all = try SessionSource.loadNextItems("\(folder.path)/all.txt")
    #expect(both.testShare == 0.25 && named.testShare == 0.25 && all.testShare == nil)
    for found in [both, named, all] {
      let log = found.log
      #expect(Array(log.itemIDs) == ["3", "7", "9", "12"] && log.isOfSessions)
      #expect(
        (0..<log.userCount).map { user in log.rows(ofUser: user).map { log.items[$0] } }
          == [[1, 2, 1], [2, 0], [0, 0, 2], [2, 3]])
      #expect(log.checksum == all.log.checksum)
    }
    // A session of one click has nothing to predict.
    try "7 9\n5\n9 7\n".write(
      toFile: "\(folder.path)/short.txt", atomically: true, encoding: .utf8)
    #expect(try SessionSource.loadNextItems("\(folder.path)/short.txt").log.userCount == 2)
  }

  @Test("what is wrong is said with its file, line and value")
  func faults() throws {
    let folder = try Self.folder([
      "train_sessions.txt": "7 9 7\n9 x3\n", "test_sessions.txt": "9 12\n", "good.txt": "1 2\n",
      "empty.txt": "", "table.txt": "1;2\n",
    ])
    func message(_ path: String, _ test: String? = nil) -> String {
      do {
        _ = try SessionSource.loadNextItems(
          "\(folder.path)\(path)", test: test.map { "\(folder.path)/\($0)" })
        return "read"
      } catch { return "\(error)" }
    }
    for (path, test) in [
      ("", nil), ("/train_sessions.txt", nil), ("/good.txt", "train_sessions.txt"),
    ]
      as [(String, String?)]
    {
      let found = message(path, test)
      #expect(
        found.contains("train_sessions.txt, line 2") && found.contains("\"x3\""), "\(found)")
    }
    #expect(message("/good.txt", "absent.txt").contains("absent.txt"))
    #expect(message("/empty.txt").contains("empty.txt"))
    #expect(message("/table.txt").contains("table.txt"))
  }
}
