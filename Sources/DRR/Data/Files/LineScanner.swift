internal import CZlib
import DRRCore
import Platform

/// The whole lines of a source, a block at a time, out of one fixed buffer; and the CRC-32 of all
/// bytes.
///
/// A byte order mark, carriage returns before the line feed and blank lines are left out. Where
/// fields may stand in quotation marks, a line end between these is the field's, and what is called
/// a line is a row, however many it goes over.
package final class LineScanner {
  static let lineLimit = 1 << 20
  private static let blockBytes = 1 << 22

  package let source: any ByteSource
  /// The number of the line, from 1 on; of a row that of its first.
  package private(set) var line = 0
  /// Bytes at the end of what was read last that begin a row which is not whole there: they come
  /// again, with more behind them.
  private(set) var open = 0
  package private(set) var crc: UInt = 0
  /// Bytes that were read, all of which ``crc`` is of.
  package private(set) var bytes = 0

  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: LineScanner.lineLimit + LineScanner.blockBytes, alignment: 64)
  /// The separator beside which a quotation mark opens a field; nil: none does.
  private let quoting: UInt8?
  private let progress: ((Int, Int) -> Void)?

  /// - Parameter separator: what parts the fields; nil: a row is a line.
  package init(
    _ source: any ByteSource, by separator: Separator? = nil,
    progress: ((Int, Int) -> Void)? = nil
  ) {
    self.source = source
    quoting = separator.flatMap { $0.quotes ? $0.byte : nil }
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
        let rest = Bytes(start: base + start, count: filled - start)
        if filled > start { try body(rest) }
        if open > 0 { throw overlong(Bytes(rebasing: rest.suffix(open))) }
        return
      }
      var stop = filled
      while stop > start, base[stop - 1] != 10 { stop -= 1 }
      if stop > start { try body(Bytes(start: base + start, count: stop - start)) }
      stop -= open
      if filled - stop > Self.lineLimit {
        throw overlong(Bytes(start: base + stop, count: filled - stop))
      }
      memmove(base, base + stop, filled - stop)
      filled -= stop
    }
  }

  /// Why a row is refused that does not end within its limit or the file: the field that is open
  /// there, or its length.
  private func overlong(_ row: Bytes) -> DataError {
    let row = Bytes(rebasing: row.prefix(Self.lineLimit + 1))
    if let quoting, let mark = Fields.row(row, quoting).open {
      let breaks = Fields.breaks(Bytes(rebasing: row[..<mark]))
      return .quoting(file: source.name, line: line + 1 + breaks)
    }
    return .lineTooLong(file: source.name, line: line + 1, limit: Self.lineLimit)
  }

  /// Calls `body` with each line of a block, but for one that is ``open`` at its end.
  package func forEachLine(
    of block: Bytes, _ body: (Bytes) throws(DataError) -> Void
  ) throws(DataError) {
    open = 0
    guard var first = block.baseAddress else { return }
    let end = first + block.count
    while first < end {
      let found = memchr(first, 10, end - first)?.assumingMemoryBound(to: UInt8.self)
      var stop = found.map { UnsafePointer($0) } ?? end
      var breaks = 0
      if let quoting, memchr(first, 34, stop - first) != nil {
        let row = Fields.row(Bytes(start: first, count: end - first), quoting)
        if row.open != nil {
          open = end - first
          if open > Self.lineLimit { throw overlong(Bytes(start: first, count: open)) }
          return
        }
        if first + row.end > stop {
          breaks = Fields.breaks(Bytes(start: first, count: row.end))
          stop = first + row.end
        }
      }
      var count = stop - first
      guard count <= Self.lineLimit else { throw overlong(Bytes(start: first, count: count)) }
      line += 1
      while count > 0, first[count - 1] == 13 { count -= 1 }
      if count > 0 { try body(Bytes(start: first, count: count)) }
      line += breaks
      first = stop + 1
    }
  }

  /// Counts lines that were read without `forEachLine`.
  func skip(lines: Int) {
    line += lines
    open = 0
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
