import ClickSessions
import DRRTestSupport
import Foundation
import Testing

/// Counts are those of a few lines of Python over the text files.
@Suite("Real sessions")
struct SessionRealTests {
  let temporary = TemporaryFolder()

  private func text(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  @Test func lstmSimulator() throws {
    try RealData.with("irecgan-lstm-sim.zip") { path in
      let log = try SessionSource.load(path)
      let summary = log.describe()
      #expect(log.isWhole && log.count == 10_000 && log.itemCount == 99)
      #expect(summary.targets == 37_550 && summary.meanLength == 4.755)
      #expect(abs(summary.rewardedShare - 0.4927) < 5e-5 && summary.listSizes.map(\.value) == [20])
      #expect(
        summary.lengths.map { [$0.value, $0.count] } == [
          [1, 238], [2, 257], [3, 250], [4, 227], [5, 9_028],
        ])
      #expect(summary.endedSessions == 972)
      let split = try SessionSplit(count: log.count)
      #expect(log.positions(of: split.test).count == 3_734)
      // All bytes again: the checksum is of the three files, one after the other.
      try log.write(to: "\(temporary.path)/out", format: .threeFiles)
      let copy = try SessionSource.load("\(temporary.path)/out")
      #expect(copy.checksum == log.checksum && copy.spelled == log.spelled)
    }
  }

  @Test func tabularSimulator() throws {
    try RealData.with("irecgan-mdp.zip") { path in
      let log = try SessionSource.load(path)
      #expect(log.isWhole && log.count == 1_579 && log.itemCount == 50 && log.stepCount == 4_493)
      #expect(log.longestSession == 19 && log.describe().listSizes.map(\.value) == [10])
      try log.write(to: "\(temporary.path)/copy.txt", format: .semicolon)
      let bytes = try text("\(temporary.path)/copy.txt")
      #expect(bytes.count == 131_811 && hexadecimal(referenceCRC(bytes)) == log.checksum)
    }
  }

  @Test func diginetica() throws {
    try RealData.with("diginetica-sessions.zip") { path in
      let log = try SessionSource.load(path)
      #expect(log.isWhole && log.count == 186_670 + 15_963 && log.itemCount == 43_097)
      #expect(log.longestList == 0)
      let test = try SessionSource.load(
        path,
        options {
          $0.file = "test_sessions.txt"
          $0.listSize = 20
        })
      #expect(test.count == 15_963 && test.listsAreSampled)
      #expect(test.describe().listSizes.map(\.value) == [20])
      let views = try SessionSource.load(
        path,
        options {
          $0.file = "sample_train-item-views.csv"
          $0.minimumLength = 1
        })
      #expect(views.isWhole && views.stepCount == 12_391)
    }
  }
}
