import Foundation

/// How a run of a program ended.
public struct Outcome {
  /// Nil where a signal ended it.
  public var code: Int32?
  public var output: String
  public var error: String

  public init(code: Int32?, output: String, error: String) {
    (self.code, self.output, self.error) = (code, output, error)
  }

  /// What was said that is no warning: on tiny data there are always some.
  public var saidBesideWarnings: String {
    error.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("warning: ") }.joined(separator: "\n")
  }

  /// A usable account of what went wrong.
  public var description: String {
    "exit \(code.map { "\($0)" } ?? "by signal"): \(error)\(output)"
  }
}

/// An executable that the package builds, at work.
public final class Program {
  public static let path = path(of: "drr")

  /// The path of an executable of this package, which is built beside the tests.
  public static func path(of name: String) -> String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent(name).path
      var isFolder = ObjCBool(false)
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: candidate)
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    return "\(name) is not beside the tests"
  }

  private let streams = TemporaryFolder()
  private var process: pid_t = 0
  private var status: Int32?

  /// The words of a helper's command with further ones: an option of one value that is given again
  /// takes the place of the first. The program itself refuses both.
  public static func settled(_ words: [String]) -> [String] {
    let repeatable: Set = [
      "--run", "--method", "--liked", "--rated", "--exclude", "--genre", "--table", "--policy",
      "--estimator",
    ]
    var settled: [(name: String, words: [String])] = []
    var left = words[...]
    while let word = left.popFirst() {
      let name = String(word.prefix { $0 != "=" })
      guard word.hasPrefix("--"), !repeatable.contains(name) else {
        settled.append(("", [word]))
        continue
      }
      var option = [word]
      if name == word, let value = left.first, !value.hasPrefix("--") {
        option.append(value)
        left = left.dropFirst()
      }
      // So do a flag and the one that takes it back.
      let inverse = name.hasPrefix("--no-") ? "--\(name.dropFirst(5))" : "--no-\(name.dropFirst(2))"
      settled.removeAll { $0.name == name || $0.name == inverse }
      settled.append((name, option))
    }
    return settled.flatMap(\.words)
  }

  /// Starts the program, or the shell script `script` in which `"$@"` is its path and arguments.
  ///
  /// Nothing is broken to fit a terminal, but where `environment` says its columns.
  ///
  /// - Parameter asGiven: whether options that are given twice stay so.
  public init(
    _ arguments: [String], of program: String = Program.path, in folder: TemporaryFolder? = nil,
    environment: [String: String] = [:], script: String? = nil, asGiven: Bool = false
  ) throws {
    let arguments = asGiven ? arguments : Self.settled(arguments)
    let command =
      ["/bin/sh", "-c", "cd \"$0\" && \(script ?? "exec \"$@\"")", (folder ?? streams).path]
      + [program] + arguments
    let variables = ProcessInfo.processInfo.environment
      .merging(["SOURCE_DATE_EPOCH": "0", "COLUMNS": "1000"]) { own, _ in own }.merging(environment)
    { _, new in new }
    process = try spawn(command, environment: variables, streams: streams)
  }

  deinit {
    if isRunning {
      send(SIGKILL)
      _ = try? wait()
    }
  }

  public static func run(
    _ arguments: [String], of program: String = Program.path, in folder: TemporaryFolder? = nil,
    environment: [String: String] = [:], script: String? = nil, asGiven: Bool = false
  ) throws -> Outcome {
    try Program(
      arguments, of: program, in: folder, environment: environment, script: script,
      asGiven: asGiven
    ).wait()
  }

  public func send(_ number: Int32) { if isRunning { kill(process, number) } }

  public var isRunning: Bool {
    if status == nil { collect(WNOHANG) }
    return status == nil
  }

  private func collect(_ options: Int32) {
    var found: Int32 = 0
    while true {
      let answer = waitpid(process, &found, options)
      if answer == process { status = found }
      if answer != -1 || errno != EINTR { return }
    }
  }

  public func wait() throws -> Outcome {
    if status == nil { collect(0) }
    let status = status ?? -1
    return Outcome(
      code: status & 0x7f == 0 ? status >> 8 & 0xff : nil,
      output: try streams.text("stdout"), error: try streams.text("stderr"))
  }

  /// What it has said on standard error so far.
  public var error: String { (try? streams.text("stderr")) ?? "" }

  /// Waits until `condition` holds or the process has ended.
  public func until(_ condition: () -> Bool) {
    while !condition() && isRunning { usleep(200) }
  }
}
