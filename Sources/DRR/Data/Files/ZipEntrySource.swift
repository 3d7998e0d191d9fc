internal import CZlib
import Platform

/// One entry of an archive, inflated as it is read; length and CRC-32 are checked at its end.
final class ZipEntrySource: ByteSource {
  let name: String
  var totalBytes: Int { entry.size }

  private let archive: ZipArchive
  private let entry: ZipArchive.Entry
  private var offset: Int
  private let end: Int
  private(set) var doneBytes = 0
  private var crc: UInt = 0
  private var finished = false
  private var checked = false
  private let stream: UnsafeMutablePointer<z_stream>
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)

  init(archive: ZipArchive, entry: ZipArchive.Entry, start: Int) throws(DataError) {
    self.archive = archive
    self.entry = entry
    name = quoted(entry.name.split(separator: "/").suffix(2).joined(separator: "/"))
    offset = start
    end = start + entry.compressedSize
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Negative window bits: raw deflate, without zlib's own header.
    let code = inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if code != Z_OK { throw archive.damaged("zlib does not start (\(code))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    if finished {
      try check()
      return 0
    }
    let got = entry.method == 0 ? try copy(into: buffer) : try inflate(into: buffer)
    if got > 0, let bytes = buffer.bindMemory(to: UInt8.self).baseAddress {
      crc = crc32_z(crc, bytes, got)
      doneBytes += got
    }
    if doneBytes > entry.size {
      throw archive.damaged("\(entry.shown) is longer than \(entry.size) bytes; damaged archive")
    }
    if got == 0 {
      finished = true
      try check()
    }
    return got
  }

  private func check() throws(DataError) {
    if checked { return }
    checked = true
    if doneBytes != entry.size {
      throw archive.damaged(
        "\(entry.shown) has \(doneBytes) bytes, expected \(entry.size); damaged archive")
    }
    if UInt32(truncatingIfNeeded: crc) != entry.crc {
      throw archive.damaged(
        "\(entry.shown) has CRC-32 \(UInt32(truncatingIfNeeded: crc).hexadecimal),"
          + " expected \(entry.crc.hexadecimal); damaged archive")
    }
  }

  private func copy(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    let wanted = min(buffer.count, end - offset)
    let got = try archive.file.read(
      into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<wanted]), at: offset)
    offset += got
    return got
  }

  private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    let room = min(buffer.count, 1 << 30)
    stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(room)
    while stream.pointee.avail_out > 0 {
      if stream.pointee.avail_in == 0, offset < end {
        let wanted = min(input.count, end - offset)
        let got = try archive.file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: input[0..<wanted]), at: offset)
        offset += got
        stream.pointee.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_in = UInt32(got)
      }
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      if code == Z_STREAM_END {
        finished = true
        break
      }
      if code == Z_BUF_ERROR || (code == Z_OK && stream.pointee.avail_in == 0 && offset >= end) {
        if stream.pointee.avail_out == 0 { break }
        throw archive.damaged("\(entry.shown) ends in the middle of its data; damaged archive")
      }
      if code != Z_OK {
        throw archive.damaged("\(entry.shown) does not inflate (zlib \(code)); damaged archive")
      }
    }
    return room - Int(stream.pointee.avail_out)
  }
}

extension UInt32 {
  /// Eight lower-case hexadecimal digits.
  package var hexadecimal: String {
    String(self, radix: 16, digits: 8)
  }
}
