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
  let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, isTrusted(status),
    status.st_size < 1 << 30
  else { return nil }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var done = 0
  while done < bytes.count {
    let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + done, $0.count - done) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return nil }
    done += count
  }
  return bytes
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

/// The names in a folder, sorted; nil, with `errno` set, where it cannot be read.
package func namesInFolder(_ path: String) -> [String]? {
  guard let folder = opendir(path) else { return nil }
  defer { closedir(folder) }
  var names: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Makes the folder, writes under a temporary name, syncs and renames, so that no reader meets half
/// a file. False where that failed, or the folder is for others to write.
func replaceFile(_ path: String, in folder: String, _ bytes: [UInt8]) -> Bool {
  makeFolder(folder)
  guard isOwn(folder) else { return false }
  let temporary = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 16))"
  guard writeFile(temporary, bytes), rename(temporary, path) == 0 else {
    unlink(temporary)
    return false
  }
  return true
}

private func writeFile(_ path: String, _ bytes: [UInt8]) -> Bool {
  let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
  guard file >= 0 else { return false }
  var left = bytes[...]
  while !left.isEmpty {
    let count = left.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { break }
    left = left.dropFirst(count)
  }
  let isSynced = fsync(file) == 0
  return close(file) == 0 && isSynced && left.isEmpty
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
