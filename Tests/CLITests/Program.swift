import Foundation
import TestSupport

/// How a run of `drr` ended.
struct Outcome {
  /// Nil where a signal ended it.
  var code: Int32?
  var output: String
  var error: String

  /// What was said that is no warning: on tiny data there are always some.
  var saidBesideWarnings: String {
    error.split(separator: "\n", omittingEmptySubsequences: false)
      .filter { !$0.hasPrefix("warning: ") }.joined(separator: "\n")
  }

  /// A usable account of what went wrong.
  var description: String { "exit \(code.map { "\($0)" } ?? "by signal"): \(error)\(output)" }
}

/// The executable that the package builds, at work.
///
/// By `posix_spawn`: Foundation's `Process` on Linux hangs where many threads wait at once.
final class Program {
  static let path: String = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("drr").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    return "drr is not beside the tests"
  }()

  private let streams = Scratch()
  private var process: pid_t = 0
  private var status: Int32?

  /// The words of a helper's command with further ones: an option of one value that is given again
  /// takes the place of the first. The program itself refuses both.
  static func settled(_ words: [String]) -> [String] {
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

  /// Starts `drr`, or the shell script `script` in which `"$@"` is its path and arguments.
  ///
  /// - Parameter asGiven: whether options that are given twice stay so.
  init(
    _ arguments: [String], in folder: Scratch? = nil, environment: [String: String] = [:],
    script: String? = nil, asGiven: Bool = false
  ) throws {
    let arguments = asGiven ? arguments : Self.settled(arguments)
    let command =
      ["/bin/sh", "-c", "cd \"$0\" && \(script ?? "exec \"$@\"")", (folder ?? streams).path]
      + [Self.path] + arguments
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
      throw Failure(description: "\(command[0]): \(String(cString: strerror(code)))")
    }
  }

  deinit {
    if isRunning {
      send(SIGKILL)
      _ = try? wait()
    }
  }

  static func run(
    _ arguments: [String], in folder: Scratch? = nil, environment: [String: String] = [:],
    script: String? = nil, asGiven: Bool = false
  ) throws -> Outcome {
    try Program(
      arguments, in: folder, environment: environment, script: script, asGiven: asGiven
    ).wait()
  }

  func send(_ number: Int32) { if isRunning { kill(process, number) } }

  var isRunning: Bool {
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

  func wait() throws -> Outcome {
    if status == nil { collect(0) }
    let status = status ?? -1
    return Outcome(
      code: status & 0x7f == 0 ? status >> 8 & 0xff : nil,
      output: try streams.text("stdout"), error: try streams.text("stderr"))
  }

  /// Waits until `condition` holds or the process has ended.
  func until(_ condition: () -> Bool) {
    while !condition() && isRunning { usleep(200) }
  }
}

typealias Scratch = TemporaryFolder

/// Settings with which everything takes a fraction of a second.
enum Tiny {
  static let settings = [
    "--steps", "300", "--hidden", "16", "--dimension", "8", "--pmf-epochs", "4", "--batch-size",
    "16",
    "--buffer-size", "200", "--learning-starts", "50", "--checkpoint-steps", "20", "--no-myopic",
    "--checkpoint", "best",
  ]

  /// Those of the residual agent.
  static let residual = [
    "--bc-updates", "40", "--steps", "320", "--learning-starts", "32", "--batch-size", "16",
    "--buffer-size", "200", "--dimension", "8", "--pmf-epochs", "4", "--checkpoint-steps", "20",
    "--no-myopic",
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
