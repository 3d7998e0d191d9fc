import DRRCore
import DRRData
import Essentials
import Platform
import Tensor

/// Reads a feedback log while it is written or afterwards.
public struct FeedbackReader: Sendable {
  /// The folder's path.
  public let folder: String

  /// A log by its folder; nothing is read.
  public init(folder: String) { self.folder = folder }

  /// The numbers of the log's segments, rising.
  ///
  /// - Throws: `FeedbackError` where the folder cannot be read, or a segment is missing between two.
  public func segments() throws -> [Int] {
    guard let names = namesInFolder(folder) else {
      throw FeedbackError.system("read the feedback log", folder, errno)
    }
    let numbers = names.compactMap { name -> Int? in
      guard name.hasPrefix(FeedbackLog.prefix), name.hasSuffix(FeedbackLog.suffix) else {
        return nil
      }
      return Int(name.dropFirst(FeedbackLog.prefix.count).dropLast(FeedbackLog.suffix.count))
    }.sorted()
    for (before, after) in zip(numbers, numbers.dropFirst()) where after != before + 1 {
      throw FeedbackError(
        "\(folder) has segments \(before) and \(after) of a feedback log and none between; "
          + "restore it from a copy")
    }
    return numbers
  }

  /// Whether something stands behind a place, of which nothing is read.
  ///
  /// - Throws: `FeedbackError` where the folder cannot be read.
  public func hasMore(than place: FeedbackLog.Position) throws -> Bool {
    guard let last = try segments().last else { return false }
    var status = stat()
    guard last == place.segment else { return last > place.segment }
    return stat(FeedbackLog.path(folder, last), &status) == 0 && status.st_size > place.offset
  }

  /// Gives every event from a place on, in order. A last line that is not whole is left out: its
  /// writer was killed, or is at it.
  ///
  /// - Returns: the place behind the last event.
  /// - Throws: `FeedbackError` where there is no log, or a line is damaged, with its file and line;
  ///   what `body` throws.
  @discardableResult
  public func forEach(
    from start: FeedbackLog.Position? = nil,
    _ body: (FeedbackEvent, FeedbackLog.Position) throws -> Void
  ) throws -> FeedbackLog.Position {
    let segments = try segments()
    guard let first = segments.first, let last = segments.last else {
      throw FeedbackError(
        "\(folder) holds no feedback log; `drr serve --log \(folder)` writes one")
    }
    var end = start ?? FeedbackLog.Position(segment: first, offset: 0)
    if end.segment < first || end.segment > last + 1 {
      throw FeedbackError("\(folder) has no segment \(end.segment) of a feedback log")
    }
    for segment in segments where segment >= end.segment {
      if segment > end.segment { end = FeedbackLog.Position(segment: segment, offset: 0) }
      let path = FeedbackLog.path(folder, segment)
      let bytes = try Self.bytes(path)
      guard end.offset <= bytes.count else {
        throw FeedbackError(
          "\(path) has \(bytes.count) bytes, fewer than the \(end.offset) that were read of it; "
            + "restore it from a copy")
      }
      let offset = end.offset
      let lines = Self.lines(bytes, from: offset)
      // A part at a time: events take more memory than their lines.
      for part in stride(from: 0, to: lines.count, by: 16_384) {
        let some = lines[part..<min(part + 16_384, lines.count)]
        let tasks = min(some.count, 32)
        let events = concurrentMap(tasks) { task in
          let place = { (task: Int) in some.startIndex + task * some.count / tasks }
          return some[place(task)..<place(task + 1)].map { range in
            Result { () throws(FeedbackEvent.LineProblem) in
              try FeedbackEvent(line: bytes[range])
            }
          }
        }.flatMap { $0 }
        for (at, event) in zip(some.indices, events) {
          switch event {
          case .success(let event):
            end.offset = lines[at].upperBound + 1
            try body(event, end)
          case .failure(let problem):
            throw Self.damaged(path, bytes, lines[at], problem)
          }
        }
      }
    }
    return end
  }

  /// What the end of a writer, or of the system, left torn at the end of the log: all from the first
  /// damaged line of the last segment on, where nothing of it need ever have been on the disk. Parts
  /// of a file that the disk never got read as zeros, so that each damaged line has one, or no end.
  ///
  /// - Parameters:
  ///   - segment: the last.
  ///   - synced: a place before which all was on the disk, and nothing is looked at.
  ///   - most: lines that may not have been.
  /// - Returns: nil where all is whole.
  /// - Throws: `FeedbackError` where a line is damaged otherwise.
  func torn(
    segment: Int, synced: FeedbackLog.Position?, most: Int
  ) throws -> FeedbackLog.Cut? {
    let path = FeedbackLog.path(folder, segment)
    guard access(path, F_OK) == 0 else { return nil }
    let bytes = try Self.bytes(path)
    let start = synced.map { $0.segment == segment ? $0.offset : 0 } ?? 0
    guard start < bytes.count else { return nil }
    var lines = Self.lines(bytes, from: start)
    let end = lines.last.map { $0.upperBound + 1 } ?? start
    if end < bytes.count { lines.append(end..<bytes.count) }
    guard
      let first = lines.firstIndex(where: {
        $0.upperBound == bytes.count || !FeedbackEvent.isWhole(bytes[$0])
      })
    else { return nil }
    for line in lines[first...] where line.upperBound < bytes.count {
      if !FeedbackEvent.isWhole(bytes[line]), !bytes[line].contains(0) {
        throw Self.damaged(path, bytes, line)
      }
    }
    guard lines.count - first <= most else { throw Self.damaged(path, bytes, lines[first]) }
    let offset = lines[first].lowerBound
    return .init(offset: offset, lines: lines.count - first, bytes: bytes.count - offset)
  }

  private static func damaged(
    _ path: String, _ bytes: [UInt8], _ line: Range<Int>,
    _ problem: FeedbackEvent.LineProblem = .damaged
  ) -> FeedbackError {
    let number = bytes[..<line.lowerBound].reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
    return FeedbackError(
      problem == .damaged
        ? "\(path):\(number): the line does not match its checksum; the log is damaged: restore it "
          + "from a copy"
        : "\(path):\(number): not a line of a feedback log; `drr serve --log` writes them")
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FeedbackError("cannot read \(path)")
    }
    return [UInt8](data)
  }

  /// The lines that end, without their newlines.
  private static func lines(_ bytes: [UInt8], from start: Int) -> [Range<Int>] {
    var lines: [Range<Int>] = []
    var begin = start
    for at in start..<bytes.count where bytes[at] == 10 {
      lines.append(begin..<at)
      begin = at + 1
    }
    return lines
  }
}
