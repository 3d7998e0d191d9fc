import DRRCore

/// The files of a tar archive (POSIX.1-1988 and later, GNU's long names), plain or inside gzip.
/// Nothing is written to disk: each file is found by reading up to it.
struct TarArchive {
  let path: String
  let entries: [Entry]

  /// Whether a name is that of one.
  static func isNamed(_ path: String) -> Bool {
    let name = path.lowercased()
    return [".tar", ".tar.gz", ".tgz"].contains { name.hasSuffix($0) }
  }

  typealias Entry = (name: String, size: Int, start: Int)

  init(path: String) throws(DataError) {
    self.path = path
    var names = RawIDs()
    var entries: [Entry] = []
    _ = try Self.scan(path) { (entry) throws(DataError) in
      if Int(names.intern(entry.name)) < entries.count {
        throw .archive(
          path: path,
          reason: "it holds two files named \(quoted(entry.name)), expected one of each name")
      }
      entries.append(entry)
      if entries.count > 1 << 17 { throw .tooLarge(file: path, what: "files", limit: 1 << 17) }
      return false
    }
    self.entries = entries
    if entries.isEmpty {
      throw .archive(path: path, reason: "no files in it, expected a tar archive with some")
    }
  }

  /// The first file that is wanted, found and read in one pass over the archive, whose rest is read
  /// behind it, so that damage shows itself; nil where none is.
  static func first(
    in path: String, where isWanted: (String) -> Bool
  ) throws(DataError) -> (any ByteSource)? {
    let found = try scan(path) { (entry) in isWanted(entry.name) }
    return found.map { entry, source in TarEntrySource(entry, source, path, isFirst: true) }
  }

  /// Calls `isFound` with the files in order until it is so; then that file, and the source of the
  /// archive at its first byte.
  private static func scan(
    _ path: String, _ isFound: (Entry) throws(DataError) -> Bool
  ) throws(DataError) -> (Entry, any ByteSource)? {
    var bytes = try TarCursor(source(path))
    var longName: String?
    while let header = try bytes.take(512), header.contains(where: { $0 != 0 }) {
      guard let size = number(header[124..<136]), size <= 1 << 46,
        let sum = number(header[148..<156]), sum == Self.sum(header)
      else {
        throw .archive(
          path: path,
          reason: "byte \(bytes.place - 512) begins no entry of a tar archive; damaged archive")
      }
      let padded = (size + 511) / 512 * 512
      switch header[156] {
      case 76:  // GNU: the next entry's name.
        longName = text(try bytes.takeAll(padded, path)[..<size])
      case 120:  // pax: records of `length key=value`.
        longName = pax(try bytes.takeAll(padded, path)[..<size]) ?? longName
      default:
        if header[156] == 48 || header[156] == 0 {
          let entry = (longName ?? name(header), size, bytes.place)
          if try isFound(entry) { return (entry, bytes.source) }
        }
        longName = nil
        try bytes.skip(padded, path)
      }
    }
    return nil
  }

  private static func name(_ header: [UInt8]) -> String {
    let name = text(header[0..<100])
    let prefix = header[257..<262].elementsEqual("ustar".utf8) ? text(header[345..<500]) : ""
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  private static func source(_ path: String) throws(DataError) -> any ByteSource {
    let file = try FileSource(path: path, name: path)
    return path.lowercased().hasSuffix(".tar") ? file : try GzipSource(file)
  }

  func open(_ entry: Entry) throws(DataError) -> any ByteSource {
    var bytes = try TarCursor(Self.source(path))
    try bytes.skip(entry.start, path)
    return TarEntrySource(entry, bytes.source, path, isFirst: false)
  }

  /// Octal digits, or GNU's big-endian bytes behind a set bit.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if field.first == 0x80 {
      return field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } <= UInt64(Int.max)
        ? Int(field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) : nil
    }
    let digits = field.drop { $0 == 32 }.prefix { 48...55 ~= $0 }
    guard field.allSatisfy({ 48...55 ~= $0 || $0 == 32 || $0 == 0 }) else { return nil }
    return digits.reduce(0) { $0 << 3 | Int($1 - 48) }
  }

  /// Of all bytes of a header, its own sum taken for blanks.
  private static func sum(_ header: [UInt8]) -> Int {
    header.enumerated().reduce(0) { $0 + (148..<156 ~= $1.offset ? 32 : Int($1.element)) }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func pax(_ records: ArraySlice<UInt8>) -> String? {
    for record in records.split(separator: 10) {
      guard let blank = record.firstIndex(of: 32) else { continue }
      let field = record[(blank + 1)...]
      if field.starts(with: "path=".utf8) {
        return String(decoding: field.dropFirst(5), as: UTF8.self)
      }
    }
    return nil
  }
}

/// A place in a source that is read onwards.
private struct TarCursor {
  let source: any ByteSource
  private(set) var place = 0

  init(_ source: any ByteSource) { self.source = source }

  /// So many bytes; nil where there are none left, or a part of them.
  mutating func take(_ count: Int) throws(DataError) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = try fill(&bytes, from: filled)
      if got == 0 { return nil }
      filled += got
    }
    place += count
    return bytes
  }

  private func fill(_ bytes: inout [UInt8], from filled: Int) throws(DataError) -> Int {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: bytes.count - filled, alignment: 16)
    defer { buffer.deallocate() }
    let got = try source.read(into: buffer)
    bytes.replaceSubrange(filled..<filled + got, with: buffer[0..<got])
    return got
  }

  mutating func takeAll(_ count: Int, _ path: String) throws(DataError) -> [UInt8] {
    guard count <= 1 << 16, let bytes = try take(count) else {
      throw .archive(path: path, reason: "it ends inside a name; damaged archive")
    }
    return bytes
  }

  mutating func skip(_ count: Int, _ path: String) throws(DataError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(max(count, 1), 1 << 18), alignment: 16)
    defer { buffer.deallocate() }
    var left = count
    if let file = source as? FileSource, file.skip(count) { left = 0 }
    while left > 0 {
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(left, buffer.count)])
      let got = try source.read(into: room)
      if got == 0 { throw .archive(path: path, reason: "it is cut off; damaged archive") }
      left -= got
    }
    place += count
  }
}

/// One file of an archive, whose source stands at its first byte.
private final class TarEntrySource: ByteSource {
  let name: String
  let totalBytes: Int
  private(set) var doneBytes = 0
  private let source: any ByteSource
  private let path: String
  /// Whether nothing behind it was read yet.
  private var isFirst: Bool

  init(_ entry: TarArchive.Entry, _ source: any ByteSource, _ path: String, isFirst: Bool) {
    name = quoted(entry.name.split(separator: "/").suffix(2).joined(separator: "/"))
    (totalBytes, self.source, self.path, self.isFirst) = (entry.size, source, path, isFirst)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    let wanted = min(buffer.count, totalBytes - doneBytes)
    if wanted == 0 {
      if isFirst { try source.drain() }
      isFirst = false
      return 0
    }
    let got = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    if got == 0 { throw .archive(path: path, reason: "it is cut off; damaged archive") }
    doneBytes += got
    return got
  }
}
