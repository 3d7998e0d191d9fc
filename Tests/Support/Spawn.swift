import Foundation

/// Starts words[0], a path, with nothing to read; what it writes goes to `stdout` and `stderr` in
/// `streams`. By `posix_spawn`: Foundation's `Process` on Linux hangs where many threads wait at once.
///
/// - Parameter apart: whether it has a process group of its own, so that its children end with it.
public func spawn(
  _ words: [String], environment: [String: String], streams: TemporaryFolder, apart: Bool = false
) throws -> pid_t {
  let arguments = words.map { strdup($0) } + [nil]
  let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
  defer { for word in arguments + variables { free(word) } }
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  for (descriptor, name) in [(Int32(1), "stdout"), (2, "stderr")] {
    posix_spawn_file_actions_addopen(
      &actions, descriptor, streams.path + "/" + name, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  }
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  // The threads of tests block signals, and a child inherits that.
  var none = sigset_t()
  sigemptyset(&none)
  posix_spawnattr_setsigmask(&attributes, &none)
  posix_spawnattr_setpgroup(&attributes, 0)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGMASK | (apart ? POSIX_SPAWN_SETPGROUP : 0)))
  var process: pid_t = 0
  let code = posix_spawn(&process, words[0], &actions, &attributes, arguments, variables)
  guard code == 0 else {
    throw CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: words[0]])
  }
  return process
}
