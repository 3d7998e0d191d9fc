import DRRCore
import Dispatch
import Essentials
import Platform
import Synchronization
import Tensor

/// A folder of what was served and what came of it: segments of lines, to which one process appends.
///
/// A line is with the system when ``append(_:)`` returns, so that no end of the process loses it; it
/// is on the disk within ``Settings/syncInterval`` or ``Settings/syncLines``, whichever comes first,
/// or at once where the log is durable.
public final class FeedbackLog: Sendable {
  /// How a log is written.
  public struct Settings: Sendable {
    /// Whether every line is on the disk before ``FeedbackLog/append(_:)`` returns.
    public var isDurable = false
    /// Seconds after which a line is on the disk.
    public var syncInterval = 0.1
    /// Lines after which they are on the disk.
    public var syncLines = 256
    /// Bytes after which the next segment begins.
    public var segmentBytes = 64 << 20

    /// The usual settings.
    public init() {}
  }

  /// A place in a log, from which a state goes on.
  public struct Position: Codable, Hashable, Comparable, Sendable {
    /// The segment's number, from 1.
    public var segment: Int
    /// Bytes of it that come before.
    public var offset: Int

    /// A place by its parts.
    public init(segment: Int, offset: Int) { (self.segment, self.offset) = (segment, offset) }

    public static func < (a: Position, b: Position) -> Bool {
      (a.segment, a.offset) < (b.segment, b.offset)
    }
  }

  /// The folder's path.
  public let folder: String
  private let settings: Settings
  private let state: Mutex<Open>
  /// What holds the folder against other processes.
  private let lock: Int32
  /// Where the disk is waited for, so that no request waits.
  private let syncing = DispatchQueue(label: "drr.feedback")
  private let clock: Clock

  /// Set up before it runs, and then only cancelled.
  private struct Clock: @unchecked Sendable { let source: any DispatchSourceTimer }

  private struct Open {
    var descriptor: Int32
    var position: Position
    var unsynced = 0
    var failure: FeedbackError?
  }

  /// Opens a log for appending, which is made where there is none. What a killed writer left of a
  /// last line is cut off.
  ///
  /// - Throws: `FeedbackError` where another process writes to it, a line before the last is
  ///   damaged, or the folder cannot be used.
  public init(folder: String, _ settings: Settings = Settings()) throws {
    self.folder = folder
    self.settings = settings
    let isThere = access(folder, F_OK) == 0
    try RunFolder(folder).create(for: "feedback log")
    // A folder that somebody else made keeps its permissions; segments are the owner's alone.
    if !isThere { chmod(folder, 0o700) }
    lock = open(folder, O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { throw FeedbackError.system("open", folder, errno) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      close(lock)
      throw FeedbackError(
        "another process writes to the feedback log \(folder); stop it or name another folder")
    }
    do {
      let last = try FeedbackReader(folder: folder).segments().last ?? 1
      let path = Self.path(folder, last)
      let whole = try FeedbackReader.wholeBytes(path)
      let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else { throw FeedbackError.system("open", path, errno) }
      guard ftruncate(descriptor, off_t(whole)) == 0 else {
        let code = errno
        close(descriptor)
        throw FeedbackError.system("shorten", path, code)
      }
      state = Mutex(
        Open(descriptor: descriptor, position: Position(segment: last, offset: whole)))
    } catch {
      close(lock)
      throw error
    }
    // One that never ran may not be given up.
    clock = Clock(source: DispatchSource.makeTimerSource(queue: syncing))
    clock.source.schedule(
      deadline: .now() + settings.syncInterval, repeating: settings.syncInterval,
      leeway: .milliseconds(10))
    clock.source.setEventHandler { [weak self] in try? self?.synchronize() }
    clock.source.resume()
  }

  deinit {
    clock.source.cancel()
    state.withLock { open in
      if open.descriptor >= 0 {
        fdatasync(open.descriptor)
        close(open.descriptor)
      }
    }
    close(lock)
  }

  /// Where the next line goes.
  public var position: Position { state.withLock { $0.position } }

  /// Appends a line.
  ///
  /// - Returns: the place behind it.
  /// - Throws: `FeedbackError` where the disk takes no more; the line is not in the log then, and no
  ///   other is taken.
  @discardableResult
  public func append(_ event: FeedbackEvent) throws -> Position {
    let line = try event.line()
    return try state.withLock { open in
      if let failure = open.failure { throw failure }
      if open.position.offset > 0, open.position.offset + line.count > settings.segmentBytes {
        try rotate(&open)
      }
      let path = Self.path(folder, open.position.segment)
      var rest = line[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { bytes in
          retrying { write(open.descriptor, bytes.baseAddress, bytes.count) }
        }
        guard count > 0 else {
          // A part of the line would be taken for damage.
          let code = errno
          ftruncate(open.descriptor, off_t(open.position.offset))
          open.failure = FeedbackError.system("append to", path, code)
          throw open.failure!
        }
        rest = rest.dropFirst(count)
      }
      open.position.offset += line.count
      open.unsynced += 1
      if settings.isDurable {
        try synchronize(&open)
      } else if open.unsynced == settings.syncLines {
        syncing.async { [weak self] in try? self?.synchronize() }
      }
      return open.position
    }
  }

  /// Waits until all that was appended is on the disk.
  ///
  /// - Throws: `FeedbackError` where the disk says no.
  public func synchronize() throws {
    let descriptor = try state.withLock { open -> Int32? in
      if let failure = open.failure { throw failure }
      guard open.unsynced > 0 else { return nil }
      open.unsynced = 0
      // Its own descriptor, so that a rotation in between closes another.
      return dup(open.descriptor)
    }
    guard let descriptor, descriptor >= 0 else { return }
    defer { close(descriptor) }
    if retrying({ Int(fdatasync(descriptor)) }) != 0 {
      let failure = FeedbackError.system("write", folder, errno)
      state.withLock { $0.failure = failure }
      throw failure
    }
  }

  private func synchronize(_ open: inout Open) throws {
    guard retrying({ Int(fdatasync(open.descriptor)) }) == 0 else {
      open.failure = FeedbackError.system(
        "write", Self.path(folder, open.position.segment), errno)
      throw open.failure!
    }
    open.unsynced = 0
  }

  private func rotate(_ open: inout Open) throws {
    try synchronize(&open)
    let next = Position(segment: open.position.segment + 1, offset: 0)
    let path = Self.path(folder, next.segment)
    let descriptor = Platform.open(
      path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FeedbackError.system("create", path, errno) }
    close(open.descriptor)
    (open.descriptor, open.position) = (descriptor, next)
    do {
      try synchronizeFolder(folder, for: path)
    } catch {
      throw FeedbackError.system(error.action, error.path, error.code)
    }
  }

  static func path(_ folder: String, _ segment: Int) -> String {
    let digits = String(segment)
    return folder + "/\(prefix)"
      + String(repeating: "0", count: max(0, 6 - digits.count)) + digits + suffix
  }

  static let prefix = "feedback-"
  static let suffix = ".jsonl"
}

/// Why a feedback log cannot be read or written, in one sentence.
public struct FeedbackError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error of one sentence: what was asked for, what is wrong, and what to do.
  public init(_ description: String) { self.description = description.printableLines }

  static func system(_ action: String, _ path: String, _ code: Int32) -> FeedbackError {
    FeedbackError("cannot \(action) \(path): \(String(cString: strerror(code)))")
  }
}
