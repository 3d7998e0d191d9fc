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

  /// A file that takes the place of another when it is finished; errors call it `shownPath` where
  /// that is given.
  package init(path: String, shownPath: String? = nil) throws(DataError) {
    self.path = shownPath ?? path
    do throws(FileError) {
      sink = try FileSink(replacing: path)
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
    do throws(FileError) {
      try sink?.write(buffer)
    } catch {
      throw Self.error(path, error)
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Flushes, waits until the disk has it, and gives the file its name.
  package func finish() throws(DataError) {
    try flush()
    do throws(FileError) {
      try sink?.commit()
    } catch {
      throw Self.error(path, error)
    }
  }

  private static func error(_ path: String, _ error: FileError) -> DataError {
    .cannotWrite(path: path, reason: String(cString: strerror(error.code)))
  }

  fileprivate static func error(_ path: String, _ error: CheckpointError) -> DataError {
    switch error {
    case .system(_, _, let code):
      .cannotWrite(path: path, reason: String(cString: strerror(code)))
    case .occupied(_, let reason): .cannotWrite(path: path, reason: "it \(reason)")
    default: .cannotWrite(path: path, reason: "\(error)")
    }
  }
}

/// Files that appear in a folder all together or not at all.
package struct FolderWriter {
  private let staged: StagedFolder

  /// Makes the folder where there is none; its parent must exist. One that holds anything but such
  /// files is refused.
  ///
  /// - Parameters:
  ///   - marks: names of files by which a reader knows such a folder.
  ///   - others: names of what else may be in it.
  package init(folder: String, marks: [String], others: [String] = []) throws(DataError) {
    do throws(CheckpointError) {
      staged = try StagedFolder(replacing: folder, marks: marks, others: others)
    } catch {
      throw OutputFile.error(folder, error)
    }
  }

  /// Where a file of that name is written until the end.
  package func path(_ name: String) -> String { staged.file(name) }

  /// The CRC-32 of what `body` wrote.
  @discardableResult
  package func write(
    _ name: String, _ body: (OutputFile) throws(DataError) -> Void
  ) throws(DataError) -> UInt32 {
    let file = try OutputFile(path: path(name), shownPath: "\(staged.path)/\(name)")
    try body(file)
    try file.finish()
    return UInt32(truncatingIfNeeded: file.crc)
  }

  /// Gives the folder its name. What is not committed is removed.
  package func commit() throws(DataError) {
    do throws(CheckpointError) {
      try staged.commit()
    } catch {
      throw OutputFile.error(staged.path, error)
    }
  }
}
