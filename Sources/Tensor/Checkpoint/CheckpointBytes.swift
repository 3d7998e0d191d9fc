import Platform

/// Random access to the bytes of a checkpoint: an open file, read piece by piece, or an array.
final class CheckpointBytes: Sendable {
  private enum Contents {
    case file(ReadFile)
    case memory([UInt8])
  }

  let path: String
  let count: Int
  private let contents: Contents

  init(path: String) throws(CheckpointError) {
    do throws(ReadFile.Failure) {
      let file = try ReadFile(path: path)
      (self.path, count, contents) = (path, file.count, .file(file))
    } catch {
      throw Self.error(error, path)
    }
  }

  init(bytes: [UInt8], name: String) {
    (path, count, contents) = (name, bytes.count, .memory(bytes))
  }

  private static func error(_ failure: ReadFile.Failure, _ path: String) -> CheckpointError {
    switch failure {
    case .system(let code): .system(path: path, action: "read", code: code)
    case .notRegular: .malformed(path: path, reason: "it is a device or a pipe")
    }
  }

  /// Fills `destination` from `offset`; the caller stays within `count`.
  func read(
    at offset: Int, into destination: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    switch contents {
    case .memory(let bytes):
      destination.copyBytes(from: bytes[offset..<offset + destination.count])
    case .file(let file):
      let got: Int
      do throws(ReadFile.Failure) {
        got = try file.read(into: destination, at: offset)
      } catch {
        throw Self.error(error, path)
      }
      if got < destination.count {
        throw CheckpointError.malformed(path: path, reason: "it became shorter while being read")
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
