internal import CZlib
import DRRCore

/// The directory of a zip archive (APPNOTE 6.3.10: stored and deflated entries, zip64), read
/// from its end. Nothing is written to disk.
package final class ZipArchive {
  package struct Entry {
    package var name: String
    var method: UInt16
    var flags: UInt16
    var crc: UInt32
    var compressedSize: Int
    var size: Int
    var headerOffset: Int

    /// The name as messages have it.
    var shown: String { quoted(name) }
  }

  let file: PosixFile
  package private(set) var entries: [Entry] = []

  package init(path: String) throws(DataError) {
    file = try PosixFile(path: path)
    let (offset, size, count) = try findDirectory()
    guard offset >= 0, size >= 0, offset <= file.size, size <= file.size - offset else {
      throw damaged("its directory lies outside the file; the archive is cut off or damaged")
    }
    try readDirectory(try file.bytes(at: offset, count: size), count: count)
  }

  /// What an entry may unpack to in any case, and how many times its size one may that is larger.
  static let (smallEntry, mostRatio) = (1 << 24, 200)

  func damaged(_ reason: String) -> DataError { .archive(path: file.path, reason: reason) }

  package func open(_ entry: Entry) throws(DataError) -> any ByteSource {
    if entry.flags & 0x41 != 0 {
      throw damaged("\(entry.shown) is encrypted, expected an archive without a password")
    }
    let header = try file.bytes(at: entry.headerOffset, count: 30)
    guard header.count == 30, header.little32(0) == 0x0403_4b50 else {
      throw damaged("\(entry.shown) does not start where the directory says; damaged archive")
    }
    let start = entry.headerOffset + 30 + Int(header.little16(26)) + Int(header.little16(28))
    guard start <= file.size, entry.compressedSize <= file.size - start else {
      throw damaged("\(entry.shown) runs past the end; the archive is cut off")
    }
    // Deflate packs at most 1,032 to one, and tables of ratings or clicks 5 to 50.
    if entry.size > Self.smallEntry, entry.size / Self.mostRatio > entry.compressedSize {
      throw damaged(
        "\(entry.shown) would unpack to \(entry.size) bytes, "
          + "\(entry.size / max(entry.compressedSize, 1)) times its size in the archive, expected at "
          + "most \(Self.mostRatio) times; if it is what it should be, unpack it and name the folder"
      )
    }
    switch entry.method {
    case 0 where entry.size != entry.compressedSize:
      throw damaged("\(entry.shown) is stored with two different sizes; damaged archive")
    case 0, 8:
      return try ZipEntrySource(archive: self, entry: entry, start: start)
    default:
      throw damaged("\(entry.shown) uses compression method \(entry.method), expected deflate")
    }
  }

  private func findDirectory() throws(DataError) -> (offset: Int, size: Int, count: Int) {
    let tailCount = min(file.size, 65_557)
    let tail = try file.bytes(at: file.size - tailCount, count: tailCount)
    var at = tail.count - 22
    while at >= 0 {
      if tail.little32(at) == 0x0605_4b50, at + 22 + Int(tail.little16(at + 20)) <= tail.count {
        break
      }
      at -= 1
    }
    guard at >= 0 else {
      throw damaged("not a zip archive or one that is cut off: it has no directory at its end")
    }
    let count = tail.little16(at + 10)
    let size = tail.little32(at + 12)
    let offset = tail.little32(at + 16)
    guard count == .max || size == .max || offset == .max else {
      return (Int(offset), Int(size), Int(count))
    }
    guard at >= 20, tail.little32(at - 20) == 0x0706_4b50 else {
      return (Int(offset), Int(size), Int(count))
    }
    guard let place = Int(exactly: tail.little64(at - 12)), place <= file.size - 56,
      case let record = try file.bytes(at: place, count: 56), record.count == 56,
      record.little32(0) == 0x0606_4b50,
      let bigCount = Int(exactly: record.little64(32)),
      let bigSize = Int(exactly: record.little64(40)),
      let bigOffset = Int(exactly: record.little64(48))
    else { throw damaged("its zip64 directory is not where the end says; damaged archive") }
    return (bigOffset, bigSize, bigCount)
  }

  private func readDirectory(_ directory: [UInt8], count: Int) throws(DataError) {
    var (at, names) = (0, RawIDs())
    while entries.count < count {
      guard at + 46 <= directory.count, directory.little32(at) == 0x0201_4b50 else {
        throw damaged("its directory names \(entries.count) of \(count) files; damaged archive")
      }
      let nameEnd = at + 46 + Int(directory.little16(at + 28))
      let extraEnd = nameEnd + Int(directory.little16(at + 30))
      let end = extraEnd + Int(directory.little16(at + 32))
      guard end <= directory.count else {
        throw damaged("its directory names \(entries.count) of \(count) files; damaged archive")
      }
      var wide = [directory.little32(at + 24), directory.little32(at + 20)].map(UInt64.init)
      wide.append(UInt64(directory.little32(at + 42)))
      let extra = Array(directory[nameEnd..<extraEnd])
      Self.widen(&wide, from: extra)
      guard let size = Int(exactly: wide[0]), let compressed = Int(exactly: wide[1]),
        let offset = Int(exactly: wide[2]), size <= 1 << 46, compressed <= 1 << 46,
        offset <= file.size
      else { throw damaged("its directory has sizes no file can have; damaged archive") }
      let name = String(decoding: directory[(at + 46)..<nameEnd], as: UTF8.self)
      guard Int(names.intern(name)) == entries.count else {
        throw damaged("it holds two files named \(quoted(name)), expected one of each name")
      }
      entries.append(
        Entry(
          name: name,
          method: directory.little16(at + 10), flags: directory.little16(at + 8),
          crc: directory.little32(at + 16), compressedSize: compressed, size: size,
          headerOffset: offset))
      at = end
    }
  }

  /// Sizes and offset that stand as 2^32 - 1 come from the zip64 field, in that order.
  private static func widen(_ values: inout [UInt64], from extra: [UInt8]) {
    var at = 0
    while at + 4 <= extra.count {
      let end = at + 4 + Int(extra.little16(at + 2))
      guard end <= extra.count else { return }
      if extra.little16(at) == 1 {
        var from = at + 4
        for index in 0..<3 where values[index] == 0xffff_ffff && from + 8 <= end {
          values[index] = extra.little64(from)
          from += 8
        }
      }
      at = end
    }
  }
}

extension [UInt8] {
  func little16(_ at: Int) -> UInt16 { UInt16(self[at]) | UInt16(self[at + 1]) << 8 }
  func little32(_ at: Int) -> UInt32 {
    UInt32(little16(at)) | UInt32(little16(at + 2)) << 16
  }
  func little64(_ at: Int) -> UInt64 {
    UInt64(little32(at)) | UInt64(little32(at + 4)) << 32
  }
}
