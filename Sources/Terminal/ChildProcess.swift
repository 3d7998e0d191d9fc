import DRRCore
import Platform
import Synchronization

/// Another program at work, one of whose streams is read.
package final class ChildProcess {
  package enum Stream: Int32 {
    case output = 1
    case error = 2
  }

  package enum Exit: Equatable {
    case code(Int32)
    case signal(Int32)
  }

  private static let working = Mutex<Set<pid_t>>([])

  private var process: pid_t = 0
  private var status: Int32?
  private let descriptor: Int32
  private var rest: [UInt8] = []

  /// Starts words[0], looked up in PATH where it has no slash, with the environment of this process
  /// but for the variables that are set or taken away.
  ///
  /// The stream that is not read is this process's own, or lost where `quietly`. A process that is
  /// `apart` has a process group of its own: Control-C reaches it only by `send`.
  package init(
    _ words: [String], reading stream: Stream, setting: [String: String] = [:],
    without: [String] = [], quietly: Bool = false, apart: Bool = false
  ) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw RunError("cannot start \(words[0]): \(String(cString: strerror(errno)))")
    }
    descriptor = ends[0]
    defer { close(ends[1]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], stream.rawValue)
    if quietly {
      let other: Stream = stream == .output ? .error : .output
      posix_spawn_file_actions_addopen(&actions, other.rawValue, "/dev/null", O_WRONLY, 0)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals that this thread blocks reach the child all the same.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var flags = Int16(POSIX_SPAWN_SETSIGMASK)
    if apart {
      posix_spawnattr_setpgroup(&attributes, 0)
      flags |= Int16(POSIX_SPAWN_SETPGROUP)
    }
    posix_spawnattr_setflags(&attributes, flags)

    var variables = Self.environment
    for name in without { variables[name] = nil }
    variables.merge(setting) { $1 }
    let arguments = words.map { strdup($0) } + [nil]
    let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in arguments + settings { free(word) } }
    let code = posix_spawnp(&process, words[0], &actions, &attributes, arguments, settings)
    guard code == 0 else {
      throw RunError("cannot start \(words[0]): \(String(cString: strerror(code)))")
    }
    Self.working.withLock { [process] in _ = $0.insert(process) }
  }

  deinit { close(descriptor) }

  /// Asks all that are at work to end.
  static func endAll() { working.withLock { for process in $0 { kill(process, SIGTERM) } } }

  /// The program at work, even where another file has taken the place of its own.
  package static var own: String {
    if access("/proc/self/exe", X_OK) == 0 { return "/proc/\(getpid())/exe" }
    return CommandLine.arguments[0]
  }

  private static var environment: [String: String] {
    var variables: [String: String] = [:]
    var at = environ
    while let variable = at.pointee {
      let parts = String(cString: variable).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      at += 1
    }
    return variables
  }

  package func send(_ signal: Int32) { if status == nil { kill(process, signal) } }

  /// Lines that have arrived. Never waits.
  package func lines() -> [String] {
    while let bytes = bytes(waiting: false) { rest += bytes }
    var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    rest = parts.popLast().map { Array($0) } ?? []
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The next bytes; nil at the end and, where it is not to wait, while none are there.
  private func bytes(waiting: Bool) -> ArraySlice<UInt8>? {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let ready = poll(&request, 1, waiting ? -1 : 0)
      if ready == 0 { return nil }
      let count = ready < 0 ? -1 : read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? buffer[..<count] : nil
    }
  }

  /// How the process ended; nil while it works.
  package func exit() -> Exit? {
    collect(WNOHANG)
    return status.map { $0 & 0x7f == 0 ? .code($0 >> 8 & 0xff) : .signal($0 & 0x7f) }
  }

  private func collect(_ options: Int32) {
    var found: Int32 = 0
    while status == nil {
      let answer = waitpid(process, &found, options)
      if answer == process {
        status = found
        Self.working.withLock { [process] in _ = $0.remove(process) }
      }
      if answer >= 0 || errno != EINTR { return }
    }
  }
}

extension ChildProcess {
  package struct Outcome {
    /// Nil where a signal ended it.
    package var code: Int32?
    package var output: String
  }

  /// A program that failed, and said why.
  package struct Failure: Error {}

  /// A program run to its end, its standard output read. Throws where it cannot be started.
  package static func run(
    _ words: [String], setting: [String: String] = [:], without: [String] = [],
    quietly: Bool = false
  ) throws -> Outcome {
    let child = try ChildProcess(
      words, reading: .output, setting: setting, without: without, quietly: quietly)
    var output: [UInt8] = []
    func read() {
      while let bytes = child.bytes(waiting: true) { output += bytes }
      child.collect(0)
    }
    quietly ? read() : Screen.lend(while: read)
    var code: Int32?
    if case .code(let found)? = child.exit() { code = found }
    return Outcome(code: code, output: String(decoding: output, as: UTF8.self))
  }

  /// The standard output of this very program with other arguments or variables.
  ///
  /// - Throws: `Failure` where it failed and said why.
  package static func again(
    _ arguments: some Sequence<String>, setting: [String: String] = [:], without: [String] = []
  ) throws -> String {
    let outcome = try run([own] + arguments, setting: setting, without: without)
    if outcome.code == 1 { throw Failure() }
    guard outcome.code == 0 else {
      throw RunError("\(own) \(arguments.joined(separator: " ")) failed")
    }
    return outcome.output
  }
}
