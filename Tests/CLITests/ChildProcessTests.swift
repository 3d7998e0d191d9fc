import DRR
import Foundation
import Terminal
import TestSupport
import Testing

@Suite("Other programs")
struct ChildProcessTests {
  private func shell(_ script: String) -> [String] { ["sh", "-c", script] }

  @Test("output and code of a program that ran to its end")
  func runs() throws {
    let outcome = try ChildProcess.run(shell("echo out; echo lost >&2; exit 3"), quietly: true)
    #expect(outcome.code == 3 && outcome.output == "out\n")
    // More than a pipe holds.
    let long = try ChildProcess.run(shell("yes 0123456789 | head -n 100000"))
    #expect(long.code == 0 && long.output.utf8.count == 1_100_000)
    let killed = try ChildProcess.run(shell("echo begun; kill -9 $$"))
    #expect(killed.code == nil && killed.output == "begun\n")
  }

  @Test("variables are set, taken away or handed on")
  func environment() throws {
    let script = "echo \"$DRR_TEST_A-$DRR_TEST_B-${HOME-none}-${PATH:+path}\""
    let outcome = try ChildProcess.run(
      shell(script), setting: ["DRR_TEST_A": "a=b", "DRR_TEST_B": ""], without: ["HOME"])
    #expect(outcome.output == "a=b--none-path\n")
  }

  @Test("a program that is not there is named")
  func absent() {
    let error = #expect(throws: RunError.self) { try ChildProcess.run(["no-such-program-here"]) }
    #expect(error?.description.hasPrefix("cannot start no-such-program-here: ") == true)
  }

  @Test("lines are read as they come, by halves too, and the end is told apart")
  func lines() throws {
    let folder = TemporaryFolder()
    let child = try ChildProcess(
      shell("echo one >&2; printf tw >&2; until [ -e go ]; do sleep 0.01; done; echo o >&2")
        .map { $0.replacing(" go ", with: " \(folder.path)/go ") },
      reading: .error, quietly: true, apart: true)
    var lines: [String] = []
    while lines.isEmpty && child.exit() == nil {
      usleep(1_000)
      lines += child.lines()
    }
    #expect(lines == ["one"] && child.exit() == nil && child.lines() == [])
    try folder.write("go", "")
    while child.exit() == nil { usleep(1_000) }
    #expect(child.lines() == ["two"] && child.exit() == .code(0))
  }

  @Test("a signal ends it")
  func signals() throws {
    let child = try ChildProcess(shell("exec sleep 600"), reading: .output, apart: true)
    child.send(15)
    while child.exit() == nil { usleep(1_000) }
    #expect(child.exit() == .signal(15) && child.lines() == [])
  }
}
