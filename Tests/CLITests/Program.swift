import Foundation

/// How a run of `drr` ended.
struct Outcome {
  /// Nil where a signal ended it.
  var code: Int32?
  var output: String
  var error: String

  /// A usable account of what went wrong.
  var description: String { "exit \(code.map { "\($0)" } ?? "by signal"): \(error)\(output)" }
}

/// The executable that the package builds.
struct Program {
  static let path: String = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("drr").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    return "drr is not beside the tests"
  }()

  private let process = Process()
  private let streams = Scratch()

  /// Starts `drr`, or the shell script `script` in which `"$@"` is its path and arguments.
  init(
    _ arguments: [String], in folder: Scratch? = nil, environment: [String: String] = [:],
    script: String? = nil
  ) throws {
    process.executableURL = URL(fileURLWithPath: script == nil ? Self.path : "/bin/sh")
    process.arguments = (script.map { ["-c", $0, "sh", Self.path] } ?? []) + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: (folder ?? streams).path)
    process.environment = ProcessInfo.processInfo.environment
      .merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try streams.sink("stdout")
    process.standardError = try streams.sink("stderr")
    try process.run()
  }

  static func run(
    _ arguments: [String], in folder: Scratch? = nil, environment: [String: String] = [:],
    script: String? = nil
  ) throws -> Outcome {
    try Program(arguments, in: folder, environment: environment, script: script).wait()
  }

  func send(_ number: Int32) { kill(process.processIdentifier, number) }

  var isRunning: Bool { process.isRunning }

  func wait() throws -> Outcome {
    process.waitUntilExit()
    return Outcome(
      code: process.terminationReason == .exit ? process.terminationStatus : nil,
      output: try streams.text("stdout"), error: try streams.text("stderr"))
  }

  /// Waits until `condition` holds or the process has ended.
  func until(_ condition: () -> Bool) {
    while process.isRunning && !condition() { usleep(200) }
  }
}

/// A folder that is removed with the value.
final class Scratch {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory
      .appendingPathComponent("drr-tests-\(UUID().uuidString)").resolvingSymlinksInPath().path
    try! FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func url(_ name: String) -> URL { URL(fileURLWithPath: path + "/" + name) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  func data(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

  func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
  }

  /// Writes a file, and the folder it is in.
  func write(_ name: String, _ contents: Data) throws {
    try FileManager.default.createDirectory(
      at: url(name).deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url(name))
  }

  func write(_ name: String, _ contents: String) throws { try write(name, Data(contents.utf8)) }

  func copy(_ from: String, _ to: String) throws {
    try? FileManager.default.removeItem(at: url(to))
    try FileManager.default.copyItem(at: url(from), to: url(to))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(at: url(name)) }

  func sink(_ name: String) throws -> FileHandle {
    try write(name, "")
    return try FileHandle(forWritingTo: url(name))
  }

  /// Every file of a folder by name.
  func contents(_ folder: String) throws -> [String: Data] {
    try names(folder).reduce(into: [:]) { $0[$1] = try data(folder + "/" + $1) }
  }
}

/// Settings with which everything takes a fraction of a second.
enum Tiny {
  static let settings = [
    "--steps", "300", "--hidden", "16", "--dimension", "8", "--pmf-epochs", "4", "--batch", "16",
    "--replay", "200", "--learning-starts", "50", "--checkpoint-steps", "20",
  ]

  static func train(
    _ run: String, data: String? = "generated:tiny", device: String = "cpu", _ more: String...
  ) -> [String] {
    ["train", "drr", "--run", run, "--device", device] + (data.map { ["--data", $0] } ?? [])
      + settings + more
  }

  /// A folder with a trained run `run`.
  static func trained() throws -> Scratch {
    let folder = Scratch()
    let outcome = try Program.run(train("run"), in: folder)
    guard outcome.code == 0 else { throw Failure(description: outcome.description) }
    return folder
  }
}

struct Failure: Error, CustomStringConvertible { var description: String }

/// What `text` says as JSON.
func json(_ text: String) throws -> Any { try JSONSerialization.jsonObject(with: Data(text.utf8)) }

func object(_ text: String) throws -> [String: Any] {
  guard let object = try json(text) as? [String: Any] else {
    throw Failure(description: "not an object: \(text)")
  }
  return object
}
