internal import CZlib
import DRRCore
import Platform

/// The whole lines of a source, a block at a time, out of one fixed buffer; and the CRC-32 of all
/// bytes.
///
/// A byte order mark, carriage returns before the line feed and blank lines are left out.
package final class LineScanner {
  static let lineLimit = 1 << 20
  private static let blockBytes = 1 << 22

  package let source: any ByteSource
  package private(set) var line = 0
  /// Bytes of the lines seen so far.
  private(set) var consumed = 0
  package private(set) var crc: UInt = 0
  /// Bytes that were read, all of which ``crc`` is of.
  package private(set) var bytes = 0

  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: LineScanner.lineLimit + LineScanner.blockBytes, alignment: 64)
  private let progress: ((Int, Int) -> Void)?

  package init(_ source: any ByteSource, progress: ((Int, Int) -> Void)? = nil) {
    self.source = source
    self.progress = progress
  }

  deinit { buffer.deallocate() }

  /// Calls `body` with each run of whole lines, which `body` passes to `forEachLine` or `skip`. Of
  /// an archive the rest is read even after an error, so that damage is told as such and not by the
  /// first odd line it makes.
  package func forEachBlock(_ body: (Bytes) throws(DataError) -> Void) throws(DataError) {
    do {
      try scan(body)
    } catch {
      if case .archive = error { throw error }
      if !(source is FileSource) { try source.drain() }
      throw error
    }
  }

  private func scan(_ body: (Bytes) throws(DataError) -> Void) throws(DataError) {
    let base = buffer.bindMemory(to: UInt8.self).baseAddress!
    var filled = 0
    var atStart = true
    while true {
      let got = try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...].prefix(Self.blockBytes)))
      crc = Self.checksum(crc, Bytes(start: base + filled, count: got))
      bytes += got
      progress?(source.doneBytes, source.totalBytes)
      filled += got
      var start = 0
      if atStart, filled >= 3 || got == 0 {
        atStart = false
        if filled >= 3, base[0] == 0xef, base[1] == 0xbb, base[2] == 0xbf { start = 3 }
      }
      if atStart { continue }
      if got == 0 {
        if filled > start { try body(Bytes(start: base + start, count: filled - start)) }
        return
      }
      var stop = filled
      while stop > start, base[stop - 1] != 10 { stop -= 1 }
      if filled - stop > Self.lineLimit {
        try body(Bytes(start: base + start, count: stop - start))
        throw .lineTooLong(file: source.name, line: line + 1, limit: Self.lineLimit)
      }
      if stop > start { try body(Bytes(start: base + start, count: stop - start)) }
      memmove(base, base + stop, filled - stop)
      filled -= stop
    }
  }

  /// Calls `body` with each line of a block.
  package func forEachLine(
    of block: Bytes, _ body: (Bytes) throws(DataError) -> Void
  ) throws(DataError) {
    guard var first = block.baseAddress else { return }
    let end = first + block.count
    while first < end {
      let found = memchr(first, 10, end - first)?.assumingMemoryBound(to: UInt8.self)
      let stop = found.map { UnsafePointer($0) } ?? end
      line += 1
      consumed += stop - first + (found == nil ? 0 : 1)
      var count = stop - first
      guard count <= Self.lineLimit else {
        throw .lineTooLong(file: source.name, line: line, limit: Self.lineLimit)
      }
      while count > 0, first[count - 1] == 13 { count -= 1 }
      if count > 0 { try body(Bytes(start: first, count: count)) }
      first = stop + 1
    }
  }

  /// Counts lines that were read without `forEachLine`.
  func skip(lines: Int, bytes: Int) {
    line += lines
    consumed += bytes
  }

  /// The CRC-32 after more bytes, on all cores where they are many.
  private static func checksum(_ crc: UInt, _ bytes: Bytes) -> UInt {
    guard bytes.count >= 1 << 20 else {
      return bytes.count == 0 ? crc : crc32_z(crc, bytes.baseAddress, bytes.count)
    }
    let parts = 8
    let step = (bytes.count + parts - 1) / parts
    nonisolated(unsafe) let all = bytes
    let sums = concurrentMap(parts) { part in
      let range = part * step..<min((part + 1) * step, all.count)
      return (crc32_z(0, all.baseAddress! + range.lowerBound, range.count), range.count)
    }
    return sums.reduce(crc) { crc32_combine($0, $1.0, off_t($1.1)) }
  }
}
