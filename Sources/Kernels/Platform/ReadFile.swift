/// A regular file open for reading, by position. It stays the one that was opened, even when
/// another is renamed over its path.
package final class ReadFile: Sendable {
  package enum Failure: Error {
    case system(code: Int32)
    /// A device or a pipe.
    case notRegular
  }

  package let path: String
  package let count: Int
  /// Its owner, permissions and times, as they were when it was opened.
  package let status: stat
  private let descriptor: Int32

  package init(path: String) throws(Failure) {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(code: errno) }
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    (self.path, self.descriptor, self.status) = (path, descriptor, status)
    count = Int(status.st_size)
    // From here on deinit closes it.
    if code != 0 { throw .system(code: code) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .system(code: EISDIR)
    default: throw .notRegular
    }
  }

  deinit { _ = close(descriptor) }

  /// Fills as much of `buffer` as the file has from `offset` on; its bytes.
  package func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(Failure) -> Int {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if got < 0 {
        if errno == EINTR { continue }
        throw .system(code: errno)
      }
      if got == 0 { break }
      done += got
    }
    return done
  }
}
