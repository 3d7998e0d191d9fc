import DRRCore
import Platform

/// A file open for reading, by position.
package final class PosixFile {
  let path: String
  let size: Int
  private let descriptor: Int32

  init(path: String) throws(DataError) {
    self.path = path
    // Without O_NONBLOCK a named pipe would wait for a writer before it could be refused.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.error(path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      close(descriptor)
      throw Self.error(path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "not a regular file")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills as much of `buffer` as the file has from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DataError) -> Int {
    var done = 0
    while done < buffer.count {
      let got = pread(
        descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if got < 0 {
        if errno == EINTR { continue }
        throw Self.error(path)
      }
      if got == 0 { break }
      done += got
    }
    return done
  }

  func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 8)
    defer { buffer.deallocate() }
    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
    let got = try read(into: wanted, at: offset)
    return Array(wanted[0..<got])
  }

  static func error(_ path: String) -> DataError {
    let code = errno
    if code == ENOENT || code == ENOTDIR { return .missingFile(path: path) }
    return .unreadable(path: path, reason: String(cString: strerror(code)))
  }

  package static func isFolder(_ path: String) throws(DataError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw error(path) }
    return status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a folder, sorted.
  package static func names(inFolder path: String) throws(DataError) -> [String] {
    guard let folder = opendir(path) else { throw error(path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

extension String {
  /// The part after the last slash.
  package var lastPathPart: String {
    var trimmed = self[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    return String(trimmed[(trimmed.lastIndex(of: "/").map(trimmed.index(after:)) ?? startIndex)...])
  }

  /// The part before the last slash, `.` where there is none.
  package var folderPart: String {
    guard let slash = lastIndex(of: "/") else { return "." }
    return slash == startIndex ? "/" : String(self[..<slash])
  }
}
