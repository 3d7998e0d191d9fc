import Synchronization

/// An open file that takes all bytes it is given, or throws. One that replaces another has a
/// temporary name until it is whole, and takes it along where it is not.
package final class FileSink {
  private var descriptor: Int32 = -1
  private let shownPath: String
  private let action: String
  /// Where the bytes go until they are all there, and where then; nil for what is not replaced.
  private var names: (temporary: String, final: String)?
  private var permissions: mode_t?

  /// Bytes that this process has written to files.
  private static let total = Atomic<Int>(0)
  package static var bytesWritten: Int { total.load(ordering: .relaxed) }
  /// Bytes after which the disk is waited for: no thread of a process that ends may wait for more.
  package static let chunk = 16 << 20
  private var unsynchronized = 0

  /// A file that is to take the place of `path`: made in the same folder under a random name that
  /// no other file has, whatever stands there. A file that exists keeps its permissions, a symbolic
  /// link at `path` is followed, and a device or a pipe is written directly.
  ///
  /// - Parameters:
  ///   - mode: the permissions of a new file, before the umask.
  ///   - anything: whether whatever is at `path` is replaced as it is, a link, a device or a pipe
  ///     too.
  package init(
    replacing path: String, mode: mode_t = 0o600, anything: Bool = false
  ) throws(FileError) {
    (shownPath, action) = (path, "write")
    let target = anything ? path : Self.resolvingLink(path)
    var status = stat()
    let exists = !anything && stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR { throw error(EISDIR) }
    if exists, status.st_mode & S_IFMT != S_IFREG {
      descriptor = try opened(target, O_WRONLY, 0)
      return
    }
    if exists { permissions = status.st_mode & 0o7777 }
    Temporaries.sweep(target.parentFolder)
    let made = try Temporaries.make(in: target.parentFolder) { (name) throws(FileError) in
      try opened(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
    }
    descriptor = made.descriptor
    names = (made.path, target)
  }

  /// A file that grows, made where there is none.
  package init(appendingTo path: String) throws(FileError) {
    (shownPath, action) = (path, "append to")
    descriptor = try opened(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  }

  deinit { abandon() }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.chunk - unsynchronized))
      let written = retrying { systemWrite(descriptor, part.baseAddress, part.count) }
      guard written >= 0 else { throw error(errno) }
      rest = rest.dropFirst(written)
      Self.total.add(written, ordering: .relaxed)
      unsynchronized += written
      if names != nil, unsynchronized == Self.chunk { try synchronize() }
      unsynchronized %= Self.chunk
    }
  }

  package func write(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
      try write(UnsafeRawBufferPointer(buffer))
    }
  }

  package func synchronize() throws(FileError) {
    guard retrying({ Int(fsync(descriptor)) }) == 0 else { throw error(errno) }
  }

  /// Ends the file, which then has its name, on the disk. Where this throws, what stood there
  /// before is as it was.
  package func commit() throws(FileError) {
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
  package func close() throws(FileError) {
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
  ) throws(FileError) -> Int32 {
    let descriptor = retrying { Int(open(path, flags | O_CLOEXEC, mode)) }
    guard descriptor >= 0 else { throw error(errno) }
    return Int32(descriptor)
  }

  private func error(_ code: Int32) -> FileError {
    FileError(path: shownPath, action: action, code: code)
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

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemClose(_ descriptor: Int32) -> Int32 {
  close(descriptor)
}
