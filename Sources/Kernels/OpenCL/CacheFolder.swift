import Platform

/// $DRR_CACHE, else $XDG_CACHE_HOME/drr, else ~/.cache/drr.
package var cacheFolder: String? {
  if let folder = environment("DRR_CACHE") { return folder }
  if let folder = environment("XDG_CACHE_HOME") { return folder + "/drr" }
  return environment("HOME").map { $0 + "/.cache/drr" }
}

/// A variable of the environment, nil where it is unset or empty.
func environment(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}

/// The bytes of a regular file below 1 GiB; nil where there is none. A pipe or a device is not opened
/// for good: it might never end.
func readFile(_ path: String) -> [UInt8]? { readFile(path) { _ in true } }

/// A file of the cache, nil where anybody else could have written it: what is read here is run.
func readCached(_ path: String, in folder: String) -> [UInt8]? {
  guard isOwn(folder) else { return nil }
  return readFile(path, where: isOwn)
}

private func readFile(_ path: String, where isTrusted: (stat) -> Bool) -> [UInt8]? {
  guard let file = try? ReadFile(path: path), isTrusted(file.status), file.count < 1 << 30 else {
    return nil
  }
  let bytes = [UInt8](unsafeUninitializedCapacity: file.count) { buffer, count in
    count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)) ?? 0
  }
  return bytes.count == file.count ? bytes : nil
}

/// Of this user or of the system, and for nobody else to write.
private func isOwn(_ status: stat) -> Bool {
  (status.st_uid == geteuid() || status.st_uid == 0) && status.st_mode & 0o022 == 0
}

/// The same of a folder.
func isOwn(_ folder: String) -> Bool {
  var status = stat()
  return stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && isOwn(status)
}

/// Makes the folder and writes a file of it, which takes the place of whatever has its name. False
/// where that failed, or the folder is for others to write.
func replaceFile(_ path: String, in folder: String, _ bytes: [UInt8]) -> Bool {
  makeFolder(folder)
  guard isOwn(folder), let sink = try? FileSink(replacing: path, anything: true) else {
    return false
  }
  return (try? sink.write(bytes)) != nil && (try? sink.commit()) != nil
}

/// Makes the folder, for its user alone, and those above it; what fails shows when the file is
/// written.
private func makeFolder(_ path: String) {
  var made = path.hasPrefix("/") ? "" : "."
  for part in path.split(separator: "/") {
    made += "/" + part
    mkdir(made, 0o700)
  }
}

/// FNV-1a.
func fnv1a(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
