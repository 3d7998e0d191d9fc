internal import CZlib

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lines of a source, one at a time, out of one fixed buffer; and the CRC-32 of all bytes.
///
/// A byte order mark, carriage returns before the line feed and blank lines are left out.
final class LineScanner {
  static let lineLimit = 1 << 20

  let source: any ByteSource
  private(set) var line = 0
  /// Bytes of the lines seen so far.
  private(set) var consumed = 0
  private(set) var crc: UInt = 0

  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: LineScanner.lineLimit, alignment: 64)
  private let progress: ((Int, Int) -> Void)?

  init(_ source: any ByteSource, progress: ((Int, Int) -> Void)? = nil) {
    self.source = source
    self.progress = progress
  }

  deinit { buffer.deallocate() }

  /// Calls `body` with each line. Of an archive the rest is read even after an error, so that
  /// damage is told as such and not by the first odd line it makes.
  func forEachLine(
    _ body: (UnsafeBufferPointer<UInt8>) throws(DataError) -> Void
  ) throws(DataError) {
    do {
      try scan(body)
    } catch {
      if case .archive = error { throw error }
      if source is ZipEntrySource { try source.drain() }
      throw error
    }
  }

  private func scan(
    _ body: (UnsafeBufferPointer<UInt8>) throws(DataError) -> Void
  ) throws(DataError) {
    let base = buffer.bindMemory(to: UInt8.self).baseAddress!
    var start = 0
    var filled = 0
    var atStart = true
    var done = 0
    while true {
      let got = try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...].prefix(1 << 18)))
      if got > 0 { crc = crc32_z(crc, base + filled, got) }
      done += got
      progress?(done, source.totalBytes)
      filled += got
      if atStart, filled >= 3 || got == 0 {
        atStart = false
        if filled >= 3, base[0] == 0xef, base[1] == 0xbb, base[2] == 0xbf { start = 3 }
      }
      if atStart { continue }
      while let end = memchr(base + start, 10, filled - start) {
        let stop = UnsafePointer(end.assumingMemoryBound(to: UInt8.self)) - UnsafePointer(base)
        try emit(base + start, stop - start, 1, body)
        start = stop + 1
      }
      if got == 0 {
        if filled > start { try emit(base + start, filled - start, 0, body) }
        return
      }
      memmove(base, base + start, filled - start)
      filled -= start
      start = 0
      if filled == buffer.count {
        throw .lineTooLong(file: source.name, line: line + 1, limit: filled)
      }
    }
  }

  private func emit(
    _ first: UnsafePointer<UInt8>, _ count: Int, _ ending: Int,
    _ body: (UnsafeBufferPointer<UInt8>) throws(DataError) -> Void
  ) throws(DataError) {
    line += 1
    consumed += count + ending
    var count = count
    while count > 0, first[count - 1] == 13 { count -= 1 }
    if count > 0 { try body(UnsafeBufferPointer(start: first, count: count)) }
  }
}
