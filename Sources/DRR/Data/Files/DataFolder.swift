internal import CZlib
import Tensor

/// A folder of data files, on disk or inside a zip archive.
package struct DataFolder {
  private enum Place {
    case folder(String)
    case archive(ZipArchive, [String: ZipArchive.Entry])
  }

  private let place: Place
  package let path: String
  /// The name of the data: the folder's or archive's, without `.zip`.
  package let label: String
  package let names: [String]

  package init(folder path: String) throws(DataError) {
    place = .folder(path)
    self.path = path
    label = path.lastPathPart
    names = try PosixFile.names(inFolder: path)
  }

  /// The shallowest folder inside the archive that `isData` takes for one.
  package init(archive path: String, where isData: ([String]) -> Bool) throws(DataError) {
    let archive = try ZipArchive(path: path)
    var folders: [String: [String: ZipArchive.Entry]] = [:]
    var order: [String] = []
    for entry in archive.entries where !entry.name.hasSuffix("/") {
      if entry.name.hasPrefix("__MACOSX/") { continue }
      let folder = entry.name.parentFolder
      if folders[folder] == nil { order.append(folder) }
      folders[folder, default: [:]][entry.name.lastPathPart] = entry
    }
    let depth = { (folder: String) in folder == "." ? 0 : folder.split(separator: "/").count }
    order = order.enumerated().sorted {
      (depth($0.element), $0.offset) < (depth($1.element), $1.offset)
    }.map(\.element)
    let found = order.first { isData(folders[$0].map { $0.keys.sorted() } ?? []) }
    let entries = found.flatMap { folders[$0] } ?? [:]
    place = .archive(archive, entries)
    self.path = path
    let file = path.lastPathPart
    label = file.lowercased().hasSuffix(".zip") ? String(file.dropLast(4)) : file
    names = entries.keys.sorted()
  }

  package func has(_ name: String) -> Bool { names.contains(name) }

  package func open(_ name: String) throws(DataError) -> any ByteSource {
    switch place {
    case .folder(let folder):
      return try FileSource(path: "\(folder)/\(name)", name: "\(folder.lastPathPart)/\(name)")
    case .archive(let archive, let entries):
      guard let entry = entries[name] else { throw .missingFile(path: "\(path)/\(name)") }
      return try archive.open(entry)
    }
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

  /// A file whose first line names its columns, and that line.
  func openHeaded(
    _ name: String
  ) throws(DataError) -> (source: any ByteSource, header: String) {
    let source = try open(name)
    let header = try firstLine(name)
    if header.isEmpty { throw .empty(file: source.name) }
    return (source, header)
  }

  /// The first line that is not blank; empty for an empty file. Looks at 64 KiB.
  package func firstLine(_ name: String) throws(DataError) -> String {
    let source = try open(name)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    let got = try source.read(into: buffer)
    var bytes = buffer[0..<got][...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    let line = bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }).first ?? bytes[0..<0]
    return String(decoding: line, as: UTF8.self)
  }
}
