import DRR
import Platform

/// Another program, run to its end. Its standard error is this one's unless it is kept back.
enum Program {
  struct Outcome {
    /// Nil where a signal ended it.
    var code: Int32?
    var output: String
  }

  /// Throws where the program cannot be started.
  static func run(
    _ words: [String], setting: [String: String] = [:], without: [String] = [],
    quietly: Bool = false
  ) throws -> Outcome {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw RunError("cannot start \(words[0]): \(String(cString: strerror(errno)))")
    }
    defer { close(ends[0]) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[1])
    if quietly { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }
    let arguments = words.map { strdup($0) } + [nil]
    let variables =
      variables(setting: setting, without: without).map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in arguments + variables { free(word) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, words[0], &actions, nil, arguments, variables)
    close(ends[1])
    guard code == 0 else {
      throw RunError("cannot start \(words[0]): \(String(cString: strerror(code)))")
    }

    var output: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(ends[0], &part, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      output += part[..<count]
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return Outcome(
      code: status & 0x7f == 0 ? status >> 8 & 0xff : nil,
      output: String(decoding: output, as: UTF8.self))
  }

  /// The standard output of this very program with other arguments or variables.
  static func again(
    _ arguments: some Sequence<String>, setting: [String: String] = [:], without: [String] = []
  ) throws -> String {
    let outcome = try run([own] + arguments, setting: setting, without: without)
    guard outcome.code == 0 else {
      throw RunError("\(own) \(arguments.joined(separator: " ")) failed")
    }
    return outcome.output
  }

  private static var own: String {
    var path = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    guard count > 0 else { return CommandLine.arguments[0] }
    return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func variables(
    setting: [String: String], without: [String]
  ) -> [String: String] {
    var variables: [String: String] = [:]
    var at = environ
    while let variable = at.pointee {
      let parts = String(cString: variable).split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      at += 1
    }
    for name in without { variables[name] = nil }
    return variables.merging(setting) { $1 }
  }
}

/// A folder for the life of the value.
final class TemporaryFolder {
  let path: String

  init(in parent: String? = nil) throws {
    let parent = parent ?? environment("TMPDIR") ?? "/tmp"
    var template = Array("\(parent)/drr-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw RunError("\(parent): no folder can be made there: \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = try? Program.run(["rm", "-rf", path]) }
}
