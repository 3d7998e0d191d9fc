import DRR
import Platform

/// Another `drr` at work, of whose standard error every line is read. Its standard output is lost.
///
/// It has a process group of its own: Control-C reaches it only by `send`.
final class ChildProcess {
  private var process: pid_t = 0
  private var status: Int32?
  private let descriptor: Int32
  private var rest: [UInt8] = []

  init(_ arguments: [String]) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw RunError("cannot start drr again: \(String(cString: strerror(errno)))")
    }
    descriptor = ends[0]
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    defer { close(ends[1]) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

    let program = Self.program
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    // One thread each: the processes are as many as the cores.
    let variables =
      Self.environment.merging(["OPENBLAS_NUM_THREADS": "1"]) { $1 }
      .map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + variables { free(word) } }
    let code = posix_spawn(&process, program, &actions, &attributes, words, variables)
    guard code == 0 else {
      throw RunError("cannot start \(program): \(String(cString: strerror(code)))")
    }
  }

  deinit { close(descriptor) }

  private static var program: String {
    var path = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { return CommandLine.arguments[0] }
    return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
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

  func send(_ signal: Int32) { if status == nil { kill(process, signal) } }

  /// Lines that have arrived. Never waits.
  func lines() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      rest += buffer[..<count]
    }
    var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    rest = parts.popLast().map { Array($0) } ?? []
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }

  /// How the process ended; nil while it works.
  func exit() -> Exit? {
    var found: Int32 = 0
    if status == nil, waitpid(process, &found, WNOHANG) == process { status = found }
    return status.map { $0 & 0x7f == 0 ? .code($0 >> 8 & 0xff) : .signal($0 & 0x7f) }
  }

  enum Exit: Equatable {
    case code(Int32)
    case signal(Int32)
  }
}
