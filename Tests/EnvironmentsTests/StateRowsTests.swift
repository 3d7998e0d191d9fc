import DRRData
import DRRTestSupport
import Environments
import Tensor
import TestSupport
import Testing

@Suite("Rows of states")
struct StateRowsTests {
  private static let window = 3

  /// A row by hand: the user, bits of rewards, items; of the latest that there are.
  private static func row(_ user: Int32, _ rated: [(item: Int32, reward: Float)]) -> [Int32] {
    let empty = (item: Int32(-1), reward: Float(0))
    let latest = (Array(repeating: empty, count: window) + rated).suffix(window)
    return [user] + latest.map { Int32(bitPattern: $0.reward.bitPattern) } + latest.map(\.item)
  }

  @Test("what was rated before, then what was shown, each with what is seen of its reward")
  func hand() {
    let rows = StateRows(window: 3, readsRewards: true)
    #expect(rows.width == 7 && rows.firstItem == 4)
    let (one, minusOne) = (Int32(0x3f80_0000), Int32(bitPattern: 0xbf80_0000))
    let (half, minusHalf) = (Int32(0x3f00_0000), Int32(bitPattern: 0xbf00_0000))
    var state = SessionState(
      user: 2, history: [-1, -1, 5],
      known: [.init(item: 9, reward: -0.5), .init(item: 5, reward: 1)])
    #expect(rows.row(of: state) == [2, 0, minusHalf, one, -1, 9, 5])
    state.observe(7, -1)
    #expect(rows.row(of: state) == [2, minusHalf, one, minusOne, 9, 5, 7])
    // Seen is what the item earns by itself.
    state.observe(8, 0.5, earning: 1)
    #expect(rows.row(of: state) == [2, one, minusOne, half, 5, 7, 8])
    state.observe(1, 0)
    state.observe(4, 1)
    #expect(rows.row(of: state) == [2, half, 0, one, 8, 1, 4])
    #expect(rows.row(of: SessionState(user: 2, history: [])) == [2, 0, 0, 0, -1, -1, -1])
    // Liked items alone.
    let liked = StateRows(window: 3)
    #expect(liked.width == 4 && liked.firstItem == 1)
    #expect(liked.row(of: state) == [2, 5, 8, 4])
  }

  @Test("what was known before is cut to the window, the oldest first")
  func longHistory() {
    let known = (0..<9).map { ItemReward(item: $0, reward: Float($0) / 8 - 0.5) }
    let state = SessionState(user: 0, history: [6, 7, 8], known: known)
    let rows = StateRows(window: 3, readsRewards: true)
    #expect(rows.row(of: state) == Self.row(0, known.map { ($0.item, $0.reward) }))
  }

  @Test("rows of logs played back have all that went before, disliked or not")
  func playback() {
    let sequences = CatalogueWorlds.sequences()
    var logs = CatalogueWorlds.logged(count: 4, readsRewards: true)
    #expect(logs.rowWidth == 7 && sequences.allSatisfy { $0.rewards.contains { $0 < 0 } })
    func expected(_ user: Int32, before place: Int) -> [Int32] {
      let log = sequences[Int(user)]
      return Self.row(user, zip(log.items, log.rewards).prefix(place).map { ($0, $1) })
    }
    for _ in 0..<40 {
      let before = logs.rows
      let places = zip(before, logs.logged!).map { row, item in
        sequences[Int(row[0])].items.firstIndex(of: item)!
      }
      for (row, place) in zip(before, places) { #expect(row == expected(row[0], before: place)) }
      let steps = logs.step([0, 0, 0, 0])
      for (place, (row, step)) in zip(places, zip(before, steps)) {
        #expect(step.observation == expected(row[0], before: place + 1))
      }
    }
  }

  @Test("rows of sessions begin with the liked items of the start, and have what each item earned")
  func sessions() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    // What an item earns is moved by what was shown before.
    let environment = try RatingEnvironment(
      log: log, split: split, model: Worlds.model(log, dimension: 8),
      statistics: ItemStatistics(log, split, scale: .fiveStars), window: Self.window,
      sessionLength: 8, scale: .fiveStars, seed: 4, world: Worlds.world(consecutive: 2))
    var sessions = RatingEnvironments(
      environment, window: Self.window, readsRewards: true, count: 5)
    func start(_ user: Int32) -> [(item: Int32, reward: Float)] {
      log.rows(ofUser: Int(user)).filter { log.ratings[$0] > 3 }.prefix(Self.window)
        .map { (log.items[$0], (log.ratings[$0] - 3) / 2) }
    }
    var seen = sessions.rows.map { start($0[0]) }
    var random = SeededGenerator(6)
    var disliked = 0
    for _ in 0..<30 {
      let before = sessions.rows
      #expect(before == zip(before, seen).map { Self.row($0[0], $1) })
      let items = before.indices.map { row in
        (0..<Int32(log.itemCount)).filter { sessions.allowed![row, Int($0)] }
          .randomElement(using: &random)!
      }
      for (row, step) in sessions.step(items).enumerated() {
        seen[row].append((items[row], step.reward))
        disliked += step.reward < 0 ? 1 : 0
        #expect(step.observation == Self.row(before[row][0], seen[row]))
        if step.isLast { seen[row] = start(sessions.rows[row][0]) }
      }
    }
    #expect(disliked > 20)
  }

