import ClickSessions
import DRRData
import DRRTestSupport
import Foundation
import TestSupport
import Testing

/// Damaged sessions give a log or a ``DataError``, never a crash; a log that comes out is whole.
@Suite("Damaged sessions")
struct SessionFuzzTests {
  static let sets: [[String: String]] = [
    SessionFixtures.threeFiles, ["output.txt": SessionFixtures.semicolon],
    ["train_sessions.txt": "1 2 3\n4 5\n", "test_sessions.txt": "2 3 3\n1 1\n"],
    SessionFixtures.clickLogs,
  ]

  private func check(_ path: String, _ options: SessionOptions) -> Bool {
    do throws(DataError) {
      #expect(try SessionSource.load(path, options).isWhole)
      return true
    } catch {
      #expect(!error.description.isEmpty && !error.description.contains("\n"))
      return false
    }
  }

  @Test(arguments: sets.indices)
  func files(_ index: Int) throws {
    let files = Self.sets[index]
    let temporary = TemporaryFolder()
    var random = SeededGenerator(UInt64(index) + 1)
    let mending = options {
      $0.repairs = [.dropSessions, .appendClicks, .mergeDuplicates]
      $0.longSessions = .cut
      $0.maximumLength = 2
      $0.topItems = 3
      $0.listSize = 2
      $0.minimumList = 1
    }
    #expect(check(try temporary.folder("whole", files), SessionOptions()))
    var loaded = [0, 0]
    let rounds = 120
    for _ in 0..<rounds {
      let victim = files.keys.sorted().randomElement(using: &random) ?? ""
      var changed = files.mapValues { Data($0.utf8) }
      changed[victim] = (changed[victim] ?? Data()).damaged(&random)
      let folder = try temporary.folder("damaged", changed)
      if check(folder, SessionOptions()) { loaded[0] += 1 }
      if check(folder, mending) { loaded[1] += 1 }
    }
    #expect(loaded[0] > 0 && loaded[0] < rounds && loaded[1] > loaded[0])
  }

  @Test func noise() throws {
    let temporary = TemporaryFolder()
    var random = SeededGenerator(5)
    let names = [
      "gen_click.txt", "output.txt", "test_sessions.txt", "train-item-views.csv", "x.zip", "x",
    ]
    for name in names {
      for count in [1, 2, 40, 5_000] {
        let bytes = (0..<count).map { _ in UInt8.random(in: 128...255, using: &random) }
        #expect(!check(try temporary.write(name, Data(bytes)), SessionOptions()))
      }
    }
  }
}
