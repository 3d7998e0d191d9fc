import Platform

/// Random access to bytes: an open file, read piece by piece, or an array. A file stays the one
/// that was opened, even when another is renamed over its path.
final class FileSource: Sendable {
  private enum Contents {
    case file(descriptor: Int32)
    case memory([UInt8])
  }

  let path: String
  let count: Int
  private let contents: Contents

  init(path: String) throws(CheckpointError) {
    // O_NONBLOCK: opening a pipe without a writer would wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CheckpointError.system(path: path, action: "read", code: errno)
    }
    self.path = path
    contents = .file(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      count = 0
      throw CheckpointError.system(path: path, action: "read", code: errno)
    }
    count = Int(status.st_size)
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw CheckpointError.system(path: path, action: "read", code: EISDIR)
    default: throw CheckpointError.malformed(path: path, reason: "it is a device or a pipe")
    }
  }

  init(bytes: [UInt8], name: String) {
    path = name
    count = bytes.count
    contents = .memory(bytes)
  }

  deinit {
    if case .file(let descriptor) = contents { _ = close(descriptor) }
  }

  /// Fills `destination` from `offset`; the caller stays within `count`.
  func read(
    at offset: Int, into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    switch contents {
    case .memory(let bytes):
      destination.copyBytes(from: bytes[offset..<offset + destination.count])
    case .file(let descriptor):
      var done = 0
      while done < destination.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: destination[done...])
        let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
        if got < 0 {
          if errno == EINTR { continue }
          throw CheckpointError.system(path: path, action: "read", code: errno)
        }
        if got == 0 {
          throw CheckpointError.malformed(path: path, reason: "it became shorter while being read")
        }
        done += got
      }
    }
  }

  /// `count` elements from `offset`, read straight into the array.
  func array<Element: BitwiseCopyable>(
    of type: Element.Type, at offset: Int, count: Int
  ) throws(CheckpointError) -> [Element] {
    var failure: CheckpointError?
    let values = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let room = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
      do throws(CheckpointError) {
        try read(at: offset, into: UnsafeMutableRawBufferPointer(room))
        initialized = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return values
  }
}
