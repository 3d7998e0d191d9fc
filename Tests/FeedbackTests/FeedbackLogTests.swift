import DRRCore
import Dispatch
import Feedback
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The feedback log")
struct FeedbackLogTests {
  static func rating(_ user: String, _ item: String, _ rating: Float) -> FeedbackEvent {
    .feedback(
      ItemFeedback(
        time: 1_796_030_404_154, request: nil, user: user, item: item, value: .rating(rating)))
  }

  static let list = FeedbackEvent.served(
    ServedList(
      request: "00ff", time: 5, model: "m", version: "0123abcd", user: "u é\"\\\n", known: 2,
      exploration: Exploration(),
      items: [.init(item: "50", score: 1.5, propensity: 0.25)], candidates: 7, digest: "01234567"))

  static func events(_ folder: String) throws -> [FeedbackEvent] {
    var events: [FeedbackEvent] = []
    try FeedbackReader(folder: folder).forEach { event, _ in events.append(event) }
    return events
  }

  @Test("a line is JSON that ends in the CRC-32 of what stands before")
  func line() throws {
    let scratch = TemporaryFolder()
    let log = try FeedbackLog(folder: scratch.path + "/log")
    try log.append(Self.rating("196", "50", 4))
    // By zlib of Python.
    #expect(
      try scratch.text("log/feedback-000001.jsonl")
        == #"{"event":"feedback","item":"50","rating":4,"time":1796030404154,"user":"196","crc":"c227c3a9"}"#
        + "\n")
    try log.append(Self.list)
    #expect(try Self.events(scratch.path + "/log") == [Self.rating("196", "50", 4), Self.list])
    for line in try scratch.text("log/feedback-000001.jsonl").split(separator: "\n") {
      #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
    }
    let mode = try FileManager.default.attributesOfItem(
      atPath: scratch.path + "/log/feedback-000001.jsonl")[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test("cut anywhere, it goes on behind its last whole line")
  func torn() throws {
    let scratch = TemporaryFolder()
    let whole = scratch.path + "/whole"
    do {
      let log = try FeedbackLog(folder: whole)
      for item in 0..<3 { try log.append(Self.rating("u", "\(item)", Float(item))) }
    }
    let bytes = try scratch.data("whole/feedback-000001.jsonl")
    let ends = bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 }
    for count in 0...bytes.count {
      let folder = "cut\(count)"
      try scratch.write("\(folder)/feedback-000001.jsonl", bytes.prefix(count))
      let kept = ends.count { $0 <= count }
      #expect(try Self.events(scratch.path + "/" + folder).count == kept)
      try FeedbackLog(folder: scratch.path + "/" + folder).append(Self.rating("u", "9", 1))
      #expect(
        try Self.events(scratch.path + "/" + folder)
          == (0..<kept).map { Self.rating("u", "\($0)", Float($0)) } + [Self.rating("u", "9", 1)])
    }
  }

  @Test("a changed byte is found and told with its line")
  func damaged() throws {
    let scratch = TemporaryFolder()
    do {
      let log = try FeedbackLog(folder: scratch.path + "/log")
      for item in 0..<4 { try log.append(Self.rating("u", "\(item)", 2)) }
    }
    let bytes = try scratch.data("log/feedback-000001.jsonl")
    let second = bytes.firstIndex(of: 10)! + 1
    let third = bytes[second...].firstIndex(of: 10)! + 1
    for at in second..<third - 1 {
      var changed = bytes
      changed[at] ^= 1
      try scratch.write("log/feedback-000001.jsonl", changed)
      let error = #expect(throws: FeedbackError.self) { try Self.events(scratch.path + "/log") }
      #expect("\(error!)".contains("feedback-000001.jsonl:2: "), "\(error!)")
    }
  }

  /// A log of whole lines, in which some bytes read as zeros.
  private static func zeroed(
    _ folder: TemporaryFolder, lines: Int, _ range: (_ ends: [Int]) -> Range<Int>
  ) throws -> (path: String, ends: [Int]) {
    let path = folder.path + "/log"
    do {
      let log = try FeedbackLog(folder: path)
      for item in 0..<lines { try log.append(rating("u", "\(item)", 2)) }
    }
    var bytes = try folder.data("log/feedback-000001.jsonl")
    let ends = bytes.indices.filter { bytes[$0] == 10 }.map { $0 + 1 }
    for at in range(ends) { bytes[at] = 0 }
    try folder.write("log/feedback-000001.jsonl", bytes)
    return (path, ends)
  }

  @Test(
    "lines that the disk never got are cut, and those behind them, and that is told",
    arguments: [
      // From the middle of a line to the end; over newlines; with whole lines behind them.
      (100, 199, 0), (150, 187, 13), (199, 199, 1), (30, 40, 5),
    ])
  func unsynced(first: Int, last: Int, rest: Int) throws {
    let folder = TemporaryFolder()
    let (path, ends) = try Self.zeroed(folder, lines: 200) { ends in
      ends[first - 1] + 7..<ends[last] - rest
    }
    do {
      let log = try FeedbackLog(folder: path)
      #expect(log.cut?.bytes == ends[199] - ends[first - 1])
      let newlines = try folder.data("log/feedback-000001.jsonl")
      #expect(newlines.count == ends[first - 1])
      try log.append(Self.rating("u", "x", 3))
    }
    #expect(
      try Self.events(path)
        == (0..<first).map { Self.rating("u", "\($0)", 2) } + [Self.rating("u", "x", 3)])
    #expect(try FeedbackLog(folder: path).cut == nil)
  }

  @Test("what was on the disk is never cut: a changed byte, an old line, lines before the state")
  func synced() throws {
    let changed = TemporaryFolder()
    let (path, ends) = try Self.zeroed(changed, lines: 200) { $0[197] + 9..<$0[198] }
    var bytes = try changed.data("log/feedback-000001.jsonl")
    bytes[ends[150] + 20] ^= 1
    try changed.write("log/feedback-000001.jsonl", bytes)
    // The first damaged line holds no zero.
    let error = #expect(throws: FeedbackError.self) { try FeedbackLog(folder: path) }
    #expect("\(error!)".contains("feedback-000001.jsonl:152: "), "\(error!)")

    let old = TemporaryFolder()
    let (long, _) = try Self.zeroed(old, lines: 700) { $0[100] + 9..<$0[101] }
    let refused = #expect(throws: FeedbackError.self) { try FeedbackLog(folder: long) }
    #expect("\(refused!)".contains("feedback-000001.jsonl:102: "), "\(refused!)")

    let known = TemporaryFolder()
    let (stated, _) = try Self.zeroed(known, lines: 50) { $0[48] + 9..<$0[49] }
    let before = try known.data("log/feedback-000001.jsonl")
    var state = FeedbackState()
    try FeedbackReader(folder: stated).forEach { state.apply($0, at: $1) }
    try state.write(toLog: stated)
    #expect(try FeedbackLog(folder: stated).cut?.lines == 1)
    // The state says that more was on the disk than there is now.
    try known.write("log/feedback-000001.jsonl", before.prefix(before.count / 2))
    #expect(throws: FeedbackError.self) { try FeedbackStore(folder: stated) }
  }

  @Test("all who wait for the disk at one time share one wait")
  func settled() async throws {
    /// Counts the waits for it, each of which lasts until it is let through, and who was answered.
    final class Disk: Sendable {
      let waits = Mutex(0)
      let answered = Mutex(0)
      let gate = DispatchSemaphore(value: 0)
    }
    let (folder, disk) = (TemporaryFolder(), Disk())
    var settings = FeedbackLog.Settings()
    (settings.isDurable, settings.syncInterval) = (true, 3_600)
    let log = try FeedbackLog(folder: folder.path + "/log", settings) { _ in
      disk.waits.withLock { $0 += 1 }
      disk.gate.wait()
      return 0
    }
    try log.append(Self.rating("u", "0", 1))
    let first = Task { try await log.settle() }
    while disk.waits.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for item in 1...100 {
        try log.append(Self.rating("u", "\(item)", 1))
        group.addTask {
          try await log.settle()
          disk.answered.withLock { $0 += 1 }
        }
      }
      while log.waiting < 100 { try await Task.sleep(for: .milliseconds(1)) }
      #expect(disk.answered.withLock { $0 } == 0, "nobody is answered before the disk has the line")
      disk.gate.signal()
      try await first.value
      disk.gate.signal()
      try await group.waitForAll()
    }
    #expect(disk.waits.withLock { $0 } == 2)
    #expect(disk.answered.withLock { $0 } == 100)
  }

  @Test("no more lines than are said wait for the disk")
  func window() throws {
    let folder = TemporaryFolder()
    let waits = Mutex(0)
    var settings = FeedbackLog.Settings()
    (settings.syncInterval, settings.syncLines) = (3_600, 10)
    let (begun, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let log = try FeedbackLog(folder: folder.path + "/log", settings) { _ in
      // The first is slow; the log goes on until twenty lines are not on the disk.
      let isFirst = waits.withLock { count in
        count += 1
        return count == 1
      }
      if isFirst {
        begun.signal()
        gate.wait()
      }
      return 0
    }
    for item in 0..<10 { try log.append(Self.rating("u", "\(item)", 1)) }
    begun.wait()
    for item in 10..<19 { try log.append(Self.rating("u", "\(item)", 1)) }
    #expect(waits.withLock { $0 } == 1)
    try log.append(Self.rating("u", "19", 1))
    #expect(waits.withLock { $0 } == 2)
    gate.signal()
    try log.synchronize()
  }

  @Test("segments follow one another, and a missing one is told")
  func segments() throws {
    let scratch = TemporaryFolder()
    let folder = scratch.path + "/log"
    var settings = FeedbackLog.Settings()
    settings.segmentBytes = 300
    let events = (0..<40).map { Self.rating("u\($0 % 3)", "\($0)", 3) }
    for part in [events[..<17], events[17...]] {
      let log = try FeedbackLog(folder: folder, settings)
      for event in part { try log.append(event) }
    }
    #expect(try scratch.names("log").count > 10)
    #expect(try Self.events(folder) == events)
    try FileManager.default.removeItem(atPath: folder + "/feedback-000003.jsonl")
    let error = #expect(throws: FeedbackError.self) { try Self.events(folder) }
    #expect("\(error!)".contains("segments 2 and 4"))
  }

  @Test("two processes do not write to one log")
  func lock() throws {
    let scratch = TemporaryFolder()
    let log = try FeedbackLog(folder: scratch.path)
    withExtendedLifetime(log) {
      let error = #expect(throws: FeedbackError.self) { try FeedbackLog(folder: scratch.path) }
      #expect("\(error!)".contains("another process writes"))
    }
  }

  @Test("the state is the same from the whole log, and from a snapshot and the rest")
  func state() throws {
    let scratch = TemporaryFolder()
    let events =
      (0..<60).map { Self.rating("u\($0 % 7)", "\($0 % 11)", Float($0 % 5)) }
      + [
        .feedback(.init(time: 1, request: "r", user: "u1", item: "4", value: .click(true))),
        .feedback(.init(time: 1, request: "r", user: "u1", item: "4", value: .click(false))),
        .feedback(.init(time: 1, request: "r", user: "u1", item: "4", value: .reward(3))),
        Self.list,
      ]
    var wanted: [String: [KnownItem]] = [:]
    for event in events {
      if case .feedback(let feedback) = event {
        switch feedback.value {
        case .rating(let rating):
          wanted[feedback.user!, default: []].append(.init(item: feedback.item, rating: rating))
        case .click(true):
          wanted[feedback.user!, default: []].append(.init(item: feedback.item, rating: nil))
        case .click(false), .reward: break
        }
      }
    }
    var settings = FeedbackLog.Settings()
    settings.segmentBytes = 2_000
    let folder = scratch.path + "/log"
    for part in [events[..<31], events[31..<50], events[50...]] {
      let store = try FeedbackStore(folder: folder, settings)
      for event in part {
        switch event {
        case .served(let list): try store.record(list)
        case .feedback(let feedback): try store.record(feedback)
        }
      }
      if part.startIndex == 31 { try store.writeSnapshot() }
    }
    func known() throws -> [String: [KnownItem]] {
      let store = try FeedbackStore(folder: folder, settings)
      #expect(store.userCount == wanted.count)
      return Dictionary(uniqueKeysWithValues: wanted.keys.map { ($0, store.known(of: $0)) })
    }
    #expect(try known() == wanted)
    // A snapshot that is damaged is as none.
    var snapshot = try scratch.data("log/state.json")
    snapshot[snapshot.count / 2] ^= 1
    try scratch.write("log/state.json", snapshot)
    #expect(try known() == wanted)
  }

  @Test("feedback to a list is the user's, and refused for what was not shown")
  func joined() throws {
    let store = try FeedbackStore(folder: nil)
    guard case .served(let list) = Self.list else { return }
    try store.record(list)
    try store.record(
      ItemFeedback(time: 1, request: "00ff", user: nil, item: "50", value: .rating(2)))
    #expect(store.known(of: list.user!) == [KnownItem(item: "50", rating: 2)])
    #expect(throws: FeedbackStore.Refusal.self) {
      try store.record(
        ItemFeedback(time: 1, request: "00ff", user: nil, item: "51", value: .rating(2)))
    }
    // Of a list that is no longer remembered.
    try store.record(
      ItemFeedback(time: 1, request: "ee", user: "x", item: "51", value: .click(true)))
    #expect(store.known(of: "x") == [KnownItem(item: "51", rating: nil)])
  }
}
