import Platform

/// Who may read a file that is new; one that is replaced keeps its permissions.
public enum FileReaders: Sendable {
  /// Its owner alone: what tells of users.
  case owner
  /// Whom the umask lets.
  case all

  fileprivate var mode: mode_t { self == .owner ? 0o600 : 0o666 }
}

/// Files that are whole or absent: a reader sees the old contents or the new ones, never a part.
public enum AtomicFile {
  /// Writes to a temporary name in the same folder, fsync, rename over `path`, fsync of the folder.
  /// On failure the temporary is removed and an older file at `path` is as it was. A symbolic link
  /// is followed; an existing file keeps its permissions; a device or a pipe is written directly.
  public static func write(
    _ bytes: [UInt8], to path: String, readers: FileReaders = .owner
  ) throws(CheckpointError) {
    try write(to: path, readers: readers) { (sink) throws(FileError) in
      try sink.write(bytes)
    }
  }

  /// `text` in UTF-8; otherwise as for bytes.
  public static func write(
    _ text: String, to path: String, readers: FileReaders = .owner
  ) throws(CheckpointError) {
    try write(Array(text.utf8), to: path, readers: readers)
  }

  /// Appends `line` and a newline in one write, so that lines of concurrent writers do not mix;
  /// creates the file where there is none. `synchronize` waits until the line is on the disk.
  public static func append(
    line: String, to path: String, synchronize: Bool = false
  ) throws(CheckpointError) {
    try append(Array(line.utf8) + [0x0A], to: path, synchronize: synchronize)
  }

  /// As `append(line:to:synchronize:)` for bytes as they are.
  package static func append(
    _ bytes: [UInt8], to path: String, synchronize: Bool = false
  ) throws(CheckpointError) {
    try CheckpointError.passing { () throws(FileError) in
      let sink = try FileSink(appendingTo: path)
      defer { sink.abandon() }
      try sink.write(bytes)
      if synchronize { try sink.synchronize() }
      try sink.close()
    }
  }

  /// As `write(_:to:)` for bytes that come piece by piece.
  package static func write(
    to path: String, readers: FileReaders = .owner,
    _ body: (FileSink) throws(FileError) -> Void
  ) throws(CheckpointError) {
    try CheckpointError.passing { () throws(FileError) in
      let sink = try FileSink(replacing: path, mode: readers.mode)
      defer { sink.abandon() }
      try body(sink)
      try sink.commit()
    }
  }
}

extension CheckpointError {
  /// What `body` gives; an error of the system is one of these.
  static func passing<Result>(
    _ body: () throws(FileError) -> Result
  ) throws(CheckpointError) -> Result {
    do throws(FileError) { return try body() } catch {
      throw .system(path: error.path, action: error.action, code: error.code)
    }
  }
}
