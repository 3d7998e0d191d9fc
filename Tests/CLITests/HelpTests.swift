import Foundation
import TestSupport
import Testing

@Suite("Help and the list of devices")
struct HelpTests {
  static let commands = [
    [], ["devices"], ["data"], ["data", "describe"], ["data", "sessions"], ["data", "generate"],
    ["data", "import"], ["train"], ["train", "pmf"], ["train", "drr"], ["train", "irecgan"],
    ["train", "q"], ["train", "multi-q"], ["train", "dqn"], ["train", "pg"],
    ["evaluate"], ["evaluate", "drr"], ["evaluate", "irecgan"], ["compare"], ["simulate"],
    ["simulate", "drr"], ["simulate", "irecgan"], ["simulate", "sessions"],
    ["simulate", "values"], ["simulate", "sweep"], ["recommend"],
    ["bandit"], ["bandit", "arms"], ["bandit", "linear"], ["bandit", "cascade"], ["bandit", "ads"],
    ["bandit", "exhibition"], ["bandit", "replay"],
    ["ope"], ["ope", "evaluate"], ["ope", "describe"], ["ope", "sessions"], ["ope", "simulate"],
    ["bench"], ["bench", "all"], ["bench", "latency"], ["bench", "ceilings"], ["bench", "kernels"],
    ["bench", "products"], ["bench", "updates"], ["bench", "score"], ["bench", "replay"],
    ["bench", "data"], ["bench", "tune"], ["bench", "compare"], ["bench", "environments"],
    ["bench", "splits"],
    ["bench", "reproduce"],
  ]

  /// `DRR_UPDATE_SNAPSHOTS=1` writes them anew.
  @Test("help is what is committed, with examples", arguments: commands)
  func snapshot(command: [String]) throws {
    let file = packageRoot.appendingPathComponent("Tests/CLITests/HelpSnapshots")
      .appendingPathComponent((["drr"] + command).joined(separator: "-") + ".txt")
    let environment = ["COLUMNS": "80"]
    let outcome = try Program.run(command + ["--help"], environment: environment)
    #expect(outcome.code == 0 && outcome.error == "")
    #expect(try Program.run(["help"] + command, environment: environment).output == outcome.output)
    if ProcessInfo.processInfo.environment["DRR_UPDATE_SNAPSHOTS"] == "1" {
      try outcome.output.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(outcome.output == (try String(contentsOf: file, encoding: .utf8)))
    #expect(outcome.output.contains("\n  drr "))
  }

  @Test("without a driver the CPU is listed, and why OpenCL is not there")
  func noDriver() throws {
    let folder = Scratch()
    try folder.write("vendors/readme", "")
    try folder.write("lib/libOpenCL.so.1", "no library\n")
    try folder.write("lib/libOpenCL.so", "no library\n")
    for environment in [
      ["OCL_ICD_VENDORS": folder.path + "/vendors"], ["LD_LIBRARY_PATH": folder.path + "/lib"],
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
          Tiny.train("run", device: "opencl"), in: folder, environment: environment), 1, "OpenCL")
      let auto = try Program.run(
        Tiny.train("run", device: "auto", "--fresh"), in: folder, environment: environment)
      #expect(auto.code == 0 && auto.error == "", "\(auto.description)")
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
