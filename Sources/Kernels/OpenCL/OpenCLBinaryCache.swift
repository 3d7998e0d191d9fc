#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One built program on disk. The file holds the whole key, which is compared before use, so that
/// two keys of one hash cannot be taken for each other; a file that is short, damaged or of
/// another key is ignored, and a folder that cannot be written is no cache.
package struct OpenCLBinaryCache {
  private static let magic = Array("drr kernel binary 1\n".utf8)

  private let key: [UInt8]
  private let folder: String?
  private let path: String

  /// `folder` is the user's unless another is given; nil keeps nothing.
  package init(key: String, name: String, folder: String? = Self.folder) {
    self.key = Array(key.utf8)
    self.folder = folder
    path = "\(folder ?? "")/\(name)-\(String(Self.hash(self.key), radix: 16)).bin"
  }

  /// $DRR_CACHE, else $XDG_CACHE_HOME/drr, else ~/.cache/drr.
  package static var folder: String? {
    if let folder = environment("DRR_CACHE") { return folder }
    if let folder = environment("XDG_CACHE_HOME") { return folder + "/drr" }
    return environment("HOME").map { $0 + "/.cache/drr" }
  }

  package func load() -> [UInt8]? {
    guard folder != nil, let bytes = readFile(path), bytes.starts(with: Self.magic) else {
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
    return Self.hash(binary) == UInt64(sum) ? binary : nil
  }

  /// Writes under a temporary name and renames, so that no reader meets half a file.
  package func store(_ binary: [UInt8]) {
    guard let folder else { return }
    makeFolder(folder)
    var bytes = Self.magic
    bytes += Self.number(UInt64(key.count)) + key
    bytes += Self.number(UInt64(binary.count)) + Self.number(Self.hash(binary)) + binary
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
    guard writeFile(temporary, bytes), rename(temporary, path) == 0 else {
      unlink(temporary)
      return
    }
  }

  private static func number(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    guard bytes.count >= 8 else { return nil }
    defer { bytes = bytes.dropFirst(8) }
    return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// FNV-1a.
  private static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

/// A variable of the environment, nil where it is unset or empty.
func environment(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}

func readFile(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  guard fseek(file, 0, SEEK_END) == 0 else { return nil }
  let count = ftell(file)
  guard count >= 0, count < 1 << 30, fseek(file, 0, SEEK_SET) == 0 else { return nil }
  var bytes = [UInt8](repeating: 0, count: count)
  return fread(&bytes, 1, count, file) == count ? bytes : nil
}

private func writeFile(_ path: String, _ bytes: [UInt8]) -> Bool {
  guard let file = fopen(path, "wb") else { return false }
  let written = fwrite(bytes, 1, bytes.count, file)
  return fclose(file) == 0 && written == bytes.count
}

/// Makes the folder and those above it; what fails shows when the file is written.
private func makeFolder(_ path: String) {
  var made = path.hasPrefix("/") ? "" : "."
  for part in path.split(separator: "/") {
    made += "/" + part
    mkdir(made, 0o755)
  }
}
