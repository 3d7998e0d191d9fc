/// One built program on disk. The file holds the whole key, which is compared before use, so that
/// two keys of one hash cannot be taken for each other; a file that is short, damaged or of
/// another key is ignored, and a folder that cannot be written is no cache.
package struct OpenCLBinaryCache {
  private static let magic = Array("drr kernel binary 1\n".utf8)

  private let key: [UInt8]
  private let folder: String?
  package let path: String

  /// `folder` is the user's unless another is given; nil keeps nothing.
  package init(key: String, name: String, folder: String? = cacheFolder) {
    self.key = Array(key.utf8)
    self.folder = folder
    path = "\(folder ?? "")/\(name)-\(String(fnv1a(self.key), radix: 16)).bin"
  }

  package func load() -> [UInt8]? {
    guard let folder, let bytes = readCached(path, in: folder), bytes.starts(with: Self.magic)
    else {
      return nil
    }
    var rest = bytes[Self.magic.count...]
    guard let keyCount = Self.takeNumber(&rest), keyCount == key.count,
      rest.starts(with: key)
    else { return nil }
    rest = rest.dropFirst(key.count)
    guard let count = Self.takeNumber(&rest), let sum = Self.takeNumber(&rest),
      rest.count == count
    else { return nil }
    let binary = Array(rest)
    return fnv1a(binary) == UInt64(sum) ? binary : nil
  }

  package func store(_ binary: [UInt8]) {
    guard let folder else { return }
    var bytes = Self.magic
    bytes += Self.number(UInt64(key.count)) + key
    bytes += Self.number(UInt64(binary.count)) + Self.number(fnv1a(binary)) + binary
    _ = replaceFile(path, in: folder, bytes)
  }

  private static func number(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    guard bytes.count >= 8 else { return nil }
    defer { bytes = bytes.dropFirst(8) }
    return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
