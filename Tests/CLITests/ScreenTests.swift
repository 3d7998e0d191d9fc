import Foundation
import Terminal
import TestSupport
import Testing

@Suite("The screen")
struct ScreenTests {
  /// What a command shows in a terminal of 80 columns.
  private func shown(_ words: [String], in folder: Scratch) throws -> Outcome {
    try Program.run(
      words, in: folder,
      script: #"exec script -qec "stty cols 80; $(printf "'%s' " "$@")" /dev/null"#)
  }

  @Test("what every command takes is taken out of its words, wherever it stands")
  func settings() throws {
    var words = ["train", "--quiet", "q", "--color=never", "--log-level", "debug", "--", "--quiet"]
    let settings = try ScreenSettings(takenFrom: &words)
    #expect(words == ["train", "q", "--", "--quiet"])
    #expect(settings.level == .debug && settings.color == .never && !settings.showsProgress)
    for (given, message) in [
      (["--color", "blue"], "--color is blue; it must be one of auto, always, never"),
      (["--color"], "--color is empty"),
      (["--log-level=loud"], "--log-level is loud; it must be one of debug, info, warning, error"),
    ] {
      expectRefused(try Program.run(["runs"] + given), 64, message)
    }
  }

  @Test("quiet leaves warnings and errors; levels say more or less")
  func levels() throws {
    let folder = Scratch()
    let words = Tiny.train("run").map { $0 == "50" ? "300" : $0 }
    func error(_ more: String...) throws -> String {
      let outcome = try Program.run(words + ["--fresh"] + more, in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      return outcome.error
    }
    #expect(try error().hasPrefix("warning: the agent makes no update"))
    #expect(try error("--quiet").hasPrefix("warning: the agent makes no update"))
    #expect(try error("--log-level", "error") == "")
    let debug = try error("--log-level=debug")
    #expect(debug.contains("debug: DRR steps took 0:0"), "\(debug)")
    let again = try Program.run(words, in: folder)
    #expect(again.error.contains("run is finished"), "\(again.description)")
    #expect(!(try Program.run(words + ["--quiet"], in: folder).error.contains("is finished")))
    #expect(try Program.run(["evaluate", "--run", "none", "--quiet"], in: folder).error != "")
  }

  @Test("colours on a terminal that shows them, where they are not refused")
  func colors() throws {
    let folder = try Tiny.trained()
    let evaluate = ["evaluate", "--run", "run", "--device", "cpu"]
    let plain = try Program.run(evaluate, in: folder).output
    #expect(!plain.contains("\u{1B}") && plain.contains("\n>DRR-ave "), "\(plain)")
    let bold = "\n\u{1B}[1m>DRR-ave "
    #expect(try Program.run(evaluate + ["--color", "always"], in: folder).output.contains(bold))
    #expect(try shown(evaluate + ["--color", "always"], in: folder).output.contains(bold))
    #expect(!(try shown(evaluate + ["--color", "never"], in: folder).output.contains(bold)))
    #expect(
      try Program.run(["runs", "none", "--color=always"], in: folder).error
        .hasPrefix("\u{1B}[31mError:\u{1B}[0m none is no folder"))
    // JSON is for programs.
    let json = try Program.run(evaluate + ["--json", "--color=always"], in: folder).output
    #expect(!json.contains("\u{1B}"))
  }

  @Test("tables fit 80 columns, and no bar is left behind")
  func fits() throws {
    let folder = try Tiny.trained()
    let latest = try Program.run(Tiny.train("latest") + ["--split", "latest"], in: folder)
    #expect(latest.code == 0, "\(latest.description)")
    for command in ["evaluate --run run", "simulate --run run", "compare --run latest", "runs ."] {
      let words = command.split(separator: " ").map(String.init)
      let device = command == "runs ." ? [] : ["--device", "cpu"]
      let outcome = try shown(words + device + ["--color", "never"], in: folder)
      #expect(outcome.code == 0, "\(outcome.description)")
      // What a redrawn line leaves is what stands behind its last return.
      let lines = outcome.output.replacing("\r\n", with: "\n").split(separator: "\n").map { line in
        line.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false).last ?? ""
      }
      #expect(lines.allSatisfy { $0.count <= 80 && !$0.contains("░") }, "\(outcome.output)")
    }
  }
}

@Suite("Signs that a program is at work")
struct HeartbeatTests {
  private static let start = ContinuousClock.now

  private func at(_ seconds: Double) -> ContinuousClock.Instant { Self.start + .seconds(seconds) }

  @Test("a terminal has one after 2 seconds of silence, whose time grows until something is said")
  func terminal() {
    var heart = Heartbeat(isTerminal: true, at: at(0))
    #expect(heart.beat(at: at(1.9)) == nil)
    #expect(heart.beat(at: at(2)) == "at work, 0:02")
    #expect(heart.beat(at: at(2.5)) == "at work, 0:03")
    #expect(heart.beat(at: at(62)) == "at work, 1:02")
    heart.speak(at: at(62), of: "PMF batches")
    #expect(heart.beat(at: at(63.9)) == nil)
    #expect(heart.beat(at: at(64)) == "at work after PMF batches, 0:02")
    // What tells of no work leaves the name of the last.
    heart.speak(at: at(64))
    #expect(heart.beat(at: at(65)) == nil)
    #expect(heart.beat(at: at(3_664)) == "at work after PMF batches, 1:00:00")
  }

  @Test("a file has a line for every 50 seconds of silence, whose time grows")
  func file() {
    var heart = Heartbeat(isTerminal: false, at: at(0))
    heart.speak(at: at(10), of: "DRR steps")
    // As often as the program asks.
    let lines = stride(from: 10.0, through: 170, by: 0.5).compactMap { second in
      heart.beat(at: at(second)).map { "\(second): \($0)" }
    }
    #expect(
      lines
        == [(60, "0:50"), (110, "1:40"), (160, "2:30")].map {
          "\($0.0).0: at work after DRR steps, \($0.1)"
        })
    heart.speak(at: at(170))
    #expect(heart.beat(at: at(219)) == nil)
    #expect(heart.beat(at: at(220)) == "at work after DRR steps, 0:50")
  }
}
