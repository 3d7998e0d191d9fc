import Synchronization

/// What has no name of its own yet: files and folders on their way. They are gone when the process
/// ends, but for SIGKILL; what that leaves goes when the folder is next written to.
package enum Temporaries {
  private static let prefix = ".drr-"
  private static let suffix = ".tmp"
  private static let live = Mutex<Set<String>>([])

  package static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(suffix)
  }

  /// Makes something under a random name in `folder`, and locks it as long as it is open: by that
  /// another process sees that it is at work.
  ///
  /// - Parameter open: makes it, which must not be there, and opens it.
  package static func make<Failure: Error>(
    in folder: String, _ open: (_ path: String) throws(Failure) -> Int32
  ) throws(Failure) -> (path: String, descriptor: Int32) {
    while true {
      let number = String(UInt64.random(in: .min ... .max), radix: 16)
      let path = (folder == "/" ? "" : folder) + "/" + prefix + number + suffix
      let descriptor = try live.withLock { (paths) throws(Failure) in
        let descriptor = try open(path)
        paths.insert(path)
        return descriptor
      }
      // One that another process has locked or swept before is made again.
      let isOurs = flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
      if isOurs && access(path, F_OK) == 0 { return (path, descriptor) }
      close(descriptor)
      live.withLock { paths in
        remove(path)
        paths.remove(path)
      }
    }
  }

  /// Gives what is at `path` its own name, by a system call that answers 0 where it has.
  ///
  /// - Parameter keeps: whether something else is at `path` then, which is to be removed.
  package static func naming(_ path: String, keeps: Bool = false, _ rename: () -> Int) -> Int {
    live.withLock { paths in
      let answer = retrying(rename)
      if answer == 0 && !keeps { paths.remove(path) }
      return answer
    }
  }

  package static func removeFile(_ path: String) {
    live.withLock { paths in
      unlink(path)
      paths.remove(path)
    }
  }

  package static func removeFolder(_ path: String) {
    live.withLock { paths in
      remove(path)
      paths.remove(path)
    }
  }

  /// Whether something is being written.
  package static var isAtWork: Bool { live.withLock { !$0.isEmpty } }

  /// Removes all that this process has under way, and ends it: nothing is made in between.
  package static func removeAll(then end: () -> Never) -> Never {
    live.withLock { paths in
      for path in paths { remove(path) }
      end()
    }
  }

  /// Removes what killed processes have left in a folder. What another process is at work on stays.
  package static func sweep(_ folder: String) {
    for name in namesInFolder(folder) ?? [] where isTemporary(name) {
      let path = "\(folder)/\(name)"
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      if descriptor < 0 { continue }
      // The lock of a process ends with it. NFS gives what is open to be read a shared one alone.
      if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { remove(path) }
      close(descriptor)
    }
  }

  /// A file, or a folder of files.
  private static func remove(_ path: String) {
    if unlink(path) == 0 || (errno != EISDIR && errno != EPERM) { return }
    for name in namesInFolder(path) ?? [] { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}
