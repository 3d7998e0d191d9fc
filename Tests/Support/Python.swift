import Foundation

/// The Python that reads what the program writes: `DRR_PYTHON`, or python3.
public enum Python {
  /// Why there is no Python to ask, or what it says of a script that failed.
  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// What a script prints; nil where no Python has the packages, which DRR_REQUIRE_PYTHON=1 makes an
  /// error.
  public static func output(
    of script: String, _ arguments: [String], importing packages: String
  ) throws -> String? {
    let environment = ProcessInfo.processInfo.environment
    let interpreter = environment["DRR_PYTHON"] ?? "python3"
    let probe = try run(interpreter, "import \(packages)", [])
    guard probe.status == 0 else {
      print("\(interpreter) cannot import \(packages); not compared with the reference")
      if environment["DRR_REQUIRE_PYTHON"] == "1" {
        throw Failure(description: "\(interpreter): \(probe.output)")
      }
      return nil
    }
    let result = try run(interpreter, script, arguments)
    guard result.status == 0 else { throw Failure(description: result.output) }
    return result.output
  }

  private static func run(
    _ interpreter: String, _ script: String, _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [interpreter, "-c", script] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
