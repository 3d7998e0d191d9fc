/// A system call, made again where a signal interrupted it.
package func retrying(_ call: () -> Int) -> Int {
  while true {
    let answer = call()
    if answer >= 0 || errno != EINTR { return answer }
  }
}

/// A call of the system on a file that failed.
package struct FileError: Error {
  /// As people are told it.
  package let path: String
  /// What was wanted: "write" or "append to".
  package let action: String
  package let code: Int32

  package init(path: String, action: String, code: Int32) {
    (self.path, self.action, self.code) = (path, action, code)
  }
}

extension String {
  /// A number with zeros in front, so that it has so many digits at least.
  package init(_ number: some BinaryInteger, radix: Int = 10, digits: Int) {
    let text = String(number, radix: radix)
    self = String(repeating: "0", count: Swift.max(0, digits - text.utf8.count)) + text
  }

  /// The folder that a file of this path is in.
  package var parentFolder: String {
    guard let slash = utf8.lastIndex(of: 0x2F) else { return "." }
    return slash == startIndex ? "/" : String(self[..<slash])
  }
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

/// A folder's descriptor, with the lock that keeps other processes from it until the descriptor is
/// closed; nil where another has it, and keeps it for two seconds: one that was asked to stop needs a
/// second to save. Some file systems have no locks: there nobody has.
package func lockedFolder(_ path: String) throws(FileError) -> Int32? {
  let descriptor = Int32(retrying { Int(open(path, O_RDONLY | O_CLOEXEC)) })
  guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
  let begun = ContinuousClock.now
  while retrying({ Int(flock(descriptor, LOCK_EX | LOCK_NB)) }) != 0, errno == EWOULDBLOCK {
    guard ContinuousClock.now - begun < .seconds(2) else {
      close(descriptor)
      return nil
    }
    usleep(20_000)
  }
  return descriptor
}

/// Waits until the disk has the names in `folder`, that of `path` among them.
package func synchronizeFolder(_ folder: String, for path: String) throws(FileError) {
  let descriptor = Int32(retrying { Int(open(folder, O_RDONLY | O_CLOEXEC)) })
  // A folder that may be written but not listed cannot be opened; the rename has succeeded.
  guard descriptor >= 0 else { return }
  defer { _ = close(descriptor) }
  // Some file systems answer EINVAL: they have no separate write of a folder.
  if retrying({ Int(fsync(descriptor)) }) != 0, errno != EINVAL {
    throw FileError(path: path, action: "write", code: errno)
  }
}
