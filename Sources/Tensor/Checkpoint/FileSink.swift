import Platform

/// Who may read a file that is new; one that is replaced keeps its permissions.
public enum FileReaders: Sendable {
  /// Its owner alone: what tells of users.
  case owner
  /// Whom the umask lets.
  case all

  var mode: mode_t { self == .owner ? 0o600 : 0o666 }
}

/// An open file that takes all bytes it is given, or throws. One that replaces another has a
/// temporary name until it is whole, and takes it along where it is not.
package final class FileSink {
  private var descriptor: Int32 = -1
  private let shownPath: String
  private let action: String
  /// Where the bytes go until they are all there, and where then; nil for what is not replaced.
  private var names: (temporary: String, final: String)?
  private var permissions: mode_t?

  /// A file that is to take the place of `path`: made in the same folder under a random name that
  /// no other file has, whatever stands there. A symbolic link at `path` is followed; a device or
  /// a pipe is written directly.
  package init(
    replacing path: String, readers: FileReaders = .owner
  ) throws(CheckpointError) {
    (shownPath, action) = (path, "write")
    let target = Self.resolvingLink(path)
    var status = stat()
    let exists = stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR { throw error(EISDIR) }
    if exists, status.st_mode & S_IFMT != S_IFREG {
      descriptor = try opened(target, O_WRONLY, 0)
      return
    }
    if exists { permissions = status.st_mode & 0o7777 }
    Temporaries.sweep(target.parentFolder)
    let made = try Temporaries.make(in: target.parentFolder) { (name) throws(CheckpointError) in
      try opened(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, readers.mode)
    }
    descriptor = made.descriptor
    names = (made.path, target)
  }

  /// A file that grows, made where there is none.
  package init(
    appendingTo path: String, readers: FileReaders = .owner
  ) throws(CheckpointError) {
    (shownPath, action) = (path, "append to")
    descriptor = try opened(path, O_WRONLY | O_CREAT | O_APPEND, readers.mode)
  }

  deinit { abandon() }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let written = retrying { systemWrite(descriptor, part.baseAddress, part.count) }
      guard written >= 0 else { throw error(errno) }
      rest = rest.dropFirst(written)
    }
  }

  package func synchronize() throws(CheckpointError) {
    guard retrying({ Int(fsync(descriptor)) }) == 0 else { throw error(errno) }
  }

  /// Ends the file, which then has its name, on the disk. Where this throws, what stood there
  /// before is as it was.
  package func commit() throws(CheckpointError) {
    guard let names else { return try close() }
    if let permissions {
      guard fchmod(descriptor, permissions) == 0 else { throw error(errno) }
    }
    try synchronize()
    // The lock is kept until the file has its name: without it another process may sweep it away.
    let lock = dup(descriptor)
    defer { if lock >= 0 { _ = systemClose(lock) } }
    try close()
    guard Temporaries.naming(names.temporary, { Int(rename(names.temporary, names.final)) }) == 0
    else { throw error(errno) }
    self.names = nil
    try synchronizeFolder(names.final.parentFolder, for: shownPath)
  }

  /// A full disk may be reported only here.
  package func close() throws(CheckpointError) {
    let open = descriptor
    descriptor = -1
    // An interrupted close has closed.
    guard systemClose(open) == 0 || errno == EINTR else { throw error(errno) }
  }

  /// Closes what is still open and removes what has no name yet, errors ignored.
  package func abandon() {
    if descriptor >= 0 { _ = systemClose(descriptor) }
    descriptor = -1
    if let names { Temporaries.removeFile(names.temporary) }
    names = nil
  }

  private func opened(
    _ path: String, _ flags: Int32, _ mode: mode_t
  ) throws(CheckpointError) -> Int32 {
    let descriptor = retrying { Int(open(path, flags | O_CLOEXEC, mode)) }
    guard descriptor >= 0 else { throw error(errno) }
    return Int32(descriptor)
  }

  private func error(_ code: Int32) -> CheckpointError {
    .system(path: shownPath, action: action, code: code)
  }

  private static func resolvingLink(_ path: String) -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let resolved = realpath(path, nil)
    else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

/// Waits until the disk has the names in `folder`, that of `path` among them.
func synchronizeFolder(_ folder: String, for path: String) throws(CheckpointError) {
  let descriptor = Int32(retrying { Int(open(folder, O_RDONLY | O_CLOEXEC)) })
  // A folder that may be written but not listed cannot be opened; the rename has succeeded.
  guard descriptor >= 0 else { return }
  defer { _ = close(descriptor) }
  // Some file systems answer EINVAL: they have no separate write of a folder.
  if retrying({ Int(fsync(descriptor)) }) != 0, errno != EINVAL {
    throw CheckpointError.system(path: path, action: "write", code: errno)
  }
}

/// A system call, made again where a signal interrupted it.
package func retrying(_ call: () -> Int) -> Int {
  while true {
    let answer = call()
    if answer >= 0 || errno != EINTR { return answer }
  }
}

extension String {
  /// The folder that a file of this path is in.
  package var parentFolder: String {
    guard let slash = utf8.lastIndex(of: 0x2F) else { return "." }
    return slash == startIndex ? "/" : String(self[..<slash])
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemClose(_ descriptor: Int32) -> Int32 {
  close(descriptor)
}
