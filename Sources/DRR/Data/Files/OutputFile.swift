internal import CZlib
import DRRCore
import Platform
import Tensor

/// Text that goes to a file, or only through the checksum where there is none.
package final class OutputFile {
  /// CRC-32 of all text so far, once flushed.
  package private(set) var crc: UInt = 0
  let path: String
  private let sink: FileSink?
  private var buffer: [UInt8] = []
  private static let chunk = 1 << 18

  /// Creates or truncates the file, which errors call `shownPath` where one is given.
  package init(path: String, shownPath: String? = nil) throws(DataError) {
    self.path = shownPath ?? path
    do throws(CheckpointError) {
      sink = try FileSink(path: path, shownPath: self.path, flags: O_WRONLY | O_CREAT | O_TRUNC)
    } catch {
      throw Self.error(self.path, error)
    }
    buffer.reserveCapacity(Self.chunk + 4096)
  }

  package init() {
    path = ""
    sink = nil
    buffer.reserveCapacity(Self.chunk + 4096)
  }

  package func write(_ text: String) throws(DataError) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.chunk { try flush() }
  }

  package func write(_ byte: UInt8) { buffer.append(byte) }

  package func write(decimal value: Int64) {
    if value < 0 { buffer.append(45) }
    let first = buffer.count
    var rest = value.magnitude
    repeat {
      buffer.append(48 + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    buffer[first...].reverse()
  }

  /// `4.0`, `3.5`, otherwise the shortest that reads back the same.
  package func write(rating: Float) {
    let tenths = rating * 10
    if tenths.rounded() == tenths, tenths.magnitude < 1e6, tenths / 10 == rating {
      let value = Int64(tenths)
      if value < 0 { buffer.append(45) }
      write(decimal: Int64(value.magnitude / 10))
      buffer.append(46)
      buffer.append(48 + UInt8(value.magnitude % 10))
    } else {
      buffer.append(contentsOf: rating.description.utf8)
    }
  }

  package func endLine() throws(DataError) {
    buffer.append(10)
    if buffer.count >= Self.chunk { try flush() }
  }

  package func flush() throws(DataError) {
    crc = crc32_z(crc, buffer, buffer.count)
    do throws(CheckpointError) {
      try buffer.withUnsafeBufferPointer { (bytes) throws(CheckpointError) in
        try sink?.write(UnsafeRawBufferPointer(bytes))
      }
    } catch {
      throw Self.error(path, error)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Flushes and waits until the disk has it.
  package func finish() throws(DataError) {
    try flush()
    do throws(CheckpointError) {
      try sink?.synchronize()
      try sink?.close()
    } catch {
      throw Self.error(path, error)
    }
  }

  static func error(_ path: String, _ error: CheckpointError? = nil) -> DataError {
    var code = errno
    if case .system(_, _, let given) = error { code = given }
    return .cannotWrite(path: path, reason: String(cString: strerror(code)))
  }
}

/// Files that appear in a folder all together or not at all.
package struct FolderWriter {
  let folder: String

  private var created = false
  private var names: [String] = []

  /// Makes the folder where there is none; its parent must exist.
  package init(folder: String) throws(DataError) {
    self.folder = folder
    if mkdir(folder, 0o755) == 0 {
      created = true
    } else if errno != EEXIST {
      throw OutputFile.error(folder)
    }
  }

  private func temporary(_ name: String) -> String { "\(folder)/.\(name).part" }

  /// The CRC-32 of what `body` wrote.
  @discardableResult
  package mutating func write(
    _ name: String, _ body: (OutputFile) throws(DataError) -> Void
  ) throws(DataError) -> UInt32 {
    names.append(name)
    do {
      let file = try OutputFile(path: temporary(name), shownPath: "\(folder)/\(name)")
      try body(file)
      try file.finish()
      return UInt32(truncatingIfNeeded: file.crc)
    } catch {
      discard()
      throw error
    }
  }

  /// Gives the files their names, the first one last: it is what a reader recognises.
  package mutating func commit(removing stale: [String] = []) throws(DataError) {
    for name in names.reversed() where rename(temporary(name), "\(folder)/\(name)") != 0 {
      let error = OutputFile.error("\(folder)/\(name)")
      discard()
      throw error
    }
    for name in stale where !names.contains(name) { unlink("\(folder)/\(name)") }
    do throws(CheckpointError) {
      try AtomicFile.synchronizeFolder(folder, for: folder)
    } catch {
      throw OutputFile.error(folder, error)
    }
  }

  private func discard() {
    for name in names { unlink(temporary(name)) }
    if created { rmdir(folder) }
  }
}
