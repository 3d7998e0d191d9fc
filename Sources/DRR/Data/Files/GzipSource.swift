internal import CZlib
import DRRCore

/// A gzip file (RFC 1952), inflated as it is read, one member after the other; zlib checks length
/// and CRC-32 of each.
final class GzipSource: ByteSource {
  let name: String
  /// Of the compressed file: what it unpacks to is not known before its end.
  var totalBytes: Int { inner.totalBytes }
  var doneBytes: Int { inner.doneBytes }

  private let inner: any ByteSource
  private let stream: UnsafeMutablePointer<z_stream>
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
  private var isInMember = false
  private var hasMember = false
  private var isFinished = false

  init(_ inner: any ByteSource) throws(DataError) {
    self.inner = inner
    name = inner.name
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 16 beside the window's bits: a gzip header and trailer.
    let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if code != Z_OK { throw damaged("zlib does not start (\(code))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  private func damaged(_ reason: String) -> DataError { .archive(path: name, reason: reason) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    let room = min(buffer.count, 1 << 30)
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(room)
    while !isFinished, stream.pointee.avail_out > 0 {
      if stream.pointee.avail_in == 0 {
        let got = try inner.read(into: input)
        stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_in = UInt32(got)
        if got == 0 {
          if isInMember { throw damaged("it ends in the middle of its data; damaged gzip file") }
          if !hasMember { throw damaged("it is empty, expected a gzip file") }
          isFinished = true
          break
        }
      }
      // Zeros behind the last member are padding.
      if !isInMember, hasMember, stream.pointee.next_in.pointee == 0 {
        stream.pointee.next_in += 1
        stream.pointee.avail_in -= 1
        continue
      }
      (isInMember, hasMember) = (true, true)
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      if code == Z_STREAM_END {
        isInMember = false
        inflateReset(stream)
      } else if code != Z_OK, code != Z_BUF_ERROR {
        throw damaged("it does not inflate (zlib \(code)), expected a whole gzip file")
      }
    }
    return room - Int(stream.pointee.avail_out)
  }
}
