import DRRCore
import Environments
import Tensor
import TestSupport
import Testing

/// Counts up to a limit of its own; action 1 earns what a draw says.
private struct Counter: Environment, Codable {
  var limit: Int
  var random: Philox
  var (count, episode) = (0, 0)

  init(copy: Int) {
    limit = 3 + copy
    random = Philox(seed: 5, stream: UInt64(copy))
  }

  private var row: [Int32] { [Int32(episode), Int32(count)] }

  mutating func reset(episode: Int) -> [Int32] {
    (count, self.episode) = (0, episode)
    return row
  }

  mutating func step(_ action: Int) -> Step<[Int32]> {
    count += 1
    let reward = action == 1 ? random.uniform() : 0
    return Step(
      observation: row, reward: reward, terminated: count == limit && limit == 3,
      truncated: count == limit && limit > 3)
  }
}

@Suite("Copies of an environment of one's own")
struct EnvironmentCopiesTests {
  private static var copies: EnvironmentCopies<Counter> {
    EnvironmentCopies(count: 2, actionCount: 2) { Counter(copy: $0) }
  }

  @Test("each has its own place, and an ended episode makes room for the next that nobody has")
  func episodes() {
    var copies = Self.copies
    #expect(copies.count == 2 && copies.rowWidth == 2 && copies.actionCount == 2)
    #expect(copies.rows == [[0, 0], [1, 0]] && copies.allowed == nil && copies.logged == nil)
    _ = copies.step([0, 0])
    _ = copies.step([0, 0])
    let third = copies.step([1, 0])
    // What the ended episode led to is its own last row, while the next has begun.
    #expect(third.map(\.observation) == [[0, 3], [1, 3]])
    #expect(third[0].terminated && !third[0].truncated && !third[1].isLast)
    #expect(third[0].reward > 0 && third[1].reward == 0)
    #expect(copies.rows == [[2, 0], [1, 3]])
    let fourth = copies.step([0, 0])
    #expect(fourth[1].truncated && !fourth[1].terminated)
    #expect(copies.rows == [[2, 1], [3, 0]])
    copies.beginEpisodes()
    #expect(copies.rows == [[4, 0], [5, 0]])
  }

  @Test("what was saved goes on to the same bits")
  func resume() throws {
    var copies = Self.copies
    for _ in 0..<5 { _ = copies.step([1, 1]) }
    var writer = SafetensorsWriter()
    try copies.save(to: &writer, "copies")
    let file = try SafetensorsFile(bytes: writer.bytes(), name: "copies")
    var restored = Self.copies
    try restored.restore(from: file, "copies")
    #expect(restored.rows == copies.rows)
    for _ in 0..<9 {
      let (one, other) = (copies.step([1, 0]), restored.step([1, 0]))
      #expect(one.map(\.reward) == other.map(\.reward))
      #expect(one.map(\.observation) == other.map(\.observation) && copies.rows == restored.rows)
    }
  }

  @Test("what is of other copies is refused, and nothing is changed then")
  func refusal() throws {
    let copies = Self.copies
    var writer = SafetensorsWriter()
    try copies.save(to: &writer, "copies")
    let file = try SafetensorsFile(bytes: writer.bytes(), name: "copies")
    var three = EnvironmentCopies(count: 3, actionCount: 2) { Counter(copy: $0) }
    let before = three.rows
    #expect(throws: CheckpointError.self) { try three.restore(from: file, "copies") }
    #expect(three.rows == before)

    var damaged = SafetensorsWriter()
    try damaged.add("copies.worlds", Array("[{}, 3]".utf8))
    try damaged.add("copies.rows", [Int32](repeating: 0, count: 4), shape: [2, 2])
    try damaged.add("copies.begun", [Int64(2)])
    let other = try SafetensorsFile(bytes: damaged.bytes(), name: "damaged")
    var two = Self.copies
    #expect(throws: CheckpointError.self) { try two.restore(from: other, "copies") }
    #expect(two.rows == copies.rows)
  }
}
