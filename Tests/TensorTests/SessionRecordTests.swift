import Tensor
import TestSupport
import Testing

@Suite("Sessions on a device")
struct SessionRecordTests {
  private struct HostSession: Equatable {
    var clicks: [Int32] = []
    var rewards: [Float] = []
    var lists: [[Int32]] = []
    var isOpen = true
  }

  private static let (sessions, steps, listSize, width, end) = (7, 4, 2, 3, Int32(9))

  /// What a record holds, and that padding lies behind.
  private func host(_ record: SessionRecord) throws -> [HostSession] {
    let (t, k) = (Self.steps, Self.listSize)
    let (clicks, rewards) = (try record.clicks.host(), try record.rewards.host())
    let (lists, lengths) = (try record.lists.host(), try record.lengths.host())
    return try record.open.host().enumerated().map { i, open in
      let length = Int(lengths[i])
      #expect(clicks[i * t + length..<(i + 1) * t].allSatisfy { $0 == -1 })
      #expect(rewards[i * t + length..<(i + 1) * t].allSatisfy { $0 == 0 })
      #expect(lists[(i * t + length) * k..<(i + 1) * t * k].allSatisfy { $0 == -1 })
      return HostSession(
        clicks: Array(clicks[i * t..<i * t + length]),
        rewards: Array(rewards[i * t..<i * t + length]),
        lists: (0..<length).map { Array(lists[(i * t + $0) * k..<(i * t + $0 + 1) * k]) },
        isOpen: open != 0)
    }
  }

  /// Prefixes of 0, 1 and 2 steps by turns.
  private func prefixes(on backend: any Backend) -> (SessionRecord, [HostSession]) {
    let expected = (0..<Self.sessions).map { i in
      HostSession(
        clicks: (0..<i % 3).map { Int32(i + $0) }, rewards: (0..<i % 3).map { Float(i - $0) },
        lists: (0..<i % 3).map { [Int32(i + $0), Int32(i)] })
    }
    let record = SessionRecord(
      clicks: expected.flatMap { $0.clicks + [Int32](repeating: -1, count: 2 - $0.clicks.count) },
      rewards: expected.flatMap { $0.rewards + [Float](repeating: 0, count: 2 - $0.rewards.count) },
      lists: expected.flatMap { session in
        session.lists.flatMap(\.self)
          + [Int32](repeating: -1, count: (2 - session.clicks.count) * Self.listSize)
      },
      sessions: Self.sessions, steps: Self.steps, listSize: Self.listSize, on: backend)
    return (record, expected)
  }

  @Test(
    "prefixes lie padded, and those of all steps are over", arguments: TestDevices.withReference)
  func begins(_ device: TestDevice) throws {
    let backend = try device.make()
    let (record, expected) = prefixes(on: backend)
    #expect(try host(record) == expected)
    let whole = SessionRecord(
      clicks: [1, 2, 3, -1], rewards: [1, 1, 1, 0], lists: [], sessions: 2, steps: 2, listSize: 0,
      on: backend)
    #expect(try whole.open.host() == [0, 1])
    #expect(try whole.lengths.host() == [2, 1])
    let empty = SessionRecord(
      clicks: [], rewards: [], lists: [], sessions: 2, steps: 3, listSize: 1, on: backend)
    #expect(try empty.clicks.host() == [Int32](repeating: -1, count: 6))
    #expect(try empty.open.host() == [1, 1])
  }

  @Test("every open session gets a step until it ends", arguments: TestDevices.withReference)
  func extends(_ device: TestDevice) throws {
    let backend = try device.make()
    var (record, expected) = prefixes(on: backend)
    var generator = SeededGenerator(0x5E55)
    for step in 0..<6 {
      let items = generator.indices(Self.sessions, in: -1..<Self.end + 1)
      let rewards = generator.floats(Self.sessions)
      let lists = generator.indices(Self.sessions * Self.width, in: 0..<50)
      let before = backend.counters
      record.extend(
        item: IndexTensor(items, shape: [Self.sessions], on: backend),
        reward: Tensor(rewards, shape: [Self.sessions], on: backend),
        list: IndexTensor(lists, shape: [Self.sessions, Self.width], on: backend), end: Self.end)
      #expect((backend.counters - before).launches == 1)
      for i in expected.indices where expected[i].isOpen {
        guard items[i] >= 0, items[i] != Self.end else {
          expected[i].isOpen = false
          continue
        }
        expected[i].clicks.append(items[i])
        expected[i].rewards.append(rewards[i])
        expected[i].lists.append(Array(lists[i * Self.width..<i * Self.width + Self.listSize]))
        expected[i].isOpen = expected[i].clicks.count < Self.steps
      }
      #expect(try host(record) == expected, "step \(step)")
      let rows: [Int32] = [6, 0, 0, 5, 1, 2, 3]
      if step == 1 {
        record = record.repeated(IndexTensor(rows, shape: [7], on: backend))
        expected = rows.map { expected[Int($0)] }
        #expect(try host(record) == expected)
      }
    }
    #expect(expected.contains { $0.clicks.count == Self.steps })
    #expect(expected.contains { $0.clicks.count < Self.steps })
  }

  @Test("copies go on by themselves", arguments: TestDevices.withReference)
  func repeats(_ device: TestDevice) throws {
    let backend = try device.make()
    let (record, expected) = prefixes(on: backend)
    let before = backend.counters
    let rows: [Int32] = [4, 4, 2]
    let copies = record.repeated(IndexTensor(rows, shape: [3], on: backend))
    #expect((backend.counters - before).launches == 5)
    copies.extend(
      item: IndexTensor([1, 2, 3], shape: [3], on: backend),
      reward: Tensor(repeating: 1, shape: [3], on: backend),
      list: IndexTensor(repeating: 8, shape: [3, 2], on: backend), end: Self.end)
    #expect(try host(copies).map(\.clicks) == [[4, 1], [4, 2], [2, 3, 3]])
    #expect(try host(record) == expected)
  }
}
