import DRRCore
import Platform
import Tensor

/// A file open for reading, by position.
package final class PosixFile {
  let path: String
  var size: Int { file.count }
  private let file: ReadFile

  init(path: String) throws(DataError) {
    self.path = path
    do throws(ReadFile.Failure) {
      file = try ReadFile(path: path)
    } catch {
      throw Self.error(path, error)
    }
  }

  /// Fills as much of `buffer` as the file has from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DataError) -> Int {
    do throws(ReadFile.Failure) {
      return try file.read(into: buffer, at: offset)
    } catch {
      throw Self.error(path, error)
    }
  }

  func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 8)
    defer { buffer.deallocate() }
    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
    let got = try read(into: wanted, at: offset)
    return Array(wanted[0..<got])
  }

  private static func error(_ path: String, _ failure: ReadFile.Failure) -> DataError {
    switch failure {
    case .system(ENOENT), .system(ENOTDIR): .missingFile(path: path)
    case .notRegular, .system(EISDIR): .unreadable(path: path, reason: "not a regular file")
    case .system(let code): .unreadable(path: path, reason: String(cString: strerror(code)))
    }
  }

  private static func error(_ path: String) -> DataError { error(path, .system(code: errno)) }

  package static func isFolder(_ path: String) throws(DataError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw error(path) }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, sorted.
  package static func names(inFolder path: String) throws(DataError) -> [String] {
    guard let names = namesInFolder(path) else { throw error(path) }
    return names
  }
}

extension String {
  /// The part after the last slash.
  package var lastPathPart: String {
    var trimmed = self[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    return String(trimmed[(trimmed.lastIndex(of: "/").map(trimmed.index(after:)) ?? startIndex)...])
  }
}
