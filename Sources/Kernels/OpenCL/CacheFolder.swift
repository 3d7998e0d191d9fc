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

func readFile(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  guard fseek(file, 0, SEEK_END) == 0 else { return nil }
  let count = ftell(file)
  guard count >= 0, count < 1 << 30, fseek(file, 0, SEEK_SET) == 0 else { return nil }
  var bytes = [UInt8](repeating: 0, count: count)
  return fread(&bytes, 1, count, file) == count ? bytes : nil
}

/// Makes the folder, writes under a temporary name, syncs and renames, so that no reader meets half
/// a file. False where that failed.
func replaceFile(_ path: String, in folder: String, _ bytes: [UInt8]) -> Bool {
  makeFolder(folder)
  let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
  guard writeFile(temporary, bytes), rename(temporary, path) == 0 else {
    unlink(temporary)
    return false
  }
  return true
}

private func writeFile(_ path: String, _ bytes: [UInt8]) -> Bool {
  guard let file = fopen(path, "wb") else { return false }
  let written = fwrite(bytes, 1, bytes.count, file)
  let isSynced = fflush(file) == 0 && fsync(fileno(file)) == 0
  return fclose(file) == 0 && isSynced && written == bytes.count
}

/// Makes the folder and those above it; what fails shows when the file is written.
private func makeFolder(_ path: String) {
  var made = path.hasPrefix("/") ? "" : "."
  for part in path.split(separator: "/") {
    made += "/" + part
    mkdir(made, 0o755)
  }
}

/// FNV-1a.
func fnv1a(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
