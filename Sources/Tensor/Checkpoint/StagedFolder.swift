import Platform

/// Files that appear in a folder all together: written under another name beside it, which is then
/// exchanged for its own.
package final class StagedFolder {
  /// The folder as it is named by the user, and the one that is written until `commit`.
  package let path: String
  private let target: String
  private var temporary: String?
  private var lock: Int32 = -1
  private let isThere: Bool

  /// - Parameters:
  ///   - path: the folder; its parent must exist. It may be there, empty or with older files.
  ///   - marks: names of files that what is written is known by: one at least is in a folder that
  ///     is replaced.
  ///   - others: names of its other files. Nothing else may be in a folder that is replaced.
  package init(
    replacing path: String, marks: [String], others: [String] = []
  ) throws(CheckpointError) {
    self.path = path
    var trimmed = path
    while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed.removeLast() }
    var status = stat()
    isThere = stat(trimmed, &status) == 0
    if isThere, let resolved = realpath(trimmed, nil) {
      defer { free(resolved) }
      trimmed = String(cString: resolved)
    }
    target = trimmed
    if isThere {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw .occupied(path: path, reason: "is there, and is no folder; name another")
      }
      try requireOurs(marks, others, status)
    }
    let parent = target.parentFolder
    Temporaries.sweep(parent)
    let made = try Temporaries.make(in: parent) { (name) throws(CheckpointError) in
      var descriptor = -1
      // One that another process has swept before it is open is made again.
      repeat {
        guard retrying({ Int(mkdir(name, isThere ? 0o700 : 0o777)) }) == 0 else {
          throw fault("write")
        }
        descriptor = retrying { Int(open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) }
      } while descriptor < 0 && errno == ENOENT
      guard descriptor >= 0, !isThere || fchmod(Int32(descriptor), status.st_mode & 0o7777) == 0
      else {
        let error = fault("write")
        rmdir(name)
        throw error
      }
      return Int32(descriptor)
    }
    (temporary, lock) = made
  }

  deinit { abandon() }

  /// Where a file of that name is to be written.
  package func file(_ name: String) -> String { "\(temporary ?? target)/\(name)" }

  /// What an error of one of the files is called.
  package func shown(_ error: CheckpointError) -> CheckpointError {
    guard case .system(let path, let action, let code) = error, let temporary,
      path.hasPrefix(temporary)
    else { return error }
    return .system(path: self.path + path.dropFirst(temporary.count), action: action, code: code)
  }

  /// Gives the folder its name. Where this throws, what stood there before is as it was.
  package func commit() throws(CheckpointError) {
    guard let temporary else { return }
    let answer = Temporaries.naming(temporary, keeps: isThere) {
      Int(isThere ? exchange(temporary, target) : rename(temporary, target))
    }
    guard answer == 0 else { throw fault(isThere ? "replace" : "write") }
    self.temporary = nil
    if isThere { Temporaries.removeFolder(temporary) }
    closeLock()
    try CheckpointError.passing { () throws(FileError) in
      try synchronizeFolder(target.parentFolder, for: path)
    }
  }

  /// Removes what has no name yet.
  package func abandon() {
    closeLock()
    if let temporary { Temporaries.removeFolder(temporary) }
    temporary = nil
  }

  private func closeLock() {
    if lock >= 0 { close(lock) }
    lock = -1
  }

  private func fault(_ action: String) -> CheckpointError {
    .system(path: path, action: action, code: errno)
  }

  /// Older programs left `.NAME.part` where they were killed.
  private func requireOurs(
    _ marks: [String], _ others: [String], _ status: stat
  ) throws(CheckpointError) {
    guard let names = namesInFolder(target) else { throw fault("read") }
    let kept = names.filter {
      !Temporaries.isTemporary($0) && !($0.hasPrefix(".") && $0.hasSuffix(".part"))
    }
    let isMarked = kept.contains(where: marks.contains)
    let known = isMarked ? marks + others : []
    if let other = kept.first(where: { !known.contains($0) }) {
      throw .occupied(
        path: path,
        reason: "holds something else, \(quoted(other)), and is replaced as a whole; name another "
          + "folder")
    }
    var here = stat()
    if stat(".", &here) == 0, here.st_ino == status.st_ino, here.st_dev == status.st_dev {
      throw .occupied(
        path: path, reason: "is the current folder, and is replaced as a whole; name another")
    }
  }
}

/// Exchanges two folders' names in one step; by two where the system or the file system has none.
private func exchange(_ new: String, _ old: String) -> Int32 {
  typealias Call =
    @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
  let exchanging: UInt32 = 2
  if let symbol = dlsym(nil, "renameat2") {
    let call = unsafeBitCast(symbol, to: Call.self)
    let answer = call(AT_FDCWD, new, AT_FDCWD, old, exchanging)
    if answer == 0 || ![EINVAL, ENOSYS].contains(errno) { return answer }
  }
  let aside = new + ".old"
  guard rename(old, aside) == 0 else { return -1 }
  guard rename(new, old) == 0 else {
    let code = errno
    rename(aside, old)
    errno = code
    return -1
  }
  return rename(aside, new)
}
