import Platform

/// An open file that takes all bytes it is given, or throws.
package final class FileSink {
  private var descriptor: Int32
  private let path: String
  private let action: String

  /// `shownPath` is the name the user knows, for the errors.
  package init(
    path: String, shownPath: String, flags: Int32, action: String = "write"
  ) throws(CheckpointError) {
    self.path = shownPath
    self.action = action
    descriptor = open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw error(errno) }
  }

  deinit { abandon() }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let written = systemWrite(descriptor, part.baseAddress, part.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw error(errno)
      }
      rest = rest.dropFirst(written)
    }
  }

  package func synchronize() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw error(errno) }
  }

  func setPermissions(_ mode: mode_t) throws(CheckpointError) {
    guard fchmod(descriptor, mode) == 0 else { throw error(errno) }
  }

  /// A full disk may be reported only here.
  package func close() throws(CheckpointError) {
    let open = descriptor
    descriptor = -1
    guard systemClose(open) == 0 else { throw error(errno) }
  }

  /// Closes what is still open, errors ignored.
  func abandon() {
    guard descriptor >= 0 else { return }
    _ = systemClose(descriptor)
    descriptor = -1
  }

  func error(_ code: Int32) -> CheckpointError {
    .system(path: path, action: action, code: code)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func systemClose(_ descriptor: Int32) -> Int32 {
  close(descriptor)
}
