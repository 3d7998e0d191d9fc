/// Bytes of one file, in order, whatever holds them.
package protocol ByteSource: AnyObject {
  /// How messages name it: the last folder and the file.
  var name: String { get }
  var totalBytes: Int { get }
  /// Of ``totalBytes`` those that were read.
  var doneBytes: Int { get }
  /// The next bytes, 0 at the end. A damaged archive shows itself here, at the end at the latest.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int
}

extension ByteSource {
  /// Everything that is left; for the small files that list items.
  package func readAll() throws(DataError) -> [UInt8] {
    let limit = 1 << 30
    if totalBytes > limit { throw .tooLarge(file: name, what: "bytes", limit: limit) }
    var all: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let got = try read(into: buffer)
      if got == 0 { return all }
      all.append(contentsOf: buffer[0..<got])
      if all.count > limit { throw .tooLarge(file: name, what: "bytes", limit: limit) }
    }
  }

  func drain() throws(DataError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    while try read(into: buffer) > 0 {}
  }
}

/// Bytes that are in memory.
final class MemorySource: ByteSource {
  let name: String
  var totalBytes: Int { bytes.count }
  private(set) var doneBytes = 0
  private let bytes: [UInt8]

  init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - doneBytes)
    buffer.copyBytes(from: bytes[doneBytes..<doneBytes + count])
    doneBytes += count
    return count
  }
}

package final class FileSource: ByteSource {
  package let name: String
  package var totalBytes: Int { file.size }
  package private(set) var doneBytes = 0
  private let file: PosixFile

  package init(path: String, name: String) throws(DataError) {
    file = try PosixFile(path: path)
    self.name = name
  }

  /// Steps over bytes; false where there are not as many.
  func skip(_ count: Int) -> Bool {
    guard count <= totalBytes - doneBytes else { return false }
    doneBytes += count
    return true
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    let got = try file.read(into: buffer, at: doneBytes)
    doneBytes += got
    return got
  }
}
