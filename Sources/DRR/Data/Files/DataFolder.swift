internal import CZlib
import Platform
import Tensor

/// A folder of data files, on disk or inside a zip archive.
package struct DataFolder {
  private enum Place {
    case folder(String)
    case archive(ZipArchive, [ZipArchive.Entry])
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
    // Names are told apart by their bytes, as those of a folder are.
    var (folders, contents) = (RawIDs(), [[ZipArchive.Entry]]())
    for entry in archive.entries where !entry.name.hasSuffix("/") {
      if entry.name.hasPrefix("__MACOSX/") { continue }
      let folder = Int(folders.intern(entry.name.parentFolder))
      if folder == contents.count { contents.append([]) }
      contents[folder].append(entry)
    }
    func files(_ entries: [ZipArchive.Entry]) -> [String] {
      entries.map(\.name.lastPathPart).sorted()
    }
    let depth = folders.map { $0 == "." ? 0 : $0.split(separator: "/").count }
    let order = contents.indices.sorted { (depth[$0], $0) < (depth[$1], $1) }
    let found = order.first { isData(files(contents[$0])) }
    let entries = found.map { contents[$0] } ?? []
    place = .archive(archive, entries)
    self.path = path
    let file = path.lastPathPart
    label = file.lowercased().hasSuffix(".zip") ? String(file.dropLast(4)) : file
    names = files(entries)
  }

  package func has(_ name: String) -> Bool { names.contains(name) }

  package func open(_ name: String) throws(DataError) -> any ByteSource {
    switch place {
    case .folder(let folder):
      return try FileSource(path: "\(folder)/\(name)", name: "\(folder.lastPathPart)/\(name)")
    case .archive(let archive, let entries):
      let entry = entries.first { $0.name.lastPathPart.utf8.elementsEqual(name.utf8) }
      guard let entry else { throw .missingFile(path: "\(path)/\(name)") }
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
    let line = bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }).first ?? bytes.prefix(0)
    return String(decoding: line, as: UTF8.self)
  }
}
