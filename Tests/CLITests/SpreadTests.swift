import Commands
import Foundation
import TestSupport
import Testing

@Suite("What an interval of users leaves out")
struct SpreadTests {
  @Test("few users are warned of, and the runs of one method show their spread")
  func group() throws {
    let folder = try OldRun.copied("group-seeds")
    let evaluated = try Program.run(
      ["evaluate", "--all", "--run", "group-seeds", "--device", "cpu"], in: folder)
    #expect(evaluated.code == 0, "\(evaluated.description)")
    #expect(evaluated.output.contains("\nwarning   3 users: resampling fewer than 30 gives"))

    let compared = try Program.run(
      ["compare", "--all", "--run", "group-seeds", "--device", "cpu"], in: folder)
    #expect(compared.code == 0, "\(compared.description)")
    #expect(compared.output.contains("\nwarning   10 users: resampling fewer than 30 gives"))
    // HR@10 of the two seeds, and half their difference times √2, which is its standard deviation.
    let rows = compared.output.split(separator: "\n").filter { $0.hasPrefix("DRR-ave") }.prefix(2)
      .map { $0.split(separator: " ").drop { Double($0) == nil } }
    try #require(rows.count == 2)
    let rates = try rows.map { try #require($0.first.flatMap { Double($0) }) }
    let spreads = try rows.map { row in
      try #require(row.first { $0.hasPrefix("±") }.flatMap { Double($0.dropFirst()) })
    }
    #expect(spreads[0] == spreads[1])
    #expect(abs(spreads[0] - abs(rates[0] - rates[1]) / 2.0.squareRoot()) < 1.1e-4)
    #expect(spreads[0] > 0)
  }

  @Test("nothing is said of 30 users")
  func enough() {
    #expect(fewUsers(30) == nil)
    #expect(fewUsers(29)?.hasPrefix("warning   29 users: ") == true)
    #expect(fewUsers(1)?.hasPrefix("warning   1 user: ") == true)
  }
}
