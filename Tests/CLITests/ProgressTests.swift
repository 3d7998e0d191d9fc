import Commands
import Foundation
import Testing

@Suite("Progress")
struct ProgressTests {
  @Test("a line has the share, the rate and the time left")
  func line() {
    func text(_ done: Int, _ total: Int, _ seconds: Double, first: Int = 0) -> String {
      ProgressLine(done: done, total: total, first: first, seconds: seconds, note: "steps").text
    }
    let quarter = String(repeating: "█", count: 6) + String(repeating: "░", count: 18)
    #expect(text(5_000, 20_000, 10) == "\(quarter) 25%  5,000/20,000 steps  500/s  0:30 left")
    let full = String(repeating: "█", count: 24)
    #expect(text(20_000, 20_000, 75) == "\(full) 100%  20,000/20,000 steps  266/s  took 1:15")
    // Only what this process did counts for the rate.
    #expect(text(6_000, 20_000, 2, first: 5_000).hasSuffix("  500/s  0:28 left"))
    #expect(text(100, 100_000, 1_000).hasSuffix("  0.1/s  11 days left"))
    #expect(text(0, 10, 3).hasSuffix("  0.0/s  ? left"))
  }

  @Test("a line fits its terminal: the bar gives way first, then the note") func columns() {
    let line = ProgressLine(
      done: 14_000, total: 40_000, first: 0, seconds: 20,
      note: "DRR steps, reward 0.210, γ = 0, and a note that is longer than most are")
    #expect(line.text(columns: 200) == line.text)
    for columns in [200, 120, 110, 100, 80, 60, 40, 20] {
      #expect(line.text(columns: columns).count <= columns)
    }
    let narrow = line.text(columns: 80)
    #expect(narrow.hasPrefix("███░░░░░░░ 35%  14,000/40,000 DRR steps"))
    #expect(narrow.hasSuffix("…  700/s  0:37 left"))
  }

  @Test("nothing overflows, whatever the numbers")
  func extremes() {
    for (done, total) in [
      (0, 0), (5, 0), (7, 5), (-3, 5), (1, Int.max), (Int.max, Int.max), (0, Int.max),
    ] {
      for seconds in [0, 1e-9, 1, 1e12, .infinity, .nan] {
        let line = ProgressLine(done: done, total: total, first: 0, seconds: seconds, note: "")
        #expect(line.text.filter { $0 == "█" || $0 == "░" }.count == 24)
      }
    }
  }

  @Test("a terminal gets a bar that is redrawn, a file does not")
  func terminal() throws {
    let folder = Scratch()
    let outcome = try Program.run(
      Tiny.train("run"), in: folder,
      script: #"exec script -qec "$(printf "'%s' " "$@")" /dev/null"#)
    #expect(outcome.code == 0, "\(outcome.description)")
    #expect(outcome.output.contains("\r\u{1B}[K░"))
    #expect(outcome.output.contains("PMF batches"))
    #expect(outcome.output.contains("DRR steps"))
    #expect(outcome.output.contains("/s  "))
    #expect(outcome.output.contains("DRR-ave: 300 steps"))
    let plain = try Program.run(Tiny.train("plain"), in: folder)
    #expect(plain.error == "")
  }
}