  @Test("in users' own logs a row has what the user's rating of each item earns")
  func ownLogs() throws {
    let log = Worlds.tiny
    let split = UserSplit(log, EvaluationProtocol())
    let world = World(
      logged: LoggedRewards(log, scale: .fiveStars) { split.visibleRows(of: $0, in: log) },
      model: Worlds.model(log, dimension: 8), isLogOnly: true)
    let environment = try RatingEnvironment(
      log: log, split: split, model: Worlds.model(log, dimension: 8),
      statistics: ItemStatistics(log, split, scale: .fiveStars), window: Self.window,
      sessionLength: 8, scale: .fiveStars, seed: 4, world: world)
    var sessions = RatingEnvironments(
      environment, window: Self.window, readsRewards: true, count: 5)
    var random = SeededGenerator(8)
    var found: Set<Float> = []
    for _ in 0..<30 {
      let items = sessions.rows.indices.map { row in
        (0..<Int32(log.itemCount)).filter { sessions.allowed![row, Int($0)] }
          .randomElement(using: &random)!
      }
      for (item, step) in zip(items, sessions.step(items)) {
        let row = step.observation
        let own = log.rows(ofUser: Int(row[0])).first { log.items[$0] == item }
        let reward = try (log.ratings[#require(own)] - 3) / 2
        #expect(row.last == item && step.reward == reward)
        #expect(row[Self.window] == Int32(bitPattern: reward.bitPattern))
        found.insert(reward)
      }
    }
    #expect(found.contains { $0 < 0 } && found.contains { $0 > 0 })
  }

  @Test("played back, a row has ratings where every choice earns the same")
  func playbackOfChoices() {
    let sequences = CatalogueWorlds.sequences()
    var logs = LoggedEnvironments(
      sequences, window: Self.window, readsRewards: true, itemCount: CatalogueWorlds.items,
      count: 4, watchReward: 1, seed: 3)
    for _ in 0..<20 {
      let chosen = logs.logged!
      for (item, step) in zip(chosen, logs.step([0, 0, 0, 0])) {
        let log = sequences[Int(step.observation[0])]
        let rating = log.rewards[log.items.firstIndex(of: item)!]
        #expect(step.reward == 1)
        #expect(step.observation[Self.window] == Int32(bitPattern: rating.bitPattern))
      }
    }
  }

  @Test("a stored row may have any finite rewards, and no others")
  func columns() throws {
    let columns = StateRows(window: 2, readsRewards: true).columns(users: 5, items: 9)
    func read(_ row: [Int32]) throws -> [Int32] {
      var file = SafetensorsWriter()
      try file.add("rows", row, shape: [1, row.count])
      return try SafetensorsFile(bytes: file.bytes(), name: "file").rows("rows", columns)
    }
    func bits(_ reward: Float) -> Int32 { Int32(bitPattern: reward.bitPattern) }
    for row in [[4, bits(-2), bits(0.5), -1, 8], [0, 0, bits(1e30), 0, 0]] {
      #expect(try read(row) == row)
    }
    for row in [
      [5, 0, 0, -1, -1], [0, bits(.nan), 0, 1, 1], [0, 0, bits(.infinity), 1, 1], [0, 0, 0, -2, 1],
      [0, 0, 0, 1, 9], [0, 0, 0, 1],
    ] { #expect(throws: CheckpointError.self) { try read(row) } }
  }
}
