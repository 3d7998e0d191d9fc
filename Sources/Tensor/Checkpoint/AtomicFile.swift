import Platform

/// Files that are whole or absent: a reader sees the old contents or the new ones, never a part.
public enum AtomicFile {
  /// Begin and end of the names of temporaries; a killed process leaves one behind.
  package static let temporaryPrefix = ".drr-"
  package static let temporarySuffix = ".tmp"

  /// Writes to a temporary name in the same folder, fsync, rename over `path`, fsync of the folder.
  /// On failure the temporary is removed and an older file at `path` is as it was. A symbolic link
  /// is followed; an existing file keeps its permissions; a device or a pipe is written directly.
  public static func write(_ bytes: [UInt8], to path: String) throws(CheckpointError) {
    try write(to: path) { (sink) throws(CheckpointError) in
      try bytes.withUnsafeBufferPointer { (buffer) throws(CheckpointError) in
        try sink.write(UnsafeRawBufferPointer(buffer))
      }
    }
  }

  /// `text` in UTF-8; otherwise as for bytes.
  public static func write(_ text: String, to path: String) throws(CheckpointError) {
    try write(Array(text.utf8), to: path)
  }

  /// Appends `line` and a newline in one write, so that lines of concurrent writers do not mix;
  /// creates the file where there is none. `synchronize` waits until the line is on the disk.
  public static func append(
    line: String, to path: String, synchronize: Bool = false
  ) throws(CheckpointError) {
    let action = "append to"
    let sink = try FileSink(
      path: path, shownPath: path, flags: O_WRONLY | O_CREAT | O_APPEND, action: action)
    defer { sink.abandon() }
    try (Array(line.utf8) + [0x0A]).withUnsafeBufferPointer { (buffer) throws(CheckpointError) in
      try sink.write(UnsafeRawBufferPointer(buffer))
    }
    if synchronize { try sink.synchronize() }
    try sink.close()
  }

  /// As `write(_:to:)` for bytes that come piece by piece; an error of `body` is passed on.
  package static func write(
    to path: String, _ body: (FileSink) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let target = resolvingLink(path)
    var status = stat()
    let exists = stat(target, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR {
      throw CheckpointError.system(path: path, action: "write", code: EISDIR)
    }
    if exists, status.st_mode & S_IFMT != S_IFREG {
      let sink = try FileSink(path: target, shownPath: path, flags: O_WRONLY)
      defer { sink.abandon() }
      try body(sink)
      return try sink.close()
    }

    let folder = folder(of: target)
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = folder + "/" + temporaryPrefix + number + temporarySuffix
    let sink = try FileSink(
      path: temporary, shownPath: path, flags: O_WRONLY | O_CREAT | O_EXCL)
    do throws(CheckpointError) {
      try body(sink)
      if exists { try sink.setPermissions(status.st_mode & 0o7777) }
      try sink.synchronize()
      try sink.close()
      guard rename(temporary, target) == 0 else { throw sink.error(errno) }
    } catch {
      sink.abandon()
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(folder, for: path)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: 0x2F) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func resolvingLink(_ path: String) -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let resolved = realpath(path, nil)
    else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Waits until the disk has the names in `folder`, `path` among them.
  package static func synchronizeFolder(
    _ folder: String, for path: String
  ) throws(CheckpointError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    // A folder that may be written but not listed cannot be opened; the rename has succeeded.
    guard descriptor >= 0 else { return }
    defer { _ = close(descriptor) }
    // Some file systems answer EINVAL: they have no separate write of a folder.
    if fsync(descriptor) != 0, errno != EINVAL {
      throw CheckpointError.system(path: path, action: "write", code: errno)
    }
  }
}
