internal import CZlib
import Platform
import Tensor

/// A folder of data files, on disk or inside a zip or tar archive. A file `NAME.gz` is read as
/// `NAME`, where there is none of that name.
package struct DataFolder {
  /// A file of an archive.
  private struct Entry {
    var name: String
    var size: Int
    var open: () throws(DataError) -> any ByteSource
  }

  /// Of an archive, by name.
  private let entries: [String: Entry]?
  /// As they are stored.
  private let stored: Set<String>
  /// Whether a file is found by reading through all that stand before it.
  let isSequential: Bool
  package let path: String
  /// The name of the data: the folder's or archive's, without `.zip`.
  package let label: String
  package let names: [String]

  package init(folder path: String) throws(DataError) {
    self.init(path, path.lastPathPart, nil, try PosixFile.names(inFolder: path))
  }

  private init(_ path: String, _ label: String, _ entries: [Entry]?, _ names: [String]) {
    (self.path, self.label) = (path, label)
    self.entries = entries.map { entries in
      Dictionary(entries.map { ($0.name.lastPathPart, $0) }) { first, _ in first }
    }
    stored = Set(names)
    isSequential = entries != nil && TarArchive.isNamed(path) && !path.hasSuffix(".tar")
    let isPacked = names.contains { $0.hasSuffix(".gz") }
    self.names = isPacked ? Set(names.map(Self.unpacked)).sorted() : names
  }

  /// The name without `.gz`.
  static func unpacked(_ name: String) -> String {
    name.hasSuffix(".gz") && !TarArchive.isNamed(name) ? String(name.dropLast(3)) : name
  }

  /// A file, packed by gzip or not, or the first in a tar archive whose name is wanted, read in one
  /// pass; nil where there is none.
  package static func file(
    _ path: String, inArchive isWanted: (String) -> Bool
  ) throws(DataError) -> (any ByteSource)? {
    TarArchive.isNamed(path)
      ? try TarArchive.first(in: path, where: isWanted)
      : try DataFolder(folder: path.parentFolder).open(path.lastPathPart)
  }

  /// The shallowest folder inside the archive that `isData` takes for one.
  package init(archive path: String, where isData: ([String]) -> Bool) throws(DataError) {
    let all: [Entry]
    if TarArchive.isNamed(path) {
      let archive = try TarArchive(path: path)
      all = archive.entries.map { entry in
        Entry(name: entry.name, size: entry.size) { () throws(DataError) in
          try archive.open(entry)
        }
      }
    } else {
      let archive = try ZipArchive(path: path)
      all = archive.entries.map { entry in
        Entry(name: entry.name, size: entry.size) { () throws(DataError) in
          try archive.open(entry)
        }
      }
    }
    // Names are told apart by their bytes, as those of a folder are.
    var (folders, contents) = (RawIDs(), [[Entry]]())
    for entry in all where !entry.name.hasSuffix("/") {
      if entry.name.hasPrefix("__MACOSX/") { continue }
      let folder = Int(folders.intern(entry.name.parentFolder))
      if folder == contents.count { contents.append([]) }
      contents[folder].append(entry)
    }
    func files(_ entries: [Entry]) -> [String] {
      entries.map(\.name.lastPathPart).sorted()
    }
    let depth = folders.map { $0 == "." ? 0 : $0.split(separator: "/").count }
    let order = contents.indices.sorted { (depth[$0], $0) < (depth[$1], $1) }
    let found = order.first { isData(files(contents[$0]).map(Self.unpacked)) }
    let file = path.lastPathPart
    let ending = [".zip", ".tar.gz", ".tgz", ".tar"].first { file.lowercased().hasSuffix($0) }
    self.init(
      path, String(file.dropLast(ending?.count ?? 0)), found.map { contents[$0] } ?? [],
      found.map { files(contents[$0]) } ?? [])
  }

  package func has(_ name: String) -> Bool { names.contains(name) || stored.contains(name) }

  package func open(_ name: String) throws(DataError) -> any ByteSource {
    let file = stored.contains(name) || !stored.contains(name + ".gz") ? name : name + ".gz"
    let source = try openStored(file)
    return Self.unpacked(file) == file ? source : try GzipSource(source)
  }

  /// The bytes of a file as it is stored.
  func size(_ name: String) throws(DataError) -> Int {
    if let size = (entries?[name] ?? entries?[name + ".gz"])?.size { return size }
    return try open(name).totalBytes
  }

  private func openStored(_ name: String) throws(DataError) -> any ByteSource {
    guard let entries else {
      return try FileSource(path: "\(path)/\(name)", name: "\(path.lastPathPart)/\(name)")
    }
    guard let entry = entries[name] else { throw .missingFile(path: "\(path)/\(name)") }
    return try entry.open()
  }

  /// CRC-32 of the files whose names end so, and of their names.
  package func checksum(of endings: [String]) throws(DataError) -> String {
    var crc: UInt = 0
    for name in names where endings.contains(where: name.hasSuffix) {
      let bytes = try Array(name.utf8) + open(name).readAll()
      crc = crc32_z(crc, bytes, bytes.count)
    }
    return UInt32(truncatingIfNeeded: crc).hexadecimal
  }

  /// The first line that is not blank, and those that a quoted field of it goes on in; empty for an
  /// empty file. Looks at 64 KiB.
  package func firstLine(_ name: String) throws(DataError) -> String {
    let start = try start(name).drop { $0 == 10 || $0 == 13 }
    let first = start.prefix { $0 != 10 && $0 != 13 }
    let line = String(decoding: first, as: UTF8.self)
    // In the first field no separator may stand yet.
    let separator = Separator.of(line) ?? .comma
    func row(_ text: ArraySlice<UInt8>) -> (end: Int, open: Int?) {
      text.withUnsafeBufferPointer { Fields.row($0, separator.byte) }
    }
    guard separator.quotes, row(first).open != nil, case let (end, open) = row(start), open == nil
    else {
      return line
    }
    let whole = start.prefix(end)
    return String(decoding: whole.last == 13 ? whole.dropLast() : whole, as: UTF8.self)
  }

  /// The first 64 KiB, without a byte order mark.
  func start(_ name: String) throws(DataError) -> [UInt8] {
    let source = try open(name)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    let got = try source.read(into: buffer)
    let isMarked = got >= 3 && buffer[..<3].elementsEqual([0xef, 0xbb, 0xbf])
    return Array(buffer[(isMarked ? 3 : 0)..<got])
  }
}
