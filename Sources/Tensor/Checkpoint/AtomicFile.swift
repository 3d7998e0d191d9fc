import Platform

/// Files that are whole or absent: a reader sees the old contents or the new ones, never a part.
public enum AtomicFile {
  /// Writes to a temporary name in the same folder, fsync, rename over `path`, fsync of the folder.
  /// On failure the temporary is removed and an older file at `path` is as it was. A symbolic link
  /// is followed; an existing file keeps its permissions; a device or a pipe is written directly.
  public static func write(
    _ bytes: [UInt8], to path: String, readers: FileReaders = .owner
  ) throws(CheckpointError) {
    try write(to: path, readers: readers) { (sink) throws(CheckpointError) in
      try bytes.withUnsafeBufferPointer { (buffer) throws(CheckpointError) in
        try sink.write(UnsafeRawBufferPointer(buffer))
      }
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
    let sink = try FileSink(appendingTo: path)
    defer { sink.abandon() }
    try (Array(line.utf8) + [0x0A]).withUnsafeBufferPointer { (buffer) throws(CheckpointError) in
      try sink.write(UnsafeRawBufferPointer(buffer))
    }
    if synchronize { try sink.synchronize() }
    try sink.close()
  }

  /// As `write(_:to:)` for bytes that come piece by piece; an error of `body` is passed on.
  package static func write(
    to path: String, readers: FileReaders = .owner,
    _ body: (FileSink) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    let sink = try FileSink(replacing: path, readers: readers)
    defer { sink.abandon() }
    try body(sink)
    try sink.commit()
  }
}
