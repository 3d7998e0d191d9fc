import ArgumentParser
import CLI
import Foundation
import TestSupport
import Testing

@Suite("Help and the list of devices")
struct HelpTests {
  /// `DRR_RECORD=1` writes the file anew.
  @Test("help is what is committed")
  func snapshot() throws {
    let file = packageRoot.appendingPathComponent("Tests/CLITests/help.txt")
    let found = HelpText(of: DRRCommand.self).text
    if ProcessInfo.processInfo.environment["DRR_RECORD"] == "1" {
      try found.write(to: file, atomically: true, encoding: .utf8)
    }
    let committed = try String(contentsOf: file, encoding: .utf8)
    let changes = lines(found).difference(from: lines(committed)).map {
      switch $0 {
      case .remove(let at, let line, _): "\(at + 1) - \(line)"
      case .insert(let at, let line, _): "\(at + 1) + \(line)"
      }
    }
    #expect(
      changes.isEmpty,
      "help.txt differs; DRR_RECORD=1 writes it anew:\n\(changes.joined(separator: "\n"))")
  }

  private func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test("every command has an example")
  func examples() {
    let commands = HelpText(of: DRRCommand.self).commands
    #expect(commands.count > 20)
    for command in commands {
      #expect(command.overview.contains("\n  drr "), "\(command.name)")
    }
  }

  /// As the program prints it, in as many columns as the terminal has.
  @Test("--help, -h and the command help print it")
  func printed() throws {
    let first = try #require(DRRCommand.configuration.subcommands.first)
    let commands: [([String], any ParsableCommand.Type)] = [
      ([], DRRCommand.self), ([first._commandName], first),
    ]
    for (words, command) in commands {
      let expected = DRRCommand.helpMessage(for: command, columns: 72) + "\n"
      for arguments in [words + ["--help"], words + ["-h"], ["help"] + words] {
        let outcome = try Program.run(arguments, environment: ["COLUMNS": "72"])
        #expect(outcome.code == 0 && outcome.error == "")
        #expect(outcome.output == expected)
      }
    }
  }

  @Test("without a driver the CPU is listed, and why OpenCL is not there")
  func noDriver() throws {
    let folder = Scratch()
    try folder.write("vendors/readme", "")
    try folder.write("lib/libOpenCL.so.1", "no library\n")
    try folder.write("lib/libOpenCL.so", "no library\n")
    for (run, environment) in [
      ("first", ["OCL_ICD_VENDORS": folder.path + "/vendors"]),
      ("second", ["LD_LIBRARY_PATH": folder.path + "/lib"]),
    ] {
      let words = try Program.run(["devices"], in: folder, environment: environment)
      #expect(words.code == 0 && words.error == "", "\(words.description)")
      #expect(words.output.hasPrefix("cpu: CPU, "))
      #expect(words.output.contains("\nopencl: not there: "))
      let listed = try Program.run(["devices", "--json"], in: folder, environment: environment)
      let rows = try #require(try json(listed.output) as? [[String: Any]])
      let names = rows.compactMap { $0["name"] as? String }
      #expect(names == ["cpu", "opencl"])
      #expect(rows[1]["reason"] as? String != nil && rows[1]["device"] == nil)
      expectRefused(
        try Program.run(
          Tiny.train(run, device: "opencl"), in: folder, environment: environment), 1, "OpenCL")
      let auto = try Program.run(
        Tiny.train(run, device: "auto"), in: folder, environment: environment)
      let said =
        auto.error.hasPrefix("device: cpu (") && auto.error.hasSuffix("), as there is no GPU\n")
      #expect(auto.code == 0 && said, "\(auto.description)")
      #expect(auto.error.filter { $0 == "\n" }.count == 1)
    }
  }

  @Test("the list of devices has the documented keys")
  func devices() throws {
    let outcome = try Program.run(["devices", "--json"])
    let rows = try #require(try json(outcome.output) as? [[String: Any]])
    let cpu = try #require(rows.first)
    #expect(
      Set(cpu.keys) == [
        "name", "kind", "device", "driver", "memoryBytes", "computeUnits", "notes",
      ])
    #expect(cpu["name"] as? String == "cpu" && cpu["kind"] as? String == "cpu")
    let words = try Program.run(["devices"]).output
    for row in rows {
      let name = try #require(row["name"] as? String)
      #expect(words.contains("\(name): "))
    }
  }
}
