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
