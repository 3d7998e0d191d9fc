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
/// or, where the log is durable, when ``settle()`` returns.
public final class FeedbackLog: Sendable {
  /// How a log is written.
  public struct Settings: Sendable {
    /// Whether ``FeedbackLog/settle()`` waits until the disk has what was appended.
    public var isDurable = false
    /// Seconds after which a line is on the disk.
    public var syncInterval = 0.1
    /// Lines after which they go to the disk. Of twice as many an end of the system loses some at
    /// most.
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
  /// What was cut off at the end of the log, which never was on the disk; nil where it was whole.
  public let cut: Cut?
  private let settings: Settings
  private let state: Mutex<Open>
  /// What holds the folder against other processes.
  private let lock: Int32
  /// Waits until the disk has a file: `fdatasync`, or what a test has in its place.
  private let synchronizeFile: @Sendable (Int32) -> Int32
  /// Where the disk is waited for, so that no request waits.
  private let syncing = DispatchQueue(label: "drr.feedback")
  private let clock: Clock

  /// Set up before it runs, and then only cancelled.
  private struct Clock: @unchecked Sendable { let source: any DispatchSourceTimer }

  private struct Open {
    var descriptor: Int32
    var position: Position
    /// Lines that no wait for the disk has begun for, and those that one is under way for.
    var unsynced = 0
    var underWay = 0
    /// Those who wait until the disk has what they appended, which the next wait is for.
    var waiting: [CheckedContinuation<Void, any Error>] = []
    /// Whether somebody waits for the disk on behalf of those who wait.
    var isSettling = false
    var failure: FeedbackError?
  }

  /// What is cut off at the end of a log.
  public struct Cut: Hashable, Sendable {
    /// Of the segment, that are kept.
    var offset: Int
    public var lines: Int
    public var bytes: Int
  }

  /// Opens a log for appending, which is made where there is none. What a writer's end, or the
  /// system's, left of the last lines is cut off: see ``cut``.
  ///
  /// - Throws: `FeedbackError` where another process writes to it, a line is damaged that was on the
  ///   disk, or the folder cannot be used.
  public convenience init(folder: String, _ settings: Settings = Settings()) throws {
    try self.init(folder: folder, settings) { fdatasync($0) }
  }

  package init(
    folder: String, _ settings: Settings, synchronizeFile: @escaping @Sendable (Int32) -> Int32
  ) throws {
    self.folder = folder
    self.settings = settings
    self.synchronizeFile = synchronizeFile
    let isThere = access(folder, F_OK) == 0
    try RunFolder(folder).create(for: "feedback log")
    // A folder that somebody else made keeps its permissions; segments are the owner's alone.
    if !isThere { chmod(folder, 0o700) }
    lock = try FeedbackError.locking(
      folder, "another process writes to the feedback log \(folder); stop it or name another folder"
    )
    do {
      let reader = FeedbackReader(folder: folder)
      let last = try reader.segments().last ?? 1
      let path = Self.path(folder, last)
      var status = stat()
      let size = stat(path, &status) == 0 ? Int(status.st_size) : 0
      cut = try reader.torn(
        segment: last, synced: FeedbackState.snapshotPosition(ofLog: folder),
        most: 2 * settings.syncLines)
      let whole = cut?.offset ?? size
      let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
      let descriptor = Int32(retrying { Int(open(path, flags, 0o600)) })
      guard descriptor >= 0 else { throw FeedbackError.system("open", path, errno) }
      guard retrying({ Int(ftruncate(descriptor, off_t(whole))) }) == 0 else {
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
    clock.source.setEventHandler { [weak self] in try? self?.flush() }
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
    // A child on its way to another program has the descriptor too.
    flock(lock, LOCK_UN)
    close(lock)
  }

  /// Where the next line goes.
  public var position: Position { state.withLock { $0.position } }

  /// Appends a line. Where so many are not on the disk yet that no more may be lost, it waits for
  /// the disk.
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
      if open.unsynced + open.underWay >= 2 * settings.syncLines {
        try synchronize(&open)
      } else if open.unsynced == settings.syncLines {
        syncing.async { [weak self] in try? self?.flush() }
      }
      return open.position
    }
  }

  /// Where the log is durable, waits until all that was appended is on the disk. All who wait at one
  /// time share one wait for the disk.
  ///
  /// - Throws: `FeedbackError` where the disk says no.
  public func settle() async throws {
    guard settings.isDurable else { return }
    try await withCheckedThrowingContinuation { continuation in
      let isFirst = state.withLock { open in
        open.waiting.append(continuation)
        defer { open.isSettling = true }
        return !open.isSettling
      }
      if isFirst { syncing.async { self.settleAll() } }
    }
  }

  private func settleAll() {
    while true {
      let waiting = state.withLock { open in
        open.isSettling = !open.waiting.isEmpty
        defer { open.waiting = [] }
        return open.waiting
      }
      if waiting.isEmpty { return }
      let result = Result { try flush() }
      for one in waiting { one.resume(with: result) }
    }
  }

  /// Those who wait for the next wait for the disk.
  package var waiting: Int { state.withLock { $0.waiting.count } }

  /// Waits until all that was appended is on the disk.
  ///
  /// - Throws: `FeedbackError` where the disk says no.
  public func synchronize() throws { try syncing.sync { try flush() } }

  /// On the queue, so that one wait for the disk is under way at a time.
  private func flush() throws {
    let descriptor = try state.withLock { open -> Int32? in
      if let failure = open.failure { throw failure }
      guard open.unsynced > 0 else { return nil }
      (open.unsynced, open.underWay) = (0, open.unsynced)
      // Its own descriptor, so that a rotation in between closes another.
      return dup(open.descriptor)
    }
    guard let descriptor else { return }
    let isSynced = retrying { Int(synchronizeFile(descriptor)) } == 0
    let failure = isSynced ? nil : FeedbackError.system("write", folder, errno)
    close(descriptor)
    try state.withLock { open in
      open.underWay = 0
      guard let failure else { return }
      open.failure = failure
      throw failure
    }
  }

  private func synchronize(_ open: inout Open) throws {
    guard retrying({ Int(synchronizeFile(open.descriptor)) }) == 0 else {
      open.failure = FeedbackError.system(
        "write", Self.path(folder, open.position.segment), errno)
      throw open.failure!
    }
    (open.unsynced, open.underWay) = (0, 0)
  }

  private func rotate(_ open: inout Open) throws {
    try synchronize(&open)
    let next = Position(segment: open.position.segment + 1, offset: 0)
    let path = Self.path(folder, next.segment)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW
    let descriptor = Int32(retrying { Int(Platform.open(path, flags, 0o600)) })
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
    "\(folder)/\(prefix)\(String(segment, digits: 6))\(suffix)"
  }

  static let prefix = "feedback-"
  static let suffix = ".jsonl"
}

/// Why a feedback log cannot be read or written, in one sentence.
public struct FeedbackError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// An error of one sentence: what was asked for, what is wrong, and what to do.
  public init(_ description: String) { self.description = description.printableLines }

  /// The descriptor of a folder with a lock on it.
  ///
  /// - Parameter refusal: what is thrown where another process has one.
  static func locking(_ folder: String, _ refusal: String) throws(FeedbackError) -> Int32 {
    do {
      if let descriptor = try lockedFolder(folder) { return descriptor }
    } catch {
      throw system(error.action, error.path, error.code)
    }
    throw FeedbackError(refusal)
  }

  static func system(_ action: String, _ path: String, _ code: Int32) -> FeedbackError {
    FeedbackError("cannot \(action) \(path): \(String(cString: strerror(code)))")
  }
}
