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
///
/// By `posix_spawn`: Foundation's `Process` on Linux hangs where many threads wait at once.
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
      settled.removeAll { $0.name == name }
      settled.append((name, option))
    }
    return settled.flatMap(\.words)
  }

  /// Starts the program, or the shell script `script` in which `"$@"` is its path and arguments.
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
      .merging(["SOURCE_DATE_EPOCH": "0"]) { own, _ in own }.merging(environment) { _, new in new }
      .map { "\($0)=\($1)" }
    let words = (command.map { strdup($0) } + [nil], variables.map { strdup($0) } + [nil])
    defer { for word in words.0 + words.1 { free(word) } }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, name) in [(Int32(1), "stdout"), (2, "stderr")] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, streams.path + "/" + name, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    // The threads of tests block signals, and a child inherits that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let code = posix_spawn(&process, command[0], &actions, &attributes, words.0, words.1)
    guard code == 0 else {
      throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: command[0]])
    }
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

  /// Waits until `condition` holds or the process has ended.
  public func until(_ condition: () -> Bool) {
    while !condition() && isRunning { usleep(200) }
  }
}
