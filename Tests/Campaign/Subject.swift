import Foundation
import TestSupport

/// A process under trial, with its streams kept and bounds of its own.
final class Subject {
  struct Ending: CustomStringConvertible {
    enum Cause: Equatable {
      case code(Int32)
      case signal(Int32)
      /// It was still at work at its time limit, and was killed.
      case time
    }
    var cause: Cause
    var output: String
    var error: String
    var seconds: Double

    /// Why this is no way for a program to end, whatever it was given: by a signal, at the time
    /// limit, or with a code and no sentence. Nil where it is one.
    var fault: String? {
      switch cause {
      case .time: return "still at work after \(Int(seconds)) s"
      case .signal(let number): return "ended by signal \(number): \(error.suffix(400))"
      case .code(0): return nil
      case .code(let code):
        if error.contains("Fatal error") { return "trapped: \(error.suffix(400))" }
        let isSilent = error.allSatisfy(\.isWhitespace) && output.allSatisfy(\.isWhitespace)
        return isSilent ? "exit \(code) without a word" : nil
      }
    }

    var description: String { "\(cause): \(error.suffix(800))" }
  }

  /// The bounds of a process.
  struct Limits {
    var seconds = 10.0
    /// Address space in KiB, as `ulimit -v` has it; nil for none.
    var addressSpace: Int?
    /// Bytes of a file that is written, in blocks of 512, as `ulimit -f` has it.
    var fileBlocks: Int?
    /// Whether a process of root gives its rights up.
    var unprivileged = false

    init(seconds: Double = 10) { self.seconds = seconds }
  }

  let folder: String
  private(set) var process: pid_t = 0
  private let streams = TemporaryFolder()
  private let limits: Limits
  private let begun = ContinuousClock.now
  private var status: Int32?

  /// Starts `words` in `folder` with no other variables than `environment` where `alone`.
  init(
    _ words: [String], in folder: String, environment: [String: String] = [:], alone: Bool = false,
    limits: Limits = Limits()
  ) throws {
    (self.folder, self.limits) = (folder, limits)
    var bounds = "ulimit -c 0; "
    if let limit = limits.addressSpace { bounds += "ulimit -v \(limit); " }
    if let limit = limits.fileBlocks { bounds += "ulimit -f \(limit); " }
    // Ids of `nobody` in Debian.
    let drop =
      limits.unprivileged && geteuid() == 0
      ? "setpriv --reuid=65534 --regid=65534 --clear-groups -- " : ""
    let command =
      ["/bin/sh", "-c", "cd \"$0\" && \(bounds)exec \(drop)\"$@\"", folder] + words
    var variables = alone ? [:] : ProcessInfo.processInfo.environment
    variables["SOURCE_DATE_EPOCH"] = "0"
    variables.merge(environment) { $1 }
    if alone { variables = environment }

    let arguments = command.map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in arguments + settings { free(word) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, name) in [(Int32(1), "stdout"), (2, "stderr")] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, streams.path + "/" + name, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }
    // A process group of its own, so that its children end with it.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    // Whatever started this may have it ignore them.
    var heeded = sigset_t()
    sigemptyset(&heeded)
    for number in [SIGINT, SIGHUP] { sigaddset(&heeded, number) }
    posix_spawnattr_setsigdefault(&attributes, &heeded)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
    let code = posix_spawn(&process, command[0], &actions, &attributes, arguments, settings)
    guard code == 0 else { throw Absent(description: "cannot start \(words[0]): errno \(code)") }
  }

  deinit { if isRunning { end() } }

  var isRunning: Bool {
    if status == nil { collect(WNOHANG) }
    return status == nil
  }

  var seconds: Double { (ContinuousClock.now - begun) / .seconds(1) }

  func send(_ signal: Int32, toGroup: Bool = false) {
    if isRunning { kill(toGroup ? -process : process, signal) }
  }

  /// Kills it with its children.
  func end() {
    kill(-process, SIGKILL)
    collect(0)
  }

  private func collect(_ options: Int32) {
    var found: Int32 = 0
    while status == nil {
      let answer = waitpid(process, &found, options)
      if answer == process { status = found }
      if answer >= 0 || errno != EINTR { return }
    }
  }

  /// Waits for the end, or the time limit.
  func wait() throws -> Ending {
    var cause: Ending.Cause?
    while isRunning {
      if seconds > limits.seconds {
        end()
        cause = .time
      }
      usleep(2_000)
    }
    let status = status ?? -1
    let byItself: Ending.Cause =
      status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    return Ending(
      cause: cause ?? byItself, output: try streams.text("stdout"),
      error: try streams.text("stderr"), seconds: seconds)
  }

  static func run(
    _ words: [String], in folder: String, environment: [String: String] = [:], alone: Bool = false,
    limits: Limits = Limits()
  ) throws -> Ending {
    try Subject(words, in: folder, environment: environment, alone: alone, limits: limits).wait()
  }
}

/// What a trial needs and does not find.
struct Absent: Error, CustomStringConvertible { var description: String }

extension [String] {
  /// The words as they are typed in a shell.
  var shell: String {
    map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+%@".contains($0) } && !word.isEmpty
        ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}
